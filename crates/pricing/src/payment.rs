//! Tenders: what each payment settles and what comes back.

use kugel_error::{Error, codes};
use kugel_types::{Money, Overflow, PaymentKind};

use crate::basket::invalid;
use crate::{Policy, PricedPayment, Tender};

/// How a total is settled.
pub(crate) struct Settlement {
    pub(crate) payments: Vec<PricedPayment>,
    /// What remains.
    pub(crate) balance: Money,
    /// What remains, in coins.
    pub(crate) cash_balance: Money,
    /// What the payments are more than the total once nothing remains.
    pub(crate) rounding: Money,
}

/// Settles `total` with the payments taken. Payments that may not be too much count in full; the others settle the rest
/// in the order taken, and what is over comes back, or is forfeited where the method gives no change. Derived from the
/// deposits alone, so that change follows the total when a line goes, and vanishes with its payment.
///
/// Cash settles a balance as rounded to the coin, and change is handed out in coins, whatever it is given for. A rest that
/// rounds to no coin is settled as soon as there is cash among the payments, if only a payment of zero.
pub(crate) fn settle(tenders: &[Tender], total: Money, policy: &Policy) -> Result<Settlement, Error> {
    let coin = policy.cash_coin;
    let mut balance = beyond_fixed(tenders, total, coin)?;
    let mut payments = Vec::with_capacity(tenders.len());
    for tender in tenders {
        let payment = if tender.method.can_deposit_over {
            let (payment, left) = flexible(tender, balance, coin)?;
            balance = left;
            payment
        } else {
            PricedPayment {
                tender: tender.clone(),
                amount: tender.deposit,
                change_amount: Money::ZERO,
            }
        };
        payments.push(payment);
    }
    if balance.in_coins(coin)?.is_zero() && tenders.iter().any(Tender::is_cash) {
        balance = Money::ZERO;
    }
    let paid = Money::sum(payments.iter().map(|payment| payment.amount))?;
    let rounding = match balance.is_zero() {
        true => paid.minus(total)?,
        false => Money::ZERO,
    };
    Ok(Settlement {
        payments,
        balance,
        cash_balance: balance.in_coins(coin)?,
        rounding,
    })
}

/// What is left beyond the payments that count in full. They may exceed the total only by what cash is rounded up.
fn beyond_fixed(tenders: &[Tender], total: Money, coin: Money) -> Result<Money, Error> {
    let fixed = |in_cash: bool| {
        let counted = tenders
            .iter()
            .filter(|tender| !tender.method.can_deposit_over && tender.is_cash() == in_cash);
        Money::sum(counted.map(|tender| tender.deposit))
    };
    let (exact, cash) = (fixed(false)?, fixed(true)?);
    let due = total.minus(exact)?;
    if due.is_negative() || cash > due.in_coins(coin)?.max(due) {
        let paid = exact.plus(cash)?;
        return Err(codes::BALANCE_NEGATIVE
            .error(format!(
                "payments of {paid} without change have been taken, which is above the total of {total}"
            ))
            .with("paid_amount", paid)
            .with("total_amount", total));
    }
    Ok(due.minus(cash)?.max(Money::ZERO))
}

/// What a payment that may be too much settles of the balance, and what it leaves of it. A payment of what is due leaves
/// nothing, even if its change is rounded.
fn flexible(tender: &Tender, balance: Money, coin: Money) -> Result<(PricedPayment, Money), Overflow> {
    let due = tender.due(balance, balance.in_coins(coin)?);
    let over = tender.deposit.minus(due)?;
    let (amount, change_amount, left) = if over.is_negative() {
        (tender.deposit, Money::ZERO, balance.minus(tender.deposit)?)
    } else if tender.method.gives_change() {
        let rounded = over.in_coins(coin)?;
        // Rounded up, change could come to more than was handed over.
        let change = match rounded > tender.deposit {
            true => rounded.minus(coin)?,
            false => rounded,
        };
        (tender.deposit.minus(change)?, change, Money::ZERO)
    } else {
        (due, Money::ZERO, Money::ZERO)
    };
    let payment = PricedPayment {
        tender: tender.clone(),
        amount,
        change_amount,
    };
    Ok((payment, left))
}

impl Tender {
    /// True if it is made in notes and coins.
    pub fn is_cash(&self) -> bool {
        self.method.kind == PaymentKind::Cash
    }
    fn due(&self, balance: Money, cash_balance: Money) -> Money {
        if self.is_cash() { cash_balance } else { balance }
    }
}

/// Refuses a tender, the request's number `index`, that the balance or the payment master does not allow.
pub(crate) fn check(
    tender: &Tender,
    index: usize,
    (balance, cash_balance): (Money, Money),
) -> Result<(), Error> {
    let method = &tender.method;
    if balance.is_zero() {
        return Err(codes::BALANCE_ZERO.error("nothing remains to be paid"));
    }
    if tender.deposit.is_zero() && !cash_balance.is_zero() {
        return Err(invalid(format!("payments[{index}].amount"), "must be above zero"));
    }
    if !method.is_active {
        return Err(codes::PAYMENT_METHOD_UNKNOWN
            .error(format!("payment method {} is switched off", method.code))
            .field(format!("payments[{index}].payment_code"), "is switched off")
            .with("payment_code", &method.code));
    }
    let due = tender.due(balance, cash_balance);
    if tender.deposit > due && !method.can_deposit_over {
        return Err(codes::DEPOSIT_EXCEEDS_BALANCE
            .error(format!("{} is more than the balance of {due}", tender.deposit))
            .field(
                format!("payments[{index}].amount"),
                format!("is more than the balance of {due}"),
            )
            .with("payment_code", &method.code)
            .with("balance_amount", due));
    }
    Ok(())
}

/// Refuses a payment, the request's number `index`, that settles more than its method may.
pub(crate) fn check_limit(payment: &PricedPayment, index: usize) -> Result<(), Error> {
    let method = &payment.tender.method;
    if method.limit_amount.is_positive() && payment.amount > method.limit_amount {
        return Err(codes::REQUEST_REFUSED
            .error(format!(
                "payment method {} settles at most {}",
                method.code, method.limit_amount
            ))
            .field(
                format!("payments[{index}].amount"),
                format!("settles more than {}", method.limit_amount),
            )
            .with("payment_code", &method.code)
            .with("limit_amount", method.limit_amount));
    }
    Ok(())
}
