//! Settings of a tenant that decide about money: their names, and what a value of theirs may be.
//!
//! Master data refuses a value that nobody could read when it is saved; who reads it refuses what was saved before.

use std::str::FromStr;

use super::{RoundMethod, StampDutyTable};
use crate::{InvalidId, Money};

/// How a line's amount is rounded to the minor units of the currency.
pub const LINE_ROUNDING: &str = "ROUND_METHOD_FOR_LINE";
/// How discounts are rounded.
pub const DISCOUNT_ROUNDING: &str = "ROUND_METHOD_FOR_DISCOUNT";
/// How taxes are rounded whose row in the tax table says nothing.
pub const TAX_ROUNDING: &str = "ROUND_METHOD_FOR_TAX";
/// The stamp duty table.
pub const STAMP_DUTY_TABLE: &str = "STAMP_DUTY_TABLE";
/// The amount from which stamp duty is due; rows of the table below it do not hold.
pub const STAMP_DUTY_LIMIT: &str = "STAMP_DUTY_LIMIT";
/// What becomes of a cash out of more than the drawer holds.
pub const CASH_OUT_OVER_DRAWER: &str = "CASH_OUT_OVER_DRAWER";

/// Refuses a value that a setting of the name cannot have. An empty value leaves the setting at its default, and a
/// setting of another name may say anything.
pub fn check_setting(name: &str, value: &str) -> Result<(), InvalidId> {
    let value = value.trim();
    match name {
        _ if value.is_empty() => Ok(()),
        LINE_ROUNDING | DISCOUNT_ROUNDING | TAX_ROUNDING => value.parse::<RoundMethod>().map(drop),
        STAMP_DUTY_TABLE => value.parse::<StampDutyTable>().map(drop),
        STAMP_DUTY_LIMIT => limit(value).map(drop),
        CASH_OUT_OVER_DRAWER => value.parse::<OverDrawer>().map(drop),
        _ => Ok(()),
    }
}

/// What becomes of a cash out of more than the drawer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OverDrawer {
    /// It is as good as any other.
    #[default]
    Allow,
    /// It is done; answer and log say how much was too much.
    Warn,
    /// It is refused.
    Refuse,
}

impl FromStr for OverDrawer {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text {
            "allow" => Ok(Self::Allow),
            "warn" => Ok(Self::Warn),
            "refuse" => Ok(Self::Refuse),
            _ => Err(InvalidId {
                kind: "rule",
                text: text.to_owned(),
                rule: "one of allow, warn, refuse",
            }),
        }
    }
}

/// Reads the amount from which stamp duty is due.
pub fn limit(value: &str) -> Result<Money, InvalidId> {
    let amount = value.parse().ok().filter(|amount: &Money| !amount.is_negative());
    amount.ok_or_else(|| InvalidId {
        kind: "amount",
        text: value.to_owned(),
        rule: "an amount of 0 or more",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_nobody_could_read_is_refused() {
        let table = r#"[{"target_amount": 50000, "duty": 200}]"#;
        for (name, good, bad) in [
            (LINE_ROUNDING, "Floor", "floor"),
            (DISCOUNT_ROUNDING, " Ceil ", "none"),
            (TAX_ROUNDING, "Round", "0"),
            (STAMP_DUTY_TABLE, table, "50000: 200"),
            (STAMP_DUTY_LIMIT, "50000", "-1"),
            (CASH_OUT_OVER_DRAWER, "warn", "Warn"),
        ] {
            assert_eq!(check_setting(name, good), Ok(()), "{name}");
            assert_eq!(check_setting(name, ""), Ok(()), "{name}");
            assert!(check_setting(name, bad).is_err(), "{name}");
            assert_eq!(check_setting("SLOGAN", bad), Ok(()));
        }
    }
}
