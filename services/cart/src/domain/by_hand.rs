//! What a person at a till may decide by hand: prices, and how far to discount.

use kugel_error::{Error, codes};
use kugel_types::{Money, Rate};
use rust_decimal::Decimal;

use super::cart::{Cart, CartLine};

/// What a person may decide by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByHand {
    /// Prices other than the master's.
    pub sets_prices: bool,
    /// How far a line may be discounted, its share of the discounts on the whole cart included, in percent; `None` is all the
    /// way.
    pub discount_limit: Option<Rate>,
}

/// What is taken off a line by hand, and what of.
struct Off {
    amount: Money,
    of: Money,
    /// What rounding may have added.
    slack: Decimal,
}

impl Cart {
    /// Refuses a change that a person may not make by hand. What another person did to the cart before stands: it must not
    /// become more.
    pub fn check_by_hand(&self, before: &Self, may: ByHand) -> Result<(), Error> {
        if !may.sets_prices {
            self.check_entered_prices(before)?;
        }
        may.discount_limit
            .map_or(Ok(()), |limit| self.check_discounts(before, limit))
    }

    /// New lines have the master's price, or any where the master has none.
    fn check_entered_prices(&self, before: &Self) -> Result<(), Error> {
        let new = self.line_items.iter().skip(before.line_items.len());
        let typed =
            |line: &CartLine| line.unit_price != line.item.unit_price && !line.item.unit_price.is_zero();
        match new.enumerate().find(|(_, line)| typed(line)) {
            None => Ok(()),
            Some((index, line)) => Err(codes::PERMISSION_DENIED
                .error(format!(
                    "{} is not the price of {}",
                    line.unit_price, line.item.item_code
                ))
                .field(
                    format!("line_items[{index}].unit_price"),
                    "must be left out: another price needs the permission sales.override",
                )
                .with("permission", "sales.override")),
        }
    }

    fn check_discounts(&self, before: &Self, limit: Rate) -> Result<(), Error> {
        for (index, line) in self.line_items.iter().enumerate() {
            let off = self.off(line)?;
            let was = before
                .line_items
                .get(index)
                .map(|line| before.off(line))
                .transpose()?;
            if off.is_more_than(limit) && was.is_none_or(|was| off.has_grown(&was)) {
                let rule = format!(
                    "must not take more than {limit} % off a line together: the permission sales.override goes further"
                );
                return Err(codes::PERMISSION_DENIED
                    .error(format!(
                        "{} off {} is more than {limit} %, in line {}",
                        off.amount, off.of, line.line_no
                    ))
                    .field("discounts", rule)
                    .with("discount_limit_percent", limit)
                    .with("line_no", line.line_no));
            }
        }
        Ok(())
    }

    /// What is taken off a line by hand, of its amount after promotions.
    fn off(&self, line: &CartLine) -> Result<Off, Error> {
        let by_hand = line.priced.discounts.iter();
        let own = by_hand
            .filter(|discount| discount.discount.promotion.is_none())
            .map(|discount| discount.amount);
        let own: Vec<_> = own.filter(|_| !line.is_cancelled).collect();
        let shares = self.subtotal_discounts.iter().zip(&line.priced.allocated);
        let shares = shares
            .filter(|(discount, _)| discount.discount.promotion.is_none() && !line.is_cancelled)
            .map(|(_, share)| *share);
        let shares: Vec<_> = shares.collect();
        let pieces = Decimal::from(own.len() + shares.len());
        let of = Money::sum(own.iter().copied().chain([line.priced.amount]))?;
        Ok(Off {
            amount: Money::sum(own.into_iter().chain(shares))?,
            of,
            slack: self.currency_code.minor_unit().decimal() * pieces,
        })
    }
}

impl Off {
    fn is_more_than(&self, limit: Rate) -> bool {
        let surely = self.amount.decimal() - self.slack;
        !self.amount.is_zero() && surely * Decimal::ONE_HUNDRED >= self.of.decimal() * limit.decimal()
    }

    /// True if it is more than it was, or more of what there is.
    fn has_grown(&self, was: &Self) -> bool {
        let surely = self.amount.decimal() - self.slack;
        let now = surely.checked_mul(was.of.decimal());
        let then = was.amount.decimal().checked_mul(self.of.decimal());
        self.amount > was.amount || now.zip(then).is_none_or(|(now, then)| now >= then)
    }
}
