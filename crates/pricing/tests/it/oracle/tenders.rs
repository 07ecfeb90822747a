//! Tenders by the rules: which are taken, what each settles, what comes back.

use kugel_error::{ErrorSpec, codes};
use kugel_pricing::{Policy, Tender};
use kugel_types::PaymentKind;

use super::fraction::Fraction;
use super::goods::minor_unit;

/// What the payments come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    /// Amount and change of each.
    pub(super) payments: Vec<(Fraction, Fraction)>,
    pub(super) balance: Fraction,
    pub(super) cash_balance: Fraction,
    pub(super) rounding: Fraction,
}

fn zero() -> Fraction {
    Fraction::whole(0)
}

fn coin(policy: &Policy) -> Fraction {
    Fraction::of(policy.cash_coin.decimal())
}

fn deposit(tender: &Tender) -> Fraction {
    Fraction::of(tender.deposit.decimal())
}

fn is_cash(tender: &Tender) -> bool {
    tender.method.kind == PaymentKind::Cash
}

/// What a tender that may be too much settles of `open`, what comes back, and what stays open.
fn flexible(tender: &Tender, open: Fraction, coin: Fraction) -> ((Fraction, Fraction), Fraction) {
    let given = deposit(tender);
    let due = if is_cash(tender) { open.nearest(coin) } else { open };
    if given.less(due) {
        return ((given, zero()), open.minus(given));
    }
    if !tender.method.can_change && !is_cash(tender) {
        return ((due, zero()), zero());
    }
    // Change comes in coins, and nobody gets more than was handed over.
    let change = given.minus(due).nearest(coin).least(given.floor(coin));
    ((given.minus(change), change), zero())
}

/// Settles a total. All tenders that cannot be too much count in full before the others find what is left.
pub(super) fn settle(total: Fraction, tenders: &[Tender], policy: &Policy) -> Settled {
    let coin = coin(policy);
    let mut payments = vec![(zero(), zero()); tenders.len()];
    let mut open = total;
    for (payment, tender) in payments.iter_mut().zip(tenders) {
        if !tender.method.can_deposit_over {
            *payment = (deposit(tender), zero());
            open = open.minus(deposit(tender));
        }
    }
    if open.less(zero()) {
        open = zero();
    }
    for (payment, tender) in payments.iter_mut().zip(tenders) {
        if tender.method.can_deposit_over {
            (*payment, open) = flexible(tender, open, coin);
        }
    }
    // What no coin is small enough for is not asked of somebody who pays in cash.
    if tenders.iter().any(is_cash) && open.nearest(coin).is_zero() {
        open = zero();
    }
    let paid = Fraction::sum(payments.iter().map(|payment| payment.0));
    Settled {
        payments,
        balance: open,
        cash_balance: open.nearest(coin),
        rounding: if open.is_zero() && !tenders.is_empty() {
            paid.minus(total)
        } else {
            zero()
        },
    }
}

/// Why a tender is refused, if it is.
pub(super) fn refusal(
    total: Fraction,
    taken: &[Tender],
    tender: &Tender,
    policy: &Policy,
) -> Option<&'static ErrorSpec> {
    let before = settle(total, taken, policy);
    let given = deposit(tender);
    let is_multiple = |unit: Fraction| given.floor(unit) == given;
    let fits = is_multiple(minor_unit(policy)) && (!is_cash(tender) || is_multiple(coin(policy)));
    if !fits || given.less(zero()) || (given.is_zero() && !is_cash(tender)) {
        return Some(&codes::INVALID_INPUT);
    }
    if before.balance.is_zero() {
        return Some(&codes::BALANCE_ZERO);
    }
    if given.is_zero() && !before.cash_balance.is_zero() {
        return Some(&codes::INVALID_INPUT);
    }
    if !tender.method.is_active {
        return Some(&codes::PAYMENT_METHOD_UNKNOWN);
    }
    let due = if is_cash(tender) {
        before.cash_balance
    } else {
        before.balance
    };
    if !tender.method.can_deposit_over && due.less(given) {
        return Some(&codes::DEPOSIT_EXCEEDS_BALANCE);
    }
    let after = settle(total, &[taken, std::slice::from_ref(tender)].concat(), policy);
    let limit = Fraction::of(tender.method.limit_amount.decimal());
    (!limit.is_zero() && limit.less(after.payments[taken.len()].0)).then_some(&codes::REQUEST_REFUSED)
}
