//! A shop to buy in: one tenant, one store, a small catalogue and many tills.

use kugel_proto::account::v1::account_service_client::AccountServiceClient;
use kugel_proto::account::v1::{IssueTokenRequest, RegisterTenantRequest};
use kugel_proto::master_data::v1::item_service_client::ItemServiceClient;
use kugel_proto::master_data::v1::payment_service_client::PaymentServiceClient;
use kugel_proto::master_data::v1::staff_service_client::StaffServiceClient;
use kugel_proto::master_data::v1::{self as pb, CreateItemRequest, CreatePaymentRequest, CreateStaffRequest};
use kugel_proto::terminal::v1::session_service_client::SessionServiceClient;
use kugel_proto::terminal::v1::store_service_client::StoreServiceClient;
use kugel_proto::terminal::v1::tenant_service_client::TenantServiceClient;
use kugel_proto::terminal::v1::terminal_service_client::TerminalServiceClient;
use kugel_proto::terminal::v1::{
    CreateStoreRequest, CreateTenantRequest, CreateTerminalRequest, OpenTerminalRequest,
    SignInTerminalRequest,
};
use kugel_types::PaymentKind;
use tonic::Request;

use crate::connection::Connection;

pub(crate) const STORE: &str = "store_001";
pub(crate) const ITEMS: usize = 1000;

pub(crate) struct Shop {
    pub(crate) url: String,
    pub(crate) tenant: String,
    pub(crate) token: String,
    pub(crate) tills: Vec<Till>,
}

/// A till that is open, with somebody signed in.
#[derive(Clone)]
pub(crate) struct Till {
    pub(crate) number: i32,
    pub(crate) token: String,
}

pub(crate) fn with_token<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

pub(crate) fn decimal(value: i64) -> Option<kugel_proto::Decimal> {
    Some(rust_decimal::Decimal::from(value).into())
}

pub(crate) fn item_code(number: usize) -> String {
    format!("ITEM_{:04}", number % ITEMS)
}

impl Shop {
    pub(crate) async fn open(url: &str, tills: i32) -> Self {
        let channel = Connection::open(url).await;
        let (username, password) = ("owner".to_owned(), "plum-Tree-9".to_owned());
        let mut accounts = AccountServiceClient::new(channel.clone());
        let register = RegisterTenantRequest {
            username: username.clone(),
            password: password.clone(),
            tenant_id: None,
        };
        let tenant = accounts
            .register_tenant(register)
            .await
            .unwrap()
            .into_inner()
            .user
            .unwrap()
            .tenant_id;
        let login = IssueTokenRequest {
            username,
            password,
            client_id: tenant.clone(),
            ..Default::default()
        };
        let token = accounts
            .issue_token(login)
            .await
            .unwrap()
            .into_inner()
            .access_token;
        let mut shop = Self {
            url: url.to_owned(),
            tenant,
            token,
            tills: Vec::new(),
        };
        shop.masters(&channel).await;
        for number in 1..=tills {
            let till = shop.till(&channel, number).await;
            shop.tills.push(till);
        }
        shop
    }

    async fn masters(&self, channel: &Connection) {
        let request = |message| with_token(&self.token, message);
        let tenant_id = self.tenant.clone();
        let tenant = CreateTenantRequest {
            tenant_id: tenant_id.clone(),
            tenant_name: "Load".into(),
            tags: Vec::new(),
        };
        TenantServiceClient::new(channel.clone())
            .create_tenant(request(tenant))
            .await
            .unwrap();
        let store = CreateStoreRequest {
            tenant_id: tenant_id.clone(),
            store_code: STORE.into(),
            store_name: "Load".into(),
            ..Default::default()
        };
        StoreServiceClient::new(channel.clone())
            .create_store(with_token(&self.token, store))
            .await
            .unwrap();
        let staff = CreateStaffRequest {
            tenant_id: tenant_id.clone(),
            staff: Some(pb::StaffEntry {
                id: "31".into(),
                name: "Mori".into(),
                pin: "8080".into(),
                roles: vec!["cashier".into()],
            }),
        };
        StaffServiceClient::new(channel.clone())
            .create_staff(with_token(&self.token, staff))
            .await
            .unwrap();
        let cash = CreatePaymentRequest {
            tenant_id: tenant_id.clone(),
            payment: Some(pb::Payment {
                payment_code: PaymentKind::Cash.code().into(),
                description: Some("Cash".into()),
                limit_amount: decimal(0),
                can_refund: Some(true),
                can_deposit_over: Some(true),
                can_change: Some(true),
                is_active: Some(true),
                ..Default::default()
            }),
        };
        PaymentServiceClient::new(channel.clone())
            .create_payment(with_token(&self.token, cash))
            .await
            .unwrap();
        let mut items = ItemServiceClient::new(channel.clone());
        for number in 0..ITEMS {
            let item = CreateItemRequest {
                tenant_id: tenant_id.clone(),
                item: Some(pb::Item {
                    item_code: item_code(number),
                    description: Some(format!("Linen towel {number}")),
                    unit_price: decimal(100 + i64::try_from(number).unwrap()),
                    unit_cost: decimal(50),
                    category_code: "320".into(),
                    tax_code: if number % 3 == 0 { "11" } else { "01" }.into(),
                    ..Default::default()
                }),
            };
            items.create_item(with_token(&self.token, item)).await.unwrap();
        }
    }

    async fn till(&self, channel: &Connection, number: i32) -> Till {
        let message = CreateTerminalRequest {
            store_code: STORE.into(),
            terminal_no: number,
            description: "Load".into(),
        };
        let mut terminals = TerminalServiceClient::new(channel.clone());
        let created = terminals
            .create_terminal(with_token(&self.token, message))
            .await
            .unwrap()
            .into_inner();
        let terminal = created.terminal.unwrap();
        let keyed = |message| {
            let mut request = Request::new(message);
            request
                .metadata_mut()
                .insert("x-api-key", terminal.api_key.clone().unwrap().parse().unwrap());
            request
                .metadata_mut()
                .insert("x-terminal-id", terminal.terminal_id.parse().unwrap());
            request
        };
        let mut sessions = SessionServiceClient::new(channel.clone());
        let terminal_id = terminal.terminal_id.clone();
        let sign_in = SignInTerminalRequest {
            terminal_id: terminal_id.clone(),
            staff_id: "31".into(),
            ..Default::default()
        };
        let answer = sessions.sign_in_terminal(keyed(sign_in)).await.unwrap();
        let token = answer
            .metadata()
            .get("x-new-token")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let open = OpenTerminalRequest {
            terminal_id,
            initial_amount: decimal(10_000),
        };
        let answer = sessions.open_terminal(with_token(&token, open)).await.unwrap();
        let token = answer
            .metadata()
            .get("x-new-token")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        Till { number, token }
    }
}
