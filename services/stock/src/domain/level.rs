//! How much of an item a store has, and the thresholds it is watched for.

use std::sync::Arc;

use kugel_types::{Overflow, Quantity};
use serde::{Deserialize, Serialize};

/// The stock of one item in one store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Level {
    /// The quantity now. It may be negative: goods are sold that the books have not seen arrive.
    pub quantity: Quantity,
    /// Below it the item is low.
    pub minimum: Quantity,
    /// At it or below the item is to be ordered; 0 for never.
    pub reorder_point: Quantity,
    /// How much is ordered then.
    pub reorder_quantity: Quantity,
    /// How many changes the quantity has seen: the sequence of the last one.
    pub sequence: i64,
    /// What caused the last change.
    pub last_reference: Option<Arc<str>>,
}

/// What one change did to a level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The number of the change.
    pub sequence: i64,
    /// The quantity before it.
    pub before: Quantity,
    /// The quantity after it.
    pub after: Quantity,
}

impl Level {
    /// Adds a change.
    pub(crate) fn apply(&mut self, change: Quantity, reference: Option<&Arc<str>>) -> Result<Step, Overflow> {
        let before = self.quantity;
        // Without trailing zeros: 7.5 less 0.5 is 7, wherever it is shown.
        let after = Quantity::from_decimal(before.plus(change)?.decimal().normalize());
        self.quantity = after;
        self.sequence += 1;
        self.last_reference = reference.map(Arc::clone);
        Ok(Step {
            sequence: self.sequence,
            before,
            after,
        })
    }

    /// The level without quantity and history: what it is watched for.
    pub fn thresholds(&self) -> Self {
        Self {
            minimum: self.minimum,
            reorder_point: self.reorder_point,
            reorder_quantity: self.reorder_quantity,
            ..Self::default()
        }
    }

    /// True if the quantity is below the minimum. An item without a minimum is low once it is negative.
    pub fn is_low(&self) -> bool {
        self.quantity < self.minimum
    }

    /// True if the item has a reorder point and is at it or below.
    pub fn needs_reorder(&self) -> bool {
        self.reorder_point.is_positive() && self.quantity <= self.reorder_point
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    #[test]
    fn thresholds_are_inclusive_for_reorder_and_exclusive_for_the_minimum() {
        for (now, minimum, reorder_point, low, reorder) in [
            ("5", "5", "5", false, true),
            ("4.9", "5", "5", true, true),
            ("5.1", "5", "5", false, false),
            ("0", "0", "0", false, false),
            ("-1", "0", "0", true, false),
        ] {
            let level = Level {
                quantity: quantity(now),
                minimum: quantity(minimum),
                reorder_point: quantity(reorder_point),
                ..Level::default()
            };
            assert_eq!(
                (level.is_low(), level.needs_reorder()),
                (low, reorder),
                "{now} {minimum} {reorder_point}"
            );
        }
    }

    #[test]
    fn the_example_of_the_contract() {
        let mut level = Level::default();
        let sale = level.apply(quantity("-3"), Some(&"S-1-7".into())).unwrap();
        assert_eq!(
            sale,
            Step {
                sequence: 1,
                before: quantity("0"),
                after: quantity("-3")
            }
        );
        let purchase = level.apply(quantity("10.5"), None).unwrap();
        assert_eq!(
            purchase,
            Step {
                sequence: 2,
                before: quantity("-3"),
                after: quantity("7.5")
            }
        );
        assert_eq!(level.last_reference, None);
    }

    proptest! {
        /// Conservation: the quantity is the sum of the history, and each step begins where the one before ended.
        #[test]
        fn the_fold_equals_the_recount(changes in prop::collection::vec(-1_000_000_i64..1_000_000, 0..50)) {
            let mut level = Level::default();
            let mut sum = Quantity::ZERO;
            for (position, units) in changes.iter().enumerate() {
                let change = Quantity::from_decimal(kugel_types::money::Decimal::new(*units, 4));
                let step = level.apply(change, None).unwrap();
                prop_assert_eq!(step.before, sum);
                sum = sum.plus(change).unwrap();
                prop_assert_eq!(step.after, sum);
                prop_assert_eq!(step.sequence, i64::try_from(position).unwrap() + 1);
            }
            prop_assert_eq!(level.quantity, sum);
        }
    }
}
