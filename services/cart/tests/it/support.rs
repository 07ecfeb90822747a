//! A shop with two tills, and the neighbours that they need.

use std::sync::Arc;

use kugel_bus::Topic;
use kugel_error::ErrorSpec;
use kugel_proto::Decimal;
use kugel_proto::cart::v1 as pb;
use kugel_proto::cart::v1::cart_service_client::CartServiceClient;
use kugel_proto::cart::v1::transaction_service_client::TransactionServiceClient;
use kugel_proto::terminal::v1 as terminal;
use kugel_rpc::{Channel, Deps};
use kugel_stand::{Heard, Stand, decimal, repeatable};
use kugel_state::State;
use parking_lot::Mutex;
use tonic::{Request, Status};

use crate::neighbours::{World, masters, terminals, world};

/// What a call comes to.
pub(crate) type Answer<T> = Result<T, Status>;

/// A till, and the request id of its commands if it wants to repeat them.
#[derive(Clone)]
pub(crate) struct Till {
    pub(crate) id: String,
    request_id: Option<String>,
}

/// A till of the shop.
pub(crate) fn till(number: i64) -> Till {
    till_of(&format!("t1-s1-{number}"))
}

/// Any till.
pub(crate) fn till_of(id: &str) -> Till {
    Till {
        id: id.to_owned(),
        request_id: None,
    }
}

impl Till {
    /// The till with a request id for its next command.
    pub(crate) fn repeating(&self, request_id: &str) -> Self {
        Self {
            id: self.id.clone(),
            request_id: Some(request_id.to_owned()),
        }
    }

    /// Store and number.
    fn place(&self) -> (String, i32) {
        let mut parts = self.id.split('-').skip(1);
        (
            parts.next().unwrap().to_owned(),
            parts.next().unwrap().parse().unwrap(),
        )
    }
}

/// A shop of two tills in one tenant. Clones are the same shop.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) stand: Stand,
    pub(crate) journal: Arc<Heard>,
    world: Arc<Mutex<World>>,
    channel: Channel,
}

impl Shop {
    /// Opens the shop: both tills are opened, Mori is at the first and Sato at the second.
    pub(crate) fn open() -> Self {
        // What a neighbour says holds at once: how caches are kept up to date is tested where they are.
        let stand = Stand::new(kugel_cart::NAME, "t1", "2026-06-11T05:03:09.512345Z").set(|settings| {
            settings.use_terminal_cache = false;
            settings.use_item_cache = false;
        });
        for service in ["report", "stock"] {
            stand.hear(service, &[Topic::TranlogReport]);
        }
        let journal = stand.hear("journal", &[Topic::TranlogReport]);
        let world = Arc::new(Mutex::new(world()));
        stand.connect("terminal", terminals(&world));
        stand.connect("master-data", masters(&world));
        let channel = stand.serve(kugel_cart::build(stand.deps()).unwrap());
        Self {
            stand,
            journal,
            world,
            channel,
        }
    }

    /// The same shop seen from another process, which keeps copies of its carts in `state`.
    pub(crate) fn beside(&self, state: Arc<dyn State>) -> Self {
        let deps = Deps {
            state,
            ..self.stand.deps()
        };
        Self {
            channel: self.stand.serve(kugel_cart::build(deps).unwrap()),
            ..self.clone()
        }
    }

    /// Changes what the neighbours say.
    pub(crate) fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world.lock());
    }

    /// Changes what the neighbours say of a till.
    pub(crate) fn change_till(&self, till: &Till, change: impl FnOnce(&mut terminal::Terminal)) {
        self.change(|world| change(world.terminals.get_mut(&till.id).unwrap()));
    }

    pub(crate) fn request<T>(&self, till: &Till, message: T) -> Request<T> {
        let request = self.stand.till(&till.id, message);
        match &till.request_id {
            Some(id) => repeatable(id, request),
            None => request,
        }
    }

    fn carts(&self) -> CartServiceClient<Channel> {
        CartServiceClient::new(self.channel.clone())
    }

    pub(crate) fn transactions(&self) -> TransactionServiceClient<Channel> {
        TransactionServiceClient::new(self.channel.clone())
    }

    pub(crate) async fn create_cart(&self, till: &Till, wish: pb::CreateCartRequest) -> Answer<String> {
        let answer = self.carts().create_cart(self.request(till, wish)).await?;
        Ok(answer.into_inner().cart_id)
    }

    /// Opens a cart.
    pub(crate) async fn cart(&self, till: &Till) -> String {
        self.create_cart(till, pb::CreateCartRequest::default())
            .await
            .unwrap()
    }

    /// Adds lines, `(item, quantity)` each.
    pub(crate) async fn add(&self, till: &Till, cart: &str, lines: &[(&str, &str)]) -> Answer<pb::Cart> {
        let entry = |(code, count): &(&str, &str)| pb::LineItemEntry {
            item_code: (*code).to_owned(),
            quantity: decimal(count),
            unit_price: None,
        };
        self.add_line_items(till, cart, lines.iter().map(entry).collect())
            .await
    }

    /// Pays, `(method, amount)` each.
    pub(crate) async fn pay(&self, till: &Till, cart: &str, payments: &[(&str, &str)]) -> Answer<pb::Cart> {
        self.add_payments(till, cart, tenders(payments)).await
    }

    /// Sells one melon for 1,100 in cash.
    pub(crate) async fn sell(&self, till: &Till) -> pb::Cart {
        let cart = self.cart(till).await;
        self.add(till, &cart, &[("melon", "1")]).await.unwrap();
        self.subtotal_cart(till, &cart).await.unwrap();
        self.pay(till, &cart, &[("01", "2000")]).await.unwrap();
        self.bill_cart(till, &cart).await.unwrap()
    }

    /// Reads a transaction of a till.
    pub(crate) async fn transaction(&self, till: &Till, transaction_no: i64) -> Answer<pb::Tran> {
        let (store_code, terminal_no) = till.place();
        let request = pb::GetTransactionRequest {
            tenant_id: self.stand.tenant.to_string(),
            store_code,
            terminal_no,
            transaction_no,
        };
        let request = self.request(till, request);
        let answer = self.transactions().get_transaction(request).await?;
        Ok(answer.into_inner().transaction.unwrap())
    }

    /// The transactions of a till, the newest first.
    pub(crate) async fn list(&self, till: &Till, include_cancelled: bool) -> Vec<pb::Tran> {
        let (store_code, terminal_no) = till.place();
        let request = pb::ListTransactionsRequest {
            tenant_id: self.stand.tenant.to_string(),
            store_code,
            terminal_no,
            include_cancelled: Some(include_cancelled),
            ..Default::default()
        };
        let request = self.request(till, request);
        let answer = self.transactions().list_transactions(request).await;
        answer.unwrap().into_inner().transactions
    }

    /// Seals a session of a till, as its close does.
    pub(crate) async fn seal(&self, till: &Till, session: &terminal::Terminal) -> pb::SealSessionResponse {
        let (store_code, terminal_no) = till.place();
        let request = pb::SealSessionRequest {
            tenant_id: self.stand.tenant.to_string(),
            store_code,
            terminal_no,
            business_date: session.business_date.clone().unwrap(),
            open_counter: session.open_counter,
            business_counter: session.business_counter,
        };
        let request = self.stand.service("terminal", request);
        let answer = self.transactions().seal_session(request).await;
        answer.unwrap().into_inner()
    }

    /// Voids a transaction of the named till.
    pub(crate) async fn void(
        &self,
        (caller, named): (&Till, &Till),
        transaction_no: i64,
        payments: &[(&str, &str)],
    ) -> Answer<pb::Tran> {
        let (store_code, terminal_no) = named.place();
        let request = pb::VoidTransactionRequest {
            tenant_id: self.stand.tenant.to_string(),
            store_code,
            terminal_no,
            transaction_no,
            payments: tenders(payments),
        };
        let request = self.request(caller, request);
        let answer = self.transactions().void_transaction(request).await?;
        Ok(answer.into_inner().transaction.unwrap())
    }

    /// Returns a sale of the named till.
    pub(crate) async fn give_back(
        &self,
        (caller, named): (&Till, &Till),
        transaction_no: i64,
        payments: &[(&str, &str)],
    ) -> Answer<pb::Tran> {
        let (store_code, terminal_no) = named.place();
        let request = pb::ReturnTransactionRequest {
            tenant_id: self.stand.tenant.to_string(),
            store_code,
            terminal_no,
            transaction_no,
            payments: tenders(payments),
        };
        let request = self.request(caller, request);
        let answer = self.transactions().return_transaction(request).await?;
        Ok(answer.into_inner().transaction.unwrap())
    }
}

macro_rules! commands {
    ($($method:ident($request:ident { $($field:ident: $type:ty),* })),* $(,)?) => {
        impl Shop {$(
            pub(crate) async fn $method(&self, till: &Till, cart: &str, $($field: $type),*) -> Answer<pb::Cart> {
                let request = pb::$request { cart_id: cart.to_owned(), $($field),* };
                let answer = self.carts().$method(self.request(till, request)).await?;
                Ok(answer.into_inner().cart.unwrap())
            }
        )*}
    };
}
commands! {
    get_cart(GetCartRequest {}),
    cancel_cart(CancelCartRequest {}),
    add_line_items(AddLineItemsRequest { line_items: Vec<pb::LineItemEntry> }),
    cancel_line_item(CancelLineItemRequest { line_no: i32 }),
    update_unit_price(UpdateUnitPriceRequest { line_no: i32, unit_price: Option<Decimal> }),
    update_quantity(UpdateQuantityRequest { line_no: i32, quantity: Option<Decimal> }),
    discount_line_item(DiscountLineItemRequest { line_no: i32, discounts: Vec<pb::DiscountEntry> }),
    subtotal_cart(SubtotalCartRequest {}),
    discount_cart(DiscountCartRequest { discounts: Vec<pb::DiscountEntry> }),
    add_payments(AddPaymentsRequest { payments: Vec<pb::PaymentEntry> }),
    bill_cart(BillCartRequest {}),
    resume_item_entry(ResumeItemEntryRequest {}),
}

pub(crate) fn tenders(payments: &[(&str, &str)]) -> Vec<pb::PaymentEntry> {
    let tender = |(code, amount): &(&str, &str)| pb::PaymentEntry {
        payment_code: (*code).to_owned(),
        amount: decimal(amount),
        detail: None,
    };
    payments.iter().map(tender).collect()
}

/// One discount: `DiscountAmount` or `DiscountPercentage`.
pub(crate) fn discount(discount_type: &str, value: &str) -> Vec<pb::DiscountEntry> {
    vec![pb::DiscountEntry {
        discount_type: discount_type.to_owned(),
        discount_value: decimal(value),
        discount_detail: None,
    }]
}

/// Checks that a refusal is of the expected row.
#[track_caller]
pub(crate) fn refused<T>(result: Answer<T>, expected: &'static ErrorSpec) -> Status {
    let Err(status) = result else {
        panic!("{} was expected", expected.reason)
    };
    let reason = kugel_error::reason_of(&status).map(|row| row.reason);
    assert_eq!(reason, Some(expected.reason), "{status:?}");
    status
}
