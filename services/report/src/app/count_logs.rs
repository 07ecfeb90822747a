//! Counting logs: each is filed and added to the sums of its session in one commit, exactly once.

use std::collections::BTreeMap;

use kugel_store::{Changes, Documents, Record, Scope, StoreError};

use crate::adapters::documents::{SessionItems, SessionTotals};
use crate::domain::items::Items;
use crate::domain::log::Session;
use crate::domain::session::{Log, Sums};

/// Tries of a commit that others came before. Events come one batch after the other; only logs that are posted at the
/// same time, and a second process, can be in the way, and in every round one of them gets through.
const ATTEMPT_LIMIT: usize = 100;

/// Sums by session, in a fixed order so that two batches touch sessions in the same order.
pub type Sessions = BTreeMap<Session, Sums>;

/// Adds logs up by session.
pub fn fold<'log>(logs: impl IntoIterator<Item = Log<'log>>) -> Sessions {
    let mut sessions = Sessions::new();
    for log in logs {
        if !sessions.contains_key(log.session()) {
            sessions.insert(log.session().clone(), Sums::default());
        }
        if let Some(sums) = sessions.get_mut(log.session()) {
            sums.add(&log);
        }
    }
    sessions
}

/// Files logs and adds their sums to those of their sessions.
///
/// `filed` holds what makes the commit happen once only: the logs under their natural keys. If any of them is
/// there already the whole commit is refused with [`StoreError::Duplicate`].
pub async fn count(
    documents: &Documents,
    scope: &Scope,
    filed: &Changes,
    sessions: &Sessions,
) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        let changes = add_sums(documents, scope, filed.clone(), sessions).await?;
        match documents.commit(scope, changes).await {
            // A session's first logs, or its next, were counted by somebody else in between: begin again from reading.
            Err(error) if attempt < ATTEMPT_LIMIT && lost_race(&error) => attempt += 1,
            result => return result,
        }
    }
}

fn lost_race(error: &StoreError) -> bool {
    error.is_stale() || error.is_duplicate_in("session_totals") || error.is_duplicate_in("session_items")
}

async fn add_sums(
    documents: &Documents,
    scope: &Scope,
    mut changes: Changes,
    sessions: &Sessions,
) -> Result<Changes, StoreError> {
    let ids: Vec<String> = sessions.keys().map(SessionTotals::id_of).collect();
    let kept = documents.get_many::<SessionTotals>(scope, &ids).await?;
    for ((session, sums), kept) in sessions.iter().zip(kept) {
        let mut totals = match &kept {
            Some(kept) => SessionTotals::clone(kept),
            None => SessionTotals::empty(session),
        };
        totals.totals.merge(&sums.totals);
        totals.groups.merge(&sums.groups);
        totals.received.merge(&sums.received);
        if !sums.items.is_empty() || sums.received.close.is_some() {
            changes = add_items(documents, scope, changes, session, &mut totals, sums).await?;
        }
        changes = match kept {
            Some(kept) => changes.replace(totals, kept.revision),
            None => changes.insert(totals),
        };
    }
    Ok(changes)
}

/// Writes the sums over items as a part of their own, together with the parts that it absorbs.
async fn add_items(
    documents: &Documents,
    scope: &Scope,
    mut changes: Changes,
    session: &Session,
    totals: &mut SessionTotals,
    sums: &Sums,
) -> Result<Changes, StoreError> {
    let next = if sums.received.close.is_some() {
        totals.parts.add_last()
    } else {
        totals.parts.add()
    };
    let ids: Vec<String> = next
        .absorbs
        .iter()
        .map(|part| SessionItems::id_of(session, *part))
        .collect();
    let absorbed = documents.get_many::<SessionItems>(scope, &ids).await?;
    let absorbed: Vec<_> = absorbed.into_iter().flatten().collect();
    for part in &absorbed {
        // With its revision: if the part is gone the sums were changed since they were read.
        changes = changes.delete::<SessionItems>(&part.id(), Some(part.revision));
    }
    let parts = absorbed.iter().map(|part| &part.items);
    Ok(changes.insert(SessionItems {
        key: session.into(),
        part: next.number,
        items: Items::sum(parts.chain([&sums.items])),
    }))
}
