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
use crate::records::{SessionItems, SessionTotals, sums_of};

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
        if query.scope == ReportScope::Daily {
            check_complete(&sessions)?;
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

/// A daily report waits for every session it covers.
fn check_complete(sessions: &[Stored<SessionTotals>]) -> Result<(), Error> {
    let incomplete = sessions.iter().filter_map(|session| {
        let reason = session.received.check().err()?;
        Some((session, reason))
    });
    let reasons: Vec<String> = incomplete
        .map(|(kept, reason)| {
            let Session {
                terminal,
                date,
                open_counter,
                ..
            } = &kept.session;
            format!("terminal {terminal} on {date} (session {open_counter}): {reason}")
        })
        .collect();
    if reasons.is_empty() {
        return Ok(());
    }
    Err(codes::TERMINAL_NOT_CLOSED.error(reasons.join("; ")))
}

/// The staff member who is signed in at the terminal that calls.
fn staff_of(principal: &Principal) -> Option<&str> {
    match principal {
        Principal::Terminal(terminal) => terminal.staff.as_ref().map(|staff| staff.id.as_str()),
        Principal::Anonymous | Principal::User { .. } | Principal::Service { .. } => None,
    }
}
