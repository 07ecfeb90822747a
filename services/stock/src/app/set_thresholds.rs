//! Sets the thresholds of one item.

use kugel_error::Error;
use kugel_rpc::Caller;
use kugel_store::{Missed, Stored, retry};
use kugel_types::{ItemCode, Quantity, StoreCode};

use super::App;
use super::ledger::{LedgerError, overtaken};
use crate::domain::level::Level;
use crate::records::StockRecord;

/// The thresholds of an item; what is absent stays as it is.
#[derive(Debug, Default)]
pub(crate) struct Thresholds {
    pub(crate) minimum: Option<Quantity>,
    pub(crate) reorder_point: Option<Quantity>,
    pub(crate) reorder_quantity: Option<Quantity>,
}

impl App {
    /// Sets thresholds, creating the item if need be, and warns if one is reached.
    pub(crate) async fn set_thresholds(
        &self,
        caller: &Caller,
        place: (&StoreCode, &ItemCode),
        thresholds: &Thresholds,
    ) -> Result<(), Error> {
        let work = self.put_thresholds(caller, place, thresholds);
        caller.once(&self.documents, work).await
    }

    async fn put_thresholds(
        &self,
        caller: &Caller,
        (store, item): (&StoreCode, &ItemCode),
        thresholds: &Thresholds,
    ) -> Result<(), Error> {
        let (tenant, scope, actor) = (caller.tenant(), caller.scope(), caller.actor());
        let _turn = self.turn(tenant, store, item).await;
        let level = retry("item", item, || async {
            let key = StockRecord::key(store, item);
            let stored: Option<Stored<StockRecord>> = self.documents.get(&scope, &key).await?;
            let mut level = stored.as_ref().map(|stored| stored.level()).unwrap_or_default();
            thresholds.apply(&mut level);
            let record = StockRecord::new(store, item, &level);
            let changes = self.documents.changes(&actor);
            let changes = match stored {
                Some(stored) => changes.replace(record, stored.revision),
                None => changes.insert(record),
            };
            let changes = changes.answering(caller.request(), &());
            self.documents.commit(&scope, changes).await.map_err(overtaken)?;
            Ok::<_, Missed<LedgerError>>(level)
        })
        .await?;
        self.alerts.check(tenant, store, item, &level);
        Ok(())
    }
}

impl Thresholds {
    fn apply(&self, level: &mut Level) {
        level.minimum = self.minimum.unwrap_or(level.minimum);
        level.reorder_point = self.reorder_point.unwrap_or(level.reorder_point);
        level.reorder_quantity = self.reorder_quantity.unwrap_or(level.reorder_quantity);
    }
}
