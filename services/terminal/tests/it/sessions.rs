use std::sync::Arc;
use std::sync::atomic::Ordering;

use kugel_error::codes;
use kugel_proto::terminal::v1::{self as pb, OpenCloseLog};
use kugel_stand::repeatable;
use kugel_terminal::app::{LogEntry, MoveCash, SignIn};
use kugel_terminal::domain::{CashDirection, Status};
use kugel_terminal::ports::Neighbourhood as _;
use kugel_types::TerminalId;

use crate::support::{World, money, refused, sold};

fn cash(id: &TerminalId, direction: CashDirection, amount: &str) -> MoveCash {
    MoveCash {
        terminal: id.clone(),
        direction,
        amount: money(amount),
        description: None,
    }
}

#[tokio::test]
async fn counters_begin_again_each_day_except_the_one_of_a_life() {
    let (world, id, _) = World::with_terminal().await;
    let mut seen = Vec::new();
    for hours in [1, 1, 24] {
        let opened = world.app.open_terminal(&world.caller, &id, None).await.unwrap();
        let terminal = &opened.terminal.terminal;
        let date = terminal.business_date.unwrap().to_string();
        seen.push((date, terminal.open_counter, terminal.business_counter));
        world.app.close_terminal(&world.caller, &id, None).await.unwrap();
        world.stand.clock.advance(hours * 3600);
    }
    let opened = world.app.open_terminal(&world.caller, &id, None).await.unwrap();
    let terminal = &opened.terminal.terminal;
    seen.push((
        terminal.business_date.unwrap().to_string(),
        terminal.open_counter,
        terminal.business_counter,
    ));
    let expected = [
        ("20260611", 1, 1),
        ("20260611", 2, 2),
        ("20260611", 3, 3),
        ("20260612", 1, 4),
    ];
    let seen: Vec<_> = seen
        .iter()
        .map(|(date, open, life)| (date.as_str(), *open, *life))
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_session_past_midnight_stays_on_the_day_it_began() {
    let (world, id) = World::with_session().await;
    world.stand.clock.advance(11 * 3600);
    let closed = world.app.close_terminal(&world.caller, &id, None).await.unwrap();
    assert_eq!(
        closed
            .changed
            .terminal
            .terminal
            .business_date
            .unwrap()
            .to_string(),
        "20260611"
    );
}

#[tokio::test]
async fn sessions_begin_and_end_in_turn() {
    let (world, id, _) = World::with_terminal().await;
    refused(
        world.app.close_terminal(&world.caller, &id, None).await,
        &codes::TERMINAL_STATE,
    );
    world.app.open_terminal(&world.caller, &id, None).await.unwrap();
    let again = world.app.open_terminal(&world.caller, &id, None).await;
    assert_eq!(
        again.as_ref().unwrap_err().details()[1],
        ("allowed", "Idle, Closed".to_owned())
    );
    refused(again, &codes::TERMINAL_STATE);
    world.app.close_terminal(&world.caller, &id, None).await.unwrap();
    refused(
        world.app.close_terminal(&world.caller, &id, None).await,
        &codes::TERMINAL_STATE,
    );
}

#[tokio::test]
async fn staff_signs_in_by_the_staff_master() {
    let (world, id, _) = World::with_terminal().await;
    let sign_in = |staff_id: &str, pin: Option<&str>| {
        let (staff_id, pin) = (staff_id.to_owned(), pin.map(str::to_owned));
        world.app.sign_in(
            &world.caller,
            SignIn {
                terminal: id.clone(),
                staff_id,
                pin,
            },
        )
    };
    refused(sign_in("31", None).await, &codes::INVALID_INPUT);
    refused(sign_in("32", Some("8080")).await, &codes::STAFF_NOT_USABLE);
    refused(sign_in("31", Some("1234")).await, &codes::STAFF_NOT_USABLE);
    let view = sign_in("31", Some("8080")).await.unwrap();
    assert_eq!(view.terminal.staff.as_ref().unwrap().name, "Mori");
    refused(sign_in("31", None).await, &codes::ALREADY_SIGNED_IN);
    for _ in 0..2 {
        assert_eq!(
            world
                .app
                .sign_out(&world.caller, &id)
                .await
                .unwrap()
                .terminal
                .staff,
            None
        );
    }
}

#[tokio::test]
async fn cash_moves_by_staff_in_a_session_and_above_zero() {
    let (world, id, _) = World::with_terminal().await;
    let moved = |movement| world.app.move_cash(&world.caller, movement);
    refused(
        moved(cash(&id, CashDirection::In, "100")).await,
        &codes::NOT_SIGNED_IN,
    );
    world.sign_in(&id).await.unwrap();
    refused(
        moved(cash(&id, CashDirection::In, "100")).await,
        &codes::TERMINAL_STATE,
    );
    world.app.open_terminal(&world.caller, &id, None).await.unwrap();
    for (amount, code) in [
        ("0", &codes::CASH_AMOUNT_INVALID),
        ("-1", &codes::CASH_AMOUNT_INVALID),
        ("0.5", &codes::INVALID_INPUT),
    ] {
        refused(moved(cash(&id, CashDirection::Out, amount)).await, code);
    }
    let out = moved(cash(&id, CashDirection::Out, "3000")).await.unwrap();
    assert_eq!(
        (out.amount, out.description.as_str()),
        (money("-3000"), "Cash Out (Default)")
    );
    assert!(out.printed.journal_text.contains("-3,000円"));
    let into = moved(cash(&id, CashDirection::In, "500")).await.unwrap();
    assert_eq!(
        (into.amount, into.description.as_str()),
        (money("500"), "Cash In (Default)")
    );
}

#[tokio::test]
async fn the_close_compares_the_count_with_fund_sales_and_movements() {
    let (world, id) = World::with_session().await;
    world
        .app
        .move_cash(&world.caller, cash(&id, CashDirection::Out, "3000"))
        .await
        .unwrap();
    *world.others.selling.lock() = sold(12, 57, "47300");
    let closed = world
        .app
        .close_terminal(&world.caller, &id, Some(money("64250")))
        .await
        .unwrap();
    assert_eq!(
        (closed.count.expected, closed.count.over_short),
        (money("64300"), Some(money("-50")))
    );
    assert_eq!(
        closed.changed.terminal.terminal.physical_amount,
        Some(money("64250"))
    );
}

#[tokio::test]
async fn a_close_names_the_carts_that_are_still_open() {
    let (world, id) = World::with_session().await;
    world.others.selling.lock().open_carts = vec!["a cart".to_owned()];
    for _ in 0..2 {
        let request = pb::CloseTerminalRequest {
            terminal_id: id.to_string(),
            physical_amount: None,
        };
        let request = repeatable("close-1", world.stand.user(request));
        let closed = world.sessions().close_terminal(request).await.unwrap();
        assert_eq!(closed.into_inner().open_cart_ids, ["a cart"]);
        world.others.selling.lock().open_carts.clear();
    }
}

#[tokio::test]
async fn what_a_close_refuses_is_refused_before_the_seal() {
    let (world, id) = World::with_session().await;
    for (count, code) in [
        ("-1", &codes::CASH_AMOUNT_INVALID),
        ("0.5", &codes::INVALID_INPUT),
    ] {
        let closed = world
            .app
            .close_terminal(&world.caller, &id, Some(money(count)))
            .await;
        refused(closed, code);
    }
    assert!(world.others.sealed.lock().is_empty());
}

/// The seal is durable and the process dies before the close is.
async fn break_a_close_off(world: &World, id: &TerminalId) {
    *world.others.selling.lock() = sold(2, 9, "100");
    let terminal = world.app.terminal(id).await.unwrap().terminal.clone();
    world.others.seal_session(&terminal).await.unwrap();
    *world.others.selling.lock() = sold(0, 0, "0");
}

#[tokio::test]
async fn a_close_that_broke_off_after_the_seal_is_finished_by_the_next_close() {
    let (world, id) = World::with_session().await;
    break_a_close_off(&world, &id).await;
    let closed = world.app.close_terminal(&world.caller, &id, None).await.unwrap();
    assert_eq!(closed.count.expected, money("20100"));
    let close = world.report.wait_for(3).await[2]
        .body
        .parse::<OpenCloseLog>()
        .unwrap();
    assert_eq!(
        (close.cart_transaction_count, close.cart_transaction_last_no),
        (Some(2), Some(9))
    );
}

#[tokio::test]
async fn a_close_that_broke_off_after_the_seal_is_finished_by_the_next_opening() {
    let (world, id) = World::with_session().await;
    let again = world.app.open_terminal(&world.caller, &id, None).await;
    refused(again, &codes::TERMINAL_STATE);
    break_a_close_off(&world, &id).await;
    let fund = Some(money("500"));
    let opened = world.app.open_terminal(&world.caller, &id, fund).await.unwrap();
    let terminal = &opened.terminal.terminal;
    assert_eq!((terminal.status, terminal.business_counter), (Status::Opened, 2));
    assert_eq!(terminal.drawer.amount, money("500"));
    let events = world.report.wait_for(5).await;
    let close = events[2].body.parse::<OpenCloseLog>().unwrap();
    assert_eq!((close.operation.as_str(), close.business_counter), ("close", 1));
    assert_eq!(close.cart_transaction_count, Some(2));
    assert_eq!(close.terminal_info.as_ref().unwrap().physical_amount, None);
    let number = id.number;
    let logs = world.app.logs(&id.tenant, &id.store, number).await.unwrap();
    let told: Vec<_> = logs.iter().map(told).collect();
    assert_eq!(
        told,
        [(1, "cash"), (1, "open"), (1, "close"), (2, "cash"), (2, "open")]
    );
    refused(
        world.app.open_terminal(&world.caller, &id, None).await,
        &codes::TERMINAL_STATE,
    );
}

fn told(log: &LogEntry) -> (i32, &str) {
    match log {
        LogEntry::Cash(log) => (log.0.business_counter, "cash"),
        LogEntry::OpenClose(log) => (log.0.business_counter, log.0.operation.as_str()),
    }
}

#[tokio::test]
async fn the_books_never_go_back_when_the_clock_does() {
    let (world, id) = World::with_session().await;
    let hours = |hours: i64| world.stand.clock.advance(hours * 3600);
    let mut seen = Vec::new();
    for step in [-30, 0, 30, 24, -48] {
        world.app.close_terminal(&world.caller, &id, None).await.unwrap();
        hours(step);
        let opened = world.app.open_terminal(&world.caller, &id, None).await.unwrap();
        let terminal = &opened.terminal.terminal;
        let date = terminal.business_date.unwrap().to_string();
        seen.push((date, terminal.open_counter, terminal.business_counter));
    }
    let expected = [
        ("20260611", 2, 2),
        ("20260611", 3, 3),
        ("20260611", 4, 4),
        ("20260612", 1, 5),
        ("20260612", 2, 6),
    ];
    let expected = expected.map(|(date, open, life)| (date.to_owned(), open, life));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_books_never_go_back_when_the_time_zone_does() {
    let (world, id) = World::with_session().await;
    world.stand.clock.advance(12 * 3600);
    let caller = &world.caller;
    world.app.close_terminal(caller, &id, None).await.unwrap();
    let mut seen = Vec::new();
    for zone in ["Asia/Tokyo", "America/Los_Angeles", "Asia/Tokyo"] {
        let app = world.app_in(zone);
        let opened = app.open_terminal(caller, &id, None).await.unwrap();
        let terminal = &opened.terminal.terminal;
        seen.push((terminal.business_date.unwrap().to_string(), terminal.open_counter));
        app.close_terminal(caller, &id, None).await.unwrap();
    }
    let expected = [1, 2, 3].map(|counter| ("20260612".to_owned(), counter));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_newest_movement_is_the_latest_instant() {
    let (world, id) = World::with_session().await;
    let moved = async || {
        let movement = cash(&id, CashDirection::In, "100");
        world.app.move_cash(&world.caller, movement).await.unwrap();
    };
    world.stand.clock.advance(600);
    moved().await;
    world.stand.clock.advance(-300);
    moved().await;
    world.app.close_terminal(&world.caller, &id, None).await.unwrap();
    let events = world.report.wait_for(5).await;
    let close = events[4].body.parse::<OpenCloseLog>().unwrap();
    assert_eq!(
        close.cash_in_out_last_datetime.as_deref(),
        Some("2026-06-11T14:13:09.512345+09:00")
    );
    let logs = world.app.logs(&id.tenant, &id.store, id.number).await.unwrap();
    assert_eq!(told(logs.last().unwrap()), (1, "close"));
}

#[tokio::test]
async fn a_close_without_the_cart_service_changes_nothing() {
    let (world, id) = World::with_session().await;
    world.others.away.store(true, Ordering::SeqCst);
    let closed = world.app.close_terminal(&world.caller, &id, None).await;
    refused(closed, &codes::TERMINAL_NEIGHBOUR_FAILED);
    let view = world.app.terminal(&id).await.unwrap();
    assert_eq!(view.terminal.status, Status::Opened);
}

#[tokio::test]
async fn movements_at_the_same_time_are_all_counted() {
    let (world, id) = World::with_session().await;
    let world = Arc::new(world);
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (world, id) = (world.clone(), id.clone());
            tokio::spawn(async move {
                world
                    .app
                    .move_cash(&world.caller, cash(&id, CashDirection::In, "100"))
                    .await
                    .map(drop)
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let drawer = world.app.terminal(&id).await.unwrap().terminal.drawer;
    assert_eq!((drawer.count, drawer.amount), (7, money("20600")));
    world.report.wait_for(8).await;
}
