//! Settings: what a tenant has set, and what a cart keeps of it for its terminal.

use kugel_error::{Error, codes};
use kugel_types::trade::setting;
use kugel_types::{Currency, Money, RoundMethod, StampDutyTable, StampDutyTier, TerminalId, TerminalNo};
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
    /// How the amounts of lines are rounded.
    #[serde(default = "half_up", skip_serializing_if = "is_half_up")]
    pub line_rounding: RoundMethod,
    /// How discounts are rounded.
    pub discount_rounding: RoundMethod,
    /// How taxes are rounded of which the tax table does not say it.
    #[serde(default = "half_up", skip_serializing_if = "is_half_up")]
    pub tax_rounding: RoundMethod,
    /// The stamp duty table; that of the currency if the tenant has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp_duty_table: Option<StampDutyTable>,
    /// The amount from which stamp duty is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp_duty_limit: Option<Money>,
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

fn half_up() -> RoundMethod {
    RoundMethod::Round
}

fn is_half_up(method: &RoundMethod) -> bool {
    *method == RoundMethod::Round
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
    /// Picks what a terminal's carts need. A value that decides about money or numbers and cannot be read refuses: sales
    /// by other rules than the tenant's would not be noticed before an audit.
    pub fn at(
        terminal: &TerminalId,
        masters: &[SettingMaster],
        defaults: &CartDefaults,
    ) -> Result<Self, Error> {
        let values = Values { terminal, masters };
        Ok(Self {
            receipt_range: receipt_range(&values, defaults)?,
            line_rounding: values.rounding(setting::LINE_ROUNDING, RoundMethod::Round)?,
            discount_rounding: values.rounding(setting::DISCOUNT_ROUNDING, defaults.discount_rounding)?,
            tax_rounding: values.rounding(setting::TAX_ROUNDING, RoundMethod::Round)?,
            stamp_duty_table: values.read(setting::STAMP_DUTY_TABLE, str::parse)?,
            stamp_duty_limit: values.read(setting::STAMP_DUTY_LIMIT, setting::limit)?,
            invoice_registration_number: values
                .of(setting::INVOICE_REGISTRATION_NUMBER)
                .filter(|text| !text.is_empty())
                .map(ToOwned::to_owned),
            receipt_headers: receipt_texts(values.of(setting::RECEIPT_HEADERS)),
            receipt_footers: receipt_texts(values.of(setting::RECEIPT_FOOTERS)),
        })
    }

    /// Refuses a stamp duty that coins of the store's currency do not make up.
    pub fn in_currency(self, currency: Currency) -> Result<Self, Error> {
        let tiers = self.stamp_duty_tiers(currency);
        match tiers.iter().find(|tier| !currency.can_pay(tier.duty)) {
            None => Ok(self),
            Some(tier) => Err(codes::CART_NOT_CREATED
                .error(format!(
                    "setting {}: a duty of {} cannot be paid in {currency}: put it right",
                    setting::STAMP_DUTY_TABLE,
                    tier.duty
                ))
                .with("setting", setting::STAMP_DUTY_TABLE)),
        }
    }

    /// The rows by which stamp duty is found in a currency.
    pub fn stamp_duty_tiers(&self, currency: Currency) -> Vec<StampDutyTier> {
        let mut tiers = match &self.stamp_duty_table {
            Some(table) => table.0.clone(),
            None => StampDutyTier::table(currency),
        };
        tiers.retain(|tier| {
            self.stamp_duty_limit
                .is_none_or(|limit| limit <= tier.target_amount)
        });
        tiers
    }
}

/// The values of settings at a terminal.
struct Values<'a> {
    terminal: &'a TerminalId,
    masters: &'a [SettingMaster],
}

impl<'a> Values<'a> {
    fn of(&self, name: &str) -> Option<&'a str> {
        let master = self.masters.iter().find(|master| master.name == name)?;
        Some(master.value_at(self.terminal))
    }

    /// The value as something else than text; `None` where there is none.
    fn read<T, E>(&self, name: &str, read: impl FnOnce(&str) -> Result<T, E>) -> Result<Option<T>, Error>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let Some(text) = self.of(name).map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        read(text).map(Some).map_err(|error| {
            codes::CART_NOT_CREATED
                .error(format!("setting {name} cannot be read: put {text:?} right"))
                .with("setting", name)
                .caused_by(error)
        })
    }

    fn rounding(&self, name: &str, default: RoundMethod) -> Result<RoundMethod, Error> {
        Ok(self.read(name, str::parse)?.unwrap_or(default))
    }
}

fn receipt_range(values: &Values<'_>, defaults: &CartDefaults) -> Result<ReceiptRange, Error> {
    let number = |name: &str, default: u64| {
        let number = values.read(name, setting::receipt_number)?;
        Ok::<_, Error>(number.unwrap_or(i64::try_from(default).unwrap_or(i64::MAX)))
    };
    let start = number(setting::RECEIPT_NO_START, defaults.receipt_no_start)?;
    let end = number(setting::RECEIPT_NO_END, defaults.receipt_no_end)?;
    ReceiptRange::new(start, end).map_err(|error| {
        codes::CART_NOT_CREATED
            .error("the settings of the receipt range do not fit together")
            .caused_by(error)
    })
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

    /// A terminal's settings where one of them has a value.
    fn with(name: &str, value: &str) -> Result<CartSettings, Error> {
        let defaults = CartDefaults {
            receipt_no_start: 5,
            receipt_no_end: 9,
            discount_rounding: RoundMethod::Ceil,
        };
        let masters = [setting(name, &[(None, None, value)])];
        CartSettings::at(&terminal("t-s1-2"), &masters, &defaults)
    }

    #[test]
    fn rounding_is_the_tenants() {
        let rounding = |settings: CartSettings| {
            let CartSettings {
                line_rounding: line,
                discount_rounding: discount,
                tax_rounding: tax,
                ..
            } = settings;
            [line, discount, tax].map(RoundMethod::name)
        };
        for (name, value, expected) in [
            ("ROUND_METHOD_FOR_LINE", "", ["Round", "Ceil", "Round"]),
            ("ROUND_METHOD_FOR_LINE", "Floor", ["Floor", "Ceil", "Round"]),
            ("ROUND_METHOD_FOR_DISCOUNT", "Floor", ["Round", "Floor", "Round"]),
            ("ROUND_METHOD_FOR_TAX", " Floor ", ["Round", "Ceil", "Floor"]),
        ] {
            assert_eq!(rounding(with(name, value).unwrap()), expected, "{name} {value}");
        }
        for name in [
            "ROUND_METHOD_FOR_LINE",
            "ROUND_METHOD_FOR_DISCOUNT",
            "ROUND_METHOD_FOR_TAX",
            "STAMP_DUTY_TABLE",
            "STAMP_DUTY_LIMIT",
        ] {
            let error = with(name, "half").expect_err(name);
            assert!(error.is(&codes::CART_NOT_CREATED));
            assert!(error.message().contains(name), "{}", error.message());
        }
    }

    #[test]
    fn stamp_duty_is_the_tenants() {
        let tiers = |name: &str, value: &str, currency: &str| {
            let tiers = with(name, value)
                .unwrap()
                .stamp_duty_tiers(currency.parse().unwrap());
            let tiers = tiers.iter().map(|tier| tier.target_amount.to_string());
            tiers.rev().take(2).collect::<Vec<_>>().join(" ")
        };
        let table = r#"[{"target_amount": 10, "duty": 1}]"#;
        for (name, value, currency, expected) in [
            ("STAMP_DUTY_TABLE", "", "JPY", "50000 1000000"),
            ("STAMP_DUTY_TABLE", "", "EUR", ""),
            ("STAMP_DUTY_TABLE", table, "JPY", "10"),
            ("STAMP_DUTY_TABLE", table, "EUR", "10"),
            ("STAMP_DUTY_TABLE", "[]", "JPY", ""),
            ("STAMP_DUTY_LIMIT", "50000", "JPY", "50000 1000000"),
            ("STAMP_DUTY_LIMIT", "50001", "JPY", "1000000 2000000"),
        ] {
            assert_eq!(
                tiers(name, value, currency),
                expected,
                "{name} {value} {currency}"
            );
        }
    }

    #[test]
    fn a_receipt_range_that_is_no_number_refuses() {
        let range = |text| with("RECEIPT_NO_START_VALUE", text).map(|settings| settings.receipt_range);
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
