//! Settings: what a tenant has set, and what a cart keeps of it for its terminal.

use kugel_error::{Error, codes};
use kugel_types::{RoundMethod, TerminalId, TerminalNo};
use serde::{Deserialize, Serialize};

use super::numbering::ReceiptRange;

/// A named setting with its values for stores and terminals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingMaster {
    /// The name.
    pub name: String,
    /// What holds where no value fits.
    pub default_value: String,
    /// The values.
    pub values: Vec<SettingValue>,
}

/// A value of a setting and where it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingValue {
    /// The store; `None` means everywhere.
    pub store_code: Option<String>,
    /// The terminal of that store; `None` means the whole store.
    pub terminal_no: Option<TerminalNo>,
    /// The value.
    pub value: String,
}

impl SettingMaster {
    /// The value at a terminal: its own, else its store's, else the one for everywhere, else the default.
    pub fn value_at(&self, terminal: &TerminalId) -> &str {
        let find = |store: Option<&str>, number: Option<TerminalNo>| {
            self.values
                .iter()
                .find(|value| value.store_code.as_deref() == store && value.terminal_no == number)
                .map(|value| value.value.as_str())
        };
        let store = Some(terminal.store.as_str());
        find(store, Some(terminal.number))
            .or_else(|| find(store, None))
            .or_else(|| find(None, None))
            .unwrap_or(&self.default_value)
    }
}

/// The settings that a cart keeps, as they are for its terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartSettings {
    /// The range of receipt numbers.
    pub receipt_range: ReceiptRange,
    /// How discounts are rounded.
    pub discount_rounding: RoundMethod,
    /// The chain's invoice registration number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_registration_number: Option<String>,
    /// Lines above the receipt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipt_headers: Vec<ReceiptText>,
    /// Lines below the receipt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipt_footers: Vec<ReceiptText>,
}

/// What holds where the tenant has set nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartDefaults {
    /// The first receipt number.
    pub receipt_no_start: u64,
    /// The last receipt number.
    pub receipt_no_end: u64,
    /// How discounts are rounded.
    pub discount_rounding: RoundMethod,
}

/// A configured line of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptText {
    /// The text; empty means a blank line.
    #[serde(default)]
    pub text: String,
    /// `left`, `center` or `right`.
    #[serde(default)]
    pub align: String,
}

impl CartSettings {
    /// Picks what a terminal's carts need. A receipt range that is not a number refuses: printing numbers from another
    /// range would not be noticed before an audit.
    pub fn at(
        terminal: &TerminalId,
        masters: &[SettingMaster],
        defaults: &CartDefaults,
    ) -> Result<Self, Error> {
        let value = |name: &str| {
            masters
                .iter()
                .find(|master| master.name == name)
                .map(|found| found.value_at(terminal))
        };
        let number = |name: &'static str, default: u64| match value(name).map(str::trim) {
            None | Some("") => Ok(i64::try_from(default).unwrap_or(i64::MAX)),
            Some(text) => text.parse::<i64>().map_err(|_| {
                codes::CART_NOT_CREATED
                    .error(format!("setting {name} is {text:?} and not a number"))
                    .with("setting", name)
            }),
        };
        let start = number("RECEIPT_NO_START_VALUE", defaults.receipt_no_start)?;
        let end = number("RECEIPT_NO_END_VALUE", defaults.receipt_no_end)?;
        let receipt_range = ReceiptRange::new(start, end).map_err(|error| {
            codes::CART_NOT_CREATED
                .error("the settings of the receipt range do not fit together")
                .caused_by(error)
        })?;
        Ok(Self {
            receipt_range,
            discount_rounding: defaults.discount_rounding,
            invoice_registration_number: value("INVOICE_REGISTRATION_NUMBER")
                .filter(|text| !text.is_empty())
                .map(ToOwned::to_owned),
            receipt_headers: receipt_texts(value("RECEIPT_HEADERS")),
            receipt_footers: receipt_texts(value("RECEIPT_FOOTERS")),
        })
    }
}

/// Reads `[{"text": …, "align": …}]`; older back offices write it with single quotes. Entries of another shape are
/// skipped: a receipt without a slogan is better than no receipt.
fn receipt_texts(value: Option<&str>) -> Vec<ReceiptText> {
    let Some(value) = value else { return Vec::new() };
    let entries: Vec<serde_json::Value> = serde_json::from_str(value)
        .or_else(|_| serde_json::from_str(&value.replace('\'', "\"")))
        .unwrap_or_default();
    let read = |entry| serde_json::from_value::<ReceiptText>(entry).ok();
    let aligned = |line: ReceiptText| match line.align.as_str() {
        "left" | "center" | "right" => line,
        _ => ReceiptText {
            align: "left".to_owned(),
            ..line
        },
    };
    entries.into_iter().filter_map(read).map(aligned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, values: &[(Option<&str>, Option<i64>, &str)]) -> SettingMaster {
        SettingMaster {
            name: name.to_owned(),
            default_value: "default".to_owned(),
            values: values
                .iter()
                .map(|(store, number, value)| SettingValue {
                    store_code: store.map(ToOwned::to_owned),
                    terminal_no: number.map(|number| TerminalNo::new(number).expect("number")),
                    value: (*value).to_owned(),
                })
                .collect(),
        }
    }

    fn terminal(text: &str) -> TerminalId {
        text.parse().expect("terminal id")
    }

    #[test]
    fn the_nearest_value_of_a_setting_holds() {
        let setting = setting(
            "X",
            &[
                (None, None, "all"),
                (Some("s1"), None, "store"),
                (Some("s1"), Some(2), "terminal"),
            ],
        );
        for (id, expected) in [("t-s1-2", "terminal"), ("t-s1-3", "store"), ("t-s2-2", "all")] {
            assert_eq!(setting.value_at(&terminal(id)), expected, "{id}");
        }
        let unfit = super::tests::setting("X", &[(Some("s9"), None, "other")]);
        assert_eq!(unfit.value_at(&terminal("t-s1-2")), "default");
    }

    #[test]
    fn receipt_lines_are_read_as_they_are_written_in_practice() {
        let line = |text: &str, align: &str| ReceiptText {
            text: text.to_owned(),
            align: align.to_owned(),
        };
        let rows = [
            (
                r#"[{"text": "Hi", "align": "center"}]"#,
                vec![line("Hi", "center")],
            ),
            ("[{'text': 'Hi', 'align': 'right'}]", vec![line("Hi", "right")]),
            (r#"[{"align": "middle"}, 7, {"text": 1}]"#, vec![line("", "left")]),
            ("not a list", vec![]),
        ];
        for (text, expected) in rows {
            assert_eq!(receipt_texts(Some(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_receipt_range_that_is_no_number_refuses() {
        let id = terminal("t-s1-2");
        let defaults = CartDefaults {
            receipt_no_start: 5,
            receipt_no_end: 9,
            discount_rounding: RoundMethod::Round,
        };
        let range = |text| {
            CartSettings::at(
                &id,
                &[setting("RECEIPT_NO_START_VALUE", &[(None, None, text)])],
                &defaults,
            )
            .map(|settings| settings.receipt_range)
        };
        assert_eq!(
            range("7").expect("in range"),
            ReceiptRange::new(7, 9).expect("range")
        );
        assert_eq!(
            range("").expect("default"),
            ReceiptRange::new(5, 9).expect("range")
        );
        for text in ["seven", "10", "0"] {
            assert!(
                range(text).expect_err(text).is(&codes::CART_NOT_CREATED),
                "{text}"
            );
        }
    }
}
