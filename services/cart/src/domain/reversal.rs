//! Voids and returns: which transactions may be reversed, by whom, and what the reversal is.
//!
//! The reversal is a copy of the original that belongs to the terminal, the session and the staff member making it.
//! Whether the original was reversed before is said by its status, which the reversal's commit changes.

use std::sync::Arc;

use kugel_error::{Error, codes};
use kugel_pricing::check_tenders;
use kugel_types::{Money, Overflow, StaffRef, TerminalId, TransactionType};

use super::cart::{Approved, CartPayment};
use super::masters::PaymentMaster;
use super::numbering::Numbers;
use super::payment::{PaymentEntry, payment_of};
use super::status::TransactionStatus;
use super::terminal::{Session, StoreState};

/// How a transaction is reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reversal {
    /// It did not happen: by the terminal that made it, in the session that made it, with the payments it had.
    Void,
    /// The goods came back: by any terminal of the store, with any payments.
    Return,
}

/// What the rules need to know of the transaction that is to be reversed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its type.
    pub transaction_type: TransactionType,
    /// True if it is a cart that was cancelled.
    pub is_cancelled: bool,
    /// What it came to.
    pub total_amount_with_tax: Money,
    /// The session that made it, in the life of its terminal.
    pub business_counter: i32,
    /// Its payments.
    pub payments: Vec<CartPayment>,
}

/// What a reversal has of its own. Everything else is the original's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversed<'a> {
    /// The terminal that makes it.
    pub terminal: &'a TerminalId,
    /// The session it belongs to.
    pub session: Session,
    /// Who makes it.
    pub staff: &'a StaffRef,
    /// Its numbers.
    pub numbers: Numbers,
    /// Its type.
    pub transaction_type: TransactionType,
    /// What is given back.
    pub payments: Vec<CartPayment>,
    /// What another person approved of it.
    pub approval: Option<&'a Approved>,
    /// What that is more than the total.
    pub rounding_amount: Money,
    /// When it is made, ISO 8601 with offset.
    pub at: String,
}

impl Reversal {
    /// Checks that the caller's terminal may reverse transactions of the named one.
    pub fn check_terminal(self, caller: &TerminalId, named: &TerminalId) -> Result<(), Error> {
        let refuse = |field: &'static str, rule: &'static str| {
            Err(codes::INVALID_INPUT
                .error(format!("{named} is not {rule}"))
                .field(field, format!("must be {rule}")))
        };
        if caller.store != named.store {
            return refuse("store_code", "the caller's store");
        }
        if self == Self::Void && caller.number != named.number {
            return refuse("terminal_no", "the caller's terminal");
        }
        Ok(())
    }

    /// Checks that the original still stands and is of a kind that can be reversed, and gives the reversal's type.
    pub fn check_original(
        self,
        original: &Original,
        status: &TransactionStatus,
    ) -> Result<TransactionType, Error> {
        let voided = || Err(codes::ALREADY_VOIDED.error("the transaction is already voided"));
        let refunded = || Err(codes::ALREADY_REFUNDED.error("the transaction is already refunded"));
        match self {
            Self::Void if status.is_voided => voided(),
            Self::Void if status.is_refunded && original.transaction_type == TransactionType::Sale => {
                refunded()
            }
            Self::Return if status.is_refunded => refunded(),
            Self::Return if status.is_voided => voided(),
            Self::Void | Self::Return => self.reversed_type(original),
        }
    }

    fn reversed_type(self, original: &Original) -> Result<TransactionType, Error> {
        if original.is_cancelled {
            return Err(codes::REQUEST_REFUSED.error(
                "the transaction was cancelled before it was billed, so there is nothing to give back",
            ));
        }
        let kind = original.transaction_type;
        let reversed = match self {
            Self::Void => kind.voided(),
            Self::Return => kind.returned(),
        };
        reversed.ok_or_else(|| {
            codes::REQUEST_REFUSED
                .error(format!(
                    "a transaction of type {kind} cannot be reversed this way"
                ))
                .with("transaction_type", kind)
        })
    }

    /// Checks that the original was made in the caller's open `session`, where a void must stay: the sums of a session
    /// that is over are announced.
    pub fn check_session(self, original: &Original, session: Session) -> Result<(), Error> {
        if self == Self::Return || original.business_counter == session.business_counter {
            return Ok(());
        }
        let instead = match original.transaction_type {
            TransactionType::Sale => "make a return instead",
            _ => "sell the goods again instead",
        };
        let message = format!(
            "the transaction was made in session {}, which is over: {instead}",
            original.business_counter
        );
        Err(codes::SESSION_OVER
            .error(message)
            .with("business_counter", original.business_counter))
    }

    /// The status of the original once the reversal is made.
    #[must_use]
    pub fn mark(self, standing: TransactionStatus, by: &Reversed<'_>) -> TransactionStatus {
        let (number, staff_id) = (by.numbers.transaction_no, by.staff.id.as_str());
        match self {
            Self::Void => standing.voided(number, &by.at, staff_id),
            Self::Return => standing.returned(number, by.terminal.number, &by.at, staff_id),
        }
    }
}

impl Original {
    /// What a void gives back: every payment as it was taken, whatever has become of its method since. `entries` name
    /// the same money: what they say of a method must add up to what it paid.
    pub fn taken_back(&self, entries: &[PaymentEntry]) -> Result<Vec<CartPayment>, Error> {
        for (index, entry) in entries.iter().enumerate() {
            let code = &entry.payment_code;
            let refuse = |why: String| {
                let why = format!("payment method {code} {why}");
                Err(codes::REQUEST_REFUSED
                    .error(&why)
                    .field(format!("payments[{index}]"), why))
            };
            let of_code = entries.iter().filter(|entry| entry.payment_code == *code);
            let given = Money::sum(of_code.map(|entry| entry.amount))?;
            match self.paid_by(code)? {
                None => return refuse("did not pay the original".to_owned()),
                Some(paid) if paid != given => return refuse(format!("paid {paid}, not {given}")),
                Some(_) => {}
            }
        }
        let paid = Money::sum(self.payments.iter().map(|payment| payment.payment_amount))?;
        check_given(entries.iter().map(|entry| entry.amount), paid)?;
        let back: Result<_, Overflow> = self.payments.iter().cloned().map(handed_back).collect();
        Ok(back?)
    }

    /// What a return gives back: the `entries`, each by a method that takes refunds. Cash gives back its part in coins of
    /// the store, as it would pay it.
    pub fn given_back(
        &self,
        entries: &[PaymentEntry],
        methods: &[Option<Arc<PaymentMaster>>],
        store: &StoreState,
    ) -> Result<Vec<CartPayment>, Error> {
        let mut payments = Vec::with_capacity(entries.len());
        for (index, (entry, method)) in entries.iter().zip(methods).enumerate() {
            let method = refunding(entry, method.as_deref(), index)?;
            let number = i32::try_from(index + 1).unwrap_or(i32::MAX);
            payments.push(CartPayment {
                payment_amount: entry.amount,
                ..payment_of(entry, method, number)
            });
        }
        let tenders: Vec<_> = payments.iter().map(|payment| payment.tender.clone()).collect();
        check_tenders(&tenders, store.currency, store.cash_coin)?;
        let amount = |payment: &CartPayment| payment.payment_amount;
        let others = payments.iter().filter(|payment| !payment.is_cash());
        let others = Money::sum(others.map(amount))?;
        let left = self.total_amount_with_tax.minus(others)?;
        let due = match payments.iter().any(CartPayment::is_cash) && left.is_positive() {
            true => left.in_coins(store.cash_coin)?,
            false => left,
        };
        // Cash of nothing gives back a rest that no coin is small enough for.
        let is_rest = left.is_positive() && due.is_zero();
        let nothing = payments.iter().position(|payment| amount(payment).is_zero());
        if let Some(index) = nothing.filter(|_| !is_rest) {
            let (field, rule) = (format!("payments[{index}].amount"), "must be above zero");
            return Err(codes::INVALID_INPUT
                .error(format!("{field} {rule}"))
                .field(field, rule));
        }
        check_given(payments.iter().map(amount), others.plus(due)?)?;
        let back: Result<_, Overflow> = payments.into_iter().map(handed_back).collect();
        Ok(back?)
    }

    /// What a payment method settled; `None` if it was not used.
    fn paid_by(&self, payment_code: &str) -> Result<Option<Money>, Error> {
        let mut amounts = self
            .payments
            .iter()
            .filter(|payment| payment.tender.method.code == payment_code)
            .map(|payment| payment.payment_amount)
            .peekable();
        let is_used = amounts.peek().is_some();
        Ok(is_used.then_some(Money::sum(amounts)?))
    }
}

/// The method of an entry, if it takes refunds.
fn refunding<'a>(
    entry: &PaymentEntry,
    method: Option<&'a PaymentMaster>,
    index: usize,
) -> Result<&'a PaymentMaster, Error> {
    let (code, field) = (&entry.payment_code, format!("payments[{index}].payment_code"));
    let Some(method) = method else {
        return Err(codes::NOT_FOUND
            .error(format!("payment method {code} is not found"))
            .field(field, "is no payment method")
            .with("payment_code", code));
    };
    if !method.can_refund {
        let why = format!("payment method {code} takes no refund: give back by another");
        return Err(codes::REFUND_FORBIDDEN
            .error(&why)
            .field(field, why)
            .with("payment_code", code));
    }
    Ok(method)
}

/// Checks that payments together give back what is `due`.
fn check_given(payments: impl Iterator<Item = Money>, due: Money) -> Result<(), Error> {
    let given = Money::sum(payments)?;
    if given == due {
        return Ok(());
    }
    Err(codes::REQUEST_REFUSED
        .error(format!(
            "payments of {given} are not the {due} that is to be given back"
        ))
        .with("due_amount", due))
}

/// A payment of a reversal. What is handed back is shown as tendered only where change could have been given. Change that
/// was given for it in cash comes back to the drawer; that of cash itself is none.
fn handed_back(mut payment: CartPayment) -> Result<CartPayment, Overflow> {
    if payment.is_cash() {
        payment.change_amount = Money::ZERO;
    }
    payment.tender.deposit = match payment.tender.method.gives_change() || !payment.change_amount.is_zero() {
        true => payment.payment_amount.plus(payment.change_amount)?,
        false => Money::ZERO,
    };
    Ok(payment)
}
