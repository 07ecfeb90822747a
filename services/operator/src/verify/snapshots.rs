//! Snapshots of stock: what they say of themselves. How much there was then is in no other document once a rebuild has
//! put the history into another order.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kugel_stock::records::{STOCK_SNAPSHOTS, STOCKS, SnapshotRecord, StockRecord};
use kugel_types::Quantity;

use super::Break;
use super::audit::{Audit, Check};

pub(super) async fn check(audit: &mut Audit) -> anyhow::Result<()> {
    let shelf = audit.books.stock.clone();
    let mut walk = shelf.walk(&STOCK_SNAPSHOTS);
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            let snapshot = shelf.read::<SnapshotRecord>(&STOCK_SNAPSHOTS, document);
            let Some(snapshot) = audit.keep(Check::Stock, snapshot) else {
                continue;
            };
            let key = shelf.hold_key(&STOCK_SNAPSHOTS, document, &snapshot.snapshot_id);
            audit.hold(Check::Stock, key);
            let broken = |equation| Break {
                record: shelf.name(&STOCK_SNAPSHOTS, &document.id),
                equation,
            };
            audit.hold(Check::Stock, adds_up(&snapshot).map_err(broken));
            // An item of which there was something has a history, and so a level for ever.
            let items = snapshot
                .stocks
                .iter()
                .filter(|item| item.quantity != Quantity::ZERO);
            let keys: Vec<String> = items
                .map(|item| StockRecord::key(&snapshot.store_code, &item.item_code))
                .collect();
            let levels = shelf.many(&STOCKS, &keys).await?;
            for (key, _) in keys.iter().zip(levels).filter(|(_, level)| level.is_none()) {
                let equation = format!("counts {}, which is not there", shelf.name(&STOCKS, key));
                audit.hold(Check::Stock, Err(broken(equation)));
            }
        }
    }
    Ok(())
}

fn adds_up(snapshot: &SnapshotRecord) -> Result<(), String> {
    let at = snapshot
        .generate_date_time
        .parse::<Timestamp>()
        .map(Timestamp::as_microsecond);
    let items = snapshot.stocks.iter();
    let codes: BTreeSet<_> = items.clone().map(|item| &item.item_code).collect();
    let total = super::stock::total(items.map(|item| &item.quantity));
    if at.ok() != Some(snapshot.generated_at) {
        return Err(format!(
            "was taken at {}, and sorts as {}",
            snapshot.generate_date_time, snapshot.generated_at
        ));
    }
    if codes.len() != snapshot.stocks.len() || i64::try_from(codes.len()) != Ok(snapshot.total_items) {
        return Err(format!(
            "counts {} items and holds {}",
            snapshot.total_items,
            codes.len()
        ));
    }
    if total != snapshot.total_quantity.decimal() {
        return Err(format!(
            "quantities come to {total}, not {}",
            snapshot.total_quantity
        ));
    }
    Ok(())
}
