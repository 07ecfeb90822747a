//! The stamp duty table: what a receipt for cash owes, from which amount on.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Currency, InvalidId, Money};

/// A row of the stamp duty table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StampDutyTier {
    /// The amount from which the row applies.
    pub target_amount: Money,
    /// The duty.
    pub duty: Money,
}

/// The rows, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StampDutyTable(pub Vec<StampDutyTier>);

impl StampDutyTier {
    /// The table for a currency. Stamp duty is a Japanese tax, so there is none outside yen.
    pub fn table(currency: Currency) -> Vec<Self> {
        const YEN: [(i64, i64); 14] = [
            (1_000_000_000, 200_000),
            (500_000_000, 150_000),
            (300_000_000, 100_000),
            (200_000_000, 60_000),
            (100_000_000, 40_000),
            (50_000_000, 20_000),
            (30_000_000, 10_000),
            (20_000_000, 6_000),
            (10_000_000, 4_000),
            (5_000_000, 2_000),
            (3_000_000, 1_000),
            (2_000_000, 600),
            (1_000_000, 400),
            (50_000, 200),
        ];
        if currency != Currency::JPY {
            return Vec::new();
        }
        let money = |amount: i64| Money::from_decimal(Decimal::from(amount));
        YEN.map(|(target, duty)| Self {
            target_amount: money(target),
            duty: money(duty),
        })
        .to_vec()
    }
}

impl FromStr for StampDutyTable {
    type Err = InvalidId;
    /// Reads `[{"target_amount": 50000, "duty": 200}]`. An empty list means no duty.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let rows: Option<Vec<Value>> = serde_json::from_str(text).ok();
        let tiers = rows.and_then(|rows| rows.iter().map(tier).collect());
        tiers.map(Self).ok_or_else(|| InvalidId {
            kind: "stamp duty table",
            text: text.to_owned(),
            rule: r#"a JSON list of rows like {"target_amount": 50000, "duty": 200}, both above zero"#,
        })
    }
}

fn tier(row: &Value) -> Option<StampDutyTier> {
    let amount = |name: &str| {
        let amount: Money = match row.get(name)? {
            Value::Number(number) => number.to_string().parse().ok()?,
            Value::String(text) => text.parse().ok()?,
            _ => return None,
        };
        Some(amount).filter(|amount| amount.is_positive())
    };
    Some(StampDutyTier {
        target_amount: amount("target_amount")?,
        duty: amount("duty")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_whole_or_not_at_all() {
        let read = |text: &str| text.parse::<StampDutyTable>().map(|table| table.0);
        let rows = read(r#"[{"target_amount": 50000, "duty": "200"}, {"duty": 0.5, "target_amount": 1e6}]"#);
        let rows = rows.unwrap();
        let row = |target: &str, duty: &str| StampDutyTier {
            target_amount: target.parse().unwrap(),
            duty: duty.parse().unwrap(),
        };
        assert_eq!(rows, [row("50000", "200"), row("1000000", "0.5")]);
        assert_eq!(read("[]"), Ok(vec![]));
        for text in [
            "",
            "50000",
            "{}",
            r#"[{"target_amount": 50000}]"#,
            r#"[{"target_amount": 50000, "duty": 200}, {}]"#,
            r#"[{"target_amount": 0, "duty": 200}]"#,
            r#"[{"target_amount": 50000, "duty": -1}]"#,
            r#"[{"target_amount": 50000, "duty": true}]"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(StampDutyTier::table("EUR".parse().unwrap()), []);
    }
}
