//! Cash in and out.

use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_types::{Money, TerminalId};

use super::App;
use super::logs::Log;
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
    /// Moves cash and logs it.
    pub async fn move_cash(&self, caller: &Caller, movement: MoveCash) -> Result<CashMovement, Error> {
        let MoveCash {
            terminal: id,
            direction,
            amount,
            description,
        } = movement;
        if !amount.is_positive() {
            return Err(Refusal::Amount {
                field: "amount",
                rule: "must be above zero",
            }
            .into());
        }
        let place = self.place(&id).await?;
        place.check_amount("amount", Some(amount))?;
        let signed = direction.signed(amount);
        let description = description
            .filter(|text| !text.trim().is_empty())
            .unwrap_or_else(|| direction.default_description().to_owned());
        let changed = self
            .change(caller, &id, &codes::CASH_FAILED, |terminal, now| {
                terminal.move_cash(signed, now)?;
                Ok(vec![Log::cash(
                    terminal,
                    &place,
                    &self.local(now),
                    signed,
                    &description,
                )?])
            })
            .await?;
        let (receipt_text, journal_text) = changed.printed();
        Ok(CashMovement {
            terminal: id,
            amount: signed,
            description,
            receipt_text,
            journal_text,
        })
    }
}
