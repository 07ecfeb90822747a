//! The other services over their generated clients.

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
use kugel_rpc::{Channel, Neighbours, outgoing};
use kugel_types::{StaffRef, TenantId, TerminalId};
use tonic::{Request, Status};

use crate::NAME;
use crate::domain::SessionSales;
use crate::ports::Neighbourhood;

/// The neighbours, called in this service's name.
pub(crate) struct Clients {
    neighbours: Neighbours,
    tokens: Arc<Tokens>,
}

impl Clients {
    /// Calls `neighbours` with identities made by `tokens`.
    pub(crate) fn new(neighbours: Neighbours, tokens: Arc<Tokens>) -> Self {
        Self { neighbours, tokens }
    }

    fn request<T>(&self, tenant: &TenantId, message: T) -> Request<T> {
        outgoing(&self.tokens, NAME, tenant, message)
    }

    fn channel(&self, name: &str) -> Channel {
        self.neighbours.channel(name)
    }
}

#[async_trait]
impl Neighbourhood for Clients {
    async fn set_up_tenant(&self, tenant: &TenantId) -> Result<(), Error> {
        macro_rules! set_up {
            ($($name:literal $package:ident $client:ident;)*) => {$(
                let request = self.request(tenant, $package::SetUpTenantRequest { tenant_id: tenant.to_string() });
                $client::new(self.channel($name)).set_up_tenant(request).await.map_err(|status| failed($name, status))?;
            )*};
        }
        set_up! {
            "master-data" master_data_pb TenantSetupServiceClient;
            "cart" cart_pb TransactionServiceClient;
            "report" report_pb ReportServiceClient;
            "journal" journal_pb JournalServiceClient;
            "stock" stock_pb StockServiceClient;
        }
        Ok(())
    }

    async fn staff(&self, tenant: &TenantId, id: &str, pin: Option<&str>) -> Result<Option<StaffRef>, Error> {
        self.find_staff(tenant, id, pin).await
    }

    async fn session_sales(
        &self,
        terminal: &TerminalId,
        business_counter: i32,
        after: i64,
    ) -> Result<SessionSales, Error> {
        self.count_sales(terminal, business_counter, after).await
    }
}

fn failed(service: &'static str, status: Status) -> Error {
    codes::TERMINAL_NEIGHBOUR_FAILED
        .error(format!("service {service} did not do its part"))
        .with("service", service)
        .caused_by(status)
}
