use kugel_bus::Topic;
use kugel_error::codes;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_terminal::app::{DeliveryOutcome, DeliveryReport, LogEntry, SignIn};
use kugel_types::EventId;

use crate::support::{World, money, refused, sold};

#[tokio::test]
async fn an_opening_sends_its_fund_before_itself() {
    let (world, _) = World::with_session().await;
    let events = world.report.wait_for(2).await;
    let topics: Vec<_> = events.iter().map(|event| event.topic).collect();
    assert_eq!(topics, [Topic::CashlogReport, Topic::OpencloselogReport]);
    let fund = events[0].body.parse::<CashLog>().unwrap();
    let open = events[1].body.parse::<OpenCloseLog>().unwrap();
    assert_eq!(
        (fund.event_type.as_str(), fund.description.as_str()),
        ("cash_in_out", "Initial amount")
    );
    assert_eq!(fund.amount.as_ref().unwrap().value, "20000");
    assert_eq!(fund.generate_date_time, "2026-06-11T14:03:09.512345+09:00");
    assert_eq!(fund.generate_date_time, open.generate_date_time);
    assert_eq!((open.operation.as_str(), open.cash_in_out_count), ("open", None));
    let info = open.terminal_info.as_ref().unwrap();
    assert_eq!(
        (info.status.as_str(), info.staff.as_ref().unwrap().name.as_str()),
        ("Opened", "Mori")
    );
}

#[tokio::test]
async fn a_close_says_what_the_session_was() {
    let (world, id) = World::with_session().await;
    *world.others.selling.lock() = sold(12, 57, "1");
    world.stand.clock.advance(60);
    world
        .app
        .close_terminal(&world.caller, &id, Some(money("20001")))
        .await
        .unwrap();
    let events = world.report.wait_for(3).await;
    let close = events[2].body.parse::<OpenCloseLog>().unwrap();
    assert_eq!(
        (close.cart_transaction_count, close.cart_transaction_last_no),
        (Some(12), Some(57))
    );
    assert_eq!(close.cash_in_out_count, Some(1));
    assert_eq!(
        close.cash_in_out_last_datetime.as_deref(),
        Some("2026-06-11T14:03:09.512345+09:00")
    );
    assert_eq!(close.generate_date_time, "2026-06-11T14:04:09.512345+09:00");
    let facts = |log: &OpenCloseLog| (log.expected_amount.clone(), log.over_short_amount.clone());
    let wire = |text: &str| Some(money(text).into());
    assert_eq!(facts(&close), (wire("20001"), wire("0")));
    let open = events[1].body.parse::<OpenCloseLog>().unwrap();
    assert_eq!(facts(&open), (None, None));
}

#[tokio::test]
async fn who_counts_nothing_is_not_short() {
    let (world, id) = World::with_session().await;
    *world.others.selling.lock() = sold(1, 1, "500");
    let closed = world.app.close_terminal(&world.caller, &id, None).await.unwrap();
    assert_eq!((closed.count.counted, closed.count.over_short), (None, None));
    let events = world.report.wait_for(3).await;
    let close = events[2].body.parse::<OpenCloseLog>().unwrap();
    assert_eq!(close.expected_amount, Some(money("20500").into()));
    assert_eq!(close.over_short_amount, None);
    assert_eq!(close.terminal_info.as_ref().unwrap().physical_amount, None);
    assert!(close.journal_text.contains("ドロア内現金              未計数"));
}

#[tokio::test]
async fn no_event_carries_a_secret() {
    let (world, id, key) = World::with_terminal().await;
    let hash = key.hash();
    let who = SignIn {
        terminal: id.clone(),
        staff_id: "31".to_owned(),
        pin: Some("8080".to_owned()),
    };
    world.app.sign_in(&world.caller, who).await.unwrap();
    world
        .app
        .open_terminal(&world.caller, &id, Some(money("0")))
        .await
        .unwrap();
    world.app.close_terminal(&world.caller, &id, None).await.unwrap();
    for event in world.report.wait_for(3).await {
        for secret in [key.reveal(), hash.as_str(), "8080", "api_key", "pin"] {
            assert!(
                !event.body.text().contains(secret),
                "{secret} in {}",
                event.body.text()
            );
        }
    }
}

#[tokio::test]
async fn logs_are_streamed_in_the_order_they_were_made() {
    let (world, id) = World::with_session().await;
    world.stand.clock.advance(60);
    world.app.close_terminal(&world.caller, &id, None).await.unwrap();
    let terminals = world
        .app
        .logged_terminals(&world.stand.tenant, None)
        .await
        .unwrap();
    assert_eq!(terminals, [(id.store.clone(), id.number)]);
    let logs = world
        .app
        .logs(&world.stand.tenant, &id.store, id.number)
        .await
        .unwrap();
    let kinds: Vec<_> = logs
        .iter()
        .map(|log| match log {
            LogEntry::Cash(log) => log.0.description.as_str(),
            LogEntry::OpenClose(log) => log.0.operation.as_str(),
        })
        .collect();
    assert_eq!(kinds, ["Initial amount", "open", "close"]);
}

#[tokio::test]
async fn a_consumers_word_is_noted_and_an_unknown_event_refused() {
    let (world, _) = World::with_session().await;
    let event = world.report.wait_for(2).await[0].id.clone();
    let report = |event: EventId, outcome| DeliveryReport {
        tenant: world.stand.tenant.clone(),
        event,
        service: "journal".to_owned(),
        outcome,
    };
    for outcome in [
        DeliveryOutcome::Pending,
        DeliveryOutcome::Failed("full".to_owned()),
    ] {
        world
            .app
            .note_delivery(report(event.clone(), outcome))
            .await
            .unwrap();
    }
    world
        .app
        .note_delivery(report(event.clone(), DeliveryOutcome::Received))
        .await
        .unwrap();
    let unknown = report(EventId::generate(), DeliveryOutcome::Received);
    refused(world.app.note_delivery(unknown).await, &codes::TERMINAL_INTERNAL);
}
