//! A till's key in a loop: what the security log is told of it.

use kugel_bus::Topic;
use kugel_error::codes;
use kugel_proto::account::v1::{SecurityEvent, SecurityEventKind as Kind};
use kugel_terminal::app::SignIn;

use crate::brakes::{count, told_in_a_minute};
use crate::support::{World, refused};

#[tokio::test]
async fn signing_in_and_out_in_a_loop_pushes_nothing_out_and_is_counted() {
    let (world, till, _) = World::with_terminal().await;
    world.stand.settle().await;
    let heard = world.stand.hear("account", &[Topic::TerminalSecurity]);
    for _ in 0..50 {
        world.sign_in(&till).await.unwrap();
        world.app.sign_out(&world.caller, &till).await.unwrap();
    }
    let (signed_in, signed_out) = (Kind::StaffSignedIn, Kind::StaffSignedOut);
    let mut kinds: Vec<_> = told_in_a_minute(&world, &heard, 4).await;
    kinds.sort();
    let staff = || "31".to_owned();
    assert_eq!(
        kinds,
        [
            (signed_in, staff()),
            (signed_in, staff()),
            (signed_out, staff()),
            (signed_out, staff())
        ]
    );
    assert_eq!([count(&heard, signed_in), count(&heard, signed_out)], [50, 50]);
}

#[tokio::test]
async fn ids_that_are_nobodys_are_counted_together_and_none_is_named() {
    let (world, till) = World::legacy_with_terminal().await;
    world.stand.settle().await;
    let heard = world.stand.hear("account", &[Topic::TerminalSecurity]);
    let sign_in = async |staff_id: String, pin: Option<&str>| {
        let who = SignIn {
            terminal: till.clone(),
            staff_id,
            pin: pin.map(str::to_owned),
        };
        let answer = world.app.sign_in(&world.caller, who).await.map(|_| ());
        refused(answer, &codes::STAFF_NOT_USABLE);
    };
    for number in 0..20 {
        sign_in(format!("80{number:02}"), None).await;
    }
    for pause in [0, 0, 0, 0, 0, 1, 2, 4, 8, 16] {
        world.stand.clock.advance(pause);
        sign_in("8080".to_owned(), Some("8080")).await;
    }
    let told = told_in_a_minute(&world, &heard, 3).await;
    assert_eq!(
        told,
        [
            (Kind::StaffRefused, String::new()),
            (Kind::TerminalLocked, till.to_string()),
            (Kind::StaffRefused, String::new()),
        ],
        "nobody is locked out who is nobody"
    );
    assert_eq!(count(&heard, Kind::StaffRefused), 30);
}

#[tokio::test]
async fn a_service_that_stops_tells_what_it_has_counted() {
    let (world, till, _) = World::with_terminal().await;
    let heard = world.stand.hear("account", &[Topic::TerminalSecurity]);
    for _ in 0..5 {
        world.sign_in(&till).await.unwrap();
        world.app.sign_out(&world.caller, &till).await.unwrap();
    }
    world.stand.conclude().await;
    world.stand.settle().await;
    assert_eq!(
        [Kind::StaffSignedIn, Kind::StaffSignedOut].map(|kind| count(&heard, kind)),
        [5, 5]
    );
    let last = heard.logs::<SecurityEvent>().pop().unwrap();
    assert_eq!((last.count, last.terminal_no), (4, 4));
}
