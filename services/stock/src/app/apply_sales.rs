//! Applies transactions to stock, each exactly once.

use std::sync::Arc;

use jiff::Timestamp;
use kugel_bus::{Event, Failure, inbox};
use kugel_proto::cart::v1::TransactionLog;
use kugel_store::{Changes, Scope};
use kugel_types::{InvalidId, ItemCode, Quantity, StoreCode, TenantId, TransactionType};

use super::ledger::{Ledger, LedgerError, Recorded};
use super::{ACTOR, App};
use crate::domain::level::Step;
use crate::domain::movement::Movement;

impl App {
    /// Applies all events in one commit, then raises the alerts that the new levels give reason for.
    pub(crate) async fn apply_sales(&self, tenant: &TenantId, events: &[Arc<Event>]) -> Result<(), Failure> {
        let recorded = self.ledger.record_sales(&Scope::from(tenant), events).await?;
        self.alerts.check_all(tenant, &recorded.levels);
        Ok(())
    }
}

impl Ledger {
    /// Records all events in one commit. It assumes that none of them was seen before and asks only if that is wrong:
    /// it is nearly always right, and asking costs a read each.
    pub(crate) async fn record_sales(
        &self,
        scope: &Scope,
        events: &[Arc<Event>],
    ) -> Result<Recorded, Failure> {
        if let Some(recorded) = self.try_sales(scope, events).await? {
            return Ok(recorded);
        }
        let fresh = inbox::unprocessed(&self.documents, scope, events).await?;
        let repeated = || Failure::Transient("the events are being processed elsewhere".to_owned());
        self.try_sales(scope, &fresh).await?.ok_or_else(repeated)
    }

    /// `None` if one of the events was processed before.
    async fn try_sales(&self, scope: &Scope, events: &[Arc<Event>]) -> Result<Option<Recorded>, Failure> {
        let mut movements = Vec::new();
        for event in events {
            let log = event.body.parse::<TransactionLog>();
            let log = log.map_err(|error| Failure::Malformed(error.to_string()))?;
            movements.extend(self::movements(&log, event.occurred_at).map_err(Failure::Malformed)?);
        }
        let mark = |changes: Changes, _: &[Step]| {
            events
                .iter()
                .fold(changes, |changes, event| inbox::mark(changes, event))
        };
        match self.record(scope, ACTOR, &movements, mark).await {
            Ok(recorded) => Ok(Some(recorded)),
            Err(LedgerError::Store(error)) if inbox::is_repetition(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a transaction whose event occurred `at` this time moves. A cancelled sale moves nothing.
pub fn movements(log: &TransactionLog, at: Timestamp) -> Result<Vec<Movement>, String> {
    let sales = log.sales.as_ref().ok_or("the transaction has no totals")?;
    let transaction =
        TransactionType::try_from(log.transaction_type).map_err(|invalid| invalid.to_string())?;
    if sales.is_cancelled {
        return Ok(Vec::new());
    }
    let store: StoreCode = log
        .store_code
        .parse()
        .map_err(|invalid: InvalidId| invalid.to_string())?;
    let reference: Arc<str> = format!("{}-{}-{}", log.store_code, log.terminal_no, log.transaction_no).into();
    let mut movements = Vec::with_capacity(log.line_items.len());
    for line in log.line_items.iter().filter(|line| !line.is_cancelled) {
        let quantity = line
            .quantity
            .as_ref()
            .ok_or_else(|| format!("line {} has no quantity", line.line_no))?;
        let quantity = Quantity::try_from(quantity).map_err(|invalid| invalid.to_string())?;
        if !quantity.is_positive() {
            continue;
        }
        movements.push(Movement {
            store: store.clone(),
            item: line
                .item_code
                .parse::<ItemCode>()
                .map_err(|invalid| invalid.to_string())?,
            kind: transaction.into(),
            change: transaction.goods().of(quantity),
            reference: Some(Arc::clone(&reference)),
            at,
            operator: None,
            note: None,
        });
    }
    Ok(movements)
}
