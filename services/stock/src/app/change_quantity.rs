//! Changes the quantity of one item by hand.

use jiff::Timestamp;
use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_store::Changes;
use kugel_types::Quantity;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::App;
use crate::domain::level::Step;
use crate::domain::movement::Movement;
use crate::records::UpdateRecord;

/// What a change by hand made: of its record, that which its request does not say.
#[derive(Serialize, Deserialize)]
struct Made {
    at: Timestamp,
    sequence: i64,
    before: Decimal,
    after: Decimal,
}

impl App {
    /// Records a movement whose sign fits its kind. A request with an id is carried out once.
    pub(crate) async fn change_quantity<'a>(
        &self,
        caller: &Caller,
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
        let (tenant, scope, actor) = (caller.tenant(), caller.scope(), caller.actor());
        let work = async {
            let _turn = self.turn(tenant, &movement.store, &movement.item).await;
            let mark = |changes: Changes, steps: &[Step]| {
                changes.answering(caller.request(), &Made::new(movement, steps[0]))
            };
            let movements = std::slice::from_ref(movement);
            let recorded = self.ledger.record(&scope, &actor, movements, mark).await?;
            self.alerts.check_all(tenant, &recorded.levels);
            let step = recorded.steps.first().expect("a movement makes a step");
            Ok(Made::new(movement, *step))
        };
        let made = caller.once(&self.documents, work).await?;
        Ok(made.record(movement))
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
