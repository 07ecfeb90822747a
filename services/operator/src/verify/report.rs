//! The report's sums of a session against a recount of its logs, and sums of which there is no log.

use kugel_report::domain::items::Items;
use kugel_report::domain::log::Session;
use kugel_report::domain::session::Sums;
use kugel_report::records::{SESSION_ITEMS, SESSION_TOTALS, SessionItems, SessionTotals};
use kugel_store::{Query, Record as _};
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

async fn has_logs(audit: &Audit, session: &Session) -> anyhow::Result<bool> {
    let books = &audit.books;
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
