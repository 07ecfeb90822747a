//! When people are told that an item runs low.

use kugel_types::Quantity;

use crate::domain::level::Level;

/// Why people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// At the reorder point or below.
    ReorderPoint,
    /// Below the minimum.
    MinimumStock,
}

impl Reason {
    /// The name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ReorderPoint => "reorder_point",
            Self::MinimumStock => "minimum_stock",
        }
    }

    /// What a level gives reason to tell, the reorder point first. A threshold of zero is none.
    pub(crate) fn of(level: &Level) -> impl Iterator<Item = Self> {
        let reorder = level.needs_reorder().then_some(Self::ReorderPoint);
        let minimum =
            (level.minimum > Quantity::ZERO && level.quantity < level.minimum).then_some(Self::MinimumStock);
        reorder.into_iter().chain(minimum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_thresholds_may_be_reached_at_once_and_zero_is_none() {
        use Reason::{MinimumStock, ReorderPoint};
        for (now, minimum, reorder_point, expected) in [
            ("10", "5", "10", vec![ReorderPoint]),
            ("4", "5", "10", vec![ReorderPoint, MinimumStock]),
            ("5", "5", "0", vec![]),
            ("4", "5", "0", vec![MinimumStock]),
            ("-1", "0", "0", vec![]),
        ] {
            let level = Level {
                quantity: now.parse().unwrap(),
                minimum: minimum.parse().unwrap(),
                reorder_point: reorder_point.parse().unwrap(),
                ..Level::default()
            };
            assert_eq!(
                Reason::of(&level).collect::<Vec<_>>(),
                expected,
                "{now} {minimum} {reorder_point}"
            );
        }
    }
}
