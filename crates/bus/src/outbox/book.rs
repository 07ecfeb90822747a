//! What became of events is gathered in memory and written down once, under the record's revision: acknowledgements of
//! one event may arrive at several processes.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use kugel_store::{Action, Changes, Revision, StoreError, retry};
use kugel_types::{EventId, TenantId};

use super::Outbox;
use crate::delivery::{DeliveryRecord, DeliveryState};
use crate::{Acknowledgement, Event};

/// Records that are remembered from their publication on. Others are read when their first acknowledgement arrives.
const KNOWN_LIMIT: usize = 20_000;
/// The age at which an acknowledgement is written down although others of the same event are still to come.
const PARTIAL_AGE: SignedDuration = SignedDuration::from_secs(10);
/// The age at which a record of which nothing was heard is forgotten: its acknowledgements go to another process.
const SILENT_AGE: SignedDuration = SignedDuration::from_secs(120);

/// A record in memory.
pub(super) struct Known {
    tenant: TenantId,
    record: DeliveryRecord,
    revision: Revision,
    /// Since when something is noted that is not written.
    unwritten_since: Option<Timestamp>,
    known_since: Timestamp,
}

impl Known {
    fn read(tenant: &TenantId, record: DeliveryRecord, revision: Revision, now: Timestamp) -> Self {
        Self {
            tenant: tenant.clone(),
            record,
            revision,
            unwritten_since: None,
            known_since: now,
        }
    }

    fn is_delivered(&self) -> bool {
        self.record.status == DeliveryState::Delivered
    }
}

impl Outbox {
    /// Remembers the record of an event that was just committed, so that it need not be read.
    pub(super) fn remember(&self, event: &Event, record: DeliveryRecord) {
        let mut known = self.0.known.lock();
        if known.len() < KNOWN_LIMIT {
            let entry = Known::read(&event.tenant, record, Revision::FIRST, self.0.clock.now());
            known.insert(event.id.clone(), entry);
        }
    }

    /// Adds to a record what is noted in memory.
    pub(super) fn complete(&self, id: &EventId, record: &mut DeliveryRecord) {
        if let Some(known) = self.0.known.lock().get(id) {
            record.merge(&known.record);
        }
    }

    /// Notes what consumers reported. An event is written when its last consumer is done or one has failed: the steps
    /// between are worth no flush, for after a crash the event is simply delivered again.
    pub(super) async fn note(&self, heard: Vec<Acknowledgement>) {
        let count = heard.len();
        if let Err(error) = self.look_up(&heard).await {
            tracing::warn!(%error, "delivery status could not be read, the sweep will send again");
        }
        let due = self.apply(heard);
        futures::future::join_all(due.into_iter().map(|(tenant, ids)| self.write_down(tenant, ids))).await;
        self.0.unwritten.fetch_sub(count, Ordering::SeqCst);
    }

    /// Reads the records that are not in memory.
    async fn look_up(&self, heard: &[Acknowledgement]) -> Result<(), StoreError> {
        let mut missing: HashMap<&TenantId, HashSet<&EventId>> = HashMap::new();
        {
            let known = self.0.known.lock();
            for one in heard.iter().filter(|one| !known.contains_key(&one.event_id)) {
                missing.entry(&one.tenant).or_default().insert(&one.event_id);
            }
        }
        for (tenant, ids) in missing {
            let ids: Vec<EventId> = ids.into_iter().cloned().collect();
            let found = self.0.deliveries.read(tenant, &ids).await?;
            let now = self.0.clock.now();
            let mut known = self.0.known.lock();
            for (id, (record, revision)) in ids
                .into_iter()
                .zip(found)
                .filter_map(|(id, one)| Some((id, one?)))
            {
                // A copy of what is written already.
                if record.status != DeliveryState::Delivered {
                    known
                        .entry(id)
                        .or_insert_with(|| Known::read(tenant, record, revision, now));
                }
            }
        }
        Ok(())
    }

    /// Notes acknowledgements in memory and gives the events that are to be written now.
    fn apply(&self, heard: Vec<Acknowledgement>) -> HashMap<TenantId, HashSet<EventId>> {
        let now = self.0.clock.now();
        let mut due: HashMap<TenantId, HashSet<EventId>> = HashMap::new();
        let mut known = self.0.known.lock();
        for one in heard {
            let Some(entry) = known.get_mut(&one.event_id) else {
                continue;
            };
            // Who names another tenant than the event's is not heard.
            if entry.tenant != one.tenant || !entry.record.note(&one.service, one.failure.as_ref(), now) {
                continue;
            }
            entry.unwritten_since.get_or_insert(now);
            if entry.is_delivered() || one.failure.is_some() {
                due.entry(one.tenant).or_default().insert(one.event_id);
            }
        }
        due
    }

    /// Writes what is noted of one tenant's events, in one commit.
    pub(super) async fn write_down(&self, tenant: TenantId, ids: HashSet<EventId>) {
        let written: Result<_, StoreError> = retry("delivery status of tenant", &tenant, || async {
            let (changes, written) = self.writes(&ids);
            let committed = self.0.deliveries.commit(&tenant, changes).await;
            if committed.as_ref().is_err_and(StoreError::is_stale) {
                self.read_again(&tenant, &ids).await?;
            }
            committed?;
            Ok(written)
        })
        .await;
        match written {
            Ok(written) => self.settle(&written),
            // It stays noted and is written with the next ones.
            Err(error) => tracing::warn!(%tenant, %error, "delivery status could not be written"),
        }
    }

    /// Reads records again and adds what is noted in memory. Those that need no writing any more are forgotten.
    async fn read_again(&self, tenant: &TenantId, ids: &HashSet<EventId>) -> Result<(), StoreError> {
        let keys: Vec<EventId> = ids.iter().cloned().collect();
        let found = self.0.deliveries.read(tenant, &keys).await?;
        let mut known = self.0.known.lock();
        for (id, stored) in keys.into_iter().zip(found) {
            match stored {
                Some((mut record, revision)) if record.status != DeliveryState::Delivered => {
                    if let Some(entry) = known.get_mut(&id) {
                        record.merge(&entry.record);
                        entry.record = record;
                        entry.revision = revision;
                    }
                }
                _ => {
                    known.remove(&id);
                }
            }
        }
        Ok(())
    }

    fn writes(&self, ids: &HashSet<EventId>) -> (Changes, Vec<(EventId, Revision)>) {
        let known = self.0.known.lock();
        let mut changes = self.0.deliveries.documents.changes("outbox");
        let mut written = Vec::new();
        for (id, entry) in ids.iter().filter_map(|id| Some((id, known.get(id)?))) {
            let expected = entry.revision;
            let write = |body| Action::Replace(body, expected);
            changes = changes.write(self.0.deliveries.write(&entry.record, write));
            written.push((id.clone(), expected));
        }
        (changes, written)
    }

    /// What every consumer has answered is done with; what failed is the sweep's.
    fn settle(&self, written: &[(EventId, Revision)]) {
        let mut known = self.0.known.lock();
        for (id, revision) in written {
            let Some(entry) = known.get_mut(id).filter(|entry| entry.revision == *revision) else {
                continue;
            };
            if entry.record.is_open() {
                entry.revision = revision.next();
                entry.unwritten_since = None;
            } else {
                known.remove(id);
            }
        }
    }

    /// Writes what waits for the last consumer, if it was noted before `before`, and forgets what nothing is heard of.
    pub(super) async fn write_older_than(&self, before: Timestamp) {
        let silent = self.0.clock.now() - SILENT_AGE;
        let mut due: HashMap<TenantId, HashSet<EventId>> = HashMap::new();
        self.0.known.lock().retain(|id, entry| {
            if entry.unwritten_since.is_some_and(|since| since <= before) {
                due.entry(entry.tenant.clone()).or_default().insert(id.clone());
            }
            entry.unwritten_since.is_some() || entry.known_since > silent
        });
        for (tenant, ids) in due {
            self.write_down(tenant, ids).await;
        }
    }

    pub(super) async fn tend(&self) {
        self.write_older_than(self.0.clock.now() - PARTIAL_AGE).await;
    }
}
