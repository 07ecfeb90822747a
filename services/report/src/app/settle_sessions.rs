//! Sessions that hold a daily report up: finding them, reading their logs again, and settling them with a remark.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use kugel_auth::Principal;
use kugel_error::{Error, codes};
use kugel_proto::cart::v1::TransactionLog;
use kugel_rpc::Caller;
use kugel_store::{Query, Scope};
use kugel_types::{LocalTime, StoreCode};

use super::{App, CountLogs};
use crate::domain::log::Session;
use crate::domain::settlement::{Incomplete, Received, missing_numbers};
use crate::records::{Filed, LogMessage, Remark, SessionTotals};

/// Sessions that are listed at most.
const LISTED: usize = 1_000;
/// Sessions, or logs of a day, that are read at once.
const READ_AT_ONCE: u32 = 500;
/// Logs that are counted in one commit.
const COUNTED_AT_ONCE: usize = 256;

/// A session that does not settle, and what is missing.
pub(crate) type Unsettled = (Session, String);

/// What mending came to.
pub(crate) struct Mended {
    /// Logs that were read again.
    pub(crate) logs_read: usize,
    /// True if the sums were not those of the logs.
    pub(crate) is_repaired: bool,
    /// What is missing still.
    pub(crate) missing: Option<String>,
}

impl App {
    /// The sessions of a store, or of all, that do not settle and have no remark about what is missing.
    pub(crate) async fn unsettled_sessions(
        &self,
        caller: &Caller,
        store: Option<&StoreCode>,
    ) -> Result<Vec<Unsettled>, Error> {
        let (scope, mut found) = (caller.scope(), Vec::new());
        let of_store = || Query::all().given(store, |query, store| query.eq("store_code", store));
        let settled = self.documents.find::<Remark>(&scope, of_store()).await?;
        let sessions = self
            .documents
            .stream::<SessionTotals>(&scope, of_store(), READ_AT_ONCE);
        let mut sessions = std::pin::pin!(sessions);
        while let Some(kept) = sessions.try_next().await? {
            let Err(reason) = kept.received.check() else {
                continue;
            };
            let missing = self
                .missing(&scope, &kept.session, &kept.received, &reason)
                .await?;
            if !settled
                .rows
                .iter()
                .any(|remark| remark.covers(&kept.session, &missing))
            {
                found.push((kept.session.clone(), missing));
            }
            if found.len() == LISTED {
                break;
            }
        }
        Ok(found)
    }

    /// Reads the session's logs again from where they were made, and counts what had not arrived.
    pub(crate) async fn mend_session(&self, caller: &Caller, session: &Session) -> Result<Mended, Error> {
        let scope = caller.scope();
        let events = self.logs.of_session(caller.tenant(), session).await?;
        let count = CountLogs::new(self.documents.clone());
        for batch in events.chunks(COUNTED_AT_ONCE) {
            let counted = count.count(&scope, batch).await;
            counted.map_err(|failure| codes::GENERAL_FAILURE.error(failure.to_string()))?;
        }
        let is_repaired = self.recount_session(caller, session).await?;
        Ok(Mended {
            logs_read: events.len(),
            is_repaired,
            missing: self.missing_of(&scope, session).await?,
        })
    }

    /// Settles a session of which a log is lost for good.
    pub(crate) async fn settle_session(
        &self,
        caller: &Caller,
        session: Session,
        reason: String,
        made_by: Option<String>,
    ) -> Result<Remark, Error> {
        let work = self.settle(caller, session, reason, made_by);
        caller.once(&self.documents, work).await
    }

    async fn settle(
        &self,
        caller: &Caller,
        session: Session,
        reason: String,
        made_by: Option<String>,
    ) -> Result<Remark, Error> {
        let scope = caller.scope();
        let settles =
            || codes::SESSION_SETTLES.error(format!("session {session} settles: nothing is missing"));
        let missing = self.missing_of(&scope, &session).await?.ok_or_else(settles)?;
        let former = self.documents.get::<Remark>(&scope, &session.to_string()).await?;
        if former
            .as_ref()
            .is_some_and(|former| former.covers(&session, &missing))
        {
            return Err(codes::SESSION_SETTLES.error(format!("session {session} has a remark already")));
        }
        let (role, made_by) = match caller.principal() {
            Principal::Service { .. } => ("service", made_by.unwrap_or_else(|| caller.actor())),
            Principal::User(claims) if claims.is_superuser => ("superuser", caller.actor()),
            _ => ("user", caller.actor()),
        };
        let remark = Remark {
            made_by,
            role: role.to_owned(),
            made_at: LocalTime::new(self.clock.now(), &self.zone).iso(),
            reason,
            missing,
            session,
        };
        // First the journal: a remark that is not in it would be no part of the record.
        self.journal.remark(caller.tenant(), &remark).await?;
        let changes = self.documents.changes(&caller.actor());
        let changes = match former {
            Some(former) => changes.replace(remark.clone(), former.revision),
            None => changes.insert(remark.clone()),
        };
        let changes = changes.answering(caller.request(), &remark);
        Ok(self.documents.commit(&scope, changes).await.map(|()| remark)?)
    }

    /// What a session misses; `None` if it settles. `NOT_FOUND` for one of which nothing is known.
    async fn missing_of(&self, scope: &Scope, session: &Session) -> Result<Option<String>, Error> {
        let kept = self
            .documents
            .get::<SessionTotals>(scope, &SessionTotals::id_of(session))
            .await?;
        let kept = kept.ok_or_else(|| codes::NOT_FOUND.error(format!("session {session} is not found")))?;
        match kept.received.check() {
            Ok(()) => Ok(None),
            Err(reason) => Ok(Some(self.missing(scope, session, &kept.received, &reason).await?)),
        }
    }

    /// Says what is missing, with the numbers of the transactions.
    pub(super) async fn missing(
        &self,
        scope: &Scope,
        session: &Session,
        received: &Received,
        reason: &Incomplete,
    ) -> Result<String, Error> {
        let Some(close) = &received.close else {
            return Ok(reason.to_string());
        };
        let of_day = Query::all()
            .eq("store_code", &session.store)
            .eq("business_date", session.date);
        let logs = self
            .documents
            .stream::<Filed<TransactionLog>>(scope, of_day, READ_AT_ONCE);
        let (mut logs, mut filed) = (std::pin::pin!(logs), BTreeSet::new());
        while let Some(log) = logs.try_next().await? {
            if log.0.read()?.session() == session {
                filed.insert(log.0.transaction_no);
            }
        }
        Ok(format!("{reason}{}", missing_numbers(close, &filed)))
    }
}
