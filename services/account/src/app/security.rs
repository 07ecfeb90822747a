//! The tenant's security log: what happened in any service, for whoever administers the tenant.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kugel_bus::{Event, Failure, inbox, sort_key};
use kugel_error::Result;
use kugel_proto::Permission;
use kugel_proto::account::v1::{SecurityEvent, SecurityEventKind};
use kugel_rpc::{Caller, List, SECURITY_LOG_KEPT, SecurityEntry, SecurityLog, View, write_line};
use kugel_store::{Changes, Direction, Documents, Page, Query, Record as _, Scope, StoreError};
use kugel_types::{Clock, Moment, TenantId};

use super::App;
use crate::domain::Tenant;
use crate::records::SecurityEventDocument;

/// How the log is listed.
pub const SECURITY_EVENTS: List = List::by("occurred_at:-1", |field| {
    !matches!(field, "id" | "created_at" | "updated_at")
        && SecurityEventDocument::COLLECTION.kind_of(field).is_some()
})
.limited(1, 1000);
/// Entries of one tenant that are kept: who floods the log must not fill the disk.
const KEPT: u64 = 100_000;
/// Time between two rounds of forgetting.
const ROUND: Duration = Duration::from_secs(3_600);
/// Entries that are forgotten in one commit.
const CHUNK: u32 = 500;

/// Which entries are asked for. `None` does not filter.
#[derive(Debug, Clone, Default)]
pub struct SecurityFilter {
    /// What happened.
    pub kind: Option<SecurityEventKind>,
    /// To whom.
    pub subject: Option<String>,
    /// From where.
    pub address: Option<IpAddr>,
    /// Since when.
    pub from: Option<Moment>,
    /// Until when.
    pub to: Option<Moment>,
}

impl App {
    /// A page of the tenant's log, and how many entries match.
    pub async fn security_events(
        &self,
        caller: &Caller,
        filter: &SecurityFilter,
        view: &View,
    ) -> Result<(Vec<Arc<SecurityEventDocument>>, u64)> {
        self.permitted(caller, Permission::SecurityRead).await?;
        let query = Query::all()
            .given(filter.kind, |query, kind| {
                query.eq("kind", i64::from(i32::from(kind)))
            })
            .given(filter.subject.as_deref(), |query, subject| {
                query.eq("subject", subject)
            })
            .given(filter.address, |query, address| {
                query.eq("address", address.to_string())
            })
            .given(filter.from, |query, from| {
                query.at_least("occurred_at", sort_key(from.first))
            })
            .given(filter.to, |query, to| {
                query.at_most("occurred_at", sort_key(to.last))
            })
            .sort(view.sort.clone())
            .page(view.page);
        let found = self
            .documents
            .find::<SecurityEventDocument>(&caller.scope(), query)
            .await?;
        let rows = found.rows.into_iter().map(|row| row.value);
        Ok((rows.collect(), found.total))
    }

    /// Commits changes with the entries that tell of them. What repeats is counted and told later.
    pub(super) async fn commit(
        &self,
        tenant: &TenantId,
        changes: Changes,
        entries: &[SecurityEntry],
    ) -> std::result::Result<(), StoreError> {
        let telling = self.repeats.sort(tenant, entries);
        self.commit_all(tenant, changes, telling.entries()).await?;
        telling.stored();
        Ok(())
    }

    async fn commit_all(
        &self,
        tenant: &TenantId,
        changes: Changes,
        entries: &[SecurityEntry],
    ) -> std::result::Result<(), StoreError> {
        let at = changes.at();
        let entries: Vec<SecurityEvent> = entries.iter().map(|entry| entry.dated(at)).collect();
        let changes = entries.iter().fold(changes, |changes, entry| {
            changes.append(&SecurityEventDocument(entry.clone()))
        });
        self.documents.commit(&Scope::from(tenant), changes).await?;
        entries.iter().for_each(|entry| write_line(Some(tenant), entry));
        Ok(())
    }

    /// Tells of what was refused, if the tenant that was named is one. Nobody waits for it, so that the time of the answer
    /// tells nothing.
    pub(super) fn tell(&self, tenant: &str, entries: Vec<SecurityEntry>) {
        let (app, tenant) = (self.clone(), tenant.to_owned());
        tokio::spawn(async move {
            if let Err(error) = app.tell_now(&tenant, &entries).await {
                tracing::warn!(%error, "the security log could not be told of a refusal");
            }
        });
    }

    async fn tell_now(&self, tenant: &str, entries: &[SecurityEntry]) -> std::result::Result<(), StoreError> {
        let key = Tenant::key(tenant);
        let known = self.documents.get::<Tenant>(&Scope::Commons, &key).await?;
        let known = known.filter(|known| known.tenant_id == tenant);
        match known.and_then(|known| known.tenant_id.parse().ok()) {
            Some(tenant) => {
                let changes = self.documents.changes(crate::NAME);
                self.commit(&tenant, changes, entries).await
            }
            None => {
                entries.iter().for_each(SecurityEntry::log);
                Ok(())
            }
        }
    }

    /// Files what other services tell. An entry that is there already is not filed again.
    pub(crate) async fn file_security(
        &self,
        tenant: &TenantId,
        events: &[Arc<Event>],
    ) -> std::result::Result<(), Failure> {
        inbox::check_schema(events)?;
        let scope = Scope::from(tenant);
        let ids: Vec<String> = events.iter().map(|event| event.id.to_string()).collect();
        let known = self
            .documents
            .get_many::<SecurityEventDocument>(&scope, &ids)
            .await?;
        let (mut entries, mut changes) = (Vec::new(), self.documents.changes(crate::NAME));
        for (event, _) in events.iter().zip(known).filter(|(_, known)| known.is_none()) {
            let entry = event.body.parse::<SecurityEvent>();
            let entry = entry.map_err(|error| Failure::Malformed(error.to_string()))?;
            if entry.event_id != event.id.as_str() {
                return Err(Failure::Malformed("the body is that of another event".to_owned()));
            }
            changes = changes.append(&SecurityEventDocument((*entry).clone()));
            entries.push(entry);
        }
        self.documents.commit(&scope, changes).await?;
        entries.iter().for_each(|entry| write_line(Some(tenant), entry));
        Ok(())
    }
}

#[async_trait]
impl SecurityLog for App {
    async fn store(
        &self,
        tenant: &TenantId,
        entries: &[SecurityEntry],
    ) -> std::result::Result<(), StoreError> {
        let changes = self.documents.changes(crate::NAME);
        self.commit_all(tenant, changes, entries).await
    }
}

/// Forgets what is too old or too much, for as long as the service runs.
pub(crate) async fn keep_forgetting(documents: Documents, clock: Arc<dyn Clock>) {
    loop {
        tokio::time::sleep(ROUND).await;
        if let Err(error) = forget(&documents, clock.now(), KEPT).await {
            tracing::warn!(%error, "old entries of the security log could not be forgotten");
        }
    }
}

async fn forget(documents: &Documents, now: Timestamp, kept: u64) -> std::result::Result<(), StoreError> {
    let oldest = Query::all()
        .sort(("occurred_at", Direction::Ascending))
        .page(Page {
            limit: CHUNK,
            number: 1,
        });
    let limit = sort_key(now - SECURITY_LOG_KEPT);
    for scope in documents.scopes().await? {
        match forget_surplus(documents, &scope, &oldest, &limit, kept).await {
            // The store has said so itself, and other tenants are not held up.
            Err(error) if error.is_final() => {}
            forgotten => forgotten?,
        }
    }
    Ok(())
}

async fn forget_surplus(
    documents: &Documents,
    scope: &Scope,
    oldest: &Query,
    limit: &str,
    kept: u64,
) -> std::result::Result<(), StoreError> {
    loop {
        let found = documents
            .find::<SecurityEventDocument>(scope, oldest.clone())
            .await?;
        let surplus = usize::try_from(found.total.saturating_sub(kept)).unwrap_or(usize::MAX);
        let rows = found.rows.iter().enumerate();
        let gone = rows.filter(|(place, row)| *place < surplus || row.0.occurred_at.as_str() < limit);
        let changes = gone.fold(documents.changes("housekeeping"), |changes, (_, row)| {
            changes.delete::<SecurityEventDocument>(&row.id(), None)
        });
        if changes.is_empty() {
            return Ok(());
        }
        documents.commit(scope, changes).await?;
    }
}

#[cfg(test)]
mod tests {
    use kugel_stand::Stand;

    use super::*;

    async fn subjects(stand: &Stand) -> Vec<String> {
        let all = Query::all().sort(("subject", Direction::Ascending));
        let (documents, scope) = (&stand.documents, stand.scope());
        let rows = documents
            .find::<SecurityEventDocument>(&scope, all)
            .await
            .unwrap()
            .rows;
        rows.iter().map(|row| row.0.subject.clone()).collect()
    }

    #[tokio::test]
    async fn what_is_too_old_or_too_much_is_forgotten_and_the_newest_stays() {
        let stand = Stand::new(crate::NAME, "Q7301", "2026-06-11T05:03:09Z");
        let now = stand.clock.now();
        let old = now - SECURITY_LOG_KEPT;
        for (subject, at) in [
            ("a", old - Duration::from_secs(1)),
            ("b", old),
            ("c", now - Duration::from_secs(60)),
            ("d", now),
        ] {
            let entry = SecurityEntry::by_anybody(None, SecurityEventKind::LoginRefused, subject);
            stand.insert(SecurityEventDocument(entry.dated(at))).await;
        }
        forget(&stand.documents, now, 10).await.unwrap();
        assert_eq!(subjects(&stand).await, ["b", "c", "d"]);
        // A lost database holds up no other tenant, before it or behind it.
        stand.lose("a1").await;
        stand.lose("z9").await;
        forget(&stand.documents, now, 2).await.unwrap();
        assert_eq!(subjects(&stand).await, ["c", "d"]);
    }
}
