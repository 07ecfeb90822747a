//! Between the cart and the pricing rules: what is priced, by which rules, and what comes of it.

use kugel_error::Error;
use kugel_pricing::{Basket, Discount, Line, Policy, Priced, PricedDiscount, StampDuty};

use super::cart::{Cart, CartLine};

impl Cart {
    /// The cart as pricing takes it.
    pub(crate) fn basket(&self) -> Basket {
        Basket {
            lines: self.line_items.iter().map(line_of).collect(),
            subtotal_discounts: asked(&self.subtotal_discounts),
            payments: self
                .payments
                .iter()
                .map(|payment| payment.tender.clone())
                .collect(),
            promotions: self.masters.promotions.clone(),
        }
    }

    /// The rules by which the cart is priced.
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            currency: self.currency_code,
            cash_coin: self.cash_coin.unwrap_or_else(|| self.currency_code.cash_coin()),
            line_rounding: self.masters.settings.line_rounding,
            discount_rounding: self.masters.settings.discount_rounding,
            tax_rounding: self.masters.settings.tax_rounding,
            taxes: self.masters.taxes.clone(),
        }
    }

    /// Works out every figure again.
    pub(crate) fn reprice(&mut self) -> Result<(), Error> {
        let priced = kugel_pricing::price(&self.basket(), &self.policy())?;
        self.adopt(priced);
        Ok(())
    }

    /// Takes over what pricing found. Payments beyond those of the cart are left to the caller, who knows their names.
    pub(crate) fn adopt(&mut self, priced: Priced) {
        for (line, found) in self.line_items.iter_mut().zip(priced.lines) {
            line.priced = found;
        }
        self.subtotal_discounts = priced.subtotal_discounts;
        for (payment, found) in self.payments.iter_mut().zip(&priced.payments) {
            payment.payment_amount = found.amount;
            payment.change_amount = found.change_amount;
        }
        self.taxes = priced.taxes;
        let sales = &mut self.sales;
        sales.total_amount = priced.total_amount;
        sales.total_amount_with_tax = priced.total_amount_with_tax;
        sales.tax_amount = priced.tax_amount;
        sales.total_quantity = priced.total_quantity;
        sales.total_discount_amount = priced.total_discount_amount;
        sales.deposit_amount = priced.deposit_amount;
        sales.change_amount = priced.change_amount;
        sales.balance_amount = priced.balance_amount;
        sales.cash_balance_amount = priced.cash_balance_amount;
        sales.rounding_amount = priced.rounding_amount;
    }

    /// The stamp duty that the cart's receipt bears.
    pub(crate) fn stamp_duty(&self) -> Result<Option<StampDuty>, Error> {
        let tiers = self.masters.settings.stamp_duty_tiers(self.currency_code);
        // Most receipts are far below the first tier; pricing them once more to find no duty would be for nothing.
        let first = tiers.iter().map(|tier| tier.target_amount).min();
        if first.is_none_or(|first| self.sales.total_amount_with_tax < first) {
            return Ok(None);
        }
        let priced = kugel_pricing::price(&self.basket(), &self.policy())?;
        Ok(kugel_pricing::stamp_duty(&priced, &tiers)?)
    }
}

fn line_of(line: &CartLine) -> Line {
    Line {
        unit_price: line.unit_price,
        quantity: line.quantity,
        tax_code: line.item.tax_code.clone(),
        category_code: line.item.category_code.clone(),
        is_discount_restricted: line.item.is_discount_restricted,
        is_cancelled: line.is_cancelled,
        discounts: asked(&line.priced.discounts),
    }
}

fn asked(found: &[PricedDiscount]) -> Vec<Discount> {
    found.iter().map(|found| found.discount.clone()).collect()
}
