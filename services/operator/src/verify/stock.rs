//! Stock: each item's history from its first change to its present level, and the sales in it against the log.

use std::collections::BTreeMap;

use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::stock::v1::stock_service_client::StockServiceClient;
use kugel_proto::stock::v1::{ListStocksRequest, Stock, StockUpdate, StreamStockUpdatesRequest};
use kugel_rpc::Client as _;
use prost::Message as _;
use rust_decimal::Decimal;

use super::tally::Tally;
use super::{Break, Inspector, Outcome, decimal, equal, is_cancelled, signed};

/// What an item's history comes to.
#[derive(Default)]
struct History {
    /// The level after its last change.
    level: Decimal,
    /// Changes that sales, returns and voids made.
    sold: Decimal,
}

type Items = BTreeMap<(String, String), History>;

pub(super) async fn check(
    inspector: &Inspector<'_>,
    log: &[TransactionLog],
    tally: &mut Tally,
) -> anyhow::Result<Outcome> {
    let mut items = Items::new();
    for store in super::stores(inspector).await? {
        if let Err(broken) = read_history(inspector, &store, &mut items, tally).await? {
            return Ok(Err(broken));
        }
        if let Err(broken) = compare_levels(inspector, &store, &items, tally).await? {
            return Ok(Err(broken));
        }
    }
    Ok(compare_sales(log, &items))
}

/// Every change must begin where the one before ended.
async fn read_history(
    inspector: &Inspector<'_>,
    store: &str,
    items: &mut Items,
    tally: &mut Tally,
) -> anyhow::Result<Result<(), Break>> {
    let mut client = StockServiceClient::over(inspector.channel("stock"));
    let message = StreamStockUpdatesRequest {
        tenant_id: inspector.tenant_id(),
        store_code: store.to_owned(),
    };
    let mut stream = client
        .stream_stock_updates(inspector.request(message))
        .await?
        .into_inner();
    while let Some(row) = stream.message().await? {
        let Some(update) = row.update else { continue };
        tally.add("changes", Decimal::ONE);
        tally.hash("stock", &apart_from_order(&update).encode_to_vec());
        let record = || {
            format!(
                "store {store} item {} change {}",
                update.item_code, update.sequence
            )
        };
        let history = items
            .entry((store.to_owned(), update.item_code.clone()))
            .or_default();
        let before = decimal(update.before_quantity.as_ref());
        let change = decimal(update.quantity_change.as_ref());
        let after = before.zip(change).map(|(before, change)| before + change);
        let outcome = equal(
            record,
            "level before = level after the last change",
            before,
            Some(history.level),
        )
        .and_then(|()| {
            equal(
                record,
                "before + change = after",
                after,
                decimal(update.after_quantity.as_ref()),
            )
        });
        if let Err(broken) = outcome {
            return Ok(Err(broken));
        }
        history.level = after.unwrap_or_default();
        if matches!(
            update.update_type.as_str(),
            "sale" | "return" | "void" | "void_return"
        ) && update.operator_id.is_none()
        {
            history.sold += change.unwrap_or_default();
        }
    }
    Ok(Ok(()))
}

async fn compare_levels(
    inspector: &Inspector<'_>,
    store: &str,
    items: &Items,
    tally: &mut Tally,
) -> anyhow::Result<Result<(), Break>> {
    let mut client = StockServiceClient::over(inspector.channel("stock"));
    for page in 1.. {
        let message = ListStocksRequest {
            tenant_id: inspector.tenant_id(),
            store_code: store.to_owned(),
            page: Some(page),
            limit: Some(1000),
        };
        let stocks = client
            .list_stocks(inspector.request(message))
            .await?
            .into_inner()
            .data;
        for stock in &stocks {
            let record = || format!("store {store} item {}", stock.item_code);
            let history = items
                .get(&(store.to_owned(), stock.item_code.clone()))
                .map(|history| history.level);
            let level = decimal(stock.current_quantity.as_ref());
            tally.add("stock", level.unwrap_or_default());
            tally.hash("stock", &apart_from_time(stock).encode_to_vec());
            if let Err(broken) = equal(
                record,
                "level = history",
                level,
                Some(history.unwrap_or_default()),
            ) {
                return Ok(Err(broken));
            }
        }
        if stocks.len() < 1000 {
            break;
        }
    }
    Ok(Ok(()))
}

/// A change without what depends on the order in which changes arrived.
fn apart_from_order(update: &StockUpdate) -> StockUpdate {
    StockUpdate {
        before_quantity: None,
        after_quantity: None,
        sequence: 0,
        ..update.clone()
    }
}

/// A level without what says when it was written.
fn apart_from_time(stock: &Stock) -> Stock {
    Stock {
        last_updated: String::new(),
        last_transaction_id: None,
        ..stock.clone()
    }
}

fn compare_sales(log: &[TransactionLog], items: &Items) -> Outcome {
    let mut sold: BTreeMap<(String, String), Decimal> = BTreeMap::new();
    for transaction in log.iter().filter(|transaction| !is_cancelled(transaction)) {
        for line in transaction.line_items.iter().filter(|line| !line.is_cancelled) {
            let quantity = decimal(line.quantity.as_ref()).unwrap_or_default();
            let place = (transaction.store_code.clone(), line.item_code.clone());
            *sold.entry(place).or_default() -= signed(transaction, quantity);
        }
    }
    for ((store, item), history) in items {
        let expected = sold.remove(&(store.clone(), item.clone())).unwrap_or_default();
        let record = || format!("store {store} item {item}");
        equal(
            record,
            "stock changes = quantities sold",
            Some(history.sold),
            Some(expected),
        )?;
    }
    match sold.into_iter().find(|(_, quantity)| !quantity.is_zero()) {
        Some(((store, item), quantity)) => Err(Break {
            record: format!("store {store} item {item}"),
            equation: format!("{quantity} was sold and never reached the stock"),
        }),
        None => Ok(items.len()),
    }
}
