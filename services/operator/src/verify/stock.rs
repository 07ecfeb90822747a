//! Stock: each item's history from its first change to its present level, and the sales in it against the log.

use std::sync::Arc;

use jiff::Timestamp;
use kugel_bus::inbox::{PROCESSED_EVENTS, ProcessedEvent};
use kugel_bus::{DeliveryRecord, Topic};
use kugel_proto::cart::v1::TransactionLog;
use kugel_stock::domain::level::{Level, Step};
use kugel_stock::domain::movement::Movement;
use kugel_stock::records::{STOCK_UPDATES, STOCKS, StockRecord, UPDATES_ASIDE, UpdateRecord};
use kugel_store::Document;
use kugel_types::{ItemCode, Quantity, StoreCode};
use rust_decimal::Decimal;

use super::audit::{Audit, Check};
use super::balance::Uneven;
use super::books::Shelf;
use super::copies::Origin;
use super::{Break, snapshots};

type Update = UpdateRecord<'static>;

/// Notes the changes that transactions should have made, and that stock has heard of each.
pub(super) async fn expect(
    audit: &mut Audit,
    sales: &[Origin<TransactionLog>],
    sent: &[Option<Arc<DeliveryRecord>>],
) -> anyhow::Result<()> {
    for (sale, sent) in sales.iter().zip(sent) {
        match changes(&sale.log, sent.as_deref()) {
            Ok(changes) => changes.iter().for_each(|change| audit.changes.add(change)),
            Err(equation) => {
                let record = super::name(&sale.log);
                audit.hold(Check::Stock, Err(Break { record, equation }));
            }
        }
    }
    let shelf = audit.books.stock.clone();
    let ids: Vec<String> = sales.iter().map(|sale| sale.log.event_id.clone()).collect();
    let found = shelf.many(&PROCESSED_EVENTS, &ids).await?;
    audit.copied(shelf.service, &PROCESSED_EVENTS, found.iter().flatten().count());
    for ((id, sale), found) in ids.into_iter().zip(sales).zip(found) {
        let mark = ProcessedEvent {
            event_id: id.clone(),
            topic: Topic::TranlogReport,
        };
        let text = serde_json::to_string(&mark)?;
        let held = shelf.hold(
            &PROCESSED_EVENTS,
            &id,
            found.as_deref(),
            &text,
            &super::name(&sale.log),
        );
        audit.hold(Check::Stock, held);
    }
    Ok(())
}

/// The changes that a transaction makes, each as one text.
fn changes(log: &TransactionLog, sent: Option<&DeliveryRecord>) -> Result<Vec<String>, String> {
    let at = match sent {
        Some(record) => record.published_at,
        None => log
            .generate_date_time
            .parse::<Timestamp>()
            .map_err(|error| error.to_string())?,
    };
    let text = |movement: &Movement| text_of(&UpdateRecord::new(movement, Step::default()));
    Ok(kugel_stock::movements(log, at)?.iter().map(text).collect())
}

/// A change, but for its place in the history.
fn text_of(update: &UpdateRecord<'_>) -> String {
    format!(
        "{} of item {} in store {} by {} at {}, of {} with the note {:?}",
        update.update_type,
        update.item_code,
        update.store_code,
        update.quantity_change.decimal().normalize(),
        Timestamp::from_microsecond(update.timestamp.as_microsecond()).unwrap_or(update.timestamp),
        update.reference_id.as_deref().unwrap_or("nothing"),
        update.note,
    )
}

/// What an item's history comes to.
struct Account {
    store: StoreCode,
    item: ItemCode,
    level: Level,
}

/// Checks history, levels and snapshots.
pub(super) async fn check(audit: &mut Audit) -> anyhow::Result<()> {
    read_history(audit).await?;
    check_sales(audit).await?;
    check_levels(audit).await?;
    find_marks(audit).await?;
    snapshots::check(audit).await?;
    let shelf = audit.books.stock.clone();
    if let Some(aside) = shelf
        .page(&UPDATES_ASIDE, kugel_store::Query::all())
        .await?
        .first()
    {
        let record = shelf.name(&UPDATES_ASIDE, &aside.id);
        let equation = "is left over from a rebuild that was cut off: run it again".to_owned();
        audit.hold(Check::Stock, Err(Break { record, equation }));
    }
    Ok(())
}

/// Every change must begin where the one before ended, and the last must end at the level.
async fn read_history(audit: &mut Audit) -> anyhow::Result<()> {
    let shelf = audit.books.stock.clone();
    let (mut walk, mut account) = (shelf.walk(&STOCK_UPDATES), None::<Account>);
    let mut closed = Vec::new();
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            let update = shelf.read::<Update>(&STOCK_UPDATES, document);
            let Some(update) = audit.keep(Check::Stock, update) else {
                continue;
            };
            audit.hold(
                Check::Stock,
                shelf.hold_key(&STOCK_UPDATES, document, &update.key()),
            );
            audit.tally.add("changes", Decimal::ONE);
            let print = (text_of(&update), &update.operator_id);
            audit.tally.hash("stock", format!("{print:?}").as_bytes());
            if document.created_by == kugel_stock::ACTOR {
                audit.changes.take(&text_of(&update));
            }
            let of = account.take_if(|account| {
                (&account.store, &account.item) != (&*update.store_code, &*update.item_code)
            });
            closed.extend(of);
            let account = account.get_or_insert_with(|| Account {
                store: update.store_code.clone().into_owned(),
                item: update.item_code.clone().into_owned(),
                level: Level::default(),
            });
            audit.hold(
                Check::Stock,
                follow(&shelf, document, &mut account.level, &update),
            );
        }
        close(audit, &shelf, &mut closed).await?;
    }
    closed.extend(account);
    close(audit, &shelf, &mut closed).await
}

fn follow(shelf: &Shelf, document: &Document, level: &mut Level, update: &Update) -> Result<(), Break> {
    let expected = level.sequence + 1;
    let before = std::mem::replace(
        level,
        Level {
            quantity: update.after_quantity,
            sequence: update.sequence,
            last_reference: update.reference_id.as_deref().map(Into::into),
            ..Level::default()
        },
    );
    let broken = |id: &str, equation: String| Break {
        record: shelf.name(&STOCK_UPDATES, id),
        equation,
    };
    if update.sequence != expected {
        let missing = Update::key_of(&update.store_code, &update.item_code, expected);
        return Err(broken(&missing, format!("is missing, {} follows", document.id)));
    }
    let after = update.before_quantity.plus(update.quantity_change).ok();
    let equation = if update.before_quantity != before.quantity {
        format!(
            "begins at {}, the change before it ends at {}",
            update.before_quantity, before.quantity
        )
    } else if after != Some(update.after_quantity) {
        format!(
            "before + change = after: {} is not {after:?}",
            update.after_quantity
        )
    } else if document.created_by != kugel_stock::ACTOR && !update.update_type.fits(update.quantity_change) {
        format!(
            "{} cannot change a level by {}",
            update.update_type, update.quantity_change
        )
    } else if document.created_by == kugel_stock::ACTOR && update.operator_id.is_some() {
        "has an operator, and a sale made it".to_owned()
    } else {
        return Ok(());
    };
    Err(broken(&document.id, equation))
}

/// Compares levels with the histories that were read to their ends.
async fn close(audit: &mut Audit, shelf: &Shelf, accounts: &mut Vec<Account>) -> anyhow::Result<()> {
    let ids: Vec<String> = accounts
        .iter()
        .map(|account| StockRecord::key(&account.store, &account.item))
        .collect();
    let found = shelf.many(&STOCKS, &ids).await?;
    audit.copied(shelf.service, &STOCKS, found.iter().flatten().count());
    audit.count(Check::Stock, accounts.len());
    for ((account, id), found) in accounts.drain(..).zip(ids).zip(found) {
        let held = level(shelf, &account, &id, found.as_deref());
        audit.hold(Check::Stock, held);
    }
    Ok(())
}

fn level(shelf: &Shelf, account: &Account, id: &str, found: Option<&Document>) -> Result<(), Break> {
    let Some(document) = found else {
        return shelf.hold(&STOCKS, id, None, "", "its history");
    };
    let kept = shelf.read::<StockRecord>(&STOCKS, document)?.level();
    if kept.sequence > account.level.sequence {
        let next = Update::key_of(&account.store, &account.item, account.level.sequence + 1);
        return shelf.hold(&STOCK_UPDATES, &next, None, "", &shelf.name(&STOCKS, id));
    }
    let expected = Level {
        quantity: account.level.quantity,
        sequence: account.level.sequence,
        last_reference: account.level.last_reference.clone(),
        ..kept
    };
    let record = StockRecord::new(&account.store, &account.item, &expected);
    let text = serde_json::to_string(&record).unwrap_or_default();
    shelf.hold(&STOCKS, id, Some(document), &text, "its history")
}

/// Tells the figures of levels, and finds those that no history speaks of.
async fn check_levels(audit: &mut Audit) -> anyhow::Result<()> {
    let shelf = audit.books.stock.clone();
    let mut walk = shelf.walk(&STOCKS);
    while let Some(documents) = walk.next().await? {
        let (mut rows, mut last) = (Vec::new(), Vec::new());
        for document in &documents {
            let stock = shelf.read::<StockRecord>(&STOCKS, document);
            let Some(stock) = audit.keep(Check::Stock, stock) else {
                continue;
            };
            let level = stock.level();
            audit.tally.add("stock", level.quantity.decimal());
            let thresholds = (level.minimum, level.reorder_point, level.reorder_quantity);
            let print = format!(
                "{} {} {} {thresholds:?}",
                stock.store_code, stock.item_code, level.quantity
            );
            audit.tally.hash("stock", print.as_bytes());
            let key = StockRecord::key(&stock.store_code, &stock.item_code);
            audit.hold(Check::Stock, shelf.hold_key(&STOCKS, document, &key));
            last.push(Update::key_of(
                &stock.store_code,
                &stock.item_code,
                level.sequence,
            ));
            rows.push((document, stock));
        }
        let found = shelf.many(&STOCK_UPDATES, &last).await?;
        for (((document, stock), last), found) in rows.into_iter().zip(last).zip(found) {
            let level = stock.level();
            if level.sequence != 0 {
                let by = shelf.name(&STOCKS, &document.id);
                if found.is_none() {
                    audit.hold(Check::Stock, shelf.hold(&STOCK_UPDATES, &last, None, "", &by));
                }
                continue;
            }
            // Nothing but thresholds: they are the office's choice.
            let record = StockRecord::new(&stock.store_code, &stock.item_code, &level.thresholds());
            let text = serde_json::to_string(&record)?;
            let held = shelf.hold(&STOCKS, &document.id, Some(document), &text, "its history");
            audit.hold(Check::Stock, held);
        }
    }
    Ok(())
}

/// The history holds the changes of the log, no more and no less. If not, both are read again to name one.
async fn check_sales(audit: &mut Audit) -> anyhow::Result<()> {
    let Some(mut uneven) = audit.changes.uneven() else {
        return Ok(());
    };
    let (cart, made, sent) = audit.books.origin(Topic::TranlogReport);
    let mut walk = cart.walk(made);
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            hear_again(&mut uneven, &cart, made, sent, document).await?;
        }
    }
    let shelf = audit.books.stock.clone();
    let mut walk = shelf.walk(&STOCK_UPDATES);
    while let Some(documents) = walk.next().await? {
        let sold = documents
            .iter()
            .filter(|document| document.created_by == kugel_stock::ACTOR);
        for document in sold {
            if let Ok(update) = shelf.read::<Update>(&STOCK_UPDATES, document) {
                uneven.hear(&text_of(&update), -1, || shelf.name(&STOCK_UPDATES, &document.id));
            }
        }
    }
    let Some((change, count, record)) = uneven.first() else {
        return Ok(());
    };
    let equation = if count > 0 {
        format!("{change}: never reached the stock")
    } else {
        format!("{change}: no transaction made it")
    };
    audit.hold(Check::Stock, Err(Break { record, equation }));
    Ok(())
}

async fn hear_again(
    uneven: &mut Uneven,
    cart: &Shelf,
    made: &'static kugel_store::Collection,
    sent: &'static kugel_store::Collection,
    document: &Document,
) -> anyhow::Result<()> {
    let Ok(log) = cart.read::<TransactionLog>(made, document) else {
        return Ok(());
    };
    let record = cart.one(sent, &log.event_id).await?;
    let record = record.and_then(|record| cart.read::<DeliveryRecord>(sent, &record).ok());
    for change in changes(&log, record.as_deref()).unwrap_or_default() {
        uneven.hear(&change, 1, || cart.name(made, &document.id));
    }
    Ok(())
}

/// Looks for marks of events that carried no transaction.
async fn find_marks(audit: &mut Audit) -> anyhow::Result<()> {
    let shelf = audit.books.stock.clone();
    if shelf.count(&PROCESSED_EVENTS).await? == audit.copies(shelf.service, &PROCESSED_EVENTS) {
        return Ok(());
    }
    let (cart, _, sent) = audit.books.origin(Topic::TranlogReport);
    let mut walk = shelf.walk(&PROCESSED_EVENTS);
    while let Some(documents) = walk.next().await? {
        let ids: Vec<String> = documents.iter().map(|document| document.id.clone()).collect();
        let found = cart.many(sent, &ids).await?;
        for (id, _) in ids.iter().zip(found).filter(|(_, found)| found.is_none()) {
            let record = shelf.name(&PROCESSED_EVENTS, id);
            let equation = "marks an event that carried no transaction".to_owned();
            audit.hold(Check::Stock, Err(Break { record, equation }));
        }
    }
    Ok(())
}

/// The quantities of all items in sum.
pub(super) fn total<'q>(quantities: impl Iterator<Item = &'q Quantity>) -> Decimal {
    quantities.map(|quantity| quantity.decimal()).sum()
}
