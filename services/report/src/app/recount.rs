//! Counting again: the sums of every session, made from the filed logs and compared with those that were kept.

use futures::TryStreamExt;
use kugel_error::Error;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::report::v1::{RecountTotalsResponse, TotalsDifference};
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_rpc::Caller;
use kugel_store::{Documents, Query, Scope};

use super::ACTOR;
use super::App;
use super::count_logs::{Sessions, replace_sums};
use crate::domain::items::Items;
use crate::domain::log::Session;
use crate::domain::session::Sums;
use crate::records::{Filed, LogMessage, SessionItems, SessionTotals};

/// Logs that are read at once.
const LOGS_AT_ONCE: u32 = 1_000;

impl App {
    /// Counts again; with `repair` replaces the sums of sessions that differ.
    pub(crate) async fn recount(
        &self,
        caller: &Caller,
        repair: bool,
    ) -> Result<RecountTotalsResponse, Error> {
        let (documents, scope, mut sessions) = (&self.documents, &caller.scope(), Sessions::new());
        let mut found = RecountTotalsResponse {
            transaction_logs: add_logs::<TransactionLog>(documents, scope, Query::all(), &mut sessions)
                .await?,
            cash_logs: add_logs::<CashLog>(documents, scope, Query::all(), &mut sessions).await?,
            open_close_logs: add_logs::<OpenCloseLog>(documents, scope, Query::all(), &mut sessions).await?,
            ..RecountTotalsResponse::default()
        };
        // Sums without any log are a difference too.
        for kept in documents.find::<SessionTotals>(scope, Query::all()).await?.rows {
            sessions.entry(kept.session.clone()).or_default();
        }
        for (session, recounted) in &sessions {
            found.sessions += 1;
            let kept = kept_sums(documents, scope, session).await?;
            if let Some(difference) = difference(session, &kept, recounted) {
                found.differences.push(difference);
                if repair {
                    let changes = documents.changes(&caller.actor());
                    let changes = replace_sums(documents, scope, changes, session, recounted).await?;
                    documents.commit(scope, changes).await?;
                }
            }
        }
        Ok(found)
    }

    /// Counts one session again, and replaces its sums if they differ: then it gives true.
    pub(crate) async fn recount_session(&self, caller: &Caller, session: &Session) -> Result<bool, Error> {
        let (documents, scope, mut sessions) = (&self.documents, &caller.scope(), Sessions::new());
        let of_day = || {
            Query::all()
                .eq("store_code", &session.store)
                .eq("business_date", session.date)
        };
        add_logs::<TransactionLog>(documents, scope, of_day(), &mut sessions).await?;
        add_logs::<CashLog>(documents, scope, of_day(), &mut sessions).await?;
        add_logs::<OpenCloseLog>(documents, scope, of_day(), &mut sessions).await?;
        let recounted = sessions.remove(session).unwrap_or_default();
        let kept = kept_sums(documents, scope, session).await?;
        if difference(session, &kept, &recounted).is_none() {
            return Ok(false);
        }
        let changes = documents.changes(&caller.actor());
        let changes = replace_sums(documents, scope, changes, session, &recounted).await?;
        documents.commit(scope, changes).await?;
        Ok(true)
    }
}

/// Adds the logs of a kind that are wanted, and counts them.
async fn add_logs<L: LogMessage>(
    documents: &Documents,
    scope: &Scope,
    wanted: Query,
    sessions: &mut Sessions,
) -> Result<i64, Error> {
    let (mut logs, mut count) = (
        Box::pin(documents.stream::<Filed<L>>(scope, wanted, LOGS_AT_ONCE)),
        0,
    );
    while let Some(filed) = logs.try_next().await? {
        let log = filed.0.read()?;
        let log = if filed.created_by == ACTOR {
            log
        } else {
            log.posted()
        };
        sessions.entry(log.session().clone()).or_default().add(&log);
        count += 1;
    }
    Ok(count)
}

/// The sums that were kept of a session.
async fn kept_sums(documents: &Documents, scope: &Scope, session: &Session) -> Result<Sums, Error> {
    let kept = documents
        .get::<SessionTotals>(scope, &SessionTotals::id_of(session))
        .await?;
    let Some(kept) = kept else {
        return Ok(Sums::default());
    };
    let mut sums = Sums {
        totals: kept.totals.clone(),
        groups: kept.groups.clone(),
        received: kept.received.clone(),
        items: Items::default(),
    };
    let ids: Vec<String> = kept
        .parts
        .numbers()
        .map(|part| SessionItems::id_of(session, part))
        .collect();
    let parts = documents.get_many::<SessionItems>(scope, &ids).await?;
    sums.items = Items::sum(parts.iter().flatten().map(|part| &part.items));
    Ok(sums)
}

/// The first part in which two sums differ.
fn difference(session: &Session, kept: &Sums, recounted: &Sums) -> Option<TotalsDifference> {
    let (part, kept, recounted) = if kept.received != recounted.received {
        first_part("received", &kept.received, &recounted.received)
    } else if kept.totals != recounted.totals {
        first_part("totals", &kept.totals, &recounted.totals)
    } else if kept.groups != recounted.groups {
        first_part("groups", &kept.groups, &recounted.groups)
    } else if kept.items != recounted.items {
        first_part("items", &kept.items, &recounted.items)
    } else {
        return None;
    };
    Some(TotalsDifference {
        store_code: session.store.to_string(),
        terminal_no: session.terminal.get(),
        business_date: session.date.to_string(),
        open_counter: session.open_counter,
        part,
        kept,
        recounted,
    })
}

/// Names the first field in which two values of a type differ, with both as JSON.
fn first_part<T: serde::Serialize>(name: &str, kept: &T, recounted: &T) -> (String, String, String) {
    let json = |value: &T| serde_json::to_value(value).unwrap_or_default();
    let (kept, recounted) = (json(kept), json(recounted));
    let fields = kept.as_object().into_iter().flatten();
    let differing = fields
        .map(|(field, value)| (field, value, &recounted[field]))
        .find(|(_, one, other)| one != other);
    match differing {
        Some((field, kept, recounted)) => {
            (format!("{name}.{field}"), kept.to_string(), recounted.to_string())
        }
        None => (name.to_owned(), kept.to_string(), recounted.to_string()),
    }
}
