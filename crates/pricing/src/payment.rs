//! Tenders: what each payment settles and what comes back.

use kugel_error::{Error, codes};
use kugel_types::{Money, Overflow};

use crate::{PricedPayment, Tender};

/// Settles `total` with the payments taken. Payments that give no change count in full; cash, in the order taken,
/// settles the rest, and what is over comes back. Derived from the deposits alone, so that change follows the total
/// when a line goes, and vanishes with its payment.
pub(crate) fn settle(tenders: &[Tender], total: Money) -> Result<Vec<PricedPayment>, Error> {
    let exact = tenders.iter().filter(|tender| !tender.method.gives_change());
    let fixed = Money::sum(exact.map(|tender| tender.deposit))?;
    if fixed > total {
        return Err(codes::BALANCE_NEGATIVE
            .error(format!(
                "payments of {fixed} without change have been taken, which is above the total of {total}"
            ))
            .with("paid_amount", fixed)
            .with("total_amount", total));
    }
    let mut left = total.minus(fixed)?;
    let settled: Result<_, Overflow> = tenders
        .iter()
        .map(|tender| {
            let amount = if tender.method.gives_change() {
                tender.deposit.min(left)
            } else {
                tender.deposit
            };
            if tender.method.gives_change() {
                left = left.minus(amount)?;
            }
            Ok(PricedPayment {
                tender: tender.clone(),
                amount,
            })
        })
        .collect();
    Ok(settled?)
}

/// Refuses a tender that the balance or the payment master does not allow.
pub(crate) fn check(tender: &Tender, balance: Money) -> Result<(), Error> {
    let method = &tender.method;
    if balance.is_zero() {
        return Err(codes::BALANCE_ZERO.error("nothing remains to be paid"));
    }
    if !method.is_active {
        return Err(codes::PAYMENT_METHOD_UNKNOWN
            .error(format!("payment method {} is switched off", method.code))
            .with("payment_code", &method.code));
    }
    if tender.deposit > balance && !method.gives_change() {
        return Err(codes::DEPOSIT_EXCEEDS_BALANCE
            .error(format!(
                "{} is more than the balance of {balance}",
                tender.deposit
            ))
            .with("payment_code", &method.code)
            .with("balance_amount", balance));
    }
    if method.limit_amount.is_positive() && tender.deposit.min(balance) > method.limit_amount {
        return Err(codes::REQUEST_REFUSED
            .error(format!(
                "payment method {} settles at most {}",
                method.code, method.limit_amount
            ))
            .with("payment_code", &method.code)
            .with("limit_amount", method.limit_amount));
    }
    Ok(())
}
