//! Terminal tokens.

use std::net::IpAddr;

use kugel_auth::{ApiKey, TerminalClaims, TillRights};
use kugel_error::Error;
use kugel_types::TerminalId;

use super::App;
use super::authenticate::refused;
use crate::domain::Terminal;

/// A token for a terminal in its present state.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The token.
    pub token: String,
    /// Its life in seconds.
    pub expires_in: i64,
}

impl App {
    /// Exchanges an API key for a token. Without a terminal id, the key alone says whose it is.
    pub async fn exchange_key(
        &self,
        id: Option<&TerminalId>,
        key: Option<&ApiKey>,
        address: Option<IpAddr>,
    ) -> Result<IssuedToken, Error> {
        let key = key.ok_or_else(refused)?;
        let found = match id {
            Some(id) => self.authenticate(id, key, address).await?,
            None => self.owner(key, address).await?,
        };
        Ok(self.issue_token(&found.terminal))
    }

    /// A token that speaks of the terminal as it stands.
    pub fn issue_token(&self, terminal: &Terminal) -> IssuedToken {
        let (token, expires_in) = self.tokens.issue_terminal(&claims(terminal));
        IssuedToken { token, expires_in }
    }
}

fn claims(terminal: &Terminal) -> TerminalClaims {
    TerminalClaims {
        id: terminal.id.clone(),
        status: terminal.status.name().to_owned(),
        business_date: terminal.business_date,
        open_counter: terminal.open_counter,
        business_counter: terminal.business_counter,
        staff: terminal.staff.clone(),
        key_id: terminal.api_key_hash.id(),
        issued_at: 0,
        staff_session: terminal.signed_in.as_ref().map(|signed_in| signed_in.at),
        staff_rights: None,
        rights: TillRights::default(),
    }
}
