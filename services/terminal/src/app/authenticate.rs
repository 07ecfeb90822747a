//! API keys.

use kugel_auth::ApiKey;
use kugel_error::{Error, codes};
use kugel_store::{Scope, Stored};
use kugel_types::TerminalId;

use super::App;
use crate::records::{KeyOwner, TerminalDocument};

impl App {
    /// The terminal, if the key is its own. A wrong key and an unknown terminal are refused alike, so that nobody learns
    /// which terminals there are.
    pub async fn authenticate(
        &self,
        id: &TerminalId,
        key: &ApiKey,
    ) -> Result<Stored<TerminalDocument>, Error> {
        let found = self
            .documents
            .get::<TerminalDocument>(&Scope::from(&id.tenant), &id.to_string())
            .await?;
        match found {
            Some(stored) if stored.terminal.api_key_hash.matches(key) => Ok(stored),
            _ => Err(refused()),
        }
    }

    /// The terminal whose key it is.
    pub(super) async fn owner(&self, key: &ApiKey) -> Result<Stored<TerminalDocument>, Error> {
        let hash = key.hash();
        let mut owner = self.documents.get(&Scope::Commons, hash.as_str()).await?;
        if owner.is_none() && self.key_index.is_filling() {
            self.key_index.filled().await;
            owner = self.documents.get(&Scope::Commons, hash.as_str()).await?;
        }
        let owner: Stored<KeyOwner> = owner.ok_or_else(refused)?;
        self.authenticate(&owner.terminal_id, key).await
    }
}

pub(super) fn refused() -> Error {
    codes::UNAUTHENTICATED.error("the API key is not valid")
}
