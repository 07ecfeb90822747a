//! What may lie in a drawer, and what may be taken out of it.

use std::sync::Arc;

use kugel_error::codes;
use kugel_proto::Decimal;
use kugel_proto::terminal::v1::{self as pb, CashLog};
use kugel_stand::{refusal, repeatable};
use kugel_terminal::app::{CashMovement, MoveCash, StorePatch};
use kugel_terminal::domain::{CashDirection, LastSession, SessionSales};
use kugel_types::TerminalId;

use crate::support::{World, money, refused};

impl World {
    /// What the tenant says of cash out of more than the drawer holds, at terminal 4.
    fn over_drawer(&self, rule: &str) {
        self.others.over_drawer.lock().insert(4, rule.to_owned());
    }
    /// What the cart service knows of the terminal's last session.
    fn billed(&self, session: i32, cash: &str) {
        *self.others.billed.lock() = Some(LastSession {
            business_counter: session,
            is_sealed: false,
            sales: SessionSales {
                cash: money(cash),
                ..SessionSales::default()
            },
        });
    }
    async fn take(&self, id: &TerminalId, amount: &str) -> Result<CashMovement, kugel_error::Error> {
        let movement = MoveCash {
            terminal: id.clone(),
            direction: CashDirection::Out,
            amount: money(amount),
            description: None,
        };
        self.app.move_cash(&self.caller, movement).await
    }
    /// What the drawer holds by its own logs.
    async fn moved(&self, id: &TerminalId) -> kugel_types::Money {
        self.app.terminal(id).await.unwrap().terminal.drawer.amount
    }
}

#[tokio::test]
async fn a_drawer_gives_what_the_tenant_lets_it() {
    let (world, id) = World::with_session().await;
    world.billed(1, "-5000");
    // Whoever says nothing, or says it elsewhere, is asked for nothing.
    world.others.over_drawer.lock().insert(5, "refuse".to_owned());
    for rule in [None, Some(""), Some(" allow ")] {
        if let Some(rule) = rule {
            world.over_drawer(rule);
        }
        let moved = world.take(&id, "10000").await.unwrap();
        assert_eq!(moved.over_drawer, None);
    }
    assert_eq!(world.moved(&id).await, money("-10000"));
    world.billed(1, "12000");
    world.over_drawer("refuse");
    let error = world.take(&id, "2001").await.unwrap_err();
    assert!(error.is(&codes::CASH_OUT_OVER_DRAWER), "{error}");
    assert_eq!(error.message(), "the drawer holds 2000");
    assert_eq!(error.details(), [("held_amount", "2000".to_owned())]);
    assert_eq!(world.moved(&id).await, money("-10000"), "nothing moved");
    assert_eq!(world.take(&id, "2000").await.unwrap().over_drawer, None);
    refused(world.take(&id, "1").await, &codes::CASH_OUT_OVER_DRAWER);
    // What another session sold is not in the drawer.
    world.billed(2, "1");
    refused(world.take(&id, "1").await, &codes::CASH_OUT_OVER_DRAWER);
}

#[tokio::test]
async fn who_wants_to_be_warned_is_told_by_answer_log_and_paper() {
    let (world, id) = World::with_session().await;
    world.over_drawer("warn");
    world.billed(1, "300");
    let message = pb::RecordCashOutRequest {
        terminal_id: id.to_string(),
        amount: Some(money("20800").into()),
        description: None,
    };
    let over = Some(Decimal::from(money("500")));
    // Sent again it says the same, whatever was sold meanwhile.
    for _ in 0..2 {
        let request = repeatable("out-1", world.stand.user(message.clone()));
        let answer = world.sessions().record_cash_out(request).await.unwrap();
        let movement = answer.into_inner().movement.unwrap();
        assert_eq!(movement.over_drawer_amount, over);
        assert!(movement.journal_text.contains("ドロア残高超過             500円"));
        world.billed(1, "90000");
    }
    assert_eq!(world.take(&id, "1").await.unwrap().over_drawer, None);
    let events = world.report.wait_for(4).await;
    let told = [0, 2, 3].map(|event| {
        let log = events[event].body.parse::<CashLog>().unwrap();
        log.over_drawer_amount.clone()
    });
    assert_eq!(told, [None, over, None]);
}

#[tokio::test]
async fn a_rule_that_cannot_be_read_takes_nothing_out() {
    let (world, id) = World::with_session().await;
    world.over_drawer("never");
    let error = world.take(&id, "1").await.unwrap_err();
    assert!(error.is(&codes::CASH_FAILED), "{error}");
    assert_eq!(
        error.message(),
        "setting CASH_OUT_OVER_DRAWER cannot be read: rule \"never\" is not valid: one of allow, warn, refuse"
    );
    assert_eq!(error.details(), [("setting", "CASH_OUT_OVER_DRAWER".to_owned())]);
    assert_eq!(world.moved(&id).await, money("20000"));
}

/// Whoever comes second looks again, at what the first has left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_takes_at_the_same_time_what_is_there_once() {
    let (world, id) = World::with_session().await;
    world.over_drawer("refuse");
    world.billed(1, "1000");
    let world = Arc::new(world);
    let takers = (0..12).map(|_| {
        let (world, id) = (world.clone(), id.clone());
        tokio::spawn(async move { world.take(&id, "3000").await })
    });
    let mut taken = 0;
    for taker in takers.collect::<Vec<_>>() {
        match taker.await.unwrap() {
            Ok(_) => taken += 1,
            refusal => refused(refusal, &codes::CASH_OUT_OVER_DRAWER),
        }
    }
    assert_eq!((taken, world.moved(&id).await), (7, money("-1000")));
}

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
