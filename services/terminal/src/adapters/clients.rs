//! The other services over their generated clients.

use std::sync::Arc;

use async_trait::async_trait;
use kugel_auth::Tokens;
use kugel_error::{Error, codes};
use kugel_proto::cart::v1 as cart;
use kugel_proto::cart::v1::transaction_service_client::TransactionServiceClient;
use kugel_proto::journal::v1 as journal;
use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
use kugel_proto::master_data::v1 as master_data;
use kugel_proto::master_data::v1::staff_service_client::StaffServiceClient;
use kugel_proto::master_data::v1::tenant_setup_service_client::TenantSetupServiceClient;
use kugel_proto::report::v1 as report;
use kugel_proto::report::v1::report_service_client::ReportServiceClient;
use kugel_proto::stock::v1 as stock;
use kugel_proto::stock::v1::stock_service_client::StockServiceClient;
use kugel_rpc::{Channel, Neighbours, outgoing};
use kugel_types::{Money, TenantId, TerminalId};
use tonic::{Code, Request, Status};

use crate::domain::{CASH, SessionSales, Staff};
use crate::ports::Neighbourhood;

/// The neighbours, called in this service's name.
pub struct Clients {
    neighbours: Neighbours,
    tokens: Arc<Tokens>,
}

impl Clients {
    /// Calls `neighbours` with identities made by `tokens`.
    pub fn new(neighbours: Neighbours, tokens: Arc<Tokens>) -> Self {
        Self { neighbours, tokens }
    }

    fn request<T>(&self, tenant: &TenantId, message: T) -> Request<T> {
        outgoing(&self.tokens, "terminal", tenant, message)
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
            "master-data" master_data TenantSetupServiceClient;
            "cart" cart TransactionServiceClient;
            "report" report ReportServiceClient;
            "journal" journal JournalServiceClient;
            "stock" stock StockServiceClient;
        }
        Ok(())
    }

    async fn staff(&self, tenant: &TenantId, id: &str, pin: Option<&str>) -> Result<Option<Staff>, Error> {
        let mut client = StaffServiceClient::new(self.channel("master-data"));
        let (tenant_id, staff_id) = (tenant.to_string(), id.to_owned());
        let answer = match pin {
            Some(pin) => {
                let message = master_data::VerifyStaffPinRequest {
                    tenant_id,
                    staff_id,
                    pin: pin.to_owned(),
                };
                let answer = client.verify_staff_pin(self.request(tenant, message)).await;
                answer.map(|answer| answer.into_inner().staff)
            }
            None => {
                let message = master_data::GetStaffRequest { tenant_id, staff_id };
                client
                    .get_staff(self.request(tenant, message))
                    .await
                    .map(|answer| answer.into_inner().staff)
            }
        };
        match answer {
            Ok(found) => Ok(found.map(|staff| Staff {
                id: staff.id,
                name: staff.name,
            })),
            Err(status) if means_nobody(&status) => Ok(None),
            Err(status) => Err(failed("master-data", status)),
        }
    }

    async fn session_sales(
        &self,
        terminal: &TerminalId,
        business_counter: u32,
        after: i64,
    ) -> Result<SessionSales, Error> {
        let message = cart::StreamTransactionsRequest {
            tenant_id: terminal.tenant.to_string(),
            store_code: terminal.store.to_string(),
            terminal_no: terminal.number.get(),
            after_transaction_no: after,
        };
        let request = self.request(&terminal.tenant, message);
        let mut client = TransactionServiceClient::new(self.channel("cart"));
        let answer = client
            .stream_transactions(request)
            .await
            .map_err(|status| failed("cart", status))?;
        let mut transactions = answer.into_inner();
        let mut sales = SessionSales::default();
        while let Some(row) = transactions
            .message()
            .await
            .map_err(|status| failed("cart", status))?
        {
            let own = row
                .transaction
                .filter(|log| i64::from(log.business_counter) == i64::from(business_counter));
            if let Some(log) = own {
                sales = sales.counted(log.transaction_no, log.transaction_type, cash_of(&log)?)?;
            }
        }
        Ok(sales)
    }
}

/// The cash that a transaction settled; nothing for a cancelled cart.
fn cash_of(transaction: &cart::TransactionLog) -> Result<Money, Error> {
    if transaction.sales.as_ref().is_some_and(|sales| sales.is_cancelled) {
        return Ok(Money::ZERO);
    }
    let cash = transaction
        .payments
        .iter()
        .filter(|payment| payment.payment_code == CASH);
    let amounts = cash
        .filter_map(|payment| payment.amount.as_ref())
        .map(Money::try_from);
    Ok(Money::sum(amounts.collect::<Result<Vec<_>, _>>()?)?)
}

/// True if the staff master knows nobody by that key, or by that key and PIN.
fn means_nobody(status: &Status) -> bool {
    matches!(status.code(), Code::NotFound | Code::Unauthenticated)
}

fn failed(service: &'static str, status: Status) -> Error {
    codes::TERMINAL_NEIGHBOUR_FAILED
        .error(format!("service {service} did not do its part"))
        .with("service", service)
        .caused_by(status)
}
