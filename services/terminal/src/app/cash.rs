//! Cash in and out.

use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_types::trade::setting::{CASH_OUT_OVER_DRAWER, OverDrawer};
use kugel_types::{EventId, InvalidId, Money, TerminalId};

use super::App;
use crate::domain::{CashDirection, Printed, Refusal, Watch};
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
    /// What of it the drawer did not hold, where the tenant wants to be warned.
    pub over_drawer: Option<Money>,
    /// What is printed about it.
    pub printed: Printed,
}

impl App {
    /// Moves cash and logs it. Cash out of more than the drawer holds is what the tenant's setting says it is.
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
        let work = async {
            let watch = match direction {
                CashDirection::In => None,
                CashDirection::Out => self.watch(&id).await?,
            };
            self.change(
                caller,
                &id,
                |_| None,
                |terminal, place, now| {
                    place.check_cash("amount", Some(amount))?;
                    let over_drawer = terminal.move_cash(amount, watch.as_ref(), now)?;
                    let (event, time) = (EventId::generate(), self.local(now));
                    let log = Log::cash(event, terminal, place, &time, amount, over_drawer, &description)?;
                    Ok((vec![log], over_drawer))
                },
            )
            .await
        };
        let moved = caller.once(&self.documents, work).await?;
        Ok(CashMovement {
            terminal: id,
            amount,
            description,
            over_drawer: moved.note,
            printed: moved.printed,
        })
    }

    /// What a cash out is held against; `None` where it may be of any amount. Sales are those that are billed by now: one
    /// that is billed before the cash out commits counts for the next.
    async fn watch(&self, id: &TerminalId) -> Result<Option<Watch>, Error> {
        let value = self.neighbourhood.setting(id, CASH_OUT_OVER_DRAWER).await?;
        let rule = match value.as_deref().map_or("", str::trim) {
            "" => Ok(OverDrawer::default()),
            text => text.parse(),
        };
        let rule = rule.map_err(|error: InvalidId| {
            codes::CASH_FAILED
                .error(format!("setting {CASH_OUT_OVER_DRAWER} cannot be read: {error}"))
                .with("setting", CASH_OUT_OVER_DRAWER)
                .caused_by(error)
        })?;
        let refuses = match rule {
            OverDrawer::Allow => return Ok(None),
            OverDrawer::Warn => false,
            OverDrawer::Refuse => true,
        };
        let sold = self.neighbourhood.last_session(id).await?;
        Ok(Some(Watch { refuses, sold }))
    }
}
