//! Whether a store or a terminal exists, for services that are told of one by a caller.

use kugel_error::{Error, codes};
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::store_service_client::StoreServiceClient;
use kugel_proto::terminal::v1::terminal_service_client::TerminalServiceClient;
use kugel_proto::terminal::v1::{GetStoreRequest, GetTerminalRequest, Store};
use kugel_types::{Currency, StoreCode, TenantId, TerminalId};

use super::neighbour::Neighbour;
use crate::Client as _;

/// The terminal service, asked whether it knows a store or a terminal.
#[derive(Clone)]
pub struct KnownTerminals(Neighbour);

impl KnownTerminals {
    /// Asks the terminal service.
    pub fn new(terminal_service: Neighbour) -> Self {
        Self(terminal_service)
    }

    /// Whether history may be brought in as that of a terminal: `NOT_FOUND` unless it is known, and `INVALID_INPUT` with the
    /// fields named for another currency than the store's and for amounts that it has no coins for. A log that does not
    /// tell its currency is in the store's.
    pub async fn check_log(&self, id: &TerminalId, log: &mut TransactionLog) -> Result<(), Error> {
        self.check(id).await?;
        let store = self.store(&id.tenant, &id.store).await?.unwrap_or_default();
        let currency: Currency = store
            .currency
            .parse()
            .map_err(|_| self.0.unusable("a currency"))?;
        if log.currency_code.is_empty() {
            currency.code().clone_into(&mut log.currency_code);
        }
        if log.currency_code != currency.code() {
            let rule = format!("must be {currency}, the store's");
            return Err(refused(["currency_code".to_owned()], &rule));
        }
        match log.unpayable(currency) {
            fields if fields.is_empty() => Ok(()),
            fields => Err(refused(
                fields,
                &format!("must be a multiple of {}", currency.minor_unit()),
            )),
        }
    }

    /// `STORE_NOT_FOUND` unless the tenant has the store.
    pub async fn check_store(&self, tenant: &TenantId, store: &StoreCode) -> Result<(), Error> {
        match self.store(tenant, store).await? {
            Some(_) => Ok(()),
            None => Err(codes::STORE_NOT_FOUND
                .error(format!("store {store} is not found"))
                .with("store_code", store)),
        }
    }

    async fn store(&self, tenant: &TenantId, store: &StoreCode) -> Result<Option<Store>, Error> {
        let message = GetStoreRequest {
            tenant_id: tenant.to_string(),
            store_code: store.to_string(),
        };
        let mut client = StoreServiceClient::over(self.0.channel());
        let answer = client.get_store(self.0.request(tenant, message)).await;
        Ok(self.0.found(answer)?.and_then(|answer| answer.store))
    }

    /// `NOT_FOUND` unless the terminal is known.
    pub async fn check(&self, id: &TerminalId) -> Result<(), Error> {
        let message = GetTerminalRequest {
            terminal_id: id.to_string(),
        };
        let mut client = TerminalServiceClient::over(self.0.channel());
        let answer = client.get_terminal(self.0.request(&id.tenant, message)).await;
        match self.0.found(answer)? {
            Some(_) => Ok(()),
            None => Err(codes::NOT_FOUND
                .error(format!("terminal {id} is not found"))
                .with("terminal_id", id)),
        }
    }
}

fn refused(fields: impl IntoIterator<Item = String>, rule: &str) -> Error {
    let error = codes::INVALID_INPUT.error("the log cannot be one of the store");
    fields
        .into_iter()
        .fold(error, |error, field| error.field(field, rule))
}
