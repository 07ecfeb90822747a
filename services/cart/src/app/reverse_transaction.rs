//! Voids and returns transactions.

use std::sync::Arc;

use kugel_error::Error;
use kugel_proto::cart::v1::TransactionLog;
use kugel_store::{Changes, Missed, Scope, Stored, retry};
use kugel_types::{EventId, Money, StoreCode, TerminalId, TerminalNo, TransactionType};
use tokio::sync::OnceCell;

use super::{App, Till, Transaction};
use crate::domain::cart::CartPayment;
use crate::domain::masters::PaymentMaster;
use crate::domain::payment::PaymentEntry;
use crate::domain::reversal::{Original, Reversal, Reversed};
use crate::domain::settings::CartSettings;
use crate::domain::status::TransactionStatus;
use crate::domain::terminal::StoreState;
use crate::records::{receipt, transaction_key, transaction_log};

/// What is needed to reverse a transaction and does not change from try to try.
struct Wish<'a> {
    reversal: Reversal,
    caller: &'a Till,
    log: Arc<TransactionLog>,
    original: Original,
    entries: &'a [PaymentEntry],
    /// The methods that a return gives back by, once they are known.
    methods: OnceCell<Vec<Option<Arc<PaymentMaster>>>>,
    settings: CartSettings,
    store: Arc<StoreState>,
}

impl App {
    /// Reverses a transaction. Checks come in the contract's order; whether the original still stands is checked again
    /// by the commit, which changes its status.
    pub async fn reverse_transaction(
        &self,
        reversal: Reversal,
        caller: &Till,
        named: &TerminalId,
        transaction_no: i64,
        entries: Vec<PaymentEntry>,
    ) -> Result<Transaction, Error> {
        let reverse = self.reverse(reversal, caller, named, transaction_no, &entries);
        let number = self.once(caller, reverse).await?;
        Ok(Transaction {
            log: self.transaction_log(caller, number).await?,
            is_voided: false,
            is_refunded: false,
        })
    }

    /// Gives the number of the transaction that reverses.
    async fn reverse(
        &self,
        reversal: Reversal,
        caller: &Till,
        named: &TerminalId,
        transaction_no: i64,
        entries: &[PaymentEntry],
    ) -> Result<i64, Error> {
        reversal.check_terminal(caller, named)?;
        let log = self.transaction_log(named, transaction_no).await?;
        let settings = self.masters.settings(&caller.tenant).await?;
        let store = self.terminals.store(&caller.tenant, &caller.store).await?;
        let wish = Wish {
            reversal,
            caller,
            original: transaction_log::original(&log)?,
            log,
            entries,
            methods: OnceCell::new(),
            settings: CartSettings::at(caller, &settings, &self.defaults)?,
            store,
        };
        retry("transaction", transaction_no, || self.try_reverse(&wish)).await
    }

    async fn try_reverse(&self, wish: &Wish<'_>) -> Result<i64, Missed> {
        let caller = wish.caller;
        let turn = self.turn(caller, wish.settings.receipt_range).await?;
        let (session, staff) = turn.state.selling()?;
        let status = self.status_of(caller, &wish.log).await?;
        let standing = status_or_standing(caller, &wish.log, status.as_ref())?;
        let transaction_type = wish.reversal.check_original(&wish.original, &standing)?;
        wish.reversal.check_session(&wish.original, session)?;
        let payments = self.payments_back(wish).await?;
        let given = Money::sum(payments.iter().map(|payment| payment.payment_amount))?;
        let made = Reversed {
            terminal: caller,
            session,
            staff,
            numbers: turn.numbers,
            transaction_type,
            payments,
            approval: caller.approval.as_ref(),
            rounding_amount: given.minus(wish.original.total_amount_with_tax)?,
            at: self.now().iso(),
        };
        let event_id = EventId::generate();
        let mut log = transaction_log::of_reversal(&wish.log, &made, &event_id);
        receipt::print(&mut log, &self.zone)?;
        let changes = self.documents.changes(&caller.to_string());
        let changes = self.take(changes, caller, &turn, &log)?;
        // A second reversal at the same time finds the mark, or makes this commit fail.
        let marked = wish.reversal.mark(standing, &made);
        let changes = match &status {
            Some(stored) => changes.replace(marked, stored.revision),
            None => changes.insert(marked),
        };
        let changes = match transaction_type {
            TransactionType::VoidReturn => self.release_sale(changes, caller, &wish.log).await?,
            _ => changes,
        };
        let number = log.transaction_no;
        // The log is for ever: the number is answer enough.
        let changes = changes.answering(caller.request.as_ref(), &number);
        let (changes, event) = self.log(changes, caller, event_id, Arc::new(log))?;
        self.commit(caller, changes, event).await?;
        Ok(number)
    }

    async fn payments_back(&self, wish: &Wish<'_>) -> Result<Vec<CartPayment>, Error> {
        let (original, entries) = (&wish.original, wish.entries);
        if wish.reversal == Reversal::Void {
            return original.taken_back(entries);
        }
        let methods = wish
            .methods
            .get_or_try_init(|| self.payment_methods(&wish.caller.tenant, entries));
        original.given_back(entries, methods.await?, &wish.store)
    }

    async fn status_of(
        &self,
        caller: &TerminalId,
        log: &TransactionLog,
    ) -> Result<Option<Stored<TransactionStatus>>, Error> {
        let key = transaction_key(&log.store_code, log.terminal_no, log.transaction_no);
        Ok(self
            .documents
            .get::<TransactionStatus>(&Scope::from(&caller.tenant), &key)
            .await?)
    }

    /// The void of a return makes the sale returnable again.
    async fn release_sale(
        &self,
        changes: Changes,
        caller: &TerminalId,
        returned: &TransactionLog,
    ) -> Result<Changes, Error> {
        let Some(origin) = &returned.origin else {
            return Ok(changes);
        };
        let key = transaction_key(&origin.store_code, origin.terminal_no, origin.transaction_no);
        let sale = self
            .documents
            .get::<TransactionStatus>(&Scope::from(&caller.tenant), &key)
            .await?;
        Ok(match sale {
            Some(sale) => changes.replace(TransactionStatus::clone(&sale).not_returned(), sale.revision),
            None => changes,
        })
    }
}

/// The status as stored, or that of a transaction that nothing has happened to.
fn status_or_standing(
    caller: &TerminalId,
    log: &TransactionLog,
    stored: Option<&Stored<TransactionStatus>>,
) -> Result<TransactionStatus, Error> {
    if let Some(stored) = stored {
        return Ok(TransactionStatus::clone(stored));
    }
    let maker = TerminalId {
        tenant: caller.tenant.clone(),
        store: log.store_code.parse::<StoreCode>()?,
        number: TerminalNo::new(i64::from(log.terminal_no))?,
    };
    Ok(TransactionStatus::standing(&maker, log.transaction_no))
}
