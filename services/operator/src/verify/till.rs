//! A till: its transactions in the order of their numbers, each by itself and with what was made of it, and the sessions
//! that they form.

use std::sync::Arc;

use kugel_cart::TerminalCounter;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::OpenCloseLog;
use kugel_store::{Direction, Document, Query, Record as _};
use serde_json::Value;

use super::audit::{Audit, Check};
use super::copies::{self, Carried as _, Origin};
use super::numbers::Numbers;
use super::sessions::Sessions;
use super::{Break, sale, sent, stock};

/// A till, by store and number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Till {
    pub(super) store: String,
    pub(super) number: i32,
}

impl Till {
    /// The key of what opened or closed a session.
    pub(super) fn session_key(&self, business_counter: i32, operation: &str) -> String {
        let log = OpenCloseLog {
            store_code: self.store.clone(),
            terminal_no: self.number,
            business_counter,
            operation: operation.to_owned(),
            ..OpenCloseLog::default()
        };
        log.origin_key()
    }

    /// The documents of the till, in a collection that declares both.
    pub(super) fn query(&self) -> Query {
        Query::all()
            .eq("store_code", self.store.as_str())
            .eq("terminal_no", i64::from(self.number))
    }
}

/// Checks everything of a till. Answers how many transactions it has.
pub(super) async fn check(audit: &mut Audit, till: &Till) -> anyhow::Result<u64> {
    let (mut numbers, mut sessions) = (Numbers::default(), Sessions::of(till));
    let (mut last, mut seen) = (i64::MIN, 0);
    let (cart, made) = (audit.books.cart.clone(), audit.books.sales());
    loop {
        let query = till.query().greater("transaction_no", last);
        let query = query.sort(("transaction_no", Direction::Ascending));
        let documents = cart.page(made, query).await?;
        let Some(document) = documents.last() else { break };
        last = number(document);
        seen += documents.len() as u64;
        let mut sales = Vec::with_capacity(documents.len());
        for document in documents {
            let log = cart.read::<TransactionLog>(made, &document);
            let Some(log) = audit.keep(Check::Sale, log) else {
                continue;
            };
            audit.hold(Check::Numbers, cart.hold_key(made, &document, &log.origin_key()));
            audit.hold(Check::Numbers, numbers.next(&log));
            audit.hold(Check::Sale, sale::check_one(&log, &audit.rules));
            audit.tally.add_sale(&log);
            sessions.add(audit, &log).await?;
            sales.push(Origin { document, log });
        }
        copies::compare(audit, &sales).await?;
        let sent = sent::check(audit, &sales).await?;
        stock::expect(audit, &sales, &sent).await?;
        for check in [Check::Sale, Check::Numbers, Check::Journal] {
            audit.count(check, sales.len());
        }
        audit.progress.inc(sales.len() as u64);
    }
    sessions.end(audit).await?;
    check_counter(audit, till, &numbers, &sessions).await?;
    Ok(seen)
}

/// The number by which the document was found, also of one that cannot be read.
fn number(document: &Document) -> i64 {
    let body: Value = serde_json::from_str(document.body.text()).unwrap_or_default();
    body["transaction_no"].as_i64().unwrap_or(i64::MAX)
}

/// The counter holds the last numbers that the till has used.
async fn check_counter(
    audit: &mut Audit,
    till: &Till,
    numbers: &Numbers,
    sessions: &Sessions<'_>,
) -> anyhow::Result<()> {
    let collection = TerminalCounter::COLLECTION;
    let cart = audit.books.cart.clone();
    let found = cart.page(collection, till.query()).await?;
    if found.is_empty() && numbers.transaction > 0 {
        let record = format!("store {} terminal {}", till.store, till.number);
        let equation = "has transactions and no counter".to_owned();
        audit.hold(Check::Numbers, Err(Break { record, equation }));
    }
    for document in found {
        let counter = cart.read::<TerminalCounter>(collection, &document);
        let Some(counter) = audit.keep(Check::Numbers, counter) else {
            continue;
        };
        let mut expected = TerminalCounter::clone(&counter);
        expected.count_dic.transaction_no = numbers.transaction;
        expected.count_dic.receipt_no = numbers.receipt;
        sessions.expect(&mut expected);
        let text = serde_json::to_string(&expected)?;
        let held = cart.hold(collection, &document.id, Some(&document), &text, "its log");
        let id = format!("{}-{}-{}", audit.tenant, till.store, till.number);
        let key = cart.hold_key(collection, &document, &id);
        let own = cart.hold_key(collection, &document, &counter.terminal_id);
        audit.hold(Check::Numbers, held.and(key).and(own));
    }
    Ok(())
}

/// Names transactions that belong to no till that is known.
pub(super) async fn find_strays(
    audit: &mut Audit,
    tills: &std::collections::BTreeSet<Till>,
    seen: u64,
) -> anyhow::Result<()> {
    let (cart, made) = (audit.books.cart.clone(), audit.books.sales());
    if cart.count(made).await? == seen {
        return Ok(());
    }
    let mut walk = cart.walk(made);
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            let log = cart.read::<TransactionLog>(made, document);
            let Some(log): Option<Arc<TransactionLog>> = audit.keep(Check::Sale, log) else {
                continue;
            };
            let till = Till {
                store: log.store_code.clone(),
                number: log.terminal_no,
            };
            audit.hold(Check::Numbers, cart.hold_key(made, document, &log.origin_key()));
            if !tills.contains(&till) {
                let record = cart.name(made, &document.id);
                let equation = "is a transaction of a till that never opened".to_owned();
                audit.hold(Check::Numbers, Err(Break { record, equation }));
            }
        }
    }
    Ok(())
}
