//! Cash in and out.

use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_store::Scope;
use kugel_types::{EventId, Money, TerminalId};
use sha2::{Digest as _, Sha256};

use super::App;
use super::logs::{Log, Place};
use crate::adapters::documents::CashLogDocument;
use crate::domain::{CashDirection, Refusal};

/// Cash that is to move.
#[derive(Debug, Clone)]
pub struct MoveCash {
    /// Whose drawer.
    pub terminal: TerminalId,
    /// Which way.
    pub direction: CashDirection,
    /// How much, above zero.
    pub amount: Money,
    /// Why; `None` means the direction's default.
    pub description: Option<String>,
}

/// Cash that moved, and what is printed about it.
#[derive(Debug, Clone)]
pub struct CashMovement {
    /// Whose drawer.
    pub terminal: TerminalId,
    /// How much, below zero if it went out.
    pub amount: Money,
    /// Why.
    pub description: String,
    /// The receipt as print data.
    pub receipt_text: String,
    /// The lines for the journal.
    pub journal_text: String,
}

impl App {
    /// Moves cash and logs it. A request that says who it is (`request_id`) moves cash once, however often it comes.
    pub async fn move_cash(&self, caller: &Caller, wanted: MoveCash) -> Result<CashMovement, Error> {
        let MoveCash {
            terminal,
            direction,
            amount,
            description,
        } = wanted;
        if !amount.is_positive() {
            return Err(Refusal::Amount {
                field: "amount",
                rule: "must be above zero",
            }
            .into());
        }
        let place = self.place(&terminal).await?;
        place.check_amount("amount", Some(amount))?;
        let event = caller.request_id().map(|request| event_of(&terminal, request));
        let movement = CashMovement {
            terminal,
            amount: direction.signed(amount),
            description: description
                .filter(|text| !text.trim().is_empty())
                .unwrap_or_else(|| direction.default_description().to_owned()),
            receipt_text: String::new(),
            journal_text: String::new(),
        };
        if let Some(done) = self.recorded(event.as_ref(), &movement).await? {
            return Ok(done);
        }
        match self.record(caller, &place, event.as_ref(), &movement).await {
            // The same request came twice at once, and the other one was first.
            Err(error) if error.is(&codes::DUPLICATE_KEY) => {
                self.recorded(event.as_ref(), &movement).await?.ok_or(error)
            }
            other => other,
        }
    }

    async fn record(
        &self,
        caller: &Caller,
        place: &Place,
        event: Option<&EventId>,
        movement: &CashMovement,
    ) -> Result<CashMovement, Error> {
        let CashMovement {
            terminal: id,
            amount,
            description,
            ..
        } = movement;
        let changed = self
            .change(caller, id, &codes::CASH_FAILED, |terminal, now| {
                terminal.move_cash(*amount, now)?;
                let event = event.cloned().unwrap_or_else(EventId::generate);
                Ok(vec![Log::cash(
                    event,
                    terminal,
                    place,
                    &self.local(now),
                    *amount,
                    description,
                )?])
            })
            .await?;
        let (receipt_text, journal_text) = changed.printed();
        Ok(CashMovement {
            receipt_text,
            journal_text,
            ..movement.clone()
        })
    }

    /// The movement that this request recorded before, if it comes again; an error if it recorded another one.
    async fn recorded(
        &self,
        event: Option<&EventId>,
        movement: &CashMovement,
    ) -> Result<Option<CashMovement>, Error> {
        let Some(event) = event else { return Ok(None) };
        let scope = Scope::from(&movement.terminal.tenant);
        let Some(found) = self
            .documents
            .get::<CashLogDocument>(&scope, event.as_str())
            .await?
        else {
            return Ok(None);
        };
        let log = &found.0;
        let amount = log.amount.as_ref().map(Money::try_from).transpose()?;
        if amount != Some(movement.amount) || log.description != movement.description {
            return Err(codes::REQUEST_REFUSED.error("the request id belongs to another cash movement"));
        }
        let (receipt_text, journal_text) = (log.receipt_text.clone(), log.journal_text.clone());
        Ok(Some(CashMovement {
            receipt_text,
            journal_text,
            ..movement.clone()
        }))
    }
}

/// The event of a request that may come again: always the same, so that the store refuses the second one.
fn event_of(terminal: &TerminalId, request_id: &str) -> EventId {
    let digest = Sha256::digest(format!("{terminal}\n{request_id}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
    id.to_string().parse().expect("a UUID is an event id")
}
