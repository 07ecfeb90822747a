//! A tenant with stores and tills: set up as any client does it, and driven through every door.

use kugel_proto::Permission::{JournalRead, ReportsRead, StockRead};
use kugel_shop::{Item, Owner, Shop};
use kugel_types::PaymentKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Door, Grpc, Rest, Site};

/// A tenant, and the credential of who runs it: its owner, who may do everything that a test asks for, or its office.
#[derive(Clone)]
pub struct Tenant {
    site: Site,
    shop: Shop,
    /// The tenant id.
    pub id: String,
    /// The token of who runs it.
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
    till: kugel_shop::Till,
}

impl Tenant {
    /// The owner's name.
    pub const ADMINISTRATOR: &str = "owner";
    /// The owner's password.
    pub const PASSWORD: &str = "plum-Tree-9";
    /// The cashier who is signed in at every till.
    pub const CASHIER: &str = "31";
    /// The cashier's PIN.
    pub const PIN: &str = "8080";

    pub(crate) async fn found(site: Site) -> Self {
        let owner = Self::owner(&site).await;
        let tenant = Self::of(site, owner.in_person());
        tenant.furnish(&owner, "supervisor").await;
        tenant
    }

    /// With the least roles that suffice: the owner sets the tenant up and gives them, an office enters what there is, and
    /// the client reads the books. At tills works who has `role`.
    pub async fn run_by_office(site: Site, role: &str) -> (Self, Rest) {
        let owner = Self::owner(&site).await;
        let tenant = Self::of(site, owner.office().await.unwrap());
        tenant.furnish(&owner, role).await;
        let books = owner.accountant(&[JournalRead, ReportsRead, StockRead]);
        let books = tenant.site.rest().bearer(books.await.unwrap().token());
        (tenant, books)
    }

    /// Registers an owner and logs in, and no more: no service knows the tenant yet.
    pub async fn register(site: Site) -> Self {
        let owner = Self::owner(&site).await;
        Self::of(site, owner.in_person())
    }

    async fn owner(site: &Site) -> Owner {
        let mut id = format!("T{}", Uuid::new_v4().simple());
        id.truncate(12);
        let transport = site.grpc(Door::Native).transport();
        let owner = Owner::register(transport, Self::ADMINISTRATOR, Self::PASSWORD, Some(&id));
        owner.await.unwrap()
    }

    fn of(site: Site, shop: Shop) -> Self {
        Self {
            site,
            id: shop.tenant.clone(),
            token: shop.client.token().to_owned(),
            shop,
        }
    }

    async fn furnish(&self, owner: &Owner, role: &str) {
        owner.set_up("Plum Mart", &["pilot"]).await.unwrap();
        for (kind, name) in [
            (PaymentKind::Cash, "Cash"),
            (PaymentKind::Cashless, "Card"),
            (PaymentKind::Other, "Voucher"),
        ] {
            self.shop.payment(kind, name).await.unwrap();
        }
        let staff = owner.staff(Self::CASHIER, "Mori", Self::PIN, role);
        staff.await.unwrap();
    }

    /// Where it lives.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// A REST client in the name of who runs it.
    pub fn rest(&self) -> Rest {
        self.site.rest().bearer(&self.token)
    }

    /// A gRPC client in the name of who runs it.
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
        let item = Item {
            code: code.to_owned(),
            description: format!("Article {code}"),
            unit_price: price.parse().unwrap(),
            category: "10".to_owned(),
            tax: tax_code.to_owned(),
        };
        self.shop.items([item]).await.unwrap();
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

    /// Another user of the tenant with roles, logged in.
    pub async fn user_with(&self, name: &str, roles: Value) -> String {
        let account = json!({"username": name, "password": Self::PASSWORD, "roles": roles});
        self.rest().post("/accounts/users", account).await.created();
        log_in(&self.site, &self.id, name, Self::PASSWORD).await
    }

    /// Enters a store.
    pub async fn store(&self, code: &str) -> Store {
        let name = format!("Plum {code}");
        self.shop.store(code, &name, None).await.unwrap();
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
        let shop = &self.tenant.shop;
        let transport = shop.client.transport();
        let till = shop.till(transport, &self.code, number, "front counter").await;
        Till::of(self.clone(), till.unwrap())
    }
}

impl Till {
    fn of(store: Store, till: kugel_shop::Till) -> Self {
        let terminal = &till.terminal;
        Self {
            store,
            number: terminal.terminal_no,
            terminal_id: terminal.terminal_id.clone(),
            api_key: terminal.api_key.clone().unwrap(),
            token: till.client.token().to_owned(),
            till,
        }
    }

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
        let mut till = self.till.clone();
        till.sign_in(Tenant::CASHIER, Tenant::PIN).await.unwrap();
        Self::of(self.store.clone(), till)
    }

    /// The same till with somebody signed in.
    pub async fn signed_in_as(&self, staff: &str, pin: &str) -> Self {
        let mut till = self.till.clone();
        till.sign_in(staff, pin).await.unwrap();
        Self::of(self.store.clone(), till)
    }

    /// The same till, opened with a change fund.
    pub async fn opened(&self, change_fund: &str) -> Self {
        let mut till = self.till.clone();
        till.open(change_fund.parse().unwrap()).await.unwrap();
        Self::of(self.store.clone(), till)
    }

    /// The same till, closed with the counted cash.
    pub async fn closed(&self, counted: &str) -> Self {
        let mut till = self.till.clone();
        till.close(Some(counted.parse().unwrap())).await.unwrap();
        Self::of(self.store.clone(), till)
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
