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
use kugel_types::{BusinessDate, Money, TenantId, TerminalId};
use tonic::{Code, Request, Status};

use crate::domain::{CASH, SessionSales, Staff};
use crate::ports::Neighbourhood;

/// Transactions read at once when a session is summed up: with their receipts they stay well below the message limit.
const SALES_PAGE: i32 = 100;

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
        business_date: BusinessDate,
        open_counter: u32,
    ) -> Result<SessionSales, Error> {
        let mut client = TransactionServiceClient::new(self.channel("cart"));
        let mut sales = SessionSales::default();
        for page in 1.. {
            let message = cart::ListTransactionsRequest {
                tenant_id: terminal.tenant.to_string(),
                store_code: terminal.store.to_string(),
                terminal_no: terminal.number.get(),
                business_date: Some(business_date.to_string()),
                open_counter: i32::try_from(open_counter).ok(),
                transaction_type: Vec::new(),
                receipt_no: None,
                include_cancelled: Some(true),
                limit: Some(SALES_PAGE),
                page: Some(page),
                // Oldest first, so that a sale that is billed meanwhile moves no page.
                sort: Some("transaction_no:1".to_owned()),
            };
            let request = self.request(&terminal.tenant, message);
            let answer = client
                .list_transactions(request)
                .await
                .map_err(|status| failed("cart", status))?;
            let transactions = answer.into_inner().transactions;
            let full = transactions.len() == SALES_PAGE as usize;
            for transaction in transactions {
                let cash = cash_of(&transaction)?;
                sales = sales.counted(transaction.transaction_no, transaction.transaction_type, cash)?;
            }
            if !full {
                break;
            }
        }
        Ok(sales)
    }
}

/// The cash that a transaction settled; nothing for a cancelled cart.
fn cash_of(transaction: &cart::Tran) -> Result<Money, Error> {
    if transaction
        .status
        .as_ref()
        .is_some_and(|status| status.is_cancelled)
    {
        return Ok(Money::ZERO);
    }
    let cash = transaction
        .payments
        .iter()
        .filter(|payment| payment.payment_code == CASH);
    let amounts = cash
        .filter_map(|payment| payment.payment_amount.as_ref())
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
