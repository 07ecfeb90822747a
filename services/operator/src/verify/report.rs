//! The report's sums of a session against a recount of its logs, and sums of which there is no log.

use std::sync::Arc;

use kugel_proto::cart::v1::TransactionLog;
use kugel_report::domain::items::Items;
use kugel_report::domain::log::Session;
use kugel_report::domain::session::{Log, Sums};
use kugel_report::records::{
    LogMessage, SESSION_ITEMS, SESSION_TOTALS, SessionItems, SessionTotals, TRANSACTION_LOGS,
};
use kugel_store::{Document, Query, Record as _};
use rust_decimal::Decimal;

use super::audit::{Audit, Check};
use super::books::Shelf;
use super::{Break, equal};

/// Compares the sums that are kept of a session with the recounted ones, and the cash in them with another count of it.
pub(super) async fn check(
    audit: &mut Audit,
    session: &Session,
    recounted: &Sums,
    cash: Decimal,
) -> anyhow::Result<()> {
    let shelf = audit.books.report.clone();
    audit.count(Check::Report, 1);
    let id = SessionTotals::id_of(session);
    let Some(document) = shelf.one(&SESSION_TOTALS, &id).await? else {
        let missing = shelf.hold(&SESSION_TOTALS, &id, None, "", "its logs");
        audit.hold(Check::Report, missing);
        return Ok(());
    };
    audit.copied(shelf.service, &SESSION_TOTALS, 1);
    let kept = shelf.read::<SessionTotals>(&SESSION_TOTALS, &document);
    let Some(kept) = audit.keep(Check::Report, kept) else {
        return Ok(());
    };
    let record = || shelf.name(&SESSION_TOTALS, &id);
    let drawer = Some(kept.totals.expected_cash());
    audit.hold(
        Check::Drawer,
        equal(
            record,
            "reported drawer = cash sales + cash movements",
            drawer,
            Some(cash),
        ),
    );
    let is_same = kept.session == *session
        && kept.totals == recounted.totals
        && kept.groups == recounted.groups
        && kept.received == recounted.received;
    if !is_same {
        let expected = SessionTotals {
            session: session.clone(),
            totals: recounted.totals.clone(),
            groups: recounted.groups.clone(),
            received: recounted.received.clone(),
            parts: kept.parts.clone(),
        };
        let text = serde_json::to_string(&expected)?;
        let held = shelf.hold(&SESSION_TOTALS, &id, Some(&document), &text, "by a recount");
        audit.hold(Check::Report, held);
    }
    check_items(audit, &shelf, &kept, &recounted.items).await
}

async fn check_items(
    audit: &mut Audit,
    shelf: &Shelf,
    kept: &SessionTotals,
    recounted: &Items,
) -> anyhow::Result<()> {
    let numbers = kept.parts.numbers();
    let ids: Vec<String> = numbers
        .map(|part| SessionItems::id_of(&kept.session, part))
        .collect();
    let (mut parts, mut known) = (Vec::new(), 0);
    for (id, found) in ids.iter().zip(shelf.many(&SESSION_ITEMS, &ids).await?) {
        let Some(document) = found else {
            let missing = shelf.hold(&SESSION_ITEMS, id, None, "", "its session's totals");
            audit.hold(Check::Report, missing);
            continue;
        };
        known += 1;
        let part = shelf.read::<SessionItems>(&SESSION_ITEMS, &document);
        let Some(part) = audit.keep(Check::Report, part) else {
            continue;
        };
        audit.hold(
            Check::Report,
            shelf.hold_key(&SESSION_ITEMS, &document, &part.id()),
        );
        parts.push(part);
    }
    audit.copied(shelf.service, &SESSION_ITEMS, known);
    let sum = Items::sum(parts.iter().map(|part| &part.items));
    if sum == *recounted {
        return Ok(());
    }
    let (sum, recounted) = (serde_json::to_value(&sum)?, serde_json::to_value(recounted)?);
    let rows = |items: &serde_json::Value| items.as_array().cloned().unwrap_or_default();
    let (sum, recounted) = (rows(&sum), rows(&recounted));
    let differing = sum.iter().find(|row| !recounted.contains(row));
    let differing = differing.or_else(|| recounted.iter().find(|row| !sum.contains(row)));
    let row = differing.map(ToString::to_string).unwrap_or_default();
    let broken = Break {
        record: shelf.name(&SESSION_ITEMS, &ids.join(", ")),
        equation: format!("are not what a recount gives: {row}"),
    };
    audit.hold(Check::Report, Err(broken));
    Ok(())
}

/// Looks for sums of which there is no log.
pub(super) async fn find_strays(audit: &mut Audit) -> anyhow::Result<()> {
    let shelf = audit.books.report.clone();
    if shelf.count(&SESSION_TOTALS).await? != audit.copies(shelf.service, &SESSION_TOTALS) {
        let mut walk = shelf.walk(&SESSION_TOTALS);
        while let Some(documents) = walk.next().await? {
            for document in &documents {
                let kept = shelf.read::<SessionTotals>(&SESSION_TOTALS, document);
                let Some(kept) = audit.keep(Check::Report, kept) else {
                    continue;
                };
                audit.hold(
                    Check::Report,
                    shelf.hold_key(&SESSION_TOTALS, document, &kept.id()),
                );
                if !has_logs(audit, &kept.session).await? {
                    let record = shelf.name(&SESSION_TOTALS, &document.id);
                    let equation = "are sums of a session without any log".to_owned();
                    audit.hold(Check::Report, Err(Break { record, equation }));
                }
            }
        }
    }
    if shelf.count(&SESSION_ITEMS).await? != audit.copies(shelf.service, &SESSION_ITEMS) {
        let mut walk = shelf.walk(&SESSION_ITEMS);
        while let Some(documents) = walk.next().await? {
            for document in &documents {
                let part = shelf.read::<SessionItems>(&SESSION_ITEMS, document);
                let Some(part) = audit.keep(Check::Report, part) else {
                    continue;
                };
                audit.hold(
                    Check::Report,
                    shelf.hold_key(&SESSION_ITEMS, document, &part.id()),
                );
                let totals = shelf
                    .one(&SESSION_TOTALS, &SessionTotals::id_of(&part.session))
                    .await?;
                let totals =
                    totals.and_then(|totals| shelf.read::<SessionTotals>(&SESSION_TOTALS, &totals).ok());
                if !totals.is_some_and(|totals| totals.parts.numbers().any(|number| number == part.part)) {
                    let record = shelf.name(&SESSION_ITEMS, &document.id);
                    let equation = "is a part that its session's totals do not know".to_owned();
                    audit.hold(Check::Report, Err(Break { record, equation }));
                }
            }
        }
    }
    Ok(())
}

/// Compares the sums of what was posted, which are kept apart, with a recount.
pub(super) async fn check_posted(audit: &mut Audit) -> anyhow::Result<()> {
    let shelf = audit.books.report.clone();
    if shelf.count(&TRANSACTION_LOGS).await? == audit.copies(shelf.service, &TRANSACTION_LOGS) {
        return Ok(());
    }
    let (mut walk, mut current) = (shelf.walk(&TRANSACTION_LOGS), None::<(Session, Sums)>);
    while let Some(documents) = walk.next().await? {
        for log in documents.iter().filter_map(|document| posted(&shelf, document)) {
            // What is posted comes session by session, as it was sold.
            if let Some((session, sums)) = current.take_if(|(session, _)| session != log.session()) {
                settle(audit, &session, sums).await?;
            }
            let session = || (log.session().clone(), Sums::default());
            current.get_or_insert_with(session).1.add(&log.log());
        }
    }
    match current {
        Some((session, sums)) => settle(audit, &session, sums).await,
        None => Ok(()),
    }
}

/// A log that was posted.
struct Posted(Arc<TransactionLog>, Session);

impl Posted {
    fn session(&self) -> &Session {
        &self.1
    }
    fn log(&self) -> Log<'_> {
        let log = LogMessage::read(&*self.0).map(Log::posted);
        log.expect("it was read before")
    }
}

fn posted(shelf: &Shelf, document: &Document) -> Option<Posted> {
    if document.created_by == kugel_report::app::ACTOR {
        return None;
    }
    let log = shelf.read::<TransactionLog>(&TRANSACTION_LOGS, document).ok()?;
    let session = LogMessage::read(&*log).ok()?.posted().session().clone();
    Some(Posted(log, session))
}

/// Checks the sums of a posted session, after a recount of its whole day if its logs did not lie together.
async fn settle(audit: &mut Audit, session: &Session, mut sums: Sums) -> anyhow::Result<()> {
    let shelf = audit.books.report.clone();
    let kept = shelf.one(&SESSION_TOTALS, &SessionTotals::id_of(session)).await?;
    let kept = kept.and_then(|kept| shelf.read::<SessionTotals>(&SESSION_TOTALS, &kept).ok());
    if kept.is_some_and(|kept| kept.received != sums.received) {
        (sums, _) = recount(&shelf, session).await?;
    }
    let cash = sums.totals.expected_cash();
    check(audit, session, &sums, cash).await
}

/// The sums over what was posted as part of a session, and of how many logs.
async fn recount(shelf: &Shelf, session: &Session) -> anyhow::Result<(Sums, usize)> {
    let (mut sums, mut count, mut last) = (Sums::default(), 0, String::new());
    loop {
        let of_day = Query::all()
            .eq("store_code", &session.store)
            .eq("business_date", session.date);
        let documents = shelf.page(&TRANSACTION_LOGS, of_day.greater("id", last)).await?;
        let Some(document) = documents.last() else {
            return Ok((sums, count));
        };
        last = document.id.clone();
        let logs = documents.iter().filter_map(|document| posted(shelf, document));
        for log in logs.filter(|log| log.session() == session) {
            sums.add(&log.log());
            count += 1;
        }
    }
}

async fn has_logs(audit: &Audit, session: &Session) -> anyhow::Result<bool> {
    let books = &audit.books;
    if session.is_posted {
        return Ok(recount(&books.report, session).await?.1 > 0);
    }
    for (shelf, logs) in [
        (&books.terminal, books.sessions()),
        (&books.terminal, books.cash()),
        (&books.cart, books.sales()),
    ] {
        let query = Query::all()
            .eq("store_code", &session.store)
            .eq("terminal_no", i64::from(session.terminal.get()))
            .eq("business_date", session.date)
            .eq("open_counter", i64::from(session.open_counter));
        if !shelf.page(logs, query).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
