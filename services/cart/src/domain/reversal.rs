//! Voids and returns: which transactions may be reversed, by whom, and what the reversal is.
//!
//! The reversal is a copy of the original that belongs to the terminal, the session and the staff member making it.
//! Whether the original was reversed before is said by its status, which the reversal's commit changes.

use kugel_error::{Error, codes};
use kugel_types::{Money, StaffRef, TerminalId, TransactionType};

use super::cart::CartPayment;
use super::masters::PaymentMaster;
use super::numbering::Numbers;
use super::payment::{PaymentEntry, payment_of};
use super::status::TransactionStatus;
use super::terminal::Session;

/// How a transaction is reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reversal {
    /// It did not happen: by the terminal that made it, with the payments it had.
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
    /// The method and amount of each payment.
    pub payments: Vec<(String, Money)>,
}

/// What a reversal has of its own. Everything else is the original's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversed<'a> {
    /// The terminal that makes it.
    pub terminal: &'a TerminalId,
    /// The session it belongs to.
    pub session: Session,
    /// Who makes it.
    pub staff: Option<&'a StaffRef>,
    /// Its numbers.
    pub numbers: Numbers,
    /// Its type.
    pub transaction_type: TransactionType,
    /// What is given back.
    pub payments: Vec<CartPayment>,
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

    /// Checks each payment against those of the original: a void gives back by the same methods, in the same amounts.
    pub fn check_codes(self, original: &Original, entries: &[PaymentEntry]) -> Result<(), Error> {
        if self == Self::Return {
            return Ok(());
        }
        for (index, entry) in entries.iter().enumerate() {
            let code = &entry.payment_code;
            let refuse = |why: &str| {
                let why = format!("payment method {code} {why}");
                Err(codes::REQUEST_REFUSED
                    .error(&why)
                    .field(format!("payments[{index}]"), why))
            };
            if entries[..index].iter().any(|other| other.payment_code == *code) {
                return refuse("is there twice");
            }
            match original.paid_by(code)? {
                None => return refuse("did not pay the original"),
                Some(paid) if paid != entry.amount => return refuse(&format!("paid {paid}")),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The status of the original once the reversal is made.
    #[must_use]
    pub fn mark(self, standing: TransactionStatus, by: &Reversed<'_>) -> TransactionStatus {
        let (number, staff_id) = (by.numbers.transaction_no, by.staff.map(|staff| staff.id.as_str()));
        match self {
            Self::Void => standing.voided(number, &by.at, staff_id),
            Self::Return => standing.returned(number, by.terminal.number, &by.at, staff_id),
        }
    }
}

impl Original {
    /// What a payment method settled; `None` if it was not used.
    fn paid_by(&self, payment_code: &str) -> Result<Option<Money>, Error> {
        let mut amounts = self
            .payments
            .iter()
            .filter(|(code, _)| code == payment_code)
            .map(|(_, amount)| *amount)
            .peekable();
        let is_used = amounts.peek().is_some();
        Ok(is_used.then_some(Money::sum(amounts)?))
    }

    /// Checks that the payments together are what the original came to.
    pub fn check_total(&self, entries: &[PaymentEntry]) -> Result<(), Error> {
        let total = self.total_amount_with_tax;
        let given = Money::sum(entries.iter().map(|entry| entry.amount))?;
        if given == total {
            return Ok(());
        }
        Err(codes::REQUEST_REFUSED
            .error(format!("payments of {given} are not the total of {total}"))
            .with("total_amount_with_tax", total))
    }
}

/// A payment of a reversal. What is handed back is shown as tendered only where change could have been given.
pub fn payment_back(entry: &PaymentEntry, master: &PaymentMaster, payment_no: i32) -> CartPayment {
    let mut payment = payment_of(entry, master, payment_no);
    payment.payment_amount = entry.amount;
    if !(master.method.can_deposit_over && master.method.can_change) {
        payment.tender.deposit = Money::ZERO;
    }
    payment
}
