//! Cash in and out.

use kugel_error::Error;
use kugel_rpc::Caller;
use kugel_types::{EventId, Money, TerminalId};

use super::App;
use crate::domain::{CashDirection, Printed, Refusal};
use crate::records::Log;

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
    /// What is printed about it.
    pub printed: Printed,
}

impl App {
    /// Moves cash and logs it.
    pub async fn move_cash(&self, caller: &Caller, wanted: MoveCash) -> Result<CashMovement, Error> {
        let MoveCash {
            terminal: id,
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
        let amount = direction.signed(amount);
        let description = description
            .filter(|text| !text.trim().is_empty())
            .unwrap_or_else(|| direction.default_description().to_owned());
        let work = self.change(caller, &id, (), |terminal, place, now| {
            place.check_cash("amount", Some(amount))?;
            terminal.move_cash(amount, now)?;
            let (event, time) = (EventId::generate(), self.local(now));
            let log = Log::cash(event, terminal, place, &time, amount, &description)?;
            Ok(vec![log])
        });
        let moved = caller.once(&self.documents, work).await?;
        Ok(CashMovement {
            terminal: id,
            amount,
            description,
            printed: moved.printed,
        })
    }
}
