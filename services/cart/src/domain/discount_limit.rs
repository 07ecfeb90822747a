//! How far a person may discount by hand.

use kugel_error::{Error, codes};
use kugel_pricing::PricedDiscount;
use kugel_types::{Money, Rate};

use super::cart::Cart;

impl Cart {
    /// Refuses more off a line by hand than the limit, in percent of its gross amount.
    pub fn check_line_discounts(&self, line_no: i32, limit: Option<Rate>) -> Result<(), Error> {
        let line = self.line_items.iter().find(|line| line.line_no == line_no);
        match (line, limit) {
            (Some(line), Some(limit)) => {
                self.check_limit(limit, &line.priced.discounts, line.priced.gross_amount)
            }
            _ => Ok(()),
        }
    }

    /// Refuses more off the subtotal by hand than the limit, in percent of it.
    pub fn check_discounts(&self, limit: Option<Rate>) -> Result<(), Error> {
        let Some(limit) = limit else {
            return Ok(());
        };
        let counting = self.line_items.iter().filter(|line| !line.is_cancelled);
        let subtotal = Money::sum(counting.map(|line| line.priced.amount))?;
        self.check_limit(limit, &self.subtotal_discounts, subtotal)
    }

    /// A discount within the limit may be rounded up by less than a minor unit of the currency.
    fn check_limit(&self, limit: Rate, discounts: &[PricedDiscount], of: Money) -> Result<(), Error> {
        let by_hand = discounts
            .iter()
            .filter(|discount| discount.discount.promotion.is_none());
        let off = Money::sum(by_hand.map(|discount| discount.amount))?;
        let unit = self.currency_code.minor_unit().decimal();
        let hundred = rust_decimal::Decimal::ONE_HUNDRED;
        if off.is_zero() || (off.decimal() - unit) * hundred < of.decimal() * limit.decimal() {
            return Ok(());
        }
        let rule =
            format!("must not be more than {limit} % together: the permission sales.override goes further");
        Err(codes::PERMISSION_DENIED
            .error(format!("{off} off {of} is more than {limit} %"))
            .field("discounts", rule)
            .with("discount_limit_percent", limit))
    }
}
