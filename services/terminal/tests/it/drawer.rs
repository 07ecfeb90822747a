//! What may lie in a drawer.

use kugel_proto::terminal::v1 as pb;
use kugel_stand::refusal;
use kugel_terminal::app::StorePatch;

use crate::support::{World, money};

#[tokio::test]
async fn only_coins_lie_in_a_drawer() {
    for (currency, own, coins, none) in [
        ("JPY", None, "1", "0.5"),
        // A store that takes no small coins may have some.
        ("JPY", Some("10"), "3", "0.5"),
        ("CHF", None, "0.05", "0.01"),
        ("CHF", Some("0.01"), "0.01", "0.005"),
        ("SEK", None, "1", "0.50"),
        ("BHD", None, "0.001", "0.0001"),
    ] {
        let (world, id, _) = World::with_terminal().await;
        let patch = StorePatch {
            name: "Plum Tokyo".to_owned(),
            status: None,
            business_date: None,
            tags: Vec::new(),
            currency: currency.parse().ok(),
            cash_coin: own.map(money),
        };
        world
            .app
            .update_store(&world.caller, &id.store, patch)
            .await
            .unwrap();
        world.sign_in(&id).await.unwrap();
        let terminal_id = || id.to_string();
        let amount = |text: &str| Some(money(text).into());
        let call = async |text: &str| {
            let (mut sessions, user) = (world.sessions(), &world.stand);
            let open = pb::OpenTerminalRequest {
                terminal_id: terminal_id(),
                initial_amount: amount(text),
            };
            let opened = sessions.open_terminal(user.user(open)).await.map(drop);
            let put = pb::RecordCashInRequest {
                terminal_id: terminal_id(),
                amount: amount(text),
                description: None,
            };
            let put = sessions.record_cash_in(user.user(put)).await.map(drop);
            let taken = pb::RecordCashOutRequest {
                terminal_id: terminal_id(),
                amount: amount(text),
                description: None,
            };
            let taken = sessions.record_cash_out(user.user(taken)).await.map(drop);
            let close = pb::CloseTerminalRequest {
                terminal_id: terminal_id(),
                physical_amount: amount(text),
            };
            let closed = sessions.close_terminal(user.user(close)).await.map(drop);
            [
                (opened, "initial_amount"),
                (put, "amount"),
                (taken, "amount"),
                (closed, "physical_amount"),
            ]
        };
        for (done, field) in call(coins).await {
            assert!(done.is_ok(), "{currency} {own:?} {field}: {done:?}");
        }
        world.app.open_terminal(&world.caller, &id, None).await.unwrap();
        for (done, field) in call(none).await {
            let refused = refusal(&done.expect_err(field));
            assert_eq!(refused, ("300001", 422, [field]), "{currency} {own:?}");
        }
    }
}
