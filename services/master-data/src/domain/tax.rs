//! Tax rules: the table Kugel brings along, and a tenant's own rules over it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::names::{Rounding, TaxType};

/// A rule for calculating tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    /// The key within the tenant.
    pub tax_code: String,
    /// How it relates to the price.
    pub tax_type: TaxType,
    /// The name printed on receipts.
    pub tax_name: String,
    /// The rate in percent.
    pub rate: Decimal,
    /// Decimals that are kept when rounding; 0 or less keeps whole units.
    pub round_digit: i32,
    /// How it is rounded, if at all.
    pub round_method: Option<Rounding>,
}

/// The rules that every tenant has unless it overrides them.
pub fn defaults() -> [Tax; 5] {
    let tax = |code: &str, tax_type, name: &str, rate: i64| Tax {
        tax_code: code.to_owned(),
        tax_type,
        tax_name: name.to_owned(),
        rate: Decimal::from(rate),
        round_digit: if rate == 0 { 0 } else { -1 },
        round_method: (rate != 0).then_some(Rounding::Floor),
    };
    [
        tax("00", TaxType::Exempt, "非課税", 0),
        tax("01", TaxType::External, "外税10%", 10),
        tax("02", TaxType::Internal, "内税10%", 10),
        tax("11", TaxType::External, "外税 8%", 8),
        tax("12", TaxType::Internal, "内税 8%", 8),
    ]
}

/// The rule of that code that Kugel brings along.
pub fn default_of(tax_code: &str) -> Option<Tax> {
    defaults().into_iter().find(|tax| tax.tax_code == tax_code)
}

/// All rules of a tenant by code: its own, and the defaults it does not override.
pub fn merged<T>(own: impl IntoIterator<Item = (String, T)>, wrap: impl Fn(Tax) -> T) -> Vec<T> {
    let mut taxes: BTreeMap<String, T> = defaults()
        .into_iter()
        .map(|tax| (tax.tax_code.clone(), wrap(tax)))
        .collect();
    taxes.extend(own);
    taxes.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_rules_join_and_override_the_defaults() {
        let own = Tax {
            rate: Decimal::from(12),
            ..default_of("01").unwrap()
        };
        let new = Tax {
            tax_code: "05".to_owned(),
            ..own.clone()
        };
        let all = merged([own, new].map(|tax| (tax.tax_code.clone(), tax)), |tax| tax);
        let shown: Vec<_> = all
            .iter()
            .map(|tax| format!("{} {}", tax.tax_code, tax.rate))
            .collect();
        assert_eq!(shown, ["00 0", "01 12", "02 10", "05 12", "11 8", "12 8"]);
    }

    #[test]
    fn the_defaults_are_those_of_the_contract() {
        let exempt = default_of("00").unwrap();
        assert_eq!((exempt.round_digit, exempt.round_method), (0, None));
        let external = default_of("01").unwrap();
        assert_eq!(
            (external.round_digit, external.round_method),
            (-1, Some(Rounding::Floor))
        );
        assert!(default_of("99").is_none());
    }
}
