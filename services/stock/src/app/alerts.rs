//! Tells watchers that items run low.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kugel_error::{Error, codes};
use kugel_types::{Clock, ItemCode, Quantity, StoreCode, TenantId};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

use crate::domain::alert::Reason;
use crate::domain::level::Level;

/// Alerts that a watcher may be behind before it loses the oldest.
const BACKLOG_LIMIT: usize = 1024;
/// Watchers of all stores together: four gateways full of browsers.
const WATCHERS_LIMIT: usize = 16_384;

/// An item that reached a threshold.
#[derive(Debug, Clone)]
pub(crate) struct Alert {
    pub(crate) reason: Reason,
    pub(crate) tenant: TenantId,
    pub(crate) store: StoreCode,
    pub(crate) item: ItemCode,
    pub(crate) quantity: Quantity,
    pub(crate) reorder_point: Quantity,
    pub(crate) minimum: Quantity,
    pub(crate) reorder_quantity: Quantity,
    pub(crate) at: Timestamp,
}

type Place = (TenantId, StoreCode);
type Subject = (TenantId, StoreCode, ItemCode, Reason);

/// The watchers of every store, and what they were told lately. It lives in this process and begins empty: an alert is
/// a hint, the lists of low items are the truth.
pub(crate) struct Alerts {
    clock: Arc<dyn Clock>,
    cooldown: SignedDuration,
    watchers: Mutex<HashMap<Place, broadcast::Sender<Alert>>>,
    told: Mutex<HashMap<Subject, Timestamp>>,
    /// One for each watcher.
    places: Arc<Semaphore>,
}

/// Hears the alerts of a store.
pub(crate) struct Watcher {
    pub(crate) live: broadcast::Receiver<Alert>,
    _place: OwnedSemaphorePermit,
}

impl Alerts {
    /// Nobody watches yet. The same item and reason is told once within `cooldown_seconds`.
    pub(crate) fn new(clock: Arc<dyn Clock>, cooldown_seconds: u64) -> Self {
        let cooldown = SignedDuration::from_secs(i64::try_from(cooldown_seconds).unwrap_or(i64::MAX));
        Self {
            clock,
            cooldown,
            watchers: Mutex::default(),
            told: Mutex::default(),
            places: Arc::new(Semaphore::new(WATCHERS_LIMIT)),
        }
    }

    /// Begins to watch a store, unless too many watch already.
    pub(crate) fn watch(&self, tenant: &TenantId, store: &StoreCode) -> Result<Watcher, Error> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| {
            let busy = codes::OVERLOADED.error("too many watch stock already, try again later");
            busy.retry_after(Duration::from_secs(30))
        })?;
        let mut watchers = self.watchers.lock();
        let alerts = watchers
            .entry((tenant.clone(), store.clone()))
            .or_insert_with(|| broadcast::Sender::new(BACKLOG_LIMIT));
        Ok(Watcher {
            live: alerts.subscribe(),
            _place: place,
        })
    }

    /// Tells the watchers of the store what a level gives reason for, unless they were told lately. The time counts
    /// from the alert even if nobody was there to hear it.
    pub(crate) fn check(&self, tenant: &TenantId, store: &StoreCode, item: &ItemCode, level: &Level) {
        for reason in Reason::of(level) {
            let alert = self.alert(tenant, store, item, level, reason);
            if self.is_due(&alert)
                && let Some(watchers) = self.watchers.lock().get(&(tenant.clone(), store.clone()))
            {
                // It fails only if the last watcher has just left.
                let _ = watchers.send(alert);
            }
        }
    }

    /// Tells the watchers what the levels of items give reason for.
    pub(crate) fn check_all(&self, tenant: &TenantId, levels: &[(StoreCode, ItemCode, Level)]) {
        for (store, item, level) in levels {
            self.check(tenant, store, item, level);
        }
    }

    /// What a level gives reason for now, for a watcher who has just come. Does not touch the quiet time of others.
    pub(crate) fn current(
        &self,
        tenant: &TenantId,
        store: &StoreCode,
        item: &ItemCode,
        level: &Level,
    ) -> impl Iterator<Item = Alert> {
        Reason::of(level).map(move |reason| self.alert(tenant, store, item, level, reason))
    }

    /// Forgets what is older than the quiet time, and stores that nobody watches any more.
    pub(crate) fn clean_up(&self) {
        let now = self.clock.now();
        self.told
            .lock()
            .retain(|_, told| now.duration_since(*told) < self.cooldown);
        self.watchers
            .lock()
            .retain(|_, watchers| watchers.receiver_count() > 0);
    }

    fn is_due(&self, alert: &Alert) -> bool {
        let subject = (
            alert.tenant.clone(),
            alert.store.clone(),
            alert.item.clone(),
            alert.reason,
        );
        let mut told = self.told.lock();
        let is_quiet = told
            .get(&subject)
            .is_some_and(|told| alert.at.duration_since(*told) < self.cooldown);
        if !is_quiet {
            told.insert(subject, alert.at);
        }
        !is_quiet
    }

    fn alert(
        &self,
        tenant: &TenantId,
        store: &StoreCode,
        item: &ItemCode,
        level: &Level,
        reason: Reason,
    ) -> Alert {
        Alert {
            reason,
            tenant: tenant.clone(),
            store: store.clone(),
            item: item.clone(),
            quantity: level.quantity,
            reorder_point: level.reorder_point,
            minimum: level.minimum,
            reorder_quantity: level.reorder_quantity,
            at: self.clock.now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use kugel_types::ManualClock;

    use super::*;

    struct World {
        clock: Arc<ManualClock>,
        alerts: Alerts,
        tenant: TenantId,
        store: StoreCode,
    }

    impl World {
        fn start() -> Self {
            let clock = Arc::new(ManualClock::for_test(Timestamp::UNIX_EPOCH));
            let alerts = Alerts::new(Arc::clone(&clock) as Arc<dyn Clock>, 60);
            Self {
                clock,
                alerts,
                tenant: "T1".parse().unwrap(),
                store: "S1".parse().unwrap(),
            }
        }
        fn check(&self, item: &str, quantity: &str) {
            let level = Level {
                quantity: quantity.parse().unwrap(),
                minimum: "5".parse().unwrap(),
                reorder_point: "10".parse().unwrap(),
                ..Level::default()
            };
            self.alerts
                .check(&self.tenant, &self.store, &item.parse().unwrap(), &level);
        }
    }

    fn heard(watcher: &mut Watcher) -> Vec<(String, &'static str)> {
        std::iter::from_fn(|| watcher.live.try_recv().ok())
            .map(|alert| (alert.item.to_string(), alert.reason.name()))
            .collect()
    }

    #[test]
    fn an_alert_is_repeated_only_after_the_quiet_time() {
        let world = World::start();
        let mut watcher = world.alerts.watch(&world.tenant, &world.store).unwrap();
        world.check("A", "9");
        world.check("A", "8");
        world.check("B", "9");
        assert_eq!(
            heard(&mut watcher),
            [
                ("A".to_owned(), "reorder_point"),
                ("B".to_owned(), "reorder_point")
            ]
        );
        world.clock.advance(30);
        world.check("A", "4");
        assert_eq!(heard(&mut watcher), [("A".to_owned(), "minimum_stock")]);
        world.clock.advance(30);
        world.check("A", "4");
        assert_eq!(heard(&mut watcher), [("A".to_owned(), "reorder_point")]);
        world.check("A", "11");
        assert_eq!(heard(&mut watcher), []);
    }

    #[test]
    fn stores_hear_only_of_themselves_and_cleaning_up_forgets() {
        let world = World::start();
        let mut other = world.alerts.watch(&world.tenant, &"S2".parse().unwrap()).unwrap();
        let gone = world.alerts.watch(&world.tenant, &world.store).unwrap();
        drop(gone);
        world.check("A", "9");
        assert_eq!(heard(&mut other), []);
        world.clock.advance(60);
        world.alerts.clean_up();
        assert!(world.alerts.told.lock().is_empty());
        assert_eq!(world.alerts.watchers.lock().len(), 1);
    }
}
