//! Sets the thresholds of one item.

use kugel_error::Error;
use kugel_rpc::Caller;
use kugel_store::Stored;
use kugel_types::{ItemCode, Quantity, StoreCode};

use super::App;
use super::ledger::{ATTEMPT_LIMIT, LedgerError, is_conflict};
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
        let mut attempt = 1;
        loop {
            let stored: Option<Stored<StockRecord>> =
                self.documents.get(&scope, &StockRecord::key(store, item)).await?;
            let mut level = stored.as_ref().map(|stored| stored.level()).unwrap_or_default();
            thresholds.apply(&mut level);
            let record = StockRecord::new(store, item, &level);
            let changes = self.documents.changes(&actor);
            let changes = match stored {
                Some(stored) => changes.replace(record, stored.revision),
                None => changes.insert(record),
            };
            let changes = changes.answering(caller.request(), &());
            match self.documents.commit(&scope, changes).await {
                Ok(()) => {
                    self.alerts.check(tenant, store, item, &level);
                    return Ok(());
                }
                Err(error) if is_conflict(&error) && attempt < ATTEMPT_LIMIT => attempt += 1,
                Err(error) => return Err(LedgerError::Store(error).into()),
            }
        }
    }
}

impl Thresholds {
    fn apply(&self, level: &mut Level) {
        level.minimum = self.minimum.unwrap_or(level.minimum);
        level.reorder_point = self.reorder_point.unwrap_or(level.reorder_point);
        level.reorder_quantity = self.reorder_quantity.unwrap_or(level.reorder_quantity);
    }
}
