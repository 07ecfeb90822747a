//! Guessing PINs and sending wrong keys, and what the security log is told.

use std::sync::Arc;

use kugel_auth::ApiKey;
use kugel_bus::Topic;
use kugel_error::{Error, codes};
use kugel_proto::account::v1::SecurityEvent;
use kugel_proto::account::v1::SecurityEventKind as Kind;
use kugel_proto::terminal::v1 as pb;
use kugel_stand::{Heard, repeatable};
use kugel_terminal::app::SignIn;
use kugel_types::TerminalId;

use crate::support::{World, refused};

const RIGHT: &str = "8080";

/// The world with terminals 4 and 5, and what account hears from then on.
async fn world() -> (World, [TerminalId; 2], ApiKey, Arc<Heard>) {
    let (world, id, key) = World::with_terminal().await;
    let (other, _) = world.enter_terminal("Q7301-tk01-5").await.unwrap();
    world.stand.settle().await;
    let heard = world.stand.hear("account", &[Topic::TerminalSecurity]);
    let other = other.terminal.id.clone();
    (world, [id, other], key, heard)
}

async fn sign_in(world: &World, id: &TerminalId, staff: &str, pin: &str) -> Result<(), Error> {
    let who = SignIn {
        terminal: id.clone(),
        staff_id: staff.to_owned(),
        pin: Some(pin.to_owned()),
    };
    world.app.sign_in(&world.caller, who).await.map(|_| ())
}

/// Tries wrong PINs until one is refused without a look, as often as the clock is moved on.
async fn guess(world: &World, id: &TerminalId, staff: &str, seconds: &[i64]) {
    for pause in seconds {
        world.stand.clock.advance(*pause);
        refused(sign_in(world, id, staff, "0000").await, &codes::STAFF_NOT_USABLE);
    }
}

/// Ten wrong ones, each as soon as it may be.
const TO_THE_LOCK: [i64; 10] = [0, 0, 0, 0, 0, 1, 2, 4, 8, 16];

pub(crate) async fn told(world: &World, heard: &Heard) -> Vec<(Kind, String)> {
    world.stand.settle().await;
    let entries = heard.logs::<SecurityEvent>();
    entries
        .iter()
        .map(|entry| (entry.kind(), entry.subject.clone()))
        .collect()
}

/// The same a minute later, once there are so many entries: what repeated is told too.
pub(crate) async fn told_in_a_minute(world: &World, heard: &Heard, entries: usize) -> Vec<(Kind, String)> {
    world.stand.clock.advance(60);
    heard.wait_for(entries).await;
    told(world, heard).await
}

/// How often something happened, by all that was told of it.
pub(crate) fn count(heard: &Heard, kind: Kind) -> i32 {
    let entries = heard.logs::<SecurityEvent>();
    let of_kind = entries.iter().filter(|entry| entry.kind() == kind);
    of_kind.map(|entry| entry.count).sum()
}

#[tokio::test]
async fn who_guesses_a_pin_is_slowed_and_locked_out_and_an_administrator_lets_in() {
    let (world, [till, other], _, heard) = world().await;
    guess(&world, &till, "31", &TO_THE_LOCK[..5]).await;
    let braked = sign_in(&world, &till, "31", RIGHT).await;
    assert_eq!(braked.as_ref().unwrap_err().pause().unwrap().as_secs(), 1);
    refused(braked, &codes::TOO_MANY_TRIES);
    guess(&world, &till, "31", &TO_THE_LOCK[5..]).await;
    for _ in 0..3 {
        refused(sign_in(&world, &till, "31", RIGHT).await, &codes::TOO_MANY_TRIES);
    }
    refused(sign_in(&world, &other, "31", RIGHT).await, &codes::TOO_MANY_TRIES);
    let expected = [
        (Kind::StaffRefused, "31".to_owned()),
        (Kind::TerminalLocked, till.to_string()),
        (Kind::StaffLocked, "31".to_owned()),
        (Kind::StaffRefused, "31".to_owned()),
    ];
    assert_eq!(told_in_a_minute(&world, &heard, 4).await, expected);
    assert_eq!(
        count(&heard, Kind::StaffRefused),
        10,
        "what is braked does not count"
    );
    world.app.unlock_staff(&world.caller, "31").await.unwrap();
    refused(sign_in(&world, &till, "31", RIGHT).await, &codes::TOO_MANY_TRIES);
    sign_in(&world, &other, "31", RIGHT).await.unwrap();
    world.app.unlock_terminal(&world.caller, &till).await.unwrap();
    sign_in(&world, &till, "31", RIGHT).await.unwrap();
    let rest = told(&world, &heard).await.split_off(expected.len());
    let rest: Vec<(Kind, &str)> = rest.iter().map(|(kind, who)| (*kind, who.as_str())).collect();
    assert_eq!(
        rest,
        [
            (Kind::StaffUnlocked, "31"),
            (Kind::StaffSignedIn, "31"),
            (Kind::TerminalUnlocked, "Q7301-tk01-4"),
            (Kind::StaffSignedIn, "31"),
        ]
    );
    refused(
        world.app.unlock_staff(&world.caller, "nobody").await,
        &codes::NOT_FOUND,
    );
}

#[tokio::test]
async fn a_till_is_locked_for_everybody_and_no_other_is() {
    let (world, [till, other], ..) = world().await;
    for (staff, pauses) in [("8", &TO_THE_LOCK[..5]), ("9", &TO_THE_LOCK[5..])] {
        guess(&world, &till, staff, pauses).await;
    }
    refused(sign_in(&world, &till, "31", RIGHT).await, &codes::TOO_MANY_TRIES);
    sign_in(&world, &other, "31", RIGHT).await.unwrap();
    world.stand.clock.advance(15 * 60);
    sign_in(&world, &till, "31", RIGHT).await.unwrap();
}

#[tokio::test]
async fn many_right_pins_at_once_are_no_guesses() {
    let (world, ..) = world().await;
    let mut tills = Vec::new();
    for number in 6..26 {
        let (till, _) = world
            .enter_terminal(&format!("Q7301-tk01-{number}"))
            .await
            .unwrap();
        tills.push(till.terminal.id.clone());
    }
    let all = tills.iter().map(|till| sign_in(&world, till, "31", RIGHT));
    for outcome in futures::future::join_all(all).await {
        outcome.unwrap();
    }
}

#[tokio::test]
async fn without_an_answer_from_master_data_no_try_counts() {
    let (world, [till, _], _, heard) = world().await;
    world.others.away.store(true, std::sync::atomic::Ordering::SeqCst);
    for _ in 0..12 {
        refused(
            sign_in(&world, &till, "31", "0000").await,
            &codes::TERMINAL_NEIGHBOUR_FAILED,
        );
    }
    world
        .others
        .away
        .store(false, std::sync::atomic::Ordering::SeqCst);
    sign_in(&world, &till, "31", RIGHT).await.unwrap();
    assert_eq!(
        told(&world, &heard).await,
        [(Kind::StaffSignedIn, "31".to_owned())]
    );
}

#[tokio::test]
async fn wrong_keys_are_braked_and_the_right_one_is_let_in_all_the_same() {
    let (world, [till, _], key, heard) = world().await;
    let address = Some("203.0.113.9".parse().unwrap());
    let wrong = ApiKey::from_request("wrong");
    let mut braked = 0;
    for _ in 0..20 {
        match world.app.authenticate(&till, &wrong, address).await {
            Err(error) if error.is(&codes::TOO_MANY_TRIES) => braked += 1,
            answer => refused(answer, &codes::UNAUTHENTICATED),
        }
        world.app.authenticate(&till, &key, address).await.unwrap();
        world.app.exchange_key(None, Some(&key), address).await.unwrap();
    }
    assert_eq!(braked, 15);
    let elsewhere = Some("203.0.113.10".parse().unwrap());
    let answer = world.app.authenticate(&till, &wrong, elsewhere).await;
    refused(answer, &codes::UNAUTHENTICATED);
    let unknown: TerminalId = "Q7301-tk01-9".parse().unwrap();
    refused(
        world.app.authenticate(&unknown, &wrong, elsewhere).await,
        &codes::UNAUTHENTICATED,
    );
    let entries = told_in_a_minute(&world, &heard, 3).await;
    assert_eq!(entries, vec![(Kind::ApiKeyRefused, till.to_string()); 3]);
    assert_eq!(count(&heard, Kind::ApiKeyRefused), 6);
    let entry = &heard.logs::<SecurityEvent>()[0];
    assert_eq!(
        (entry.actor.as_str(), entry.address.as_deref()),
        ("anonymous", Some("203.0.113.9"))
    );
    assert_eq!((entry.store_code.as_str(), entry.terminal_no), ("tk01", 4));
}

#[tokio::test]
async fn unknown_keys_slow_their_address_and_no_other() {
    let (world, _, key, heard) = world().await;
    let [from, elsewhere] = ["203.0.113.9", "203.0.113.10"].map(|text| Some(text.parse().unwrap()));
    let unknown = async |address| {
        let key = ApiKey::from_request(&"A".repeat(43));
        let answer = world.app.exchange_key(None, Some(&key), address).await;
        answer.unwrap_err()
    };
    for _ in 0..50 {
        assert!(unknown(from).await.is(&codes::UNAUTHENTICATED));
    }
    assert!(unknown(from).await.is(&codes::TOO_MANY_TRIES));
    assert!(unknown(elsewhere).await.is(&codes::UNAUTHENTICATED));
    world.app.exchange_key(None, Some(&key), from).await.unwrap();
    assert_eq!(told(&world, &heard).await, [], "no tenant has a part in it");
}

#[tokio::test]
async fn the_life_of_a_terminal_is_told_once_each_without_a_secret() {
    let world = World::with_store().await;
    let heard = world.stand.hear("account", &[Topic::TerminalSecurity]);
    let create = pb::CreateTerminalRequest {
        store_code: "tk01".to_owned(),
        terminal_no: 4,
        description: "left".to_owned(),
    };
    let mut keys = Vec::new();
    for _ in 0..3 {
        let request = repeatable("k-1", world.stand.administrator(create.clone()));
        let made = world.terminals().create_terminal(request).await.unwrap();
        keys.push(made.into_inner().terminal.unwrap().api_key.unwrap());
    }
    let id: TerminalId = "Q7301-tk01-4".parse().unwrap();
    let rotate = pb::RotateApiKeyRequest {
        terminal_id: id.to_string(),
    };
    for _ in 0..3 {
        let request = repeatable("k-2", world.stand.administrator(rotate.clone()));
        let made = world.terminals().rotate_api_key(request).await.unwrap();
        keys.push(made.into_inner().terminal.unwrap().api_key.unwrap());
    }
    refused(sign_in(&world, &id, "31", "4711").await, &codes::STAFF_NOT_USABLE);
    sign_in(&world, &id, "31", RIGHT).await.unwrap();
    world.app.sign_out(&world.caller, &id).await.unwrap();
    world.app.sign_out(&world.caller, &id).await.unwrap();
    world.app.delete_terminal(&world.caller, &id).await.unwrap();
    let (terminal, staff) = (id.to_string(), "31".to_owned());
    assert_eq!(
        told(&world, &heard).await,
        [
            (Kind::TerminalCreated, terminal.clone()),
            (Kind::ApiKeyRotated, terminal.clone()),
            (Kind::StaffRefused, staff.clone()),
            (Kind::StaffSignedIn, staff.clone()),
            (Kind::StaffSignedOut, staff),
            (Kind::TerminalDeleted, terminal),
        ]
    );
    keys.extend([RIGHT, "4711"].map(str::to_owned));
    for event in heard.events() {
        let secret = keys.iter().find(|secret| event.body.text().contains(*secret));
        assert_eq!(secret, None, "{}", event.body.text());
        assert!(event.store.is_some() && event.terminal.is_some());
    }
}
