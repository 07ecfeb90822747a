//! API keys.

use kugel_auth::ApiKey;
use kugel_error::{Error, codes};
use kugel_store::{Query, Scope, Stored};
use kugel_types::TerminalId;

use super::App;
use crate::records::TerminalDocument;

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

    /// The terminal whose key it is. Tenants lie in databases of their own, so each is asked.
    pub(super) async fn owner(&self, key: &ApiKey) -> Result<Stored<TerminalDocument>, Error> {
        let hash = key.hash();
        for scope in self.documents.scopes().await? {
            let query = Query::all().eq("api_key_hash", hash.as_str());
            if let Some(stored) = self.documents.first::<TerminalDocument>(&scope, query).await? {
                return Ok(stored);
            }
        }
        Err(refused())
    }
}

pub(super) fn refused() -> Error {
    codes::UNAUTHENTICATED.error("the API key is not valid")
}
