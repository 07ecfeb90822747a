//! The brake on a clock that stands still, over state that may be shared or away.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use kugel_state::MemoryState;
use kugel_types::ManualClock;

use super::*;

const OWNER: Subject<'_> = Subject::Account(&["Q7301", "hq-owner"]);
const CLERK: Subject<'_> = Subject::Account(&["Q7301", "clerk"]);

fn address(last: u8) -> Subject<'static> {
    Subject::Address(IpAddr::from([192, 0, 2, last]))
}

/// A state store that goes away when it is told to.
#[derive(Default)]
struct Shaky {
    memory: MemoryState,
    is_away: AtomicBool,
}

impl Shaky {
    fn answer(&self) -> Result<&MemoryState, StateError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StateError("gone".to_owned()));
        }
        Ok(&self.memory)
    }
}

#[async_trait]
impl State for Shaky {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, StateError> {
        // Others get their turn between reading and writing.
        let value = self.answer()?.get(key).await;
        tokio::task::yield_now().await;
        value
    }
    async fn set(&self, key: &str, value: Bytes, lifetime: Duration) -> Result<(), StateError> {
        self.answer()?.set(key, value, lifetime).await
    }
    async fn delete(&self, key: &str) -> Result<(), StateError> {
        self.answer()?.delete(key).await
    }
    async fn compare_and_set(
        &self,
        key: &str,
        expected: Option<&Bytes>,
        value: Bytes,
        lifetime: Duration,
    ) -> Result<bool, StateError> {
        let state = self.answer()?;
        state.compare_and_set(key, expected, value, lifetime).await
    }
    async fn ping(&self) -> Result<(), StateError> {
        self.answer().map(drop)
    }
    fn is_local(&self) -> bool {
        false
    }
}

struct World {
    brake: Brake,
    replica: Brake,
    pins: Brake,
    state: Arc<Shaky>,
    clock: Arc<ManualClock>,
}

fn world() -> World {
    let clock = Arc::new(ManualClock::for_test("2026-06-11T05:03:09Z".parse().unwrap()));
    let state = Arc::<Shaky>::default();
    let brake = |kind| Brake::new(kind, state.clone(), clock.clone());
    World {
        brake: brake(Kind::Password),
        replica: brake(Kind::Password),
        pins: brake(Kind::Pin),
        state,
        clock,
    }
}

/// How many of `count` tries that fail are let through.
async fn fail(brake: &Brake, subjects: &[Subject<'_>], count: usize) -> usize {
    let mut passed = 0;
    for _ in 0..count {
        if let Ok(one_try) = brake.take(subjects).await {
            one_try.failed();
            passed += 1;
        }
    }
    passed
}

async fn pause(brake: &Brake, subjects: &[Subject<'_>]) -> Option<(u64, bool)> {
    let answer = brake.take(subjects).await;
    answer
        .err()
        .map(|braked| (braked.pause.as_secs(), braked.is_lock))
}

#[tokio::test]
async fn guesses_at_once_are_braked_like_guesses_in_a_row() {
    let world = world();
    let guesses = (0..200).map(|number| {
        let brake = if number % 2 == 0 {
            &world.brake
        } else {
            &world.replica
        };
        async move { brake.take(&[OWNER]).await.map(Try::failed).is_ok() }
    });
    let passed = futures::future::join_all(guesses).await;
    assert_eq!(passed.into_iter().filter(|passed| *passed).count(), 5);
    assert_eq!(pause(&world.replica, &[OWNER]).await, Some((1, false)));
    assert_eq!(pause(&world.brake, &[CLERK]).await, None, "others are not braked");
    assert_eq!(pause(&world.pins, &[OWNER]).await, None, "nor other kinds");
}

#[tokio::test]
async fn right_tries_at_once_all_pass() {
    let world = world();
    let logins = (0..200).map(|_| async {
        let one_try = world.brake.take(&[address(1), OWNER]).await.unwrap();
        tokio::task::yield_now().await;
        one_try.succeeded().await;
    });
    let limit = Duration::from_secs(30);
    let all = tokio::time::timeout(limit, futures::future::join_all(logins)).await;
    assert_eq!(all.expect("each gets its turn").len(), 200);
    assert_eq!(fail(&world.brake, &[address(1)], 100).await, 50);
}

#[tokio::test]
async fn the_tenth_failure_locks_for_a_quarter_of_an_hour() {
    let world = world();
    assert_eq!(fail(&world.brake, &[OWNER], 20).await, 5);
    for pause in [1, 2, 4, 8, 16] {
        world.clock.advance(pause);
        let one_try = world.brake.take(&[OWNER]).await.unwrap();
        assert_eq!(one_try.locks(), pause == 16);
    }
    assert_eq!(pause(&world.replica, &[OWNER]).await, Some((900, true)));
    world.clock.advance(899);
    let braked = world.brake.take(&[OWNER]).await.map(Try::failed).unwrap_err();
    let error = Error::from(braked);
    assert!(error.is(&codes::TOO_MANY_TRIES));
    assert_eq!(error.pause(), Some(Duration::from_secs(1)));
    world.clock.advance(1);
    assert_eq!(
        fail(&world.brake, &[OWNER], 20).await,
        5,
        "the count begins again"
    );
}

#[tokio::test]
async fn a_lock_is_released() {
    let world = world();
    fail(&world.brake, &[OWNER], 5).await;
    assert!(pause(&world.replica, &[OWNER]).await.is_some());
    world.replica.release(OWNER).await.unwrap();
    assert_eq!(fail(&world.brake, &[OWNER], 20).await, 5);
}

#[tokio::test]
async fn success_clears_the_account_and_gives_the_address_one_try_back() {
    let world = world();
    let subjects = [address(1), OWNER];
    assert_eq!(fail(&world.brake, &subjects, 4).await, 4);
    for _ in 0..100 {
        world.brake.take(&subjects).await.unwrap().succeeded().await;
    }
    assert_eq!(fail(&world.brake, &[OWNER], 20).await, 5);
    assert_eq!(fail(&world.brake, &[address(1)], 100).await, 46);
    world.clock.advance(1);
    let one_try = world.brake.take(&[address(1)]).await.unwrap();
    one_try.succeeded().await;
    assert_eq!(
        pause(&world.brake, &[address(1)]).await,
        None,
        "success leaves no pause"
    );
}

#[tokio::test]
async fn what_was_not_compared_counts_nowhere() {
    let world = world();
    for _ in 0..100 {
        let one_try = world.brake.take(&[address(1), OWNER]).await.unwrap();
        one_try.withdrawn().await;
    }
    fail(&world.brake, &[OWNER], 5).await;
    for _ in 0..100 {
        assert!(pause(&world.brake, &[address(1), OWNER]).await.is_some());
    }
    assert_eq!(
        fail(&world.brake, &[address(1)], 100).await,
        50,
        "a refused try is none"
    );
}

#[tokio::test]
async fn a_slowed_address_locks_nobody() {
    let world = world();
    fail(&world.brake, &[address(1)], 50).await;
    assert_eq!(fail(&world.brake, &[address(1), OWNER], 100).await, 0);
    assert_eq!(fail(&world.brake, &[address(2), OWNER], 100).await, 5);
}

#[tokio::test]
async fn loopback_counts_for_the_account_alone() {
    let world = world();
    let loopback = Subject::Address(IpAddr::from([127, 0, 0, 1]));
    assert_eq!(fail(&world.brake, &[loopback], 1000).await, 1000);
    assert_eq!(fail(&world.brake, &[loopback, OWNER], 20).await, 5);
}

#[tokio::test]
async fn an_outage_of_the_store_neither_opens_nor_closes_the_brake() {
    let world = world();
    world.state.is_away.store(true, Ordering::SeqCst);
    assert_eq!(fail(&world.brake, &[address(1), OWNER], 20).await, 5);
    assert_eq!(
        fail(&world.replica, &[OWNER], 20).await,
        5,
        "each process for itself"
    );
    assert!(
        world.brake.release(OWNER).await.is_err(),
        "the others still have counts"
    );
    assert_eq!(fail(&world.brake, &[OWNER], 20).await, 5);
    world.state.is_away.store(false, Ordering::SeqCst);
    assert_eq!(fail(&world.brake, &[OWNER], 20).await, 5);
    assert_eq!(fail(&world.replica, &[OWNER], 20).await, 0, "together again");
}

#[tokio::test]
async fn a_whole_network_of_version_6_is_slowed_like_four_addresses() {
    let world = world();
    let mut passed = 0;
    for subnet in 0..100 {
        let address = std::net::Ipv6Addr::new(0x2001, 0xdb8, 7, subnet, 0, 0, 0, 1);
        passed += fail(&world.brake, &[Subject::Address(address.into())], 5).await;
    }
    assert_eq!(passed, 200);
    assert_eq!(
        fail(&world.brake, &[address(1), OWNER], 1).await,
        1,
        "others are not braked"
    );
}

#[tokio::test]
async fn nobody_waits_for_another_account() {
    let world = world();
    let names: Vec<String> = (0..2_000).map(|number| format!("clerk{number}")).collect();
    let mut held = Vec::new();
    for name in &names {
        held.push(
            world
                .brake
                .take(&[Subject::Account(&["T2", name])])
                .await
                .unwrap(),
        );
    }
    let owner = tokio::time::timeout(Duration::from_secs(30), world.brake.take(&[OWNER])).await;
    assert!(owner.expect("its turn is its own").is_ok());
}
