//! A tenant with stores and tills, built through the public API.

use kugel_types::PaymentKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Door, Grpc, Rest, Site};

/// A tenant that is set up, and its administrator's credential.
#[derive(Clone)]
pub struct Tenant {
    site: Site,
    /// The tenant id.
    pub id: String,
    /// The administrator's token.
    pub token: String,
}

/// A store of a tenant.
#[derive(Clone)]
pub struct Store {
    /// The tenant.
    pub tenant: Tenant,
    /// The store code.
    pub code: String,
}

/// A till that is open, with its cashier signed in.
#[derive(Clone)]
pub struct Till {
    /// The store.
    pub store: Store,
    /// The number in the store.
    pub number: i32,
    /// `{tenant}-{store}-{number}`.
    pub terminal_id: String,
    /// The key that was shown once.
    pub api_key: String,
    /// The terminal token.
    pub token: String,
}

impl Tenant {
    /// The administrator's name.
    pub const ADMINISTRATOR: &str = "owner";
    /// The administrator's password.
    pub const PASSWORD: &str = "plum-Tree-9";
    /// The cashier who is signed in at every till.
    pub const CASHIER: &str = "31";
    /// The cashier's PIN.
    pub const PIN: &str = "8080";

    pub(crate) async fn found(site: Site) -> Self {
        let tenant = Self::register(site).await;
        let id = &tenant.id;
        let body = json!({"tenantId": id, "tenantName": "Plum Mart", "tags": ["pilot"]});
        tenant.rest().post("/tenants", body).await.created();
        for (kind, description) in [
            (PaymentKind::Cash, "Cash"),
            (PaymentKind::Cashless, "Card"),
            (PaymentKind::Other, "Voucher"),
        ] {
            let cash = kind == PaymentKind::Cash;
            let payment = json!({
                "paymentCode": kind.code(), "description": description, "limitAmount": 0, "canRefund": true,
                "canDepositOver": cash, "canChange": cash, "isActive": true,
            });
            tenant.enter("payments", payment).await;
        }
        let staff = json!({"id": Self::CASHIER, "name": "Mori", "pin": Self::PIN, "roles": ["cashier"]});
        tenant.enter("staff", staff).await;
        tenant
    }

    /// Registers an administrator and logs in, and no more: no service knows the tenant yet.
    pub async fn register(site: Site) -> Self {
        let mut id = format!("T{}", Uuid::new_v4().simple());
        id.truncate(12);
        let account = json!({"username": Self::ADMINISTRATOR, "password": Self::PASSWORD, "tenantId": id});
        site.rest().post("/accounts/register", account).await.created();
        let token = log_in(&site, &id, Self::ADMINISTRATOR, Self::PASSWORD).await;
        Self { site, id, token }
    }

    /// Where it lives.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// A REST client in the administrator's name.
    pub fn rest(&self) -> Rest {
        self.site.rest().bearer(&self.token)
    }

    /// A gRPC client in the administrator's name.
    pub fn grpc(&self, door: Door) -> Grpc {
        self.site.grpc(door).bearer(&self.token)
    }

    /// `/tenants/{id}/{rest}`.
    pub fn path(&self, rest: &str) -> String {
        format!("/tenants/{}/{rest}", self.id)
    }

    /// Enters a master record, e.g. into `items`.
    pub async fn enter(&self, kind: &str, record: Value) -> Value {
        self.rest().post(&self.path(kind), record).await.created()
    }

    /// Enters an article with its price and tax code, in category `10`.
    pub async fn item(&self, code: &str, price: &str, tax_code: &str) {
        let item = json!({
            "itemCode": code, "description": format!("Article {code}"), "unitPrice": price, "unitCost": "0",
            "itemDetails": [], "imageUrls": [], "categoryCode": "10", "taxCode": tax_code,
        });
        self.enter("items", item).await;
    }

    /// Another user of the tenant, logged in.
    pub async fn user(&self, name: &str, password: &str) -> String {
        let account = json!({"username": name, "password": password});
        self.rest()
            .post("/accounts/register/user", account)
            .await
            .created();
        log_in(&self.site, &self.id, name, password).await
    }

    /// Enters a store.
    pub async fn store(&self, code: &str) -> Store {
        let store = json!({"storeCode": code, "storeName": format!("Plum {code}")});
        self.enter("stores", store).await;
        Store {
            tenant: self.clone(),
            code: code.to_owned(),
        }
    }
}

impl Store {
    /// `/tenants/{tenant}/stores/{store}/{rest}`.
    pub fn path(&self, rest: &str) -> String {
        self.tenant.path(&format!("stores/{}/{rest}", self.code))
    }

    /// Enters a terminal, signs the cashier in and opens it without a change fund.
    pub async fn till(&self, number: i32) -> Till {
        let till = self.closed_till(number).await;
        till.signed_in().await.opened("0").await
    }

    /// Enters a terminal, which stays closed.
    pub async fn closed_till(&self, number: i32) -> Till {
        let terminal = json!({"storeCode": self.code, "terminalNo": number, "description": "front counter"});
        let terminal = self.tenant.rest().post("/terminals", terminal).await.created();
        let mut till = Till {
            store: self.clone(),
            number,
            terminal_id: text(&terminal["terminalId"]),
            api_key: text(&terminal["apiKey"]),
            token: String::new(),
        };
        let path = format!("/auth/token?terminal_id={}", till.terminal_id);
        let token = self.tenant.site.rest().header("x-api-key", &till.api_key);
        till.token = text(&token.post(&path, json!({})).await.ok()["access_token"]);
        till
    }
}

impl Till {
    /// A REST client with the terminal's token.
    pub fn rest(&self) -> Rest {
        self.store.tenant.site.rest().bearer(&self.token)
    }

    /// A gRPC client with the terminal's token.
    pub fn grpc(&self, door: Door) -> Grpc {
        self.store.tenant.site.grpc(door).bearer(&self.token)
    }

    /// `/terminals/{id}/{rest}`.
    pub fn path(&self, rest: &str) -> String {
        format!("/terminals/{}/{rest}", self.terminal_id)
    }

    /// The path of its transactions, `/tenants/…/terminals/{number}/transactions{rest}`.
    pub fn transactions(&self, rest: &str) -> String {
        self.store
            .path(&format!("terminals/{}/transactions{rest}", self.number))
    }

    /// The same till with the cashier signed in.
    pub async fn signed_in(&self) -> Self {
        let body = json!({"staffId": Tenant::CASHIER, "staffPin": Tenant::PIN});
        self.session("sign-in", body).await
    }

    /// The same till, opened with a change fund.
    pub async fn opened(&self, change_fund: &str) -> Self {
        self.session("open", json!({"initialAmount": change_fund})).await
    }

    /// The same till, closed with the counted cash.
    pub async fn closed(&self, counted: &str) -> Self {
        self.session("close", json!({"physicalAmount": counted})).await
    }

    async fn session(&self, call: &str, body: Value) -> Self {
        let reply = self.rest().post(&self.path(call), body).await;
        let token = reply.header("x-new-token").map(str::to_owned);
        reply.ok();
        Self {
            token: token.expect("the answer carries a new token"),
            ..self.clone()
        }
    }

    /// A new cart; gives its id.
    pub async fn cart(&self) -> String {
        text(&self.rest().post("/carts", json!({})).await.created()["cartId"])
    }

    /// Sends a command to a cart, e.g. `bill`, and gives the cart.
    pub async fn command(&self, cart: &str, command: &str, body: Value) -> Value {
        self.rest()
            .post(&format!("/carts/{cart}/{command}"), body)
            .await
            .ok()
    }

    /// A cart with lines; gives its id.
    pub async fn basket(&self, lines: &[(&str, i64)]) -> String {
        let cart = self.cart().await;
        let lines: Vec<_> = lines
            .iter()
            .map(|(item, quantity)| json!({"itemCode": item, "quantity": quantity}))
            .collect();
        self.command(&cart, "lineItems", json!(lines)).await;
        cart
    }

    /// Sells for exact cash; gives the billed cart.
    pub async fn sell(&self, lines: &[(&str, i64)]) -> Value {
        let cart = self.basket(lines).await;
        let balance = self.command(&cart, "subtotal", json!({})).await["balanceAmount"].clone();
        let payment = json!([{"paymentCode": PaymentKind::Cash.code(), "amount": balance}]);
        self.command(&cart, "payments", payment).await;
        self.command(&cart, "bill", json!({})).await
    }
}

async fn log_in(site: &Site, tenant: &str, user: &str, password: &str) -> String {
    let form = format!("username={user}&password={password}&client_id={tenant}");
    let reply = site.rest().form("/accounts/token", &form).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    text(&reply.body["access_token"])
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}
