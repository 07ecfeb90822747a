//! Taxes: how one relates to the price, and the rules that exist before a tenant defines its own.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Rate, RoundMethod, names};

names!(
    /// How a tax relates to the price.
    TaxType, "tax type" {
        /// Added on top of the price.
        External,
        /// Contained in the price.
        Internal,
        /// No tax.
        Exempt,
    }
);

impl TaxType {
    /// The type that a tax code has in the product's table; `External` for a code that is not in it.
    pub fn of_code(code: &str) -> Self {
        let rule = TaxRule::defaults().into_iter().find(|rule| rule.code == code);
        rule.map_or(Self::External, |rule| rule.tax_type)
    }
}

/// A row of the tax table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRule {
    /// The code that lines refer to.
    #[serde(rename = "tax_code")]
    pub code: String,
    /// How the tax relates to the price.
    pub tax_type: TaxType,
    /// The name on receipts.
    #[serde(rename = "tax_name")]
    pub name: String,
    /// The percentage.
    pub rate: Rate,
    /// Decimals to keep. Anything below the currency's minor digits, negative numbers included, means those.
    pub round_digit: i32,
    /// How the tax is rounded; absent means half away from zero, for a tax that is not rounded could not be paid.
    pub round_method: Option<RoundMethod>,
}

impl TaxRule {
    /// The tax table of the product.
    pub fn defaults() -> Vec<Self> {
        use TaxType::{Exempt, External, Internal};
        [
            ("00", Exempt, "非課税", 0),
            ("01", External, "外税10%", 10),
            ("02", Internal, "内税10%", 10),
            ("11", External, "外税 8%", 8),
            ("12", Internal, "内税 8%", 8),
        ]
        .map(|(code, tax_type, name, rate)| Self {
            code: code.to_owned(),
            tax_type,
            name: name.to_owned(),
            rate: Rate::from_decimal(Decimal::from(rate)),
            round_digit: if tax_type == Exempt { 0 } else { -1 },
            round_method: (tax_type != Exempt).then_some(RoundMethod::Floor),
        })
        .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_table_is_the_one_of_the_contract() {
        let rows = TaxRule::defaults().into_iter().map(|rule| {
            let method = rule.round_method.map_or("none", RoundMethod::name);
            format!(
                "{} {} {} {} {} {method}",
                rule.code, rule.tax_type, rule.name, rule.rate, rule.round_digit
            )
        });
        assert_eq!(
            rows.collect::<Vec<_>>(),
            [
                "00 Exempt 非課税 0 0 none",
                "01 External 外税10% 10 -1 Floor",
                "02 Internal 内税10% 10 -1 Floor",
                "11 External 外税 8% 8 -1 Floor",
                "12 Internal 内税 8% 8 -1 Floor",
            ]
        );
        assert!("Included".parse::<TaxType>().is_err());
    }
}
