//! The other services over their generated clients.

mod account;
mod cart;
mod master_data;

use std::sync::Arc;

use async_trait::async_trait;
use kugel_auth::Tokens;
use kugel_error::{Error, codes};
use kugel_proto::cart::v1 as cart_pb;
use kugel_proto::cart::v1::transaction_service_client::TransactionServiceClient;
use kugel_proto::journal::v1 as journal_pb;
use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
use kugel_proto::master_data::v1 as master_data_pb;
use kugel_proto::master_data::v1::tenant_setup_service_client::TenantSetupServiceClient;
use kugel_proto::report::v1 as report_pb;
use kugel_proto::report::v1::report_service_client::ReportServiceClient;
use kugel_proto::stock::v1 as stock_pb;
use kugel_proto::stock::v1::stock_service_client::StockServiceClient;
use kugel_rpc::{Client as _, Neighbour, Neighbours};
use kugel_types::{TenantId, TerminalId};

use crate::NAME;
use crate::domain::{LastSession, Role, Terminal};
use crate::ports::{Neighbourhood, SealedSession, StaffMember};

/// The neighbours, called in this service's name.
pub(crate) struct Clients {
    account: Neighbour,
    master_data: Neighbour,
    cart: Neighbour,
    report: Neighbour,
    journal: Neighbour,
    stock: Neighbour,
}

impl Clients {
    /// Calls `neighbours` with identities made by `tokens`.
    pub(crate) fn new(neighbours: &Neighbours, tokens: &Arc<Tokens>) -> Self {
        let failed = &codes::TERMINAL_NEIGHBOUR_FAILED;
        let neighbour = |name| Neighbour::new(NAME, name, neighbours, Arc::clone(tokens), failed);
        Self {
            account: neighbour("account"),
            master_data: neighbour("master-data"),
            cart: neighbour("cart"),
            report: neighbour("report"),
            journal: neighbour("journal"),
            stock: neighbour("stock"),
        }
    }
}

#[async_trait]
impl Neighbourhood for Clients {
    async fn set_up_tenant(&self, tenant: &TenantId) -> Result<(), Error> {
        macro_rules! set_up {
            ($($neighbour:ident $package:ident $client:ident;)*) => {$(
                let message = $package::SetUpTenantRequest { tenant_id: tenant.to_string() };
                let mut client = $client::over(self.$neighbour.channel());
                let answer = client.set_up_tenant(self.$neighbour.request(tenant, message)).await;
                self.$neighbour.answered(answer)?;
            )*};
        }
        set_up! {
            master_data master_data_pb TenantSetupServiceClient;
            cart cart_pb TransactionServiceClient;
            report report_pb ReportServiceClient;
            journal journal_pb JournalServiceClient;
            stock stock_pb StockServiceClient;
        }
        Ok(())
    }

    async fn staff(
        &self,
        tenant: &TenantId,
        id: &str,
        pin: Option<&str>,
    ) -> Result<Option<StaffMember>, Error> {
        master_data::staff(&self.master_data, tenant, id, pin).await
    }

    async fn roles(&self, tenant: &TenantId) -> Result<Vec<Role>, Error> {
        account::roles(&self.account, tenant).await
    }

    async fn seal_session(&self, terminal: &Terminal) -> Result<SealedSession, Error> {
        cart::seal_session(&self.cart, terminal).await
    }

    async fn last_session(&self, terminal: &TerminalId) -> Result<Option<LastSession>, Error> {
        cart::last_session(&self.cart, terminal).await
    }

    async fn setting(&self, terminal: &TerminalId, name: &str) -> Result<Option<String>, Error> {
        master_data::setting(&self.master_data, terminal, name).await
    }
}
