//! The terminal that sends a command.

use std::ops::Deref;

use kugel_error::Error;
use kugel_rpc::Caller;
use kugel_store::RequestKey;
use kugel_types::TerminalId;
use serde::de::DeserializeOwned;

use super::App;
use crate::domain::by_hand::ByHand;
use crate::domain::cart::Approved;

/// The terminal that sends a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Till {
    /// Which one.
    pub terminal: TerminalId,
    /// W3C trace context of the command.
    pub traceparent: Option<String>,
    /// What the person at it may decide by hand.
    pub by_hand: ByHand,
    /// What another person approved of it.
    pub approval: Option<Approved>,
    /// What makes the command repeatable, if the till wants that.
    pub request: Option<RequestKey>,
}

/// What another person approved of a call, with both names.
pub fn approved(caller: &Caller) -> Option<Approved> {
    let staff = caller.terminal()?.staff.clone()?;
    let approval = caller.approval()?;
    Some(Approved {
        permission: approval.permission.clone(),
        staff,
        approved_by: approval.approver.clone(),
    })
}

impl Deref for Till {
    type Target = TerminalId;
    fn deref(&self) -> &TerminalId {
        &self.terminal
    }
}

impl App {
    /// Carries a command out unless it was carried out before.
    pub(crate) async fn once<A: DeserializeOwned>(
        &self,
        till: &Till,
        work: impl Future<Output = Result<A, Error>>,
    ) -> Result<A, Error> {
        let scope = (&till.tenant).into();
        self.documents.once(&scope, till.request.as_ref(), work).await
    }
}
