//! Logs against what journal and report filed of them: a copy but for its texts, and an entry of the journal.
//!
//! From the origin every log is looked up where it should have been filed. If a collection then holds more than was found,
//! it is walked through for what has no origin: posted by somebody, or a break.

use std::sync::Arc;

use kugel_bus::Topic;
use kugel_journal::records as journal;
use kugel_journal::records::Entry;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_report::records as report;
use kugel_report::records::{Filed, LogMessage};
use kugel_store::{Collection, Document, Record};
use kugel_terminal::records::{CashLogDocument, OpenCloseLogDocument};
use rust_decimal::Decimal;
use serde::Serialize;

use super::Break;
use super::audit::{Audit, Check};
use super::books::Shelf;

/// The figure of logs and entries that no event brought.
const POSTED: &str = "posted";

/// A log that was read where it was made.
pub(super) struct Origin<L> {
    pub(super) document: Arc<Document>,
    pub(super) log: Arc<L>,
}

/// What every log says of itself.
pub(super) struct Head<'log> {
    pub(super) event_id: &'log str,
    pub(super) store_code: &'log str,
    pub(super) terminal_no: i32,
    /// When it was made, if it was committed at that instant.
    pub(super) made_at: Option<&'log str>,
}

/// A log that an event carried.
pub(super) trait Carried {
    /// What carries it.
    const TOPIC: Topic;
    /// The key under which it was made.
    fn origin_key(&self) -> String;
    /// What it says of itself.
    fn head(&self) -> Head<'_>;
}

/// A log with what is filed of it.
pub(super) trait Copied: Carried + LogMessage + Clone {
    /// Where the journal files it.
    const JOURNALS: &'static Collection;
    /// The key under which the journal files it.
    fn journal_key(&self) -> String;
    /// Its entry in the journal.
    fn entry(&self) -> Result<Entry, String>;
}

impl Carried for TransactionLog {
    const TOPIC: Topic = Topic::TranlogReport;
    fn origin_key(&self) -> String {
        kugel_cart::transaction_key(&self.store_code, self.terminal_no, self.transaction_no)
    }
    fn head(&self) -> Head<'_> {
        Head {
            event_id: &self.event_id,
            store_code: &self.store_code,
            terminal_no: self.terminal_no,
            made_at: None,
        }
    }
}

impl Copied for TransactionLog {
    const JOURNALS: &'static Collection = &journal::TRANSACTION_LOGS;
    fn journal_key(&self) -> String {
        self.origin_key()
    }
    fn entry(&self) -> Result<Entry, String> {
        Entry::of_transaction(self).map_err(|error| error.to_string())
    }
}

impl Carried for CashLog {
    const TOPIC: Topic = Topic::CashlogReport;
    fn origin_key(&self) -> String {
        CashLogDocument(self.clone()).id()
    }
    fn head(&self) -> Head<'_> {
        Head {
            event_id: &self.event_id,
            store_code: &self.store_code,
            terminal_no: self.terminal_no,
            made_at: Some(&self.generate_date_time),
        }
    }
}

impl Copied for CashLog {
    const JOURNALS: &'static Collection = &journal::CASH_LOGS;
    fn journal_key(&self) -> String {
        self.event_id.clone()
    }
    fn entry(&self) -> Result<Entry, String> {
        Entry::of_cash(self, &self.event_id).map_err(|error| error.to_string())
    }
}

impl Carried for OpenCloseLog {
    const TOPIC: Topic = Topic::OpencloselogReport;
    fn origin_key(&self) -> String {
        OpenCloseLogDocument(self.clone()).id()
    }
    fn head(&self) -> Head<'_> {
        Head {
            event_id: &self.event_id,
            store_code: &self.store_code,
            terminal_no: self.terminal_no,
            made_at: Some(&self.generate_date_time),
        }
    }
}

impl Copied for OpenCloseLog {
    const JOURNALS: &'static Collection = &journal::OPEN_CLOSE_LOGS;
    fn journal_key(&self) -> String {
        self.event_id.clone()
    }
    fn entry(&self) -> Result<Entry, String> {
        Entry::of_open_close(self, &self.event_id).map_err(|error| error.to_string())
    }
}

/// A document that should be there.
struct Wanted {
    id: String,
    text: String,
    /// What says so.
    by: String,
}

/// Compares logs of one kind with all that is filed of them.
pub(super) async fn compare<L: Copied>(audit: &mut Audit, origins: &[Origin<L>]) -> anyhow::Result<()> {
    let (shelf, made, _) = audit.books.origin(L::TOPIC);
    let (mut logs, mut entries, mut filed) = (Vec::new(), Vec::new(), Vec::new());
    for Origin { document, log } in origins {
        let by = shelf.name(made, &document.id);
        let wanted = |id: String, text: Result<String, String>| {
            let text = text.map_err(|error| Break {
                record: by.clone(),
                equation: format!("cannot be filed: {error}"),
            })?;
            let by = by.clone();
            Ok(Wanted { id, text, by })
        };
        let without = |texts| {
            let rest = document.body.without(texts).map_err(|error| error.to_string());
            rest.map(|body| body.text().to_owned())
        };
        let entry = log.entry();
        let key = entry.as_ref().map(|entry| entry.key.clone()).unwrap_or_default();
        // Logs of cash and sessions lie in the journal with their texts.
        let kept = if L::TOPIC == Topic::TranlogReport {
            journal::TEXTS
        } else {
            &[]
        };
        logs.extend(audit.keep(Check::Journal, wanted(log.journal_key(), without(kept))));
        entries.extend(audit.keep(Check::Journal, wanted(key, entry.and_then(|entry| text(&entry)))));
        filed.extend(audit.keep(Check::Report, wanted(log.key(), without(report::TEXTS))));
    }
    let (journals, reports) = (audit.books.journal.clone(), audit.books.report.clone());
    look_up(audit, Check::Journal, &journals, L::JOURNALS, &logs).await?;
    look_up(audit, Check::Journal, &journals, &journal::JOURNALS, &entries).await?;
    look_up(audit, Check::Report, &reports, L::COLLECTION, &filed).await
}

fn text(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

async fn look_up(
    audit: &mut Audit,
    check: Check,
    shelf: &Shelf,
    collection: &'static Collection,
    wanted: &[Wanted],
) -> anyhow::Result<()> {
    let ids: Vec<String> = wanted.iter().map(|wanted| wanted.id.clone()).collect();
    let found = shelf.many(collection, &ids).await?;
    audit.copied(shelf.service, collection, found.iter().flatten().count());
    for (wanted, found) in wanted.iter().zip(found) {
        let held = shelf.hold(collection, &wanted.id, found.as_deref(), &wanted.text, &wanted.by);
        audit.hold(check, held);
    }
    Ok(())
}

/// Looks for copies of logs without their origin in journal and report. Those that somebody posted are counted.
pub(super) async fn find_strays<L: Copied>(audit: &mut Audit) -> anyhow::Result<()> {
    let (journals, reports) = (audit.books.journal.clone(), audit.books.report.clone());
    let (origin, made, _) = audit.books.origin(L::TOPIC);
    let origin = (&origin, made);
    let own = |log: &L| (log.journal_key(), log.origin_key());
    strays(audit, Check::Journal, (&journals, L::JOURNALS), origin, own).await?;
    let own = |log: &L| (Filed(log.clone()).id(), log.origin_key());
    strays(audit, Check::Report, (&reports, L::COLLECTION), origin, own).await
}

/// `keys` says of a log under which key it should lie, and under which its origin.
async fn strays<L: Copied>(
    audit: &mut Audit,
    check: Check,
    (shelf, collection): (&Shelf, &'static Collection),
    (origin, made): (&Shelf, &'static Collection),
    keys: impl Fn(&L) -> (String, String),
) -> anyhow::Result<()> {
    if shelf.count(collection).await? == audit.copies(shelf.service, collection) {
        return Ok(());
    }
    let mut walk = shelf.walk(collection);
    while let Some(documents) = walk.next().await? {
        let (mut rows, mut origins, mut posted) = (Vec::new(), Vec::new(), Vec::new());
        for document in &documents {
            let Some(log) = audit.keep(check, shelf.read::<L>(collection, document)) else {
                continue;
            };
            let (own, made) = keys(&log);
            audit.hold(check, shelf.hold_key(collection, document, &own));
            rows.push(document);
            origins.push(made);
        }
        let found = origin.many(made, &origins).await?;
        for (document, _) in rows.iter().zip(found).filter(|(_, found)| found.is_none()) {
            if kugel_journal::is_posted(&document.created_by) {
                audit.tally.add(POSTED, Decimal::ONE);
                posted.push(document.id.clone());
                continue;
            }
            let broken = Break {
                record: shelf.name(collection, &document.id),
                equation: format!("is in the {} only", shelf.service),
            };
            audit.hold(check, Err(broken));
        }
        if check == Check::Journal {
            hold_entries(audit, shelf, collection, posted).await?;
        }
    }
    Ok(())
}

/// Checks that logs that were posted have their entries.
async fn hold_entries(
    audit: &mut Audit,
    shelf: &Shelf,
    collection: &Collection,
    posted: Vec<String>,
) -> anyhow::Result<()> {
    let entries: Vec<String> = posted.iter().map(|id| format!("transaction/{id}")).collect();
    let found = shelf.many(&journal::JOURNALS, &entries).await?;
    for ((entry, id), _) in entries
        .iter()
        .zip(posted)
        .zip(found)
        .filter(|(_, found)| found.is_none())
    {
        let by = shelf.name(collection, &id);
        audit.hold(
            Check::Journal,
            shelf.hold(&journal::JOURNALS, entry, None, "", &by),
        );
    }
    Ok(())
}
