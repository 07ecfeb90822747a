//! Changes the quantity of one item by hand.

use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_store::Changes;

use super::App;
use crate::domain::level::Step;
use crate::domain::movement::Movement;
use crate::records::UpdateRecord;

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
                changes.answering(caller.request(), &(movement.at, steps[0]))
            };
            let movements = std::slice::from_ref(movement);
            let recorded = self.ledger.record(&scope, &actor, movements, mark).await?;
            self.alerts.check_all(tenant, &recorded.levels);
            let step = recorded.steps.first().expect("a movement makes a step");
            Ok((movement.at, *step))
        };
        let (timestamp, step) = caller.once(&self.documents, work).await?;
        Ok(UpdateRecord {
            timestamp,
            ..UpdateRecord::new(movement, step)
        })
    }
}
