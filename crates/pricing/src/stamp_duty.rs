//! Stamp duty on receipts for cash.

use kugel_types::{Money, Overflow, PaymentKind, StampDutyTier};

use crate::Priced;

/// Stamp duty that a receipt bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StampDuty {
    /// The cash that it is due on.
    pub target_amount: Money,
    /// The duty. It is not added to any total.
    pub amount: Money,
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
