//! Voids and returns: which transactions may be reversed, by whom, and what the reversal is.
//!
//! The reversal is a copy of the original that belongs to the terminal, the session and the staff member making it.
//! Whether the original was reversed before is said by its status, which the reversal's commit changes.

use kugel_error::{Error, codes};
use kugel_proto::cart::v1::{
    TransactionLog, TransactionOrigin, TransactionPayment, TransactionSales, TransactionStaff,
};
use kugel_types::{EventId, LocalTime, Money, TerminalId};

use super::masters::PaymentMaster;
use super::numbering::Numbers;
use super::payment::PaymentEntry;
use super::status::TransactionStatus;
use super::terminal::TerminalState;
use super::transaction::wire;

/// A sale.
pub const SALE: i32 = super::cart::NORMAL_SALE;
/// The return of a sale.
pub const RETURN: i32 = 102;
/// The void of a sale.
pub const VOID_OF_SALE: i32 = 201;
/// The void of a return.
pub const VOID_OF_RETURN: i32 = 202;

/// How a transaction is reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reversal {
    /// It did not happen: by the terminal that made it, with the payments it had.
    Void,
    /// The goods came back: by any terminal of the store, with any payments.
    Return,
}

/// Who makes the reversal, and when.
#[derive(Debug, Clone, Copy)]
pub struct Reverser<'a> {
    /// The terminal.
    pub terminal: &'a TerminalId,
    /// The terminal as it stands now.
    pub state: &'a TerminalState,
    /// The numbers of the new transaction.
    pub numbers: Numbers,
    /// The new transaction's event.
    pub event_id: &'a EventId,
    /// The present.
    pub now: &'a LocalTime,
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
    pub fn check_original(self, original: &TransactionLog, status: &TransactionStatus) -> Result<i32, Error> {
        let voided = || Err(codes::ALREADY_VOIDED.error("the transaction is already voided"));
        let refunded = || Err(codes::ALREADY_REFUNDED.error("the transaction is already refunded"));
        match self {
            Self::Void if status.is_voided => voided(),
            Self::Void if status.is_refunded && original.transaction_type == SALE => refunded(),
            Self::Return if status.is_refunded => refunded(),
            Self::Return if status.is_voided => voided(),
            Self::Void | Self::Return => self.reversed_type(original),
        }
    }

    fn reversed_type(self, original: &TransactionLog) -> Result<i32, Error> {
        if original.sales.as_ref().is_some_and(|sales| sales.is_cancelled) {
            return Err(codes::REQUEST_REFUSED.error(
                "the transaction was cancelled before it was billed, so there is nothing to give back",
            ));
        }
        match (self, original.transaction_type) {
            (Self::Void, SALE) => Ok(VOID_OF_SALE),
            (Self::Void, RETURN) => Ok(VOID_OF_RETURN),
            (Self::Return, SALE) => Ok(RETURN),
            (_, other) => Err(codes::REQUEST_REFUSED
                .error(format!(
                    "a transaction of type {other} cannot be reversed this way"
                ))
                .with("transaction_type", other)),
        }
    }

    /// Checks each payment against those of the original: a void gives back by the same methods, in the same amounts.
    pub fn check_codes(self, original: &TransactionLog, entries: &[PaymentEntry]) -> Result<(), Error> {
        if self == Self::Return {
            return Ok(());
        }
        for (index, entry) in entries.iter().enumerate() {
            let code = &entry.payment_code;
            if entries[..index].iter().any(|other| other.payment_code == *code) {
                return Err(refuse_payment(
                    index,
                    format!("payment method {code} is there twice"),
                ));
            }
            match paid_by(original, code)? {
                None => {
                    return Err(refuse_payment(
                        index,
                        format!("payment method {code} did not pay the original"),
                    ));
                }
                Some(paid) if paid != entry.amount => {
                    return Err(refuse_payment(
                        index,
                        format!("payment method {code} paid {paid}"),
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Checks that the payments together are what the original came to.
    pub fn check_total(self, original: &TransactionLog, entries: &[PaymentEntry]) -> Result<(), Error> {
        let total = original
            .sales
            .as_ref()
            .and_then(|sales| sales.total_amount_with_tax.as_ref());
        let total = total
            .map(kugel_proto::Decimal::exact)
            .transpose()?
            .unwrap_or_default();
        let given = Money::sum(entries.iter().map(|entry| entry.amount))?;
        if given.decimal() == total {
            return Ok(());
        }
        Err(codes::REQUEST_REFUSED
            .error(format!("payments of {given} are not the total of {total}"))
            .with("total_amount_with_tax", total))
    }

    /// The new transaction, without its receipt.
    pub fn transaction(
        self,
        original: &TransactionLog,
        transaction_type: i32,
        payments: Vec<TransactionPayment>,
        by: &Reverser<'_>,
    ) -> Result<TransactionLog, Error> {
        let session = by.state.session.ok_or_else(|| {
            codes::CART_TERMINAL_STATE
                .error("the terminal was never opened, so the reversal belongs to no session")
        })?;
        let now = by.now.iso();
        let staff = by.state.staff.as_ref();
        Ok(TransactionLog {
            event_id: by.event_id.to_string(),
            store_code: by.terminal.store.to_string(),
            terminal_no: by.terminal.number.get(),
            transaction_no: by.numbers.transaction_no,
            receipt_no: by.numbers.receipt_no,
            transaction_type,
            business_date: session.business_date.to_string(),
            open_counter: session.open_counter,
            business_counter: session.business_counter,
            sales: original.sales.clone().map(|sales| TransactionSales {
                reference_date_time: Some(now.clone()),
                change_amount: wire(rust_decimal::Decimal::ZERO),
                ..sales
            }),
            generate_date_time: now,
            payments,
            origin: Some(origin_of(original)),
            staff: staff.map(|staff| TransactionStaff {
                id: staff.id.clone(),
                name: staff.name.clone(),
            }),
            receipt_text: String::new(),
            journal_text: String::new(),
            ..original.clone()
        })
    }
}

/// What a payment method settled of a transaction; `None` if it was not used.
fn paid_by(original: &TransactionLog, payment_code: &str) -> Result<Option<Money>, Error> {
    let mut sum = None;
    for payment in original
        .payments
        .iter()
        .filter(|payment| payment.payment_code == payment_code)
    {
        let amount = payment
            .amount
            .as_ref()
            .map(kugel_proto::Decimal::exact)
            .transpose()?
            .unwrap_or_default();
        sum = Some(sum.unwrap_or(Money::ZERO).plus(Money::from_decimal(amount))?);
    }
    Ok(sum)
}

fn refuse_payment(index: usize, why: String) -> Error {
    codes::REQUEST_REFUSED
        .error(&why)
        .field(format!("payments[{index}]"), why)
}

fn origin_of(original: &TransactionLog) -> TransactionOrigin {
    TransactionOrigin {
        generate_date_time: original.generate_date_time.clone(),
        tenant_id: original.tenant_id.clone(),
        store_code: original.store_code.clone(),
        store_name: original.store_name.clone(),
        terminal_no: original.terminal_no,
        transaction_no: original.transaction_no,
        transaction_type: original.transaction_type,
        receipt_no: original.receipt_no,
        business_date: original.business_date.clone(),
    }
}

/// A payment of a reversal. What is handed back is shown as tendered only where change could have been given.
pub fn payment_back(entry: &PaymentEntry, master: &PaymentMaster, payment_no: i32) -> TransactionPayment {
    let shows_deposit = master.method.can_deposit_over && master.method.can_change;
    let deposit = if shows_deposit { entry.amount } else { Money::ZERO };
    TransactionPayment {
        payment_no,
        payment_code: entry.payment_code.clone(),
        deposit_amount: wire(deposit.decimal()),
        amount: wire(entry.amount.decimal()),
        description: Some(master.description.clone()),
        detail: entry.detail.clone(),
    }
}
