//! The rules of a store: its currency and its tables.

use kugel_types::money::Decimal;
use kugel_types::{Currency, Money, Rate, RoundMethod};

use crate::PaymentKind;

/// The rules by which baskets of a store are priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The store's currency. Its minor digits are the least that discounts and taxes are rounded to.
    pub currency: Currency,
    /// How discounts are rounded.
    pub discount_rounding: RoundMethod,
    /// The tax table.
    pub taxes: Vec<TaxRule>,
    /// The stamp duty table, in any order; empty where there is no such duty.
    pub stamp_duty: Vec<StampDutyTier>,
    /// What kind of payment a code is. Codes that are not listed are [`PaymentKind::Other`]: which codes exist at all
    /// is for the payment master to say.
    pub payment_kinds: Vec<(String, PaymentKind)>,
}

/// A row of the tax table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRule {
    /// The code that lines refer to.
    pub code: String,
    /// How the tax relates to the price.
    pub tax_type: TaxType,
    /// The name on receipts.
    pub name: String,
    /// The percentage.
    pub rate: Rate,
    /// Decimals to keep. Anything below the currency's minor digits, negative numbers included, means those.
    pub round_digit: i32,
    /// How the tax is rounded; absent means half away from zero, for a tax that is not rounded could not be paid.
    pub round_method: Option<RoundMethod>,
}

/// How a tax relates to the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaxType {
    /// Added on top of the price.
    External,
    /// Contained in the price.
    Internal,
    /// No tax.
    Exempt,
}

impl TaxType {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::External => "External",
            Self::Internal => "Internal",
            Self::Exempt => "Exempt",
        }
    }
    /// Reads the name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::External, Self::Internal, Self::Exempt]
            .into_iter()
            .find(|tax_type| tax_type.name() == name)
    }
}

/// A row of the stamp duty table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StampDutyTier {
    /// The amount from which the row applies.
    pub target_amount: Money,
    /// The duty.
    pub duty: Money,
}

impl Policy {
    /// The tables of the product for a store of the given currency. Stamp duty is a Japanese tax, so there is none
    /// outside yen.
    pub fn standard(currency: Currency) -> Self {
        let stamp_duty = if currency == Currency::JPY {
            StampDutyTier::standard()
        } else {
            Vec::new()
        };
        Self {
            currency,
            discount_rounding: RoundMethod::Round,
            taxes: TaxRule::standard(),
            stamp_duty,
            payment_kinds: [
                ("01", PaymentKind::Cash),
                ("11", PaymentKind::Cashless),
                ("12", PaymentKind::Other),
            ]
            .map(|(code, kind)| (code.to_owned(), kind))
            .to_vec(),
        }
    }
    /// The kind of a payment code.
    pub fn payment_kind(&self, code: &str) -> PaymentKind {
        self.payment_kinds
            .iter()
            .find_map(|(known, kind)| (known == code).then_some(*kind))
            .unwrap_or(PaymentKind::Other)
    }
    /// The tax rule of a code.
    pub fn tax(&self, code: &str) -> Option<&TaxRule> {
        self.taxes.iter().find(|rule| rule.code == code)
    }
    /// The decimals that a tax of the rule is rounded to.
    pub(crate) fn tax_digits(&self, rule: &TaxRule) -> u32 {
        // Ten decimals are more than any table means; the bound keeps a mistyped digit from overflowing.
        u32::try_from(rule.round_digit)
            .unwrap_or(0)
            .min(10)
            .max(self.currency.minor_digits())
    }
}

impl TaxRule {
    /// The tax table of the product.
    pub fn standard() -> Vec<Self> {
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

impl StampDutyTier {
    /// The stamp duty table of the product, in yen.
    pub fn standard() -> Vec<Self> {
        const TABLE: [(i64, i64); 14] = [
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
        let money = |amount: i64| Money::from_decimal(Decimal::from(amount));
        TABLE
            .map(|(target, duty)| Self {
                target_amount: money(target),
                duty: money(duty),
            })
            .to_vec()
    }
}
