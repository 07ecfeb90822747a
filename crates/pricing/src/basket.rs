//! What is to be priced.

use kugel_error::{Error, codes};
use kugel_types::money::Decimal;
use kugel_types::{Currency, Money, PaymentKind, Quantity, Rate};
use serde::{Deserialize, Serialize};

use crate::Policy;

/// Everything that a price depends on, beside the [`crate::Policy`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Basket {
    /// The lines in the order entered. Cancelled lines stay in place and count for nothing.
    pub lines: Vec<Line>,
    /// Discounts on the whole basket, in the order posted.
    pub subtotal_discounts: Vec<Discount>,
    /// Payments taken so far, in the order taken. Nothing but what remains to be paid depends on them.
    pub payments: Vec<Tender>,
    /// The promotions that are active for the store now. `None` means that they could not be learnt; lines then keep
    /// the promotions that they carry.
    pub promotions: Option<Vec<Promotion>>,
}

/// One line of the basket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Price of one unit, zero or more.
    pub unit_price: Money,
    /// How many units, above zero.
    pub quantity: Quantity,
    /// The row of the tax table.
    pub tax_code: String,
    /// The category that promotions look at.
    pub category_code: Option<String>,
    /// True if neither discounts nor promotions may touch the line.
    pub is_discount_restricted: bool,
    /// True if the line was cancelled.
    pub is_cancelled: bool,
    /// Discounts in order: those posted by hand, and the promotion that an earlier calculation added.
    pub discounts: Vec<Discount>,
}

/// A reduction of a line or of the subtotal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// What was asked for.
    #[serde(flatten)]
    pub value: DiscountValue,
    /// Free text, or the promotion's name.
    pub detail: Option<String>,
    /// The promotion that the discount comes from; absent for discounts by hand.
    #[serde(flatten)]
    pub promotion: Option<PromotionRef>,
}

/// What a discount asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "discount_type", content = "discount_value")]
pub enum DiscountValue {
    /// A fixed amount, above zero, for the whole line or subtotal.
    #[serde(rename = "DiscountAmount")]
    Amount(Money),
    /// A percentage, 0 to 100.
    #[serde(rename = "DiscountPercentage")]
    Percentage(Rate),
}

impl DiscountValue {
    /// The name of the kind on the wire and in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amount(_) => "DiscountAmount",
            Self::Percentage(_) => "DiscountPercentage",
        }
    }
    /// The number on the wire and in documents.
    pub fn decimal(self) -> Decimal {
        match self {
            Self::Amount(value) => value.decimal(),
            Self::Percentage(rate) => rate.decimal(),
        }
    }
}

/// Names the promotion behind a discount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionRef {
    /// The promotion's code.
    #[serde(rename = "promotion_code")]
    pub code: String,
    /// The promotion's type, e.g. `category_discount`.
    pub promotion_type: String,
}

/// A promotion that is active for the store of the basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// Its code.
    #[serde(rename = "promotion_code")]
    pub code: String,
    /// Its type. Only [`crate::CATEGORY_DISCOUNT`] is known; others are skipped.
    pub promotion_type: String,
    /// Its name, which becomes the discount's detail.
    pub name: String,
    /// The categories that it reduces.
    pub category_codes: Vec<String>,
    /// The percentage taken off.
    pub rate: Rate,
}

/// An amount handed over by the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    /// How it is paid.
    #[serde(flatten)]
    pub method: PaymentMethod,
    /// What was handed over, before change.
    #[serde(rename = "deposit_amount")]
    pub deposit: Money,
}

/// A payment method as the payment master describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// The code, e.g. `01`.
    #[serde(rename = "payment_code")]
    pub code: String,
    /// How the method behaves.
    #[serde(rename = "payment_kind")]
    pub kind: PaymentKind,
    /// The most that one payment may settle; zero means no limit.
    pub limit_amount: Money,
    /// True if more than the balance may be handed over.
    pub can_deposit_over: bool,
    /// True if change may be given.
    pub can_change: bool,
    /// False if the method is switched off.
    pub is_active: bool,
}

impl PaymentMethod {
    /// A method that is active, without limit, and gives change exactly if it is cash.
    pub fn new(code: impl Into<String>, kind: PaymentKind) -> Self {
        let is_cash = kind == PaymentKind::Cash;
        Self {
            code: code.into(),
            kind,
            limit_amount: Money::ZERO,
            can_deposit_over: is_cash,
            can_change: is_cash,
            is_active: true,
        }
    }
    /// True if more than the balance may be tendered and the rest comes back as change. Where only the first flag is set,
    /// what is too much is forfeited, as with vouchers; but nobody keeps the rest of a banknote.
    pub fn gives_change(&self) -> bool {
        self.can_deposit_over && (self.can_change || self.kind == PaymentKind::Cash)
    }
}

impl Discount {
    /// A discount of a fixed amount, posted by hand.
    pub fn amount(value: Money) -> Self {
        Self {
            value: DiscountValue::Amount(value),
            detail: None,
            promotion: None,
        }
    }
    /// A discount of a percentage, posted by hand.
    pub fn percentage(rate: Rate) -> Self {
        Self {
            value: DiscountValue::Percentage(rate),
            detail: None,
            promotion: None,
        }
    }
}

impl Basket {
    /// Refuses figures that no rule can price.
    pub(crate) fn check(&self, policy: &Policy) -> Result<(), Error> {
        let mut wrong = Wrong::default();
        for (index, line) in self.lines.iter().enumerate() {
            let place = format!("line_items[{index}]");
            Money::new(line.unit_price.decimal())?;
            Quantity::new(line.quantity.decimal())?;
            if line.unit_price.is_negative() {
                wrong.field(format!("{place}.unit_price"), "must not be negative");
            }
            if !line.quantity.is_positive() {
                wrong.field(format!("{place}.quantity"), "must be above zero");
            }
            wrong.discounts(&line.discounts, &format!("{place}.discounts"), policy)?;
        }
        wrong.discounts(&self.subtotal_discounts, "discounts", policy)?;
        wrong.payments(&self.payments, policy.currency, policy.cash_coin)?;
        wrong.done()
    }
}

/// Refuses tenders that nobody can hand over, each named by its place: nothing or less, finer than the currency, or cash that
/// no coins of the store make up. Whoever pays is held to it, and whoever gives back.
pub fn check_tenders(tenders: &[Tender], currency: Currency, coin: Money) -> Result<(), Error> {
    let mut wrong = Wrong::default();
    wrong.payments(tenders, currency, coin)?;
    wrong.done()
}

/// Every field that is wrong, and how.
#[derive(Debug, Default)]
pub(crate) struct Wrong(Vec<(String, String)>);

impl Wrong {
    pub(crate) fn field(&mut self, field: String, rule: impl Into<String>) {
        self.0.push((field, rule.into()));
    }

    /// Names discounts whose value is out of range, below `place`.
    pub(crate) fn discounts(
        &mut self,
        discounts: &[Discount],
        place: &str,
        policy: &Policy,
    ) -> Result<(), Error> {
        for (index, discount) in discounts.iter().enumerate() {
            let field = format!("{place}[{index}].discount_value");
            match discount.value {
                DiscountValue::Amount(value) => {
                    Money::new(value.decimal())?;
                    if !value.is_positive() {
                        self.field(field, "must be above zero");
                    } else if !policy.currency.can_pay(value) {
                        self.field(field, multiple_of(policy.currency.minor_unit()));
                    }
                }
                DiscountValue::Percentage(rate) => {
                    Rate::new(rate.decimal())?;
                    if rate.is_negative() || rate.decimal() > Decimal::ONE_HUNDRED {
                        self.field(field, "must be a percentage from 0 to 100");
                    }
                }
            }
        }
        Ok(())
    }

    /// Names tenders that nobody can hand over. Cash of zero settles a balance that rounds to no coin.
    fn payments(&mut self, tenders: &[Tender], currency: Currency, coin: Money) -> Result<(), Error> {
        for (index, tender) in tenders.iter().enumerate() {
            let (field, deposit) = (format!("payments[{index}].amount"), tender.deposit);
            Money::new(deposit.decimal())?;
            if deposit.is_negative() || (deposit.is_zero() && !tender.is_cash()) {
                self.field(field, "must be above zero");
            } else if !currency.can_pay(deposit) {
                self.field(field, multiple_of(currency.minor_unit()));
            } else if tender.is_cash() && deposit.in_coins(coin)? != deposit {
                self.field(field, format!("{}, the smallest coin", multiple_of(coin)));
            }
        }
        Ok(())
    }

    pub(crate) fn done(self) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let texts: Vec<_> = self
            .0
            .iter()
            .map(|(field, rule)| format!("{field} {rule}"))
            .collect();
        let error = codes::INVALID_INPUT.error(texts.join("; "));
        Err(self
            .0
            .into_iter()
            .fold(error, |error, (field, rule)| error.field(field, rule)))
    }
}

fn multiple_of(unit: Money) -> String {
    format!("must be a multiple of {unit}")
}

pub(crate) fn invalid(field: String, rule: &str) -> Error {
    codes::INVALID_INPUT
        .error(format!("{field} {rule}"))
        .field(field, rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_keep_promotions_and_discounts_in_these_forms() {
        let form = r#"{"promotion_code":"P1","promotion_type":"category_discount","name":"Tea","category_codes":["10"],"rate":"12.50"}"#;
        let promotion: Promotion = serde_json::from_str(form).unwrap();
        assert_eq!(serde_json::to_string(&promotion).unwrap(), form);
        for form in [
            r#"{"discount_type":"DiscountPercentage","discount_value":"12.50","detail":"Tea","promotion_code":"P1","promotion_type":"category_discount","discount_amount":"37"}"#,
            r#"{"discount_type":"DiscountAmount","discount_value":"5","detail":null,"discount_amount":"5"}"#,
        ] {
            let discount: crate::PricedDiscount = serde_json::from_str(form).unwrap();
            assert_eq!(serde_json::to_string(&discount).unwrap(), form);
        }
        for (name, number) in [("DiscountAmount", "50.00"), ("DiscountPercentage", "12.5")] {
            let form = format!(r#"{{"discount_type":"{name}","discount_value":"{number}"}}"#);
            let value: DiscountValue = serde_json::from_str(&form).unwrap();
            assert_eq!(serde_json::to_string(&value).unwrap(), form);
            assert_eq!(
                (value.name(), value.decimal().to_string().as_str()),
                (name, number)
            );
        }
    }
}
