//! The office: a tenant's masters, stores, stock and tills.

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use kugel_proto::master_data::v1 as masters;
use kugel_proto::master_data::v1::category_service_client::CategoryServiceClient;
use kugel_proto::master_data::v1::item_service_client::ItemServiceClient;
use kugel_proto::master_data::v1::payment_service_client::PaymentServiceClient;
use kugel_proto::master_data::v1::setting_service_client::SettingServiceClient;
use kugel_proto::master_data::v1::staff_service_client::StaffServiceClient;
use kugel_proto::master_data::v1::tax_service_client::TaxServiceClient;
use kugel_proto::stock::v1::UpdateStockRequest;
use kugel_proto::stock::v1::stock_service_client::StockServiceClient;
use kugel_proto::terminal::v1::store_service_client::StoreServiceClient;
use kugel_proto::terminal::v1::terminal_service_client::TerminalServiceClient;
use kugel_proto::terminal::v1::{CreateStoreRequest, CreateTerminalRequest};
use kugel_rpc::Client as _;
use kugel_types::{PaymentKind, RoundMethod, TaxType};
use rust_decimal::Decimal;
use tonic::Status;

use crate::failure::while_doing;
use crate::{Client, Failure, Till, Transport};

/// Calls under way at the same time while a shop is filled.
const AT_ONCE: usize = 32;

/// A tenant in the hands of its office.
#[derive(Debug, Clone)]
pub struct Shop {
    /// The tenant.
    pub tenant: String,
    /// The office's connection.
    pub client: Client,
}

/// An item of the catalogue.
#[derive(Debug, Clone)]
pub struct Item {
    /// The code.
    pub code: String,
    /// The name on receipts.
    pub description: String,
    /// The price of one.
    pub unit_price: Decimal,
    /// The category's code.
    pub category: String,
    /// The tax's code.
    pub tax: String,
}

impl Shop {
    /// Enters a tax that is contained in prices and rounded to two digits.
    pub async fn tax(&self, code: &str, name: &str, rate: Decimal) -> Result<(), Failure> {
        let request = self.client.request(masters::CreateTaxRequest {
            tenant_id: self.tenant.clone(),
            tax: Some(masters::Tax {
                tax_code: code.to_owned(),
                tax_type: TaxType::Internal.to_string(),
                tax_name: name.to_owned(),
                rate: Some(rate.into()),
                round_digit: 2,
                round_method: Some(RoundMethod::Round.to_string()),
                ..Default::default()
            }),
        });
        let mut taxes = TaxServiceClient::over(self.client.transport());
        let answer = taxes.create_tax(request).await;
        answer.map(drop).map_err(while_doing("enter a tax"))
    }

    /// Enters the usual payment method of a kind. Of cash more may be given than is due, and the rest is change.
    pub async fn payment(&self, kind: PaymentKind, name: &str) -> Result<(), Failure> {
        let is_cash = kind == PaymentKind::Cash;
        let request = self.client.request(masters::CreatePaymentRequest {
            tenant_id: self.tenant.clone(),
            payment: Some(masters::Payment {
                payment_code: kind.code().to_owned(),
                description: Some(name.to_owned()),
                limit_amount: Some(Decimal::ZERO.into()),
                can_refund: Some(true),
                can_deposit_over: Some(is_cash),
                can_change: Some(is_cash),
                is_active: Some(true),
                ..Default::default()
            }),
        });
        let mut payments = PaymentServiceClient::over(self.client.transport());
        let answer = payments.create_payment(request).await;
        answer.map(drop).map_err(while_doing("enter a payment method"))
    }

    /// Enters a category.
    pub async fn category(&self, code: &str, name: &str, tax: &str) -> Result<(), Failure> {
        let request = self.client.request(masters::CreateCategoryRequest {
            tenant_id: self.tenant.clone(),
            category: Some(masters::Category {
                category_code: code.to_owned(),
                description: Some(name.to_owned()),
                description_short: Some(name.to_owned()),
                tax_code: tax.to_owned(),
                ..Default::default()
            }),
        });
        let mut categories = CategoryServiceClient::over(self.client.transport());
        let answer = categories.create_category(request).await;
        answer.map(drop).map_err(while_doing("enter a category"))
    }

    /// Enters a setting for all stores.
    pub async fn setting(&self, name: &str, value: &str) -> Result<(), Failure> {
        let request = self.client.request(masters::CreateSettingRequest {
            tenant_id: self.tenant.clone(),
            setting: Some(masters::Setting {
                name: name.to_owned(),
                default_value: Some(value.to_owned()),
                ..Default::default()
            }),
        });
        let mut settings = SettingServiceClient::over(self.client.transport());
        let answer = settings.create_setting(request).await;
        answer.map(drop).map_err(while_doing("enter a setting"))
    }

    /// Enters who works at tills, with a role.
    pub async fn staff(&self, id: &str, name: &str, pin: &str, role: &str) -> Result<(), Failure> {
        let request = self.client.request(masters::CreateStaffRequest {
            tenant_id: self.tenant.clone(),
            staff: Some(masters::StaffEntry {
                id: id.to_owned(),
                name: name.to_owned(),
                pin: pin.to_owned(),
                roles: vec![role.to_owned()],
            }),
        });
        let mut staff = StaffServiceClient::over(self.client.transport());
        let answer = staff.create_staff(request).await;
        answer.map(drop).map_err(while_doing("enter a staff member"))
    }

    /// Enters items. What the shop pays for them is left at nothing.
    pub async fn items(&self, items: impl IntoIterator<Item = Item>) -> Result<(), Failure> {
        let enter = |item: Item| {
            let request = self.client.request(masters::CreateItemRequest {
                tenant_id: self.tenant.clone(),
                item: Some(masters::Item {
                    item_code: item.code,
                    description: Some(item.description),
                    unit_price: Some(item.unit_price.into()),
                    unit_cost: Some(Decimal::ZERO.into()),
                    category_code: item.category,
                    tax_code: item.tax,
                    ..Default::default()
                }),
            });
            let mut items = ItemServiceClient::over(self.client.transport());
            async move { items.create_item(request).await.map(drop) }.boxed()
        };
        let entered = in_bulk(items.into_iter().map(enter).collect()).await;
        entered.map_err(while_doing("enter the catalogue"))
    }

    /// Enters a store. Without a currency it has the tenant's.
    pub async fn store(&self, code: &str, name: &str, currency: Option<&str>) -> Result<(), Failure> {
        let request = self.client.request(CreateStoreRequest {
            tenant_id: self.tenant.clone(),
            store_code: code.to_owned(),
            store_name: name.to_owned(),
            tags: Vec::new(),
            currency: currency.map(ToOwned::to_owned),
            cash_coin: None,
        });
        let mut stores = StoreServiceClient::over(self.client.transport());
        let answer = stores.create_store(request).await;
        answer.map(drop).map_err(while_doing("enter a store"))
    }

    /// Enters the opening stock of a store.
    pub async fn stock(
        &self,
        store: &str,
        opening: impl IntoIterator<Item = (String, Decimal)>,
    ) -> Result<(), Failure> {
        let enter = |(item_code, quantity): (String, Decimal)| {
            let request = self.client.request(UpdateStockRequest {
                tenant_id: self.tenant.clone(),
                store_code: store.to_owned(),
                item_code,
                quantity_change: Some(quantity.into()),
                update_type: "initial".to_owned(),
                reference_id: None,
                operator_id: None,
                note: Some("opening stock".to_owned()),
            });
            let mut stocks = StockServiceClient::over(self.client.transport());
            async move { stocks.update_stock(request).await.map(drop) }.boxed()
        };
        let entered = in_bulk(opening.into_iter().map(enter).collect()).await;
        entered.map_err(while_doing("enter the opening stock"))
    }

    /// Enters a till, which speaks over a connection of its own. It stays closed.
    pub async fn till(
        &self,
        transport: Transport,
        store: &str,
        number: i32,
        description: &str,
    ) -> Result<Till, Failure> {
        let request = self.client.request(CreateTerminalRequest {
            store_code: store.to_owned(),
            terminal_no: number,
            description: description.to_owned(),
        });
        let mut terminals = TerminalServiceClient::over(self.client.transport());
        let answer = terminals.create_terminal(request).await;
        let terminal = answer.map_err(while_doing("enter a till"))?.into_inner().terminal;
        let terminal = terminal.ok_or_else(|| Failure::lacking("enter a till", "the till"))?;
        Till::switch_on(transport, terminal).await
    }
}

async fn in_bulk(calls: Vec<BoxFuture<'static, Result<(), Status>>>) -> Result<(), Status> {
    let calls = stream::iter(calls).buffer_unordered(AT_ONCE);
    calls.try_for_each(|()| async { Ok(()) }).await
}
