//! Stamp duty on receipts for cash.

use kugel_types::money::Decimal;
use kugel_types::{Currency, Money, Overflow, PaymentKind};

use crate::Priced;

/// A row of the stamp duty table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StampDutyTier {
    /// The amount from which the row applies.
    pub target_amount: Money,
    /// The duty.
    pub duty: Money,
}

/// Stamp duty that a receipt bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StampDuty {
    /// The cash that it is due on.
    pub target_amount: Money,
    /// The duty. It is not added to any total.
    pub amount: Money,
}

impl StampDutyTier {
    /// The table for a currency. Stamp duty is a Japanese tax, so there is none outside yen.
    pub fn table(currency: Currency) -> Vec<Self> {
        const YEN: [(i64, i64); 14] = [
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
        if currency != Currency::JPY {
            return Vec::new();
        }
        let money = |amount: i64| Money::from_decimal(Decimal::from(amount));
        YEN.map(|(target, duty)| Self {
            target_amount: money(target),
            duty: money(duty),
        })
        .to_vec()
    }
}

/// The stamp duty of a paid basket: the highest tier that both the total without any tax and the cash (less change)
/// reach. The tiers may stand in any order.
pub fn stamp_duty(priced: &Priced, tiers: &[StampDutyTier]) -> Result<Option<StampDuty>, Overflow> {
    let taxes = Money::sum(priced.taxes.iter().map(|tax| tax.amount))?;
    let net = priced.total_amount_with_tax.minus(taxes)?;
    let in_cash = priced
        .payments
        .iter()
        .filter(|payment| payment.tender.method.kind == PaymentKind::Cash);
    let cash = Money::sum(in_cash.map(|payment| payment.amount))?;
    let reached = tiers
        .iter()
        .filter(|tier| tier.target_amount <= net && tier.target_amount <= cash);
    Ok(reached
        .max_by_key(|tier| tier.target_amount)
        .map(|tier| StampDuty {
            target_amount: cash,
            amount: tier.duty,
        }))
}
