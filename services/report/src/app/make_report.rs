//! Making a report: the kept sums of the sessions it covers, merged and handed to its maker.

use std::sync::Arc;

use kugel_auth::Principal;
use kugel_error::{Error, codes};
use kugel_proto::report::v1::Report;
use kugel_rpc::Caller;
use kugel_store::{Query, Scope, Stored};
use kugel_types::{LocalTime, TerminalNo};

use super::App;
use super::makers::{Material, Needs, Occasion, maker_of, render};
use crate::domain::groups::Groups;
use crate::domain::items::Items;
use crate::domain::log::Session;
use crate::domain::query::{ReportQuery, ReportScope};
use crate::domain::totals::Totals;
use crate::records::{Remark, SessionItems, SessionTotals, sums_of};

/// Sessions that a refusal names.
const REASONS_NAMED: usize = 10;

impl App {
    /// Makes a report, and files it in the journal under the terminal that asks, if one does.
    pub(crate) async fn make_report(
        &self,
        caller: &Caller,
        query: &ReportQuery,
        asking: Option<TerminalNo>,
    ) -> Result<Report, Error> {
        let maker = maker_of(&query.report_type).ok_or_else(|| {
            codes::REPORT_TYPE_UNKNOWN
                .error(format!("there is no report {}", query.report_type))
                .with("report_type", &query.report_type)
        })?;
        let scope = caller.scope();
        let days = query.period.bounds();
        let selection = || sums_of(&query.store, days, query.terminal, query.open_counter);
        let sessions = self
            .documents
            .find::<SessionTotals>(&scope, selection())
            .await?
            .rows;
        let remarks = self.documents.find::<Remark>(&scope, selection()).await?.rows;
        let remarks: Vec<Remark> = remarks.iter().map(|remark| Remark::clone(remark)).collect();
        if query.scope == ReportScope::Daily {
            self.check_complete(&scope, &sessions, &remarks).await?;
        }
        let mut totals = Totals::default();
        sessions.iter().for_each(|session| totals.merge(&session.totals));
        let mut groups = Groups::default();
        sessions.iter().for_each(|session| groups.merge(&session.groups));
        let items = match maker.needs() {
            Needs::Items => self.items(&scope, selection()).await?,
            Needs::Sums | Needs::CategoryNames => Items::default(),
        };
        let category_names = match maker.needs() {
            Needs::CategoryNames | Needs::Items => self.categories.names(caller.tenant()).await,
            Needs::Sums => Arc::default(),
        };
        let staff = staff_of(caller.principal());
        let report = render(
            maker,
            &Material {
                query,
                totals: &totals,
                groups: &groups,
                items: &items,
                category_names: &category_names,
                posted_transactions: posted(&sessions),
                remarks: &remarks,
                currency: match totals.currency.as_str() {
                    "" => self.default_currency,
                    code => code.parse()?,
                },
            },
            &Occasion {
                tenant: caller.tenant().as_str(),
                staff: staff.unwrap_or_default(),
                time: &LocalTime::new(self.clock.now(), &self.zone),
            },
        );
        if let Some(terminal) = asking {
            self.journal
                .file(caller.tenant(), terminal, staff, query, &report)
                .await;
        }
        Ok(report)
    }

    /// A daily report waits for every session it covers, unless a remark settles it.
    async fn check_complete(
        &self,
        scope: &Scope,
        sessions: &[Stored<SessionTotals>],
        remarks: &[Remark],
    ) -> Result<(), Error> {
        let mut reasons = Vec::new();
        for kept in sessions {
            let session = &kept.session;
            let Err(reason) = kept.received.check() else {
                continue;
            };
            let Session {
                terminal,
                date,
                open_counter,
                ..
            } = session;
            let missing = self.missing(scope, session, &kept.received, &reason).await?;
            if remarks.iter().any(|remark| remark.covers(session, &missing)) {
                continue;
            }
            if reasons.len() == REASONS_NAMED {
                reasons.push("and more".to_owned());
                break;
            }
            reasons.push(format!(
                "terminal {terminal} on {date} (session {open_counter}): {missing}"
            ));
        }
        if reasons.is_empty() {
            return Ok(());
        }
        let what_to_do = "close open terminals; what is missing is sent again by itself, or at once when a superuser \
                          mends the session (kugel books)";
        Err(codes::TERMINAL_NOT_CLOSED.error(format!("{}: {what_to_do}", reasons.join("; "))))
    }

    /// The parts are read by one query, so that none is missed or counted twice while others are being merged.
    async fn items(&self, scope: &Scope, selection: Query) -> Result<Items, Error> {
        let parts = self.documents.find::<SessionItems>(scope, selection).await?;
        Ok(Items::sum(parts.rows.iter().map(|part| &part.items)))
    }
}

/// How many of the transactions were posted.
fn posted(sessions: &[Stored<SessionTotals>]) -> i64 {
    let posted = sessions.iter().filter(|kept| kept.session.is_posted);
    posted.map(|kept| kept.received.transactions).sum()
}

/// The staff member who is signed in at the terminal that calls.
fn staff_of(principal: &Principal) -> Option<&str> {
    match principal {
        Principal::Terminal(terminal) => terminal.staff.as_ref().map(|staff| staff.id.as_str()),
        Principal::Anonymous | Principal::User(_) | Principal::Service { .. } => None,
    }
}
