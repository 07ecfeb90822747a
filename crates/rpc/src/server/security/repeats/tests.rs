//! What is told at once, what is counted, and that the figures stay true.

use std::sync::atomic::{AtomicBool, Ordering};

use kugel_proto::account::v1::SecurityEvent;
use kugel_types::ManualClock;

use super::*;

struct World {
    clock: Arc<ManualClock>,
    repeats: Repeats,
    tenant: TenantId,
    told: Told,
}

/// What was stored, or would have been if the store had answered.
#[derive(Clone, Default)]
struct Told {
    entries: Arc<Mutex<Vec<SecurityEvent>>>,
    is_away: Arc<AtomicBool>,
}

#[tonic::async_trait]
impl SecurityLog for Told {
    async fn store(&self, _: &TenantId, entries: &[SecurityEntry]) -> Result<(), StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".into()));
        }
        let entries = entries.iter().map(|entry| entry.dated(Timestamp::UNIX_EPOCH));
        self.entries.lock().extend(entries);
        Ok(())
    }
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::for_test("2026-06-11T05:03:00Z".parse().unwrap()));
        Self {
            repeats: Repeats::new(clock.clone()),
            clock,
            tenant: "Q7301".parse().unwrap(),
            told: Told::default(),
        }
    }

    /// Something happens. How many entries were told of it at once.
    fn happen(&self, entry: &SecurityEntry) -> usize {
        let telling = self.repeats.sort(&self.tenant, std::slice::from_ref(entry));
        let entries = telling.entries().len();
        telling.stored();
        entries
    }

    /// What is told now that some time has passed: times and counts.
    async fn due(&self) -> Vec<(String, i32)> {
        self.repeats.tell(&self.told, Window::is_due).await;
        let told = std::mem::take(&mut *self.told.entries.lock());
        told.into_iter()
            .map(|entry| (entry.occurred_at, entry.count))
            .collect()
    }

    fn windows(&self) -> usize {
        self.repeats.tenants.lock().values().map(Windows::len).sum()
    }
}

fn login(subject: &str, address: &str) -> SecurityEntry {
    SecurityEntry::by_anybody(address.parse().ok(), SecurityEventKind::Login, subject).of(subject)
}

#[tokio::test]
async fn a_flood_is_one_entry_at_once_and_one_a_minute_and_none_is_missed() {
    let world = World::new();
    let entry = login("hq-owner", "203.0.113.9");
    assert_eq!(world.happen(&entry), 1);
    for _ in 0..59 {
        world.clock.advance(1);
        assert_eq!(world.happen(&entry), 0);
        assert_eq!(world.due().await, []);
    }
    world.clock.advance(1);
    assert_eq!(
        world.due().await,
        [("2026-06-11T05:03:59.000000Z".to_owned(), 59)]
    );
    assert_eq!(
        world.happen(&entry),
        0,
        "a minute has not passed since the entry before"
    );
    world.clock.advance(59);
    assert_eq!(world.due().await, []);
    world.clock.advance(1);
    assert_eq!(world.due().await, [("2026-06-11T05:04:00.000000Z".to_owned(), 1)]);
    world.clock.advance(60);
    assert_eq!(world.due().await, []);
    assert_eq!(world.windows(), 0, "nothing is kept of who is gone");
    assert_eq!(world.happen(&entry), 1);
}

#[tokio::test]
async fn what_differs_is_told_apart_and_a_network_of_version_6_is_one_address() {
    let world = World::new();
    let till = "Q7301-tk01-4".parse().unwrap();
    let first = login("hq-owner", "203.0.113.9");
    for other in [
        first.clone(),
        login("clerk", "203.0.113.9"),
        login("hq-owner", "203.0.113.10"),
        login("hq-owner", "2001:db8:0:1::1"),
        login("hq-owner", "2001:db8:0:2::1"),
        first.clone().at(&till),
        first.clone().of("clerk"),
        SecurityEntry::by_anybody(None, SecurityEventKind::LoginRefused, "hq-owner"),
    ] {
        assert_eq!(world.happen(&other), 1, "{other:?}");
    }
    let mapped = login("hq-owner", "::ffff:203.0.113.9");
    for same in [first, mapped, login("hq-owner", "2001:db8:0:1:ffff::9")] {
        assert_eq!(world.happen(&same), 0, "{same:?}");
    }
    let other = "Q7302".parse().unwrap();
    let telling = world.repeats.sort(&other, &[login("hq-owner", "203.0.113.9")]);
    assert_eq!(telling.entries().len(), 1, "tenants are counted apart");
}

#[tokio::test]
async fn what_the_back_office_does_and_what_locks_is_told_one_by_one() {
    let world = World::new();
    let may_repeat = (1..=40).filter_map(|number| SecurityEventKind::try_from(number).ok());
    let mut counted = Vec::new();
    for kind in may_repeat {
        let entry = SecurityEntry::by_anybody(None, kind, "31");
        assert_eq!(world.happen(&entry), 1);
        if world.happen(&entry) == 0 {
            counted.push(kind);
        }
    }
    assert_eq!(
        counted,
        [
            SecurityEventKind::Login,
            SecurityEventKind::LoginRefused,
            SecurityEventKind::PasswordChanged,
            SecurityEventKind::StaffSignedIn,
            SecurityEventKind::StaffRefused,
            SecurityEventKind::StaffSignedOut,
            SecurityEventKind::StaffApproved,
            SecurityEventKind::ApiKeyRefused,
        ]
    );
}

#[tokio::test]
async fn ever_new_ones_are_counted_by_their_kind_and_none_is_missed() {
    let world = World::new();
    let many = 3 * TOLD_APART;
    let told: usize = (0..many)
        .map(|number| world.happen(&login(&format!("user-{number}"), "203.0.113.9")))
        .sum();
    assert_eq!((told, world.windows()), (TOLD_APART + 1, TOLD_APART + 1));
    let known = login("user-0", "203.0.113.9");
    assert_eq!(world.happen(&known), 0, "who was told of is still told apart");
    world.clock.advance(60);
    world.repeats.tell(&world.told, Window::is_due).await;
    let mut rest = std::mem::take(&mut *world.told.entries.lock());
    rest.sort_by_key(|entry| entry.count);
    let [of_known, of_others] = rest.as_slice() else {
        panic!("{rest:?}");
    };
    assert_eq!((of_known.subject.as_str(), of_known.count), ("user-0", 1));
    assert_eq!((of_others.subject.as_str(), of_others.actor.as_str()), ("", ""));
    assert_eq!(of_others.address, None);
    assert_eq!(told + usize::try_from(of_others.count).unwrap(), many);
}

#[tokio::test]
async fn what_could_not_be_stored_is_told_later_and_counts_once() {
    let world = World::new();
    let entry = login("hq-owner", "203.0.113.9");
    for _ in 0..2 {
        let telling = world.repeats.sort(&world.tenant, std::slice::from_ref(&entry));
        assert_eq!(telling.entries().len(), 1, "the one before never happened");
        drop(telling);
    }
    assert_eq!(world.happen(&entry) + world.happen(&entry), 1);
    world.told.is_away.store(true, Ordering::SeqCst);
    world.clock.advance(60);
    assert_eq!(world.due().await, []);
    assert_eq!(world.happen(&entry), 0);
    world.told.is_away.store(false, Ordering::SeqCst);
    world.clock.advance(60);
    assert_eq!(world.due().await, [("2026-06-11T05:04:00.000000Z".to_owned(), 2)]);
}

#[tokio::test]
async fn whoever_stops_tells_the_rest() {
    let world = World::new();
    let entry = login("hq-owner", "203.0.113.9");
    for _ in 0..4 {
        world.happen(&entry);
    }
    world.repeats.clone().tell_rest(world.told.clone()).await;
    let told: Vec<_> = world
        .told
        .entries
        .lock()
        .iter()
        .map(|entry| entry.count)
        .collect();
    assert_eq!(told, [3]);
}
