//! Whose which API key is, among the documents that all tenants share: see [`KeyOwner`].
//!
//! No commit spans two databases, so the order does: the entry of a new key is committed before the terminal that has it.
//! A process that dies in between leaves an entry that leads nowhere, and so does a key that is no longer used; they are
//! swept. What the entries miss, such as keys that are older than they are, is added at the start.

use std::collections::HashSet;
use std::time::Duration;

use futures::TryStreamExt as _;
use jiff::SignedDuration;
use kugel_auth::ApiKeyHash;
use kugel_error::Error;
use kugel_store::{Documents, Query, Record as _, Scope, StoreError};
use kugel_types::{Clock, TenantId, TerminalId};
use tokio::sync::watch;

use super::App;
use crate::records::{KeyOwner, TerminalDocument};

/// Documents that are read at once.
const READ_AT_ONCE: u32 = 500;
/// Time between two rounds.
const ROUND: Duration = Duration::from_secs(3_600);
/// Time until a round that failed begins again.
const PAUSE: Duration = Duration::from_secs(5);
/// The age at which an entry that leads nowhere is swept: no call that wrote it is still on its way to its second commit.
const SETTLED: SignedDuration = SignedDuration::from_hours(1);

/// Whether the entries of all keys were there once.
#[derive(Clone)]
pub(crate) struct KeyIndex(watch::Sender<bool>);

impl KeyIndex {
    /// An index that is filled by nobody yet.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(super) fn is_filling(&self) -> bool {
        !*self.0.borrow()
    }

    /// Returns when every key that was made before the start has its entry.
    pub(super) async fn filled(&self) {
        // The sender lives as long as this does.
        let _ = self.0.subscribe().wait_for(|filled| *filled).await;
    }

    /// Fills and sweeps the index for as long as the service runs.
    pub(crate) async fn keep(self, documents: Documents, clock: std::sync::Arc<dyn Clock>) {
        loop {
            match round(&documents, &*clock).await {
                Ok(()) => {
                    self.0.send_replace(true);
                    tokio::time::sleep(ROUND).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "the owners of API keys could not be looked through");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

async fn round(documents: &Documents, clock: &dyn Clock) -> Result<(), StoreError> {
    for scope in documents.scopes().await? {
        if let Scope::Tenant(tenant) = scope {
            match look_through(documents, &tenant, clock).await {
                // The store has said so itself, and other tenants' keys are looked for.
                Err(error) if error.is_final() => {}
                looked => looked?,
            }
        }
    }
    Ok(())
}

async fn look_through(documents: &Documents, tenant: &TenantId, clock: &dyn Clock) -> Result<(), StoreError> {
    let keys = index_keys(documents, tenant).await?;
    sweep(documents, tenant, &keys, clock).await
}

/// Adds the entries that a tenant's keys miss, and gives the keys. May be repeated, and done by several at once.
pub async fn index_keys(documents: &Documents, tenant: &TenantId) -> Result<HashSet<String>, StoreError> {
    let (scope, mut keys) = (Scope::from(tenant), HashSet::new());
    let mut walk = documents.walk(&scope, TerminalDocument::COLLECTION, READ_AT_ONCE);
    while let Some(found) = walk.next().await? {
        // What is no terminal has no key.
        let terminals = found
            .iter()
            .filter_map(|document| document.body.parse::<TerminalDocument>().ok());
        let owners: Vec<KeyOwner> = terminals
            .map(|it| KeyOwner::new(it.terminal.id.clone(), it.terminal.api_key_hash.clone()))
            .collect();
        let ids: Vec<String> = owners.iter().map(KeyOwner::id).collect();
        let known = documents.get_many::<KeyOwner>(&Scope::Commons, &ids).await?;
        let missing = owners.into_iter().zip(known).filter(|(_, known)| known.is_none());
        let changes = missing.fold(documents.changes(crate::NAME), |changes, (owner, _)| {
            changes.upsert(owner)
        });
        documents.commit(&Scope::Commons, changes).await?;
        keys.extend(ids);
    }
    Ok(keys)
}

/// Removes a tenant's entries whose keys are none of its own.
async fn sweep(
    documents: &Documents,
    tenant: &TenantId,
    keys: &HashSet<String>,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    let settled = Query::all()
        .eq("tenant_id", tenant)
        .less("created_at", clock.now() - SETTLED);
    let mut entries = Box::pin(documents.stream::<KeyOwner>(&Scope::Commons, settled, READ_AT_ONCE));
    while let Some(entry) = entries.try_next().await? {
        if !keys.contains(&entry.id()) {
            let changes = documents.changes(crate::NAME);
            let changes = changes.delete::<KeyOwner>(&entry.id(), None);
            documents.commit(&Scope::Commons, changes).await?;
        }
    }
    Ok(())
}

impl App {
    /// Notes whose a new key is. To be done before the terminal gets it.
    pub(super) async fn note_owner(
        &self,
        actor: &str,
        id: &TerminalId,
        hash: ApiKeyHash,
    ) -> Result<(), Error> {
        let owner = KeyOwner::new(id.clone(), hash);
        let changes = self.documents.changes(actor).upsert(owner);
        Ok(self.documents.commit(&Scope::Commons, changes).await?)
    }
}

#[cfg(test)]
mod tests {
    use kugel_stand::Stand;

    use super::*;

    #[tokio::test]
    async fn a_lost_database_holds_up_no_key_of_another_tenant() {
        let stand = Stand::new(crate::NAME, "t1", "2026-06-11T05:03:09Z");
        for lost in ["a1", "z9"] {
            stand.lose(lost).await;
        }
        round(&stand.documents, &*stand.clock).await.unwrap();
    }
}
