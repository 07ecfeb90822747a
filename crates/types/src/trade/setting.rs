//! Settings of a tenant that decide about money: their names, and what a value of theirs may be.
//!
//! Master data refuses a value that nobody could read when it is saved; who reads it refuses what was saved before.

use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::Deserialize;

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
/// The first receipt number.
pub const RECEIPT_NO_START: &str = "RECEIPT_NO_START_VALUE";
/// The last receipt number.
pub const RECEIPT_NO_END: &str = "RECEIPT_NO_END_VALUE";
/// The number that receipts show as the chain's in the tax office's books.
pub const INVOICE_REGISTRATION_NUMBER: &str = "INVOICE_REGISTRATION_NUMBER";
/// The lines above the receipt.
pub const RECEIPT_HEADERS: &str = "RECEIPT_HEADERS";
/// The lines below the receipt.
pub const RECEIPT_FOOTERS: &str = "RECEIPT_FOOTERS";

/// A setting that Kugel reads.
#[derive(Debug, Clone, Copy)]
pub struct SettingDefinition {
    /// The name.
    pub name: &'static str,
    /// What its values are.
    pub kind: SettingKind,
    /// What holds where it is not set; empty where `meaning` says it.
    pub default_value: &'static str,
    /// What it decides.
    pub meaning: &'static str,
}

/// What the values of a setting are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// How something is rounded.
    Rounding,
    /// What becomes of a cash out of more than the drawer holds.
    OverDrawer,
    /// A receipt number.
    ReceiptNumber,
    /// An amount of 0 or more.
    Amount,
    /// A JSON list of rows of `target_amount` and `duty`.
    StampDutyTable,
    /// A JSON list of lines of `text` and `align`.
    ReceiptLines,
    /// Any text.
    Text,
}

impl SettingKind {
    /// The word for it in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rounding | Self::OverDrawer => "choice",
            Self::ReceiptNumber => "integer",
            Self::Amount => "amount",
            Self::StampDutyTable | Self::ReceiptLines => "json",
            Self::Text => "text",
        }
    }

    /// The words that a value may be, if they are few.
    pub fn choices(self) -> &'static [&'static str] {
        match self {
            Self::Rounding => &["Round", "Floor", "Ceil"],
            Self::OverDrawer => &["allow", "warn", "refuse"],
            _ => &[],
        }
    }

    /// The range of a value, both ends included, if it is a number of one.
    pub fn range(self) -> Option<RangeInclusive<i64>> {
        (self == Self::ReceiptNumber).then_some(1..=RECEIPT_NO_MAX)
    }
}

/// Every setting that Kugel reads. Others are for clients' own use and may say anything.
pub static SETTINGS: [SettingDefinition; 11] = [
    SettingDefinition {
        name: LINE_ROUNDING,
        kind: SettingKind::Rounding,
        default_value: "Round",
        meaning: "How a line's amount is rounded to the minor units of the currency.",
    },
    SettingDefinition {
        name: DISCOUNT_ROUNDING,
        kind: SettingKind::Rounding,
        default_value: "",
        meaning: "How discounts are rounded. By default as the deployment says, half up unless it says otherwise.",
    },
    SettingDefinition {
        name: TAX_ROUNDING,
        kind: SettingKind::Rounding,
        default_value: "Round",
        meaning: "How taxes are rounded whose record says nothing of it.",
    },
    SettingDefinition {
        name: STAMP_DUTY_TABLE,
        kind: SettingKind::StampDutyTable,
        default_value: "",
        meaning: "The stamp duty by amount. By default that of the currency: yen have one.",
    },
    SettingDefinition {
        name: STAMP_DUTY_LIMIT,
        kind: SettingKind::Amount,
        default_value: "",
        meaning: "The amount from which stamp duty is due; rows of the table below it do not hold. By default all rows hold.",
    },
    SettingDefinition {
        name: CASH_OUT_OVER_DRAWER,
        kind: SettingKind::OverDrawer,
        default_value: "allow",
        meaning: "What becomes of a cash out of more than the drawer holds.",
    },
    SettingDefinition {
        name: RECEIPT_NO_START,
        kind: SettingKind::ReceiptNumber,
        default_value: "",
        meaning: "The first receipt number. By default as the deployment says.",
    },
    SettingDefinition {
        name: RECEIPT_NO_END,
        kind: SettingKind::ReceiptNumber,
        default_value: "",
        meaning: "The last receipt number; the next is the first again. By default as the deployment says.",
    },
    SettingDefinition {
        name: INVOICE_REGISTRATION_NUMBER,
        kind: SettingKind::Text,
        default_value: "",
        meaning: "The chain's registration number for invoices, on every receipt.",
    },
    SettingDefinition {
        name: RECEIPT_HEADERS,
        kind: SettingKind::ReceiptLines,
        default_value: "[]",
        meaning: "Lines above the receipt.",
    },
    SettingDefinition {
        name: RECEIPT_FOOTERS,
        kind: SettingKind::ReceiptLines,
        default_value: "[]",
        meaning: "Lines below the receipt.",
    },
];

/// Twelve digits fit on the narrowest paper.
const RECEIPT_NO_MAX: i64 = 999_999_999_999;

/// Refuses a value that a setting of the name cannot have. An empty value leaves the setting at its default, and a
/// setting of another name may say anything.
pub fn check_setting(name: &str, value: &str) -> Result<(), InvalidId> {
    let value = value.trim();
    let definition = SETTINGS.iter().find(|definition| definition.name == name);
    let Some(definition) = definition.filter(|_| !value.is_empty()) else {
        return Ok(());
    };
    match definition.kind {
        SettingKind::Rounding => value.parse::<RoundMethod>().map(drop),
        SettingKind::OverDrawer => value.parse::<OverDrawer>().map(drop),
        SettingKind::ReceiptNumber => receipt_number(value).map(drop),
        SettingKind::Amount => limit(value).map(drop),
        SettingKind::StampDutyTable => value.parse::<StampDutyTable>().map(drop),
        SettingKind::ReceiptLines => check_receipt_lines(value),
        SettingKind::Text => Ok(()),
    }
}

/// Reads a receipt number.
pub fn receipt_number(value: &str) -> Result<i64, InvalidId> {
    let number = value
        .parse()
        .ok()
        .filter(|number| (1..=RECEIPT_NO_MAX).contains(number));
    number.ok_or_else(|| InvalidId {
        kind: "receipt number",
        text: value.to_owned(),
        rule: "a whole number from 1 to 999999999999",
    })
}

/// A line as it is written: what it says, which may be nothing, and where.
#[derive(Deserialize)]
struct ReceiptLine {
    #[serde(default, rename = "text")]
    _text: Option<String>,
    #[serde(default, rename = "align")]
    _align: Option<Align>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Align {
    Left,
    Center,
    Right,
}

fn check_receipt_lines(value: &str) -> Result<(), InvalidId> {
    let lines = serde_json::from_str::<Vec<ReceiptLine>>(value);
    lines.map(drop).map_err(|_| InvalidId {
        kind: "receipt lines",
        text: value.to_owned(),
        rule: r#"a JSON list of lines like {"text": "Thank you", "align": "center"}, aligned left, center or right"#,
    })
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
            (RECEIPT_NO_START, " 1 ", "banana"),
            (RECEIPT_NO_START, "999999999999", "1000000000000"),
            (RECEIPT_NO_END, "12", "0"),
            (RECEIPT_NO_END, "12", "1.5"),
            (
                RECEIPT_HEADERS,
                r#"[{"text": "Hi"}, {"text": null, "align": "center"}]"#,
                "Hi",
            ),
            (RECEIPT_FOOTERS, "[]", r#"[{"text": "Hi", "align": "top"}]"#),
            (RECEIPT_FOOTERS, "[{}]", r#"["Hi"]"#),
        ] {
            assert_eq!(check_setting(name, good), Ok(()), "{name}");
            assert_eq!(check_setting(name, ""), Ok(()), "{name}");
            assert!(check_setting(name, bad).is_err(), "{name}");
            assert_eq!(check_setting("SLOGAN", bad), Ok(()));
        }
    }

    #[test]
    fn every_default_is_a_value() {
        for SettingDefinition {
            name,
            kind,
            default_value,
            ..
        } in SETTINGS
        {
            assert_eq!(check_setting(name, default_value), Ok(()), "{name}");
            for word in kind.choices() {
                assert_eq!(check_setting(name, word), Ok(()), "{name}");
            }
            let others = SETTINGS.iter().filter(|other| other.name == name);
            assert_eq!(others.count(), 1, "{name}");
        }
    }
}
