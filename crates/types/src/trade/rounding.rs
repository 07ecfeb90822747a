//! Rounding rules.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::names;

names!(
    /// A rounding rule, named as the tax table names it.
    RoundMethod, "rounding method" {
        /// Half away from zero.
        Round,
        /// Toward minus infinity.
        Floor,
        /// Toward plus infinity.
        Ceil,
    }
);

impl RoundMethod {
    /// Rounds to `digits` decimals.
    pub fn apply(self, value: Decimal, digits: u32) -> Decimal {
        let strategy = match self {
            Self::Round => RoundingStrategy::MidpointAwayFromZero,
            Self::Floor => RoundingStrategy::ToNegativeInfinity,
            Self::Ceil => RoundingStrategy::ToPositiveInfinity,
        };
        value.round_dp_with_strategy(digits, strategy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_follows_its_name() {
        for (value, name, expected) in [
            ("-19.9", "Floor", "-20"),
            ("-19.1", "Ceil", "-19"),
            ("2.5", "Round", "3"),
            ("-2.5", "Round", "-3"),
        ] {
            let method: RoundMethod = name.parse().unwrap();
            let rounded = method.apply(value.parse().unwrap(), 0);
            assert_eq!(rounded.to_string(), expected, "{name} of {value}");
        }
        let error = "floor".parse::<RoundMethod>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "rounding method \"floor\" is not valid: one of Round, Floor, Ceil"
        );
    }
}
