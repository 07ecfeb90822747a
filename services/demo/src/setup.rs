//! Setting up a tenant: its administrator, stores, masters, opening stock and tills.

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kugel_proto::account::v1::account_service_client::AccountServiceClient;
use kugel_proto::account::v1::{IssueTokenRequest, RegisterTenantRequest};
use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::category_service_client::CategoryServiceClient;
use kugel_proto::master_data::v1::item_service_client::ItemServiceClient;
use kugel_proto::master_data::v1::payment_service_client::PaymentServiceClient;
use kugel_proto::master_data::v1::setting_service_client::SettingServiceClient;
use kugel_proto::master_data::v1::staff_service_client::StaffServiceClient;
use kugel_proto::master_data::v1::tax_service_client::TaxServiceClient;
use kugel_proto::master_data::v1::{
    CreateCategoryRequest, CreateItemRequest, CreatePaymentRequest, CreateSettingRequest, CreateStaffRequest,
    CreateTaxRequest,
};
use kugel_proto::stock::v1::UpdateStockRequest;
use kugel_proto::stock::v1::stock_service_client::StockServiceClient;
use kugel_proto::terminal::v1::store_service_client::StoreServiceClient;
use kugel_proto::terminal::v1::tenant_service_client::TenantServiceClient;
use kugel_proto::terminal::v1::terminal_service_client::TerminalServiceClient;
use kugel_proto::terminal::v1::{
    CreateStoreRequest, CreateTenantRequest, CreateTerminalRequest, IssueTerminalTokenRequest, Terminal,
};
use kugel_rpc::Client as _;
use rust_decimal::Decimal;

use super::client::{Client, while_doing};
use super::plan::{Item, Plan, Store};
use super::till::{Cashier, Till};
use super::{CARD, CASH, VOUCHER, random_text};

/// The administrator's name.
pub(super) const ADMINISTRATOR: &str = "admin";

/// Calls under way at the same time while masters are loaded.
const AT_ONCE: usize = 32;

/// The tax of all items: contained in the price, as prices in British shops are.
const VAT: &str = "GB20";

/// Goods, and what else invoices are made of: postage, fees, manual entries.
const CATEGORIES: [(&str, &str); 2] = [("GOODS", "Goods"), ("OTHER", "Postage, fees and manual entries")];

/// A tenant with the credential of its administrator.
pub(super) struct Tenant {
    /// The tenant.
    pub(super) id: String,
    /// The administrator's password.
    pub(super) password: String,
    /// The administrator's connection.
    pub(super) client: Client,
}

impl Tenant {
    /// Registers a tenant, logs its administrator in and prepares every service.
    pub(super) async fn create(url: &str, wished: Option<&str>) -> anyhow::Result<Self> {
        let mut client = Client::connect(url).await?;
        let mut accounts = AccountServiceClient::over(client.channel());
        let password = random_text(16);
        let registration = RegisterTenantRequest {
            username: ADMINISTRATOR.to_owned(),
            password: password.clone(),
            tenant_id: wished.map(ToOwned::to_owned),
        };
        let answer = accounts
            .register_tenant(registration)
            .await
            .map_err(while_doing("register a tenant"))?;
        let user = answer
            .into_inner()
            .user
            .context("the registration names no user")?;
        let id = user.tenant_id;
        // A tenant id that is taken gets another one; whoever wished for a name wants to find the sales under it.
        anyhow::ensure!(
            wished.is_none_or(|wished| wished == id),
            "tenant {} exists already: choose another name with --tenant or leave it out",
            wished.unwrap_or_default()
        );
        let login = IssueTokenRequest {
            username: ADMINISTRATOR.to_owned(),
            password: password.clone(),
            client_id: id.clone(),
            ..Default::default()
        };
        let token = accounts.issue_token(login).await.map_err(while_doing("log in"))?;
        client.authorize(&token.into_inner().access_token)?;
        let tenant = CreateTenantRequest {
            tenant_id: id.clone(),
            tenant_name: "Online Retail".to_owned(),
            tags: vec!["demo".to_owned()],
        };
        TenantServiceClient::over(client.channel())
            .create_tenant(client.request(tenant))
            .await
            .map_err(while_doing("set the tenant up"))?;
        Ok(Self { id, password, client })
    }

    /// Enters everything the plan needs, and answers with the tills by store.
    pub(super) async fn furnish(&self, url: &str, plan: &Plan) -> anyhow::Result<Vec<Vec<Till>>> {
        self.enter_rules().await?;
        self.enter_words().await?;
        self.enter_items(plan).await?;
        let mut tills = Vec::new();
        for store in &plan.stores {
            self.enter_store(store).await?;
            let mut row = Vec::new();
            for number in (1..).take(store.tills) {
                row.push(self.enter_till(url, store, number).await?);
            }
            tills.push(row);
        }
        Ok(tills)
    }

    /// The tax and the payment methods.
    async fn enter_rules(&self) -> anyhow::Result<()> {
        let client = &self.client;
        let tenant_id = || self.id.clone();
        let tax = CreateTaxRequest {
            tenant_id: tenant_id(),
            tax: Some(pb::Tax {
                tax_code: VAT.to_owned(),
                tax_type: "Internal".to_owned(),
                tax_name: "VAT 20%".to_owned(),
                rate: Some(Decimal::from(20).into()),
                round_digit: 2,
                round_method: Some("Round".to_owned()),
                ..Default::default()
            }),
        };
        let mut taxes = TaxServiceClient::over(client.channel());
        taxes
            .create_tax(client.request(tax))
            .await
            .map_err(while_doing("enter a tax"))?;
        let mut payments = PaymentServiceClient::over(client.channel());
        for (code, name, is_cash) in [
            (CASH, "Cash", true),
            (CARD, "Card", false),
            (VOUCHER, "Gift card", false),
        ] {
            let payment = CreatePaymentRequest {
                tenant_id: tenant_id(),
                payment: Some(pb::Payment {
                    payment_code: code.to_owned(),
                    description: Some(name.to_owned()),
                    limit_amount: Some(Decimal::ZERO.into()),
                    can_refund: Some(true),
                    can_deposit_over: Some(is_cash),
                    can_change: Some(is_cash),
                    is_active: Some(true),
                    ..Default::default()
                }),
            };
            let request = client.request(payment);
            payments
                .create_payment(request)
                .await
                .map_err(while_doing("enter a payment method"))?;
        }
        Ok(())
    }

    /// Categories and the words on receipts.
    async fn enter_words(&self) -> anyhow::Result<()> {
        let client = &self.client;
        let tenant_id = || self.id.clone();
        let mut categories = CategoryServiceClient::over(client.channel());
        for (code, name) in CATEGORIES {
            let category = CreateCategoryRequest {
                tenant_id: tenant_id(),
                category: Some(pb::Category {
                    category_code: code.to_owned(),
                    description: Some(name.to_owned()),
                    description_short: Some(name.to_owned()),
                    tax_code: VAT.to_owned(),
                    ..Default::default()
                }),
            };
            let request = client.request(category);
            categories
                .create_category(request)
                .await
                .map_err(while_doing("enter a category"))?;
        }
        let footer = CreateSettingRequest {
            tenant_id: tenant_id(),
            setting: Some(pb::Setting {
                name: "RECEIPT_FOOTERS".to_owned(),
                default_value: Some(r#"[{"text": "Thank you", "align": "center"}]"#.to_owned()),
                ..Default::default()
            }),
        };
        let mut settings = SettingServiceClient::over(client.channel());
        settings
            .create_setting(client.request(footer))
            .await
            .map_err(while_doing("enter a setting"))?;
        Ok(())
    }

    async fn enter_items(&self, plan: &Plan) -> anyhow::Result<()> {
        let enter = |(code, item): (String, &Item)| {
            let mut items = ItemServiceClient::over(self.client.channel());
            let [goods, other] = CATEGORIES;
            let (category, _) = if code.starts_with(|first: char| first.is_ascii_digit()) {
                goods
            } else {
                other
            };
            let request = self.client.request(CreateItemRequest {
                tenant_id: self.id.clone(),
                item: Some(pb::Item {
                    item_code: code,
                    description: Some(item.description.clone()),
                    unit_price: Some(item.unit_price.into()),
                    // What the shop paid is not in the files.
                    unit_cost: Some(Decimal::ZERO.into()),
                    category_code: category.to_owned(),
                    tax_code: VAT.to_owned(),
                    ..Default::default()
                }),
            });
            async move { items.create_item(request).await }
        };
        let items = plan.items.iter().map(|(code, item)| (code.clone(), item));
        stream::iter(items.map(enter))
            .buffer_unordered(AT_ONCE)
            .try_for_each(|_| async { Ok(()) })
            .await
            .map_err(while_doing("enter the catalogue"))
    }

    async fn enter_store(&self, store: &Store) -> anyhow::Result<()> {
        let request = self.client.request(CreateStoreRequest {
            tenant_id: self.id.clone(),
            store_code: store.code.clone(),
            store_name: store.name.clone(),
            tags: Vec::new(),
            currency: Some("GBP".to_owned()),
        });
        StoreServiceClient::over(self.client.channel())
            .create_store(request)
            .await
            .map_err(while_doing("enter a store"))?;
        let stock = |(code, quantity): (String, Decimal)| {
            let mut stocks = StockServiceClient::over(self.client.channel());
            let request = self.client.request(UpdateStockRequest {
                tenant_id: self.id.clone(),
                store_code: store.code.clone(),
                item_code: code,
                quantity_change: Some(quantity.into()),
                update_type: "initial".to_owned(),
                reference_id: None,
                operator_id: Some(ADMINISTRATOR.to_owned()),
                note: Some("opening stock".to_owned()),
            });
            async move { stocks.update_stock(request).await }
        };
        let opening = store
            .opening_stock
            .iter()
            .map(|(code, quantity)| (code.clone(), *quantity));
        stream::iter(opening.map(stock))
            .buffer_unordered(AT_ONCE)
            .try_for_each(|_| async { Ok(()) })
            .await
            .map_err(while_doing("enter the opening stock"))
    }

    /// A till with its own connection and its own cashier.
    async fn enter_till(&self, url: &str, store: &Store, number: i32) -> anyhow::Result<Till> {
        let id = format!("{}{number:02}", store.code);
        let cashier = Cashier {
            id,
            pin: random_text(6),
        };
        let staff = self.client.request(CreateStaffRequest {
            tenant_id: self.id.clone(),
            staff: Some(pb::StaffEntry {
                id: cashier.id.clone(),
                name: format!("Cashier {number}"),
                pin: cashier.pin.clone(),
                roles: vec!["cashier".to_owned()],
            }),
        });
        let mut staffs = StaffServiceClient::over(self.client.channel());
        staffs
            .create_staff(staff)
            .await
            .map_err(while_doing("enter a staff member"))?;
        let mut terminals = TerminalServiceClient::over(self.client.channel());
        let request = self.client.request(CreateTerminalRequest {
            store_code: store.code.clone(),
            terminal_no: number,
            description: format!("Till {number}"),
        });
        let answer = terminals
            .create_terminal(request)
            .await
            .map_err(while_doing("enter a till"))?;
        let terminal = answer
            .into_inner()
            .terminal
            .context("the new till is not in the answer")?;
        let client = terminal_client(url, &terminal).await?;
        Ok(Till::new(client, terminal, cashier))
    }
}

/// A connection with a terminal token, had for the terminal's API key.
async fn terminal_client(url: &str, terminal: &Terminal) -> anyhow::Result<Client> {
    let mut client = Client::connect(url).await?;
    let key = terminal
        .api_key
        .as_deref()
        .context("the new till has no API key")?;
    let mut request = client.request(IssueTerminalTokenRequest {
        terminal_id: terminal.terminal_id.clone(),
    });
    let metadata = request.metadata_mut();
    metadata.insert(kugel_rpc::API_KEY, key.parse().context("the API key is no text")?);
    metadata.insert(
        kugel_rpc::TERMINAL_ID,
        terminal
            .terminal_id
            .parse()
            .context("the terminal id is no text")?,
    );
    let answer = TerminalServiceClient::over(client.channel())
        .issue_terminal_token(request)
        .await
        .map_err(while_doing("get a terminal token"))?;
    client.authorize(&answer.into_inner().access_token)?;
    Ok(client)
}
