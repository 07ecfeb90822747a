//! API keys.

use std::net::IpAddr;

use kugel_auth::ApiKey;
use kugel_brake::Subject;
use kugel_error::{Error, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::SecurityEntry;
use kugel_store::{Scope, Stored};
use kugel_types::TerminalId;

use super::App;
use crate::records::{KeyOwner, TerminalDocument};

impl App {
    /// The terminal, if the key is its own. A wrong key and an unknown terminal are refused alike, so that nobody learns
    /// which terminals there are. The brake counts wrong keys only: a key cannot be guessed, and a till with the right one
    /// is let in whatever others send.
    pub async fn authenticate(
        &self,
        id: &TerminalId,
        key: &ApiKey,
        address: Option<IpAddr>,
    ) -> Result<Stored<TerminalDocument>, Error> {
        let found = self
            .documents
            .get::<TerminalDocument>(&Scope::from(&id.tenant), &id.to_string())
            .await?;
        match found {
            Some(stored) if stored.terminal.api_key_hash.matches(key) => Ok(stored),
            found => Err(self.refuse_key(id, found.is_some(), address).await?),
        }
    }

    /// A wrong key that came with a terminal id. Attempts beyond the brake are not logged one by one.
    async fn refuse_key(
        &self,
        id: &TerminalId,
        is_known: bool,
        address: Option<IpAddr>,
    ) -> Result<Error, Error> {
        let (terminal, text) = (
            id.to_string(),
            address.map(|it| it.to_string()).unwrap_or_default(),
        );
        let pair = [terminal.as_str(), text.as_str()];
        let mut subjects = Vec::from_iter(address.map(Subject::Address));
        subjects.push(Subject::Account(&pair));
        self.keys.take(&subjects).await?.failed();
        let entry = SecurityEntry::by_anybody(address, SecurityEventKind::ApiKeyRefused, id).at(id);
        if is_known {
            let changes = self.documents.changes(crate::NAME);
            self.commit(&id.tenant, changes, Vec::new(), &[entry]).await?;
        } else {
            entry.log();
        }
        Ok(refused())
    }

    /// A key that is nobody's.
    async fn refuse_stranger(&self, address: Option<IpAddr>) -> Result<Error, Error> {
        let subjects = Vec::from_iter(address.map(Subject::Address));
        self.keys.take(&subjects).await?.failed();
        SecurityEntry::by_anybody(address, SecurityEventKind::ApiKeyRefused, "").log();
        Ok(refused())
    }

    /// The terminal whose key it is.
    pub(super) async fn owner(
        &self,
        key: &ApiKey,
        address: Option<IpAddr>,
    ) -> Result<Stored<TerminalDocument>, Error> {
        let hash = key.hash();
        let mut owner = self.documents.get(&Scope::Commons, hash.as_str()).await?;
        if owner.is_none() && self.key_index.is_filling() {
            self.key_index.filled().await;
            owner = self.documents.get(&Scope::Commons, hash.as_str()).await?;
        }
        let owner: Option<Stored<KeyOwner>> = owner;
        match owner {
            Some(owner) => self.authenticate(&owner.terminal_id, key, address).await,
            None => Err(self.refuse_stranger(address).await?),
        }
    }
}

pub(super) fn refused() -> Error {
    codes::UNAUTHENTICATED.error("the API key is not valid")
}
