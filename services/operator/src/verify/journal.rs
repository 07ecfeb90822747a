//! The journal entry by entry: what it comes to, those that nobody's log accounts for, and those that were posted.

use jiff::Timestamp;
use kugel_journal::records::{Entry, JOURNALS, OPEN_CLOSE_LOGS, TRANSACTION_LOGS};
use kugel_proto::cart::v1::TransactionLog;
use kugel_store::{Collection, Document};
use rust_decimal::Decimal;

use super::audit::{Audit, Check};
use super::books::Shelf;
use super::{Break, remarks};

/// Reads the journal and adds it up.
pub(super) async fn check(audit: &mut Audit) -> anyhow::Result<()> {
    let shelf = audit.books.journal.clone();
    let (mut walk, mut of_logs) = (shelf.walk(&JOURNALS), 0);
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            audit.tally.add("journal", Decimal::ONE);
            let print = [&*document.id, document.body.text()].join("\0");
            audit.tally.hash("journal", print.as_bytes());
            if origin(audit, document).is_some() {
                of_logs += 1;
                continue;
            }
            audit.hold(Check::Journal, posted(&shelf, document));
            remarks::check_entry(audit, document).await?;
        }
    }
    if of_logs == audit.copies(shelf.service, &JOURNALS) {
        return Ok(());
    }
    find_strays(audit, &shelf).await
}

/// Where the log of an entry lies; `None` if it has none.
fn origin<'e>(audit: &Audit, entry: &'e Document) -> Option<(Shelf, &'static Collection, &'e str)> {
    let books = &audit.books;
    let (kind, key) = entry.id.split_once('/')?;
    match kind {
        "transaction" => Some((books.cart.clone(), books.sales(), key)),
        "cash" => Some((books.terminal.clone(), books.cash(), key)),
        // The log lies under another key where it was made, and was compared with its copy.
        "open_close" => Some((books.journal.clone(), &OPEN_CLOSE_LOGS, key)),
        _ => None,
    }
}

/// An entry that a person or a report wrote lies under what it says of itself.
fn posted(shelf: &Shelf, document: &Document) -> Result<(), Break> {
    let entry = shelf.read::<Entry>(&JOURNALS, document)?;
    shelf.hold_key(&JOURNALS, document, &entry.key)?;
    shelf.hold_key(&JOURNALS, document, &entry.posted_key())?;
    // A time without an offset is one of the zone that was set then.
    match entry.generate_date_time.parse::<Timestamp>() {
        Ok(at) if at.as_microsecond() != entry.generated_at => Err(Break {
            record: shelf.name(&JOURNALS, &document.id),
            equation: format!("was made at {at}, and sorts as {}", entry.generated_at),
        }),
        _ => Ok(()),
    }
}

/// Looks for entries without a log. One of a posted transaction has the posted log.
async fn find_strays(audit: &mut Audit, shelf: &Shelf) -> anyhow::Result<()> {
    let mut walk = shelf.walk(&JOURNALS);
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            let Some((origin, made, key)) = origin(audit, document) else {
                continue;
            };
            if origin.one(made, key).await?.is_some() {
                continue;
            }
            let log = if kugel_journal::is_posted(&document.created_by) {
                shelf.one(&TRANSACTION_LOGS, key).await?
            } else {
                None
            };
            audit.hold(Check::Journal, entry_of(shelf, document, log.as_deref()));
        }
    }
    Ok(())
}

/// An entry says what its posted log does. Its texts are in no other document.
fn entry_of(shelf: &Shelf, document: &Document, log: Option<&Document>) -> Result<(), Break> {
    let broken = |equation| Break {
        record: shelf.name(&JOURNALS, &document.id),
        equation,
    };
    let Some(log) = log else {
        return Err(broken("is in the journal only".to_owned()));
    };
    let by = shelf.name(&TRANSACTION_LOGS, &log.id);
    let log = shelf.read::<TransactionLog>(&TRANSACTION_LOGS, log)?;
    let found = shelf.read::<Entry>(&JOURNALS, document)?;
    let entry = Entry::of_transaction(&log).map_err(|error| broken(error.to_string()))?;
    let expected = Entry {
        journal_text: found.journal_text.clone(),
        receipt_text: found.receipt_text.clone(),
        ..entry
    };
    let text = serde_json::to_string(&expected).map_err(|error| broken(error.to_string()))?;
    shelf.hold(&JOURNALS, &document.id, Some(document), &text, &by)
}
