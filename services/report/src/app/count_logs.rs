//! Counting logs: each is filed and added to the sums of its session in one commit, exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::TryStreamExt;
use kugel_bus::{Event, Failure, Topic, inbox};
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Action, Changes, Document, Documents, Query, Record, Scope, StoreError, Write};

use super::ACTOR;
use crate::domain::items::Items;
use crate::domain::log::Session;
use crate::domain::session::{Log, Parts, Sums};
use crate::records::{
    AnyLog, Filed, LOGS, LogMessage, SESSION_ITEMS, SESSION_TOTALS, SessionItems, SessionTotals,
};

/// What is counted.
pub(crate) const TOPICS: &[Topic] = &[
    Topic::TranlogReport,
    Topic::CashlogReport,
    Topic::OpencloselogReport,
];

/// Tries of a commit that others came before. Events come one batch after the other; only logs that are posted at the
/// same time, and a second process, can be in the way, and in every round one of them gets through.
const ATTEMPT_LIMIT: usize = 100;

/// Logs of a day that are read at once, to find what else was posted.
const POSTED_AT_ONCE: u32 = 250;

/// Counts the logs of events.
pub(crate) struct CountLogs {
    pub(super) documents: Documents,
}

impl CountLogs {
    /// Counts into `documents`.
    pub(crate) fn new(documents: Documents) -> Self {
        Self { documents }
    }

    /// Counts the logs of events, each once. That none of them was filed before is tried before it is asked: it is nearly
    /// always so.
    pub(crate) async fn count(&self, scope: &Scope, events: &[Arc<Event>]) -> Result<(), Failure> {
        let (filed, sums) = read_all(events)?;
        match count(&self.documents, scope, ACTOR, &filed, &sums).await {
            // An event that comes again is done with.
            Err(error) if inbox::is_filed(&error, &LOGS) => {
                let done = |_: &Event, _: &Document| Ok(());
                let left = inbox::unfiled(&self.documents, scope, ACTOR, events, &filed, done).await?;
                let (filed, sums) = read_all(&left.events)?;
                match left.posted.as_slice() {
                    [] => Ok(count(&self.documents, scope, ACTOR, &filed, &sums).await?),
                    posted => self.count_instead(scope, posted, &filed, &sums).await,
                }
            }
            outcome => Ok(outcome?),
        }
    }

    /// Counts logs in the place of those that were posted under their keys, in one commit.
    async fn count_instead(
        &self,
        scope: &Scope,
        posted: &[Arc<Document>],
        filed: &[Write],
        sums: &Sessions,
    ) -> Result<(), Failure> {
        let (documents, mut changes) = (&self.documents, self.documents.changes(ACTOR));
        let mut sessions = BTreeSet::new();
        for document in posted {
            let log = document
                .body
                .parse::<Filed<TransactionLog>>()
                .map_err(malformed)?;
            let log = LogMessage::read(&log.0).map_err(malformed)?.posted();
            sessions.insert(log.session().clone());
            changes = changes.write(Write {
                collection: TransactionLog::COLLECTION,
                id: document.id.clone(),
                action: Action::Delete(Some(document.revision)),
            });
        }
        let mut changes = filed.iter().cloned().fold(changes, Changes::write);
        changes = add_sums(documents, scope, changes, sums).await?;
        for session in sessions {
            let rest = self.posted_sums(scope, &session, posted).await?;
            changes = replace_sums(documents, scope, changes, &session, &rest).await?;
        }
        Ok(documents.commit(scope, changes).await?)
    }

    /// The sums over what was posted as part of a session, but for the documents that go.
    async fn posted_sums(
        &self,
        scope: &Scope,
        session: &Session,
        going: &[Arc<Document>],
    ) -> Result<Sums, Failure> {
        let of_day = Query::all()
            .eq("store_code", &session.store)
            .eq("business_date", session.date);
        let logs = self
            .documents
            .stream::<Filed<TransactionLog>>(scope, of_day, POSTED_AT_ONCE);
        let (mut logs, mut sums) = (std::pin::pin!(logs), Sums::default());
        while let Some(filed) = logs.try_next().await? {
            let goes = going.iter().any(|document| document.id == filed.id());
            if filed.created_by == ACTOR || goes {
                continue;
            }
            let log = LogMessage::read(&filed.0).map_err(malformed)?.posted();
            if log.session() == session {
                sums.add(&log);
            }
        }
        Ok(sums)
    }
}

/// The logs of events: the writes that file them, and their sums.
fn read_all(events: &[Arc<Event>]) -> Result<(Vec<Write>, Sessions), Failure> {
    let logs: Vec<_> = events
        .iter()
        .map(|event| parse(event))
        .collect::<Result<_, _>>()?;
    let writes = events
        .iter()
        .zip(&logs)
        .map(|(event, log)| log.filed(&event.body));
    let sums = logs.iter().map(|log| log.read()).collect::<Result<Vec<_>, _>>();
    Ok((
        writes.collect::<Result<_, _>>().map_err(malformed)?,
        fold(sums.map_err(malformed)?),
    ))
}

/// The log of an event. Its text is parsed once in the process, whoever of its consumers comes first.
fn parse(event: &Event) -> Result<Arc<dyn AnyLog>, Failure> {
    Ok(match event.topic {
        Topic::TranlogReport => event.body.parse::<TransactionLog>().map_err(malformed)?,
        Topic::CashlogReport => event.body.parse::<CashLog>().map_err(malformed)?,
        Topic::OpencloselogReport => event.body.parse::<OpenCloseLog>().map_err(malformed)?,
        Topic::TranlogStatus | Topic::TerminalSecurity | Topic::StaffSecurity => {
            return Err(Failure::Malformed("nothing is counted of this topic".to_owned()));
        }
    })
}

fn malformed(error: impl std::fmt::Display) -> Failure {
    Failure::Malformed(error.to_string())
}

/// Sums by session, in a fixed order so that two batches touch sessions in the same order.
pub(super) type Sessions = BTreeMap<Session, Sums>;

/// Adds logs up by session.
pub(super) fn fold<'log>(logs: impl IntoIterator<Item = Log<'log>>) -> Sessions {
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
/// `filed` makes the commit happen once only: the logs under their natural keys. If any of them is there already, the
/// whole commit is refused with [`StoreError::Duplicate`].
pub(super) async fn count(
    documents: &Documents,
    scope: &Scope,
    actor: &str,
    filed: &[Write],
    sessions: &Sessions,
) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        // The logs come first: of a repeated event the store must say that its log is there.
        let changes = documents.changes(actor);
        let changes = filed.iter().cloned().fold(changes, Changes::write);
        let changes = add_sums(documents, scope, changes, sessions).await?;
        match documents.commit(scope, changes).await {
            // A session's first logs, or its next, were counted by somebody else in between: begin again from reading.
            Err(error) if attempt < ATTEMPT_LIMIT && lost_race(&error) => attempt += 1,
            result => return result,
        }
    }
}

fn lost_race(error: &StoreError) -> bool {
    let sums = [&SESSION_TOTALS, &SESSION_ITEMS];
    error.is_stale() || sums.iter().any(|sums| error.is_duplicate_in(sums.name))
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
        session: session.clone(),
        part: next.number,
        items: Items::sum(parts.chain([&sums.items])),
    }))
}

/// Puts `recounted` in the place of the sums of a session. If logs are counted at the same time the commit is refused.
pub(super) async fn replace_sums(
    documents: &Documents,
    scope: &Scope,
    mut changes: Changes,
    session: &Session,
    recounted: &Sums,
) -> Result<Changes, StoreError> {
    let id = SessionTotals::id_of(session);
    let kept = documents.get::<SessionTotals>(scope, &id).await?;
    let mut parts = kept
        .as_ref()
        .map_or_else(Parts::default, |kept| kept.parts.clone());
    let next = parts.add_last();
    for absorbed in next.absorbs {
        changes = changes.delete::<SessionItems>(&SessionItems::id_of(session, absorbed), None);
    }
    if let (Some(kept), true) = (&kept, *recounted == Sums::default()) {
        return Ok(changes.delete::<SessionTotals>(&id, Some(kept.revision)));
    }
    let changes = changes.insert(SessionItems {
        session: session.clone(),
        part: next.number,
        items: recounted.items.clone(),
    });
    let totals = SessionTotals {
        session: session.clone(),
        totals: recounted.totals.clone(),
        groups: recounted.groups.clone(),
        received: recounted.received.clone(),
        parts,
    };
    Ok(match kept {
        Some(kept) => changes.replace(totals, kept.revision),
        None => changes.insert(totals),
    })
}
