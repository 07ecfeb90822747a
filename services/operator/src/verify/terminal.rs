//! What the terminal service keeps: its logs with what is filed of them, and tills as their last logs left them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kugel_bus::Topic;
use kugel_cart::TerminalCounter;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Collection, Document, Record};
use kugel_terminal::domain::Status;
use kugel_terminal::records::{KeyOwner, StoreDocument, TenantDocument, TerminalDocument};
use kugel_types::{Money, TerminalId};
use rust_decimal::Decimal;

use super::audit::{Audit, Check};
use super::books::Shelf;
use super::copies::{self, Copied, Origin};
use super::sessions::Moved;
use super::till::Till;
use super::{Break, security, sent};

/// What a till should look like, from its logs.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    last: Option<OpenCloseLog>,
    drawer: Moved,
}

impl State {
    /// Hears an opening or a close.
    pub(super) fn log(&mut self, log: &OpenCloseLog) {
        self.last = Some(log.clone());
    }

    /// Hears what went through the drawer in the session of the last log.
    pub(super) fn drawer(&mut self, drawer: &Moved) {
        self.drawer = *drawer;
    }

    /// The till as it should be, as far as its logs say, if it was entered at this time. `None`: they say what no till can
    /// be.
    fn of(&self, document: &TerminalDocument, entered: Timestamp) -> Option<TerminalDocument> {
        let mut till = document.terminal.clone();
        let last = self.last.as_ref();
        let info = last.and_then(|log| log.terminal_info.as_ref());
        let (mut count, mut amount, mut fell) = (self.drawer.count, self.drawer.amount, self.drawer.last);
        till.business_date = last.map(|log| log.business_date.parse()).transpose().ok()?;
        till.open_counter = last.map_or(0, |log| log.open_counter);
        till.business_counter = last.map_or(0, |log| log.business_counter);
        let closed = last.map(|log| log.generate_date_time.parse::<Timestamp>());
        if closed.transpose().ok()?.is_some_and(|closed| closed >= entered) {
            let amount = |amount: Option<&kugel_proto::Decimal>| amount.map(Money::try_from).transpose().ok();
            till.status = info?.status.parse().ok()?;
            till.initial_amount = amount(info?.initial_amount.as_ref())?;
            till.physical_amount = amount(info?.physical_amount.as_ref())?;
        } else {
            // Never opened, or deleted after its last close and entered again.
            till.status = Status::Idle;
            (till.initial_amount, till.physical_amount) = (None, None);
            (count, amount, fell) = (0, Decimal::ZERO, None);
        }
        (till.drawer.count, till.drawer.last) = (count, fell);
        // However it is spelt: 0 and 0.00.
        if till.drawer.amount.decimal() != amount {
            till.drawer.amount = Money::from_decimal(amount);
        }
        Some(TerminalDocument::from(till))
    }

    /// True if the last session is open.
    fn is_open(&self) -> bool {
        self.last.as_ref().is_some_and(|log| log.operation == "open")
    }
}

/// Compares the logs with what is filed of them. Answers the tills that they speak of.
pub(super) async fn check_logs(audit: &mut Audit) -> anyhow::Result<BTreeSet<Till>> {
    let mut tills = BTreeSet::new();
    let (cash, sessions) = (audit.books.cash(), audit.books.sessions());
    let till = |store: &str, number| Till {
        store: store.to_owned(),
        number,
    };
    let place = |log: &CashLog| till(&log.store_code, log.terminal_no);
    let opening = |log: &CashLog| {
        let till = place(log);
        let key = till.session_key(log.business_counter, "open");
        Some((key, log.business_date.clone(), log.open_counter))
    };
    check_log(audit, cash, &mut tills, place, opening).await?;
    let place = |log: &OpenCloseLog| till(&log.store_code, log.terminal_no);
    check_log(audit, sessions, &mut tills, place, |_| None).await?;
    copies::find_strays::<CashLog>(audit).await?;
    copies::find_strays::<OpenCloseLog>(audit).await?;
    security::check(audit).await?;
    let topics = [
        Topic::CashlogReport,
        Topic::OpencloselogReport,
        Topic::TerminalSecurity,
    ];
    sent::find_strays(audit, &topics).await?;
    Ok(tills)
}

/// `opening` says which opening a log needs, by its key, on which date and as which session of it.
async fn check_log<L: Copied>(
    audit: &mut Audit,
    collection: &'static Collection,
    tills: &mut BTreeSet<Till>,
    till: impl Fn(&L) -> Till,
    opening: impl Fn(&L) -> Option<(String, String, i32)>,
) -> anyhow::Result<()> {
    let shelf = audit.books.terminal.clone();
    let mut walk = shelf.walk(collection);
    while let Some(documents) = walk.next().await? {
        let mut logs = Vec::with_capacity(documents.len());
        for document in documents {
            let log = shelf.read::<L>(collection, &document);
            let Some(log) = audit.keep(Check::Terminal, log) else {
                continue;
            };
            audit.hold(
                Check::Terminal,
                shelf.hold_key(collection, &document, &log.origin_key()),
            );
            tills.insert(till(&log));
            logs.push(Origin { document, log });
        }
        check_openings(audit, &shelf, collection, &logs, &opening).await?;
        copies::compare(audit, &logs).await?;
        sent::check(audit, &logs).await?;
        for check in [Check::Terminal, Check::Journal] {
            audit.count(check, logs.len());
        }
    }
    Ok(())
}

async fn check_openings<L: Copied>(
    audit: &mut Audit,
    shelf: &Shelf,
    collection: &'static Collection,
    logs: &[Origin<L>],
    opening: impl Fn(&L) -> Option<(String, String, i32)>,
) -> anyhow::Result<()> {
    let wanted: Vec<_> = logs
        .iter()
        .filter_map(|log| Some((log, opening(&log.log)?)))
        .collect();
    let mut ids: Vec<String> = wanted.iter().map(|(_, (key, ..))| key.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let sessions = audit.books.sessions();
    let found = shelf.many(sessions, &ids).await?;
    for (origin, (key, date, counter)) in wanted {
        let by = shelf.name(collection, &origin.document.id);
        let place = ids
            .binary_search(&key)
            .ok()
            .and_then(|place| found[place].as_ref());
        let Some(document) = place else {
            audit.hold(Check::Terminal, shelf.hold(sessions, &key, None, "", &by));
            continue;
        };
        let opened = shelf.read::<OpenCloseLog>(sessions, document);
        let Some(opened) = audit.keep(Check::Terminal, opened) else {
            continue;
        };
        if (&opened.business_date, opened.open_counter) != (&date, counter) {
            let equation = format!(
                "is of {date} session {counter}, unlike {}",
                shelf.name(sessions, &key)
            );
            audit.hold(Check::Terminal, Err(Break { record: by, equation }));
        }
    }
    Ok(())
}

/// Checks tenant and stores, and gives the tills that are there or have sold.
pub(super) async fn check_places(audit: &mut Audit) -> anyhow::Result<BTreeSet<Till>> {
    let tenant = audit.tenant.to_string();
    keys(audit, TenantDocument::id, |document| {
        document.tenant_id.as_str() == tenant
    })
    .await?;
    keys(audit, StoreDocument::id, |_| true).await?;
    let mut tills = BTreeSet::new();
    let (cart, terminal) = (audit.books.cart.clone(), audit.books.terminal.clone());
    let mut walk = cart.walk(TerminalCounter::COLLECTION);
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            let counter = cart.read::<TerminalCounter>(TerminalCounter::COLLECTION, document);
            tills.extend(audit.keep(Check::Numbers, counter).map(|counter| Till {
                store: counter.store_code.clone(),
                number: counter.terminal_no,
            }));
        }
    }
    let mut walk = terminal.walk(TerminalDocument::COLLECTION);
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            let till = terminal.read::<TerminalDocument>(TerminalDocument::COLLECTION, document);
            if let Some(till) = audit.keep(Check::Terminal, till) {
                check_place(audit, &terminal, document, &till.terminal.id).await?;
                check_key(audit, &terminal, &till).await?;
                tills.insert(Till {
                    store: till.terminal.id.store.to_string(),
                    number: till.terminal.id.number.get(),
                });
            }
        }
    }
    Ok(tills)
}

/// A till lies under its id, in a store and a tenant that are there.
async fn check_place(
    audit: &mut Audit,
    shelf: &Shelf,
    document: &Document,
    id: &TerminalId,
) -> anyhow::Result<()> {
    let key = shelf.hold_key(TerminalDocument::COLLECTION, document, &id.to_string());
    audit.hold(Check::Terminal, key);
    for (collection, place) in [
        (StoreDocument::COLLECTION, id.store.to_string()),
        (TenantDocument::COLLECTION, audit.tenant.to_string()),
    ] {
        if shelf.one(collection, &place).await?.is_none() {
            let by = shelf.name(TerminalDocument::COLLECTION, &document.id);
            audit.hold(Check::Terminal, shelf.hold(collection, &place, None, "", &by));
        }
    }
    Ok(())
}

/// The key of a till leads to it and to no other.
async fn check_key(audit: &mut Audit, shelf: &Shelf, till: &TerminalDocument) -> anyhow::Result<()> {
    let (id, hash) = (&till.terminal.id, till.terminal.api_key_hash.as_str());
    let owner = shelf.shared::<KeyOwner>(hash).await?;
    if owner.as_ref().is_none_or(|owner| owner.terminal_id != *id) {
        let leads = owner.map_or("nowhere".to_owned(), |owner| format!("to {}", owner.terminal_id));
        let broken = Break {
            record: shelf.name(TerminalDocument::COLLECTION, &id.to_string()),
            equation: format!("its API key leads {leads}"),
        };
        audit.hold(Check::Terminal, Err(broken));
    }
    Ok(())
}

/// Checks that the documents of a collection lie under their keys.
async fn keys<T: Record>(
    audit: &mut Audit,
    key: impl Fn(&T) -> String,
    is_right: impl Fn(&T) -> bool,
) -> anyhow::Result<()> {
    let shelf = audit.books.terminal.clone();
    let mut walk = shelf.walk(T::COLLECTION);
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            let Some(value) = audit.keep(Check::Terminal, shelf.read::<T>(T::COLLECTION, document)) else {
                continue;
            };
            audit.hold(
                Check::Terminal,
                shelf.hold_key(T::COLLECTION, document, &key(&value)),
            );
            if !is_right(&value) {
                let record = shelf.name(T::COLLECTION, &document.id);
                let equation = "is of another tenant".to_owned();
                audit.hold(Check::Terminal, Err(Break { record, equation }));
            }
        }
    }
    Ok(())
}

/// Compares a till with what its logs say of it. One that was deleted says nothing.
pub(super) async fn check_till(audit: &mut Audit, till: &Till, state: &State) -> anyhow::Result<()> {
    let (shelf, collection) = (audit.books.terminal.clone(), TerminalDocument::COLLECTION);
    let id = format!("{}-{}-{}", audit.tenant, till.store, till.number);
    let found: Option<std::sync::Arc<Document>> = shelf.one(collection, &id).await?;
    let Some(document) = found else {
        if state.is_open() {
            let by = "its last session, which is open";
            audit.hold(Check::Terminal, shelf.hold(collection, &id, None, "", by));
        }
        return Ok(());
    };
    let Some(terminal) = audit.keep(
        Check::Terminal,
        shelf.read::<TerminalDocument>(collection, &document),
    ) else {
        return Ok(());
    };
    audit.count(Check::Terminal, 1);
    let held = match state.of(&terminal, document.created_at) {
        Some(expected) => {
            let text = serde_json::to_string(&expected)?;
            shelf.hold(collection, &id, Some(&document), &text, "its logs")
        }
        None => Err(Break {
            record: shelf.name(collection, &id),
            equation: "the last log of the till does not say what it was".to_owned(),
        }),
    };
    audit.hold(Check::Terminal, held);
    Ok(())
}
