//! What no consumer has answered for is sent again: regularly what is old enough and not beyond the horizon, and
//! everything when a process starts or the bus is back. What is late is reported once.

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
use super::{GATHERING, Outbox, QUEUE_LIMIT, back};
use crate::delivery::{DeliveryRecord, sort_key};

/// Undelivered events that are read at once.
const PAGE: u32 = 500;
/// After a sweep that could not read.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_secs(1))
    .with_max_delay(Duration::from_secs(30))
    .without_max_times();

/// By then, a commit whose answer was lost has happened or never will.
const DOUBT: Duration = Duration::from_secs(2);

/// Which undelivered events a sweep looks at.
#[derive(Clone, Copy)]
enum Range {
    /// All that there are.
    Everything,
    /// Those of at least this age, up to the horizon.
    From(Duration),
}

/// What a sweep has done.
struct Swept {
    sent: usize,
    /// True if the bus took nothing more. It calls for the next sweep when it does.
    is_stopped: bool,
}

impl Outbox {
    /// Sends again what is undelivered, at least `age` old and not beyond the horizon. Gives the number of events sent.
    pub async fn sweep(&self, age: Duration) -> Result<usize, StoreError> {
        Ok(self.sweep_range(Range::From(age)).await?.sent)
    }

    async fn sweep_range(&self, range: Range) -> Result<Swept, StoreError> {
        // Without a bus the late ones are reported all the same.
        let mut swept = Swept {
            sent: 0,
            is_stopped: self.0.bus.ping().await.is_err(),
        };
        let mut unread = None;
        for tenant in self.0.deliveries.tenants().await? {
            match self.sweep_tenant(&tenant, range, &mut swept).await {
                Ok(()) => {}
                // The store has said so itself, and another try finds the same.
                Err(error) if error.is_final() => {}
                Err(error) => unread = Some(error),
            }
        }
        if swept.sent > 0 {
            tracing::info!(events = swept.sent, "undelivered events were sent again");
        }
        unread.map_or(Ok(swept), Err)
    }

    pub(super) async fn sweep_for_ever(&self) {
        // Everything that former processes committed and did not see delivered goes out first, however old it is.
        self.sweep_until_read(Range::Everything, true).await;
        let interval = self.0.policy.interval.max(Duration::from_secs(1));
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            let range = tokio::select! {
                // A start without a bus has sent nothing, and an absence may have been longer than the horizon.
                () = self.0.sweep_now.notified() => Range::Everything,
                () = self.0.sweep_soon.notified() => {
                    tokio::time::sleep(DOUBT).await;
                    Range::From(Duration::ZERO)
                }
                _ = ticks.tick() => Range::From(interval),
            };
            self.sweep_until_read(range, false).await;
        }
    }

    /// Sweeps until the store answers. The first sweep counts as work of the process until it has been tried.
    async fn sweep_until_read(&self, range: Range, is_first: bool) {
        let mut is_counted = is_first;
        for pause in PAUSES.build() {
            let outcome = self.sweep_range(range).await;
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
        range: Range,
        swept: &mut Swept,
    ) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let undelivered = Query::all()
            .one_of("status", UNFINISHED)
            .sort(("published_at", Direction::Ascending));
        let (undelivered, mut from) = match range {
            Range::Everything => (undelivered, String::new()),
            Range::From(age) => (
                undelivered.at_most("published_at", sort_key(back(now, age))),
                sort_key(back(now, self.0.policy.horizon)),
            ),
        };
        let mut number = 1;
        // Records leave the query while it is read, so the next page begins at the last instant of this one, and what was
        // read at that instant already is left out.
        let mut read: HashSet<String> = HashSet::new();
        loop {
            let query = undelivered
                .clone()
                .at_least("published_at", from.clone())
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
                let at = sort_key(record.published_at);
                if at != from && last.as_ref() != Some(&at) {
                    read.clear();
                }
                last = Some(at);
                if read.insert(document.id.clone()) {
                    due.push((record, document.revision));
                }
            }
            self.report_late(tenant, &due, now).await?;
            self.resend(tenant, due, swept).await?;
            self.room().await;
            match last {
                Some(last) if count == PAGE as usize => {
                    number = if last == from { number + 1 } else { 1 };
                    from = last;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Waits until the bus is done with most of what it was given, so that a long backlog fills no memory.
    async fn room(&self) {
        while self.0.bus.backlog() > QUEUE_LIMIT {
            tokio::time::sleep(GATHERING).await;
        }
    }

    /// Sends events again as long as the bus takes them, unless only a person can decide to, and counts those that were
    /// sent.
    async fn resend(
        &self,
        tenant: &TenantId,
        due: Vec<(Arc<DeliveryRecord>, Revision)>,
        swept: &mut Swept,
    ) -> Result<(), StoreError> {
        let mut records: Vec<_> = due.into_iter().map(|(record, _)| record).collect();
        records.retain(|record| !record.waiting().is_empty());
        if swept.is_stopped || records.is_empty() {
            return Ok(());
        }
        let events = self.0.deliveries.events(tenant, &records).await?;
        for (record, event) in records.iter().zip(events) {
            let Some(event) = event.map(Arc::new) else {
                tracing::error!(
                    event.id = record.event_id,
                    "the log of an undelivered event is gone"
                );
                continue;
            };
            let services = record.waiting();
            let bus = &self.0.bus;
            let outcome = match services.len() {
                all if all == record.services.len() => bus.publish(event).await,
                _ => bus.publish_to(event, &services).await,
            };
            if let Err(failure) = outcome {
                tracing::debug!(%failure, sent = swept.sent, "the sweep sends no more");
                swept.is_stopped = true;
                return Ok(());
            }
            swept.sent += 1;
        }
        Ok(())
    }

    /// Marks events as failed that are not delivered in time, and says so once each. If somebody else has changed one of
    /// their records meanwhile, the next sweep does it.
    async fn report_late(
        &self,
        tenant: &TenantId,
        due: &[(Arc<DeliveryRecord>, Revision)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let limit = back(now, self.0.policy.failed_after);
        let is_late = |record: &DeliveryRecord| !record.is_late && record.published_at < limit;
        let late = || due.iter().filter(|(record, _)| is_late(record));
        let deliveries = &self.0.deliveries;
        let mut changes = deliveries.documents.changes("outbox");
        for (record, revision) in late() {
            let record = record.as_late(now);
            changes = changes.write(deliveries.write(&record, |body| Action::Replace(body, *revision)));
        }
        if changes.is_empty() {
            return Ok(());
        }
        match deliveries.commit(tenant, changes).await {
            Err(StoreError::Stale { .. }) => return Ok(()),
            outcome => outcome?,
        }
        for (record, _) in late() {
            let topic = record.topic.name();
            metrics::counter!("kugel_events_failed_total", "topic" => topic).increment(1);
            tracing::error!(
                event.id = record.event_id,
                tenant.id = record.tenant_id,
                topic,
                age_s = now.duration_since(record.published_at).as_secs(),
                services = record.undelivered().join(","),
                "event is not delivered"
            );
        }
        Ok(())
    }
}
