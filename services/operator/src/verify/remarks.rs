//! The remarks of sessions that were settled although a log is lost: each as the journal has it. They are told; what is
//! lost stays a break of whatever misses it.

use jiff::Timestamp;
use kugel_journal::records::{Entry, JOURNALS, zero};
use kugel_report::domain::log::Session;
use kugel_report::records::{REMARK, Remark, SESSION_REMARKS, remark_lines};
use kugel_store::{Document, Record as _};

use super::Break;
use super::audit::{Audit, Check};

/// Compares every remark with the journal, and keeps it to be told.
pub(super) async fn check(audit: &mut Audit) -> anyhow::Result<()> {
    let shelf = audit.books.report.clone();
    let journal = audit.books.journal.clone();
    let mut walk = shelf.walk(&SESSION_REMARKS);
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            let remark = shelf.read::<Remark>(&SESSION_REMARKS, document);
            let Some(remark) = audit.keep(Check::Report, remark) else {
                continue;
            };
            audit.count(Check::Report, 1);
            audit.hold(
                Check::Report,
                shelf.hold_key(&SESSION_REMARKS, document, &remark.id()),
            );
            let by = shelf.name(&SESSION_REMARKS, &document.id);
            let Some(expected) = entry(&remark) else {
                let equation = format!("was made at {:?}, which is no time", remark.made_at);
                audit.hold(Check::Report, Err(Break { record: by, equation }));
                continue;
            };
            let text = serde_json::to_string(&expected)?;
            let found = journal.one(&JOURNALS, &expected.key).await?;
            audit.hold(
                Check::Report,
                journal.hold(&JOURNALS, &expected.key, found.as_deref(), &text, &by),
            );
            audit.remarks.push(remark_lines(&remark).join("; "));
        }
    }
    Ok(())
}

/// Checks that the remark is there which an entry of the journal speaks of.
pub(super) async fn check_entry(audit: &mut Audit, document: &Document) -> anyhow::Result<()> {
    let journal = audit.books.journal.clone();
    let Ok(entry) = journal.read::<Entry>(&JOURNALS, document) else {
        return Ok(());
    };
    if entry.transaction_type != REMARK {
        return Ok(());
    }
    let session = Session {
        store: entry.store_code.clone(),
        terminal: entry.terminal_no,
        date: entry.business_date,
        open_counter: entry.open_counter,
        is_posted: false,
    };
    let shelf = &audit.books.report;
    if shelf.one(&SESSION_REMARKS, &session.to_string()).await?.is_none() {
        let record = shelf.name(&SESSION_REMARKS, &session.to_string());
        let equation = format!("is missing, by {}", journal.name(&JOURNALS, &document.id));
        audit.hold(Check::Report, Err(Break { record, equation }));
    }
    Ok(())
}

/// The entry that a remark was filed as.
fn entry(remark: &Remark) -> Option<Entry> {
    let at: Timestamp = remark.made_at.parse().ok()?;
    let session = &remark.session;
    let mut entry = Entry {
        key: String::new(),
        store_code: session.store.clone(),
        terminal_no: session.terminal,
        transaction_no: None,
        transaction_type: REMARK,
        business_date: session.date,
        open_counter: session.open_counter,
        business_counter: 0,
        generate_date_time: remark.made_at.clone(),
        generated_at: at.as_microsecond(),
        receipt_no: None,
        amount: zero(),
        quantity: zero(),
        staff_id: None,
        approver_ids: Vec::new(),
        user_id: Some(remark.made_by.clone()),
        journal_text: remark_lines(remark).join("\n"),
        receipt_text: String::new(),
    };
    entry.key = entry.posted_key();
    Some(entry)
}
