//! Between the cart and the pricing rules: what is priced, by which rules, and what comes of it.

use kugel_error::Error;
use kugel_pricing::{
    Basket, Discount, DiscountValue, Line, PaymentMethod, Policy, Priced, PricedDiscount, PricedLine,
    PricedTax, PromotionRef, StampDuty, StampDutyTier, Tender,
};
use kugel_types::{Money, Rate};

use super::cart::{Cart, CartDiscount, CartLine, CartPayment, CartTax, DiscountType};
use super::masters::CartTaxRule;

impl Cart {
    /// The cart as pricing takes it.
    pub(crate) fn basket(&self) -> Basket {
        let promotions = self.masters.promotions.as_ref();
        Basket {
            lines: self.line_items.iter().map(line_of).collect(),
            subtotal_discounts: self.subtotal_discounts.iter().map(discount_of).collect(),
            payments: self.payments.iter().map(tender_of).collect(),
            promotions: promotions.map(|kept| {
                kept.iter()
                    .map(super::masters::CartPromotion::promotion)
                    .collect()
            }),
        }
    }

    /// The rules by which the cart is priced.
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            currency: self.currency_code,
            discount_rounding: self.masters.settings.discount_rounding,
            taxes: self.masters.taxes.iter().map(CartTaxRule::rule).collect(),
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
            adopt_line(line, found);
        }
        self.subtotal_discounts = priced
            .subtotal_discounts
            .into_iter()
            .map(discount_found)
            .collect();
        for (payment, found) in self.payments.iter_mut().zip(&priced.payments) {
            payment.payment_amount = found.amount;
        }
        self.taxes = priced.taxes.into_iter().map(tax_found).collect();
        let sales = &mut self.sales;
        sales.total_amount = priced.total_amount;
        sales.total_amount_with_tax = priced.total_amount_with_tax;
        sales.tax_amount = priced.tax_amount;
        sales.total_quantity = priced.total_quantity;
        sales.total_discount_amount = priced.total_discount_amount;
        sales.deposit_amount = priced.deposit_amount;
        sales.change_amount = priced.change_amount;
        sales.balance_amount = priced.balance_amount;
    }

    /// The stamp duty that the cart's receipt bears.
    pub(crate) fn stamp_duty(&self) -> Result<Option<StampDuty>, Error> {
        let tiers = StampDutyTier::table(self.currency_code);
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
        tax_code: line.tax_code.clone(),
        category_code: line.category_code.clone(),
        is_discount_restricted: line.is_discount_restricted,
        is_cancelled: line.is_cancelled,
        discounts: line.discounts.iter().map(discount_of).collect(),
    }
}

fn discount_of(discount: &CartDiscount) -> Discount {
    let promotion = discount.promotion_code.as_ref().map(|code| PromotionRef {
        code: code.clone(),
        promotion_type: discount.promotion_type.clone().unwrap_or_default(),
    });
    let value = match discount.discount_type {
        DiscountType::DiscountAmount => DiscountValue::Amount(Money::from_decimal(discount.discount_value)),
        DiscountType::DiscountPercentage => {
            DiscountValue::Percentage(Rate::from_decimal(discount.discount_value))
        }
    };
    Discount {
        value,
        detail: discount.detail.clone(),
        promotion,
    }
}

fn tender_of(payment: &CartPayment) -> Tender {
    let method = PaymentMethod {
        code: payment.payment_code.clone(),
        kind: payment.payment_kind.into(),
        limit_amount: payment.limit_amount,
        can_deposit_over: payment.can_deposit_over,
        can_change: payment.can_change,
        is_active: true,
    };
    Tender {
        method,
        deposit: payment.deposit_amount,
    }
}

fn adopt_line(line: &mut CartLine, found: PricedLine) {
    line.amount = found.amount;
    line.discount_amount = found.discount_amount;
    line.tax_amount = found.tax_amount;
    line.discounts = found.discounts.into_iter().map(discount_found).collect();
    line.allocated_amounts = found.allocated;
}

fn discount_found(found: PricedDiscount) -> CartDiscount {
    let (discount_type, discount_value) = match found.discount.value {
        DiscountValue::Amount(value) => (DiscountType::DiscountAmount, value.decimal()),
        DiscountValue::Percentage(rate) => (DiscountType::DiscountPercentage, rate.decimal()),
    };
    let (promotion_code, promotion_type) = found
        .discount
        .promotion
        .map(|promotion| (promotion.code, promotion.promotion_type))
        .unzip();
    CartDiscount {
        discount_type,
        discount_value,
        discount_amount: found.amount,
        detail: found.discount.detail,
        promotion_code,
        promotion_type,
    }
}

fn tax_found(found: PricedTax) -> CartTax {
    CartTax {
        tax_code: found.code,
        tax_type: found.tax_type.name().to_owned(),
        tax_name: found.name,
        tax_amount: found.amount,
        target_amount: found.target_amount,
        target_quantity: found.target_quantity,
    }
}
