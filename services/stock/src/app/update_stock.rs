//! Changes one item by hand: its quantity or its thresholds.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use kugel_error::{Error, codes};
use kugel_store::{Changes, RequestKey, Scope, Stored};
use kugel_types::{ItemCode, Quantity, StoreCode, TenantId};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::adapters::documents::{StockRecord, UpdateRecord};
use crate::app::alerts::Alerts;
use crate::app::ledger::{Ledger, LedgerError, is_conflict};
use crate::domain::level::{Level, Step};
use crate::domain::movement::Movement;

/// Queues for items. Two items that share one only wait a little longer.
const QUEUES: usize = 64;
/// How often a change of thresholds begins anew because a sale changed the item.
const ATTEMPT_LIMIT: u32 = 50;

/// The thresholds of an item; what is absent stays as it is.
#[derive(Debug, Default)]
pub(crate) struct Thresholds {
    pub(crate) minimum: Option<Quantity>,
    pub(crate) reorder_point: Option<Quantity>,
    pub(crate) reorder_quantity: Option<Quantity>,
}

/// What a change by hand made: of its record, that which its request does not say.
#[derive(Serialize, Deserialize)]
struct Made {
    at: Timestamp,
    sequence: i64,
    before: Decimal,
    after: Decimal,
}

/// Changes items by hand.
pub(crate) struct UpdateStock {
    ledger: Ledger,
    alerts: Arc<Alerts>,
    /// Many who change the same item wait here for each other, instead of defeating each other at the store.
    queues: [Mutex<()>; QUEUES],
}

impl UpdateStock {
    pub(crate) fn new(ledger: Ledger, alerts: Arc<Alerts>) -> Self {
        Self {
            ledger,
            alerts,
            queues: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Records a movement whose sign fits its kind. A request with an id is carried out once.
    pub(crate) async fn change_quantity<'a>(
        &self,
        tenant: &TenantId,
        actor: &str,
        request: Option<&RequestKey>,
        movement: &'a Movement,
    ) -> Result<UpdateRecord<'a>, Error> {
        if !movement.kind.fits(movement.change) {
            let message = format!(
                "{} cannot change the quantity by {}",
                movement.kind, movement.change
            );
            let rule = "must have the sign of its update type";
            return Err(codes::STOCK_UPDATE_INVALID
                .error(message)
                .field("quantity_change", rule));
        }
        let scope = Scope::from(tenant);
        let work = async {
            let _turn = self.queue(tenant, &movement.store, &movement.item).lock().await;
            let mark =
                |changes: Changes, steps: &[Step]| changes.answering(request, &Made::new(movement, steps[0]));
            let movements = std::slice::from_ref(movement);
            let recorded = self.ledger.record(&scope, actor, movements, mark).await?;
            for (store, item, level) in &recorded.levels {
                self.alerts.check(tenant, store, item, level);
            }
            let step = recorded.steps.first().expect("a movement makes a step");
            Ok(Made::new(movement, *step))
        };
        let made = self.ledger.documents.once(&scope, request, work).await?;
        Ok(made.record(movement))
    }

    /// Sets thresholds, creating the item if need be, and warns if one is reached.
    pub(crate) async fn set_thresholds(
        &self,
        tenant: &TenantId,
        actor: &str,
        request: Option<&RequestKey>,
        place: (&StoreCode, &ItemCode),
        thresholds: &Thresholds,
    ) -> Result<(), Error> {
        let scope = Scope::from(tenant);
        let work = self.put_thresholds(tenant, actor, request, place, thresholds);
        self.ledger.documents.once(&scope, request, work).await
    }

    async fn put_thresholds(
        &self,
        tenant: &TenantId,
        actor: &str,
        request: Option<&RequestKey>,
        (store, item): (&StoreCode, &ItemCode),
        thresholds: &Thresholds,
    ) -> Result<(), Error> {
        let _turn = self.queue(tenant, store, item).lock().await;
        let (scope, documents) = (Scope::from(tenant), &self.ledger.documents);
        let mut attempt = 1;
        loop {
            let stored: Option<Stored<StockRecord>> =
                documents.get(&scope, &StockRecord::key(store, item)).await?;
            let mut level = stored.as_ref().map(|stored| stored.level()).unwrap_or_default();
            thresholds.apply(&mut level);
            let record = StockRecord::new(store, item, &level);
            let changes = match stored {
                Some(stored) => documents.changes(actor).replace(record, stored.revision),
                None => documents.changes(actor).insert(record),
            };
            let changes = changes.answering(request, &());
            match documents.commit(&scope, changes).await {
                Ok(()) => {
                    self.alerts.check(tenant, store, item, &level);
                    return Ok(());
                }
                Err(error) if is_conflict(&error) && attempt < ATTEMPT_LIMIT => attempt += 1,
                Err(error) => return Err(LedgerError::Store(error).into()),
            }
        }
    }

    fn queue(&self, tenant: &TenantId, store: &StoreCode, item: &ItemCode) -> &Mutex<()> {
        let mut hasher = DefaultHasher::new();
        (tenant, store, item).hash(&mut hasher);
        let number = usize::try_from(hasher.finish() % QUEUES as u64).unwrap_or_default();
        &self.queues[number]
    }
}

impl Made {
    fn new(movement: &Movement, step: Step) -> Self {
        Self {
            at: movement.at,
            sequence: step.sequence,
            before: step.before.decimal(),
            after: step.after.decimal(),
        }
    }

    fn record(self, movement: &Movement) -> UpdateRecord<'_> {
        let step = Step {
            sequence: self.sequence,
            before: Quantity::from_decimal(self.before),
            after: Quantity::from_decimal(self.after),
        };
        UpdateRecord {
            timestamp: self.at,
            ..UpdateRecord::new(movement, step)
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
