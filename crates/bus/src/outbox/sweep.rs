//! What no consumer has answered for is sent again: regularly what is old enough, and everything when the bus is back.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use jiff::Timestamp;
use kugel_store::{Action, Direction, Page, Query, Revision, Scope, StoreError};
use kugel_types::TenantId;
use tokio::time::MissedTickBehavior;

use super::deliveries::UNFINISHED;
use super::{Outbox, back};
use crate::Failure;
use crate::delivery::{DeliveryRecord, DeliveryState, sort_key};

/// Undelivered events that are read at once.
const PAGE: u32 = 500;
/// After a sweep that could not read.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_secs(1))
    .with_max_delay(Duration::from_secs(30))
    .without_max_times();

/// By then, a commit whose answer was lost has happened or never will.
const DOUBT: Duration = Duration::from_secs(2);

/// Why a sweep ended early.
enum Interrupted {
    Store(StoreError),
    /// The bus takes nothing; it calls for the next sweep when it does.
    Bus(Failure),
}

impl From<StoreError> for Interrupted {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Outbox {
    /// Sends again what is undelivered and at least `age` old. Gives the number of events sent.
    pub async fn sweep(&self, age: Duration) -> Result<usize, StoreError> {
        let mut sent = 0;
        for tenant in self.0.deliveries.tenants().await? {
            match self.sweep_tenant(&tenant, age, &mut sent).await {
                Ok(()) => {}
                Err(Interrupted::Store(error)) => return Err(error),
                Err(Interrupted::Bus(failure)) => {
                    tracing::debug!(%failure, sent, "the sweep ends early");
                    break;
                }
            }
        }
        if sent > 0 {
            tracing::info!(events = sent, "undelivered events were sent again");
        }
        Ok(sent)
    }

    pub(super) async fn sweep_for_ever(&self) {
        // Everything that a former process committed and did not see delivered goes out first.
        self.sweep_until_read(Duration::ZERO, true).await;
        let interval = self.0.policy.interval.max(Duration::from_secs(1));
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            let age = tokio::select! {
                () = self.0.sweep_now.notified() => Duration::ZERO,
                () = self.0.sweep_soon.notified() => {
                    tokio::time::sleep(DOUBT).await;
                    Duration::ZERO
                }
                _ = ticks.tick() => interval,
            };
            self.sweep_until_read(age, false).await;
        }
    }

    /// Sweeps until the store answers. The first sweep counts as work of the process until it has been tried.
    async fn sweep_until_read(&self, age: Duration, is_first: bool) {
        let mut is_counted = is_first;
        for pause in PAUSES.build() {
            // A bus that is away calls when it is back.
            let outcome = match self.0.bus.ping().await {
                Ok(()) => self.sweep(age).await,
                Err(_) => Ok(0),
            };
            if std::mem::take(&mut is_counted) {
                self.0.unwritten.fetch_sub(1, Ordering::SeqCst);
            }
            match outcome {
                Ok(_) => return,
                Err(error) => tracing::error!(%error, "undelivered events could not be read"),
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn sweep_tenant(
        &self,
        tenant: &TenantId,
        age: Duration,
        sent: &mut usize,
    ) -> Result<(), Interrupted> {
        let now = self.0.clock.now();
        let newest = sort_key(back(now, age));
        let mut from = sort_key(back(now, self.0.policy.horizon));
        let mut number = 1;
        // Records leave the query while it is read, so the next page begins at the last instant of this one, and what was
        // read at that instant already is left out.
        let mut read: HashSet<String> = HashSet::new();
        loop {
            let query = Query::all()
                .one_of("status", UNFINISHED)
                .at_least("published_at", from.clone())
                .at_most("published_at", newest.clone())
                .sort(("published_at", Direction::Ascending))
                .page(Page { limit: PAGE, number });
            let deliveries = &self.0.deliveries;
            let store = deliveries.documents.store();
            let found = store
                .find(&Scope::from(tenant), deliveries.producer.deliveries, &query)
                .await?
                .documents;
            let count = found.len();
            let mut last = None;
            let mut due = Vec::new();
            for document in found {
                let record = match deliveries.parse(&document) {
                    Ok(record) => record,
                    Err(error) => {
                        tracing::error!(event.id = document.id, %error, "a delivery record cannot be read");
                        continue;
                    }
                };
                last = Some(sort_key(record.published_at));
                if read.insert(document.id.clone()) {
                    due.push((record, document.revision));
                }
            }
            self.resend(tenant, due, now, sent).await?;
            match last {
                Some(last) if count == PAGE as usize => {
                    number = if last == from { number + 1 } else { 1 };
                    from = last;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Sends events again, unless only a person can decide to, and counts those that were sent.
    async fn resend(
        &self,
        tenant: &TenantId,
        due: Vec<(Arc<DeliveryRecord>, Revision)>,
        now: Timestamp,
        sent: &mut usize,
    ) -> Result<(), Interrupted> {
        let (records, revisions): (Vec<_>, Vec<_>) = due.into_iter().unzip();
        let events = self.0.deliveries.events(tenant, &records).await?;
        for ((record, revision), event) in records.iter().zip(revisions).zip(events) {
            let Some(event) = event.map(Arc::new) else {
                tracing::error!(
                    event.id = record.event_id,
                    "the log of an undelivered event is gone"
                );
                continue;
            };
            if record.published_at < back(now, self.0.policy.failed_after)
                && record.status != DeliveryState::Failed
            {
                self.report_late(tenant, record, revision, now).await?;
            }
            let services = record.waiting();
            let bus = &self.0.bus;
            let outcome = match services.len() {
                0 => continue,
                all if all == record.services.len() => bus.publish(event).await,
                _ => bus.publish_to(event, &services).await,
            };
            outcome.map_err(Interrupted::Bus)?;
            *sent += 1;
        }
        Ok(())
    }

    /// Marks the event as failed. If somebody else has changed its record meanwhile, there is news that goes before.
    async fn report_late(
        &self,
        tenant: &TenantId,
        record: &DeliveryRecord,
        revision: Revision,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let age = now.duration_since(record.published_at).as_secs();
        let (id, topic) = (&record.event_id, record.topic.name());
        let services = record.undelivered().join(",");
        tracing::error!(
            event.id = id,
            age_s = age,
            topic,
            services,
            "event is not delivered"
        );
        let mut late = record.clone();
        late.status = DeliveryState::Failed;
        late.last_updated_at = now;
        let write = |body| Action::Replace(body, revision);
        let changes = self.0.deliveries.documents.changes("outbox");
        let changes = changes.write(self.0.deliveries.write(&late, write));
        match self.0.deliveries.commit(tenant, changes).await {
            Err(StoreError::Stale { .. }) => Ok(()),
            outcome => outcome,
        }
    }
}
