use std::sync::Arc;
use std::sync::atomic::Ordering;

use kugel_error::codes;
use kugel_terminal::app::{MoveCash, SignIn};
use kugel_terminal::domain::{CashDirection, SessionSales, Status};
use kugel_types::TerminalId;

use crate::support::{World, money, refused};

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
    refused(sign_in("32", None).await, &codes::STAFF_NOT_USABLE);
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
    for amount in ["0", "-1", "0.5"] {
        refused(
            moved(cash(&id, CashDirection::Out, amount)).await,
            &codes::CASH_AMOUNT_INVALID,
        );
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
    *world.others.sales.lock() = SessionSales {
        count: 12,
        last_no: Some(57),
        cash: money("47300"),
    };
    let closed = world
        .app
        .close_terminal(&world.caller, &id, Some(money("64250")))
        .await
        .unwrap();
    assert_eq!(
        (closed.expected, closed.difference),
        (money("64300"), Some(money("-50")))
    );
    assert_eq!(
        closed.changed.terminal.terminal.physical_amount,
        Some(money("64250"))
    );
}

#[tokio::test]
async fn a_close_reads_only_what_former_sessions_did_not() {
    let (world, id, _) = World::with_terminal().await;
    let mut asked = Vec::new();
    for last_no in [Some(57), None, Some(60)] {
        *world.others.sales.lock() = SessionSales {
            last_no,
            ..SessionSales::default()
        };
        world.app.open_terminal(&world.caller, &id, None).await.unwrap();
        world.app.close_terminal(&world.caller, &id, None).await.unwrap();
        asked.push(*world.others.asked_after.lock());
    }
    assert_eq!(asked, [Some(0), Some(57), Some(57)]);
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
