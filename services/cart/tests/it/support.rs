//! A shop with two tills, and the neighbours that they need.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use kugel_bus::{Bus, Event, Failure, Handler, InProcessBus, Outbox, SweepPolicy, Topic};
use kugel_cart::app::{App, CartStore, Copies, NewCart, Till};
use kugel_cart::domain::cart::{Cart, CartId, Staff};
use kugel_cart::domain::entry::LineEntry;
use kugel_cart::domain::masters::{ItemMaster, PaymentMaster, PromotionMaster};
use kugel_cart::domain::payment::PaymentEntry;
use kugel_cart::domain::settings::{CartDefaults, SettingMaster};
use kugel_cart::domain::terminal::{Session, StoreState, TerminalState};
use kugel_cart::ports::{Masters, Terminals};
use kugel_error::{Error, Result, codes};
use kugel_pricing::{PaymentKind, PaymentMethod, TaxRule};
use kugel_proto::cart::v1::TransactionLog;
use kugel_state::State;
use kugel_store::{DataDir, Documents, RequestKey, SqliteStore};
use kugel_types::{
    Currency, ItemCode, ManualClock, Money, Quantity, RoundMethod, StoreCode, TenantId, TerminalId,
};
use parking_lot::Mutex;

/// A till of the shop.
pub(crate) fn till(number: i64) -> Till {
    till_of(&format!("t1-s1-{number}"))
}

/// Any till.
pub(crate) fn till_of(id: &str) -> Till {
    Till {
        terminal: id.parse().unwrap(),
        traceparent: None,
        request: None,
    }
}

/// The till with a request id for its next command.
pub(crate) fn repeatable(till: &Till, id: &str, fingerprint: &str) -> Till {
    let request = Some(RequestKey {
        id: format!("{} {id}", till.terminal),
        fingerprint: fingerprint.to_owned(),
    });
    Till {
        request,
        ..till.clone()
    }
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

/// What the neighbours say.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) terminals: HashMap<TerminalId, TerminalState>,
    pub(crate) items: HashMap<ItemCode, ItemMaster>,
    pub(crate) payments: Vec<PaymentMaster>,
    pub(crate) promotions: Vec<PromotionMaster>,
    pub(crate) settings: Vec<SettingMaster>,
    pub(crate) is_away: bool,
}

/// The neighbours, played by the test.
#[derive(Default)]
pub(crate) struct Neighbours(pub(crate) Mutex<World>);

impl Neighbours {
    fn ask<T>(&self, read: impl FnOnce(&World) -> T) -> Result<T> {
        let world = self.0.lock();
        if world.is_away {
            return Err(codes::CART_NEIGHBOUR_FAILED.error("the neighbour is away"));
        }
        Ok(read(&world))
    }
}

#[async_trait]
impl Terminals for Neighbours {
    async fn terminal(&self, id: &TerminalId) -> Result<Arc<TerminalState>> {
        let found = self.ask(|world| world.terminals.get(id).cloned())?;
        found
            .map(Arc::new)
            .ok_or_else(|| codes::NOT_FOUND.error("there is no such terminal"))
    }
    async fn store(&self, _: &TenantId, store: &StoreCode) -> Result<Arc<StoreState>> {
        self.ask(|_| {
            Arc::new(StoreState {
                name: format!("Store {store}"),
                currency: Currency::JPY,
            })
        })
    }
    fn cached_terminals(&self) -> Vec<TerminalId> {
        Vec::new()
    }
    fn forget_terminals(&self, _: &TenantId) {}
}

#[async_trait]
impl Masters for Neighbours {
    async fn items(
        &self,
        _: &TenantId,
        _: &StoreCode,
        codes: &[ItemCode],
    ) -> Result<Vec<Option<Arc<ItemMaster>>>> {
        self.ask(|world| {
            codes
                .iter()
                .map(|code| world.items.get(code).cloned().map(Arc::new))
                .collect()
        })
    }
    async fn taxes(&self, _: &TenantId) -> Result<Arc<Vec<TaxRule>>> {
        self.ask(|_| Arc::new(TaxRule::defaults()))
    }
    async fn settings(&self, _: &TenantId) -> Result<Arc<Vec<SettingMaster>>> {
        self.ask(|world| Arc::new(world.settings.clone()))
    }
    async fn promotions(&self, _: &TenantId) -> Result<Arc<Vec<PromotionMaster>>> {
        self.ask(|world| Arc::new(world.promotions.clone()))
    }
    async fn payment(&self, _: &TenantId, payment_code: &str) -> Result<Option<Arc<PaymentMaster>>> {
        self.ask(|world| {
            world
                .payments
                .iter()
                .find(|payment| payment.method.code == payment_code)
                .cloned()
                .map(Arc::new)
        })
    }
}

/// Keeps the transactions that a consumer receives.
#[derive(Default)]
pub(crate) struct Consumer(pub(crate) Mutex<Vec<Arc<TransactionLog>>>);

#[async_trait]
impl Handler for Consumer {
    async fn handle(&self, _: &TenantId, events: &[Arc<Event>]) -> std::result::Result<(), Failure> {
        for event in events {
            let log = event
                .body
                .parse::<TransactionLog>()
                .map_err(|error| Failure::Malformed(error.to_string()))?;
            self.0.lock().push(log);
        }
        Ok(())
    }
}

/// A shop of two tills in one tenant.
pub(crate) struct Shop {
    pub(crate) app: App,
    pub(crate) neighbours: Arc<Neighbours>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) journal: Arc<Consumer>,
}

impl Shop {
    /// Opens the shop: both tills are opened, Mori is at the first and Sato at the second.
    pub(crate) fn open() -> Self {
        let data_dir = DataDir::for_test().unwrap();
        let clock = Arc::new(ManualClock::for_test(
            "2026-06-11T05:03:09.512345Z".parse().unwrap(),
        ));
        let store = Arc::new(SqliteStore::open(&data_dir, "cart").unwrap());
        let documents = Documents::new(store, clock.clone());
        let bus = Arc::new(InProcessBus::default());
        let journal = Arc::new(Consumer::default());
        for service in ["report", "stock"] {
            bus.subscribe(service, &[Topic::TranlogReport], Arc::new(Consumer::default()));
        }
        bus.subscribe("journal", &[Topic::TranlogReport], journal.clone());
        let policy = SweepPolicy {
            interval: Duration::from_secs(300),
            horizon: Duration::from_secs(86_400),
            failed_after: Duration::from_secs(900),
        };
        let (outbox, task) = Outbox::new(
            documents.clone(),
            bus.clone(),
            clock.clone(),
            &kugel_cart::PRODUCER,
            policy,
        );
        tokio::spawn(task);
        let neighbours = Arc::new(Neighbours::default());
        *neighbours.0.lock() = world();
        let app = App {
            carts: CartStore::new(documents.clone(), None),
            documents,
            terminals: neighbours.clone(),
            masters: neighbours.clone(),
            outbox,
            clock: clock.clone(),
            zone: TimeZone::get("Asia/Tokyo").unwrap(),
            defaults: CartDefaults {
                receipt_no_start: 111_111,
                receipt_no_end: 999_999,
                discount_rounding: RoundMethod::Round,
            },
        };
        Self {
            app,
            neighbours,
            clock,
            journal,
        }
    }

    /// The same shop seen from another process, which keeps copies of its carts in `state`.
    pub(crate) fn beside(&self, state: Arc<dyn State>) -> Self {
        let copies = Copies::new(state);
        let carts = CartStore::new(self.app.documents.clone(), Some(copies));
        Self {
            app: App {
                carts,
                ..self.app.clone()
            },
            neighbours: self.neighbours.clone(),
            clock: self.clock.clone(),
            journal: self.journal.clone(),
        }
    }

    /// Changes what the neighbours say.
    pub(crate) fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.neighbours.0.lock());
    }

    /// Opens a cart.
    pub(crate) async fn cart(&self, till: &Till) -> CartId {
        self.app.create_cart(till, NewCart::default()).await.unwrap()
    }

    /// Adds lines, `(item, quantity)` each.
    pub(crate) async fn add(
        &self,
        till: &Till,
        cart: CartId,
        lines: &[(&str, &str)],
    ) -> std::result::Result<Arc<Cart>, Error> {
        let entry = |(code, count): &(&str, &str)| LineEntry {
            item_code: code.parse().unwrap(),
            quantity: quantity(count),
            unit_price: None,
        };
        self.app
            .add_line_items(till, cart, lines.iter().map(entry).collect())
            .await
    }

    /// Pays, `(method, amount)` each.
    pub(crate) async fn pay(
        &self,
        till: &Till,
        cart: CartId,
        payments: &[(&str, &str)],
    ) -> std::result::Result<Arc<Cart>, Error> {
        self.app.add_payments(till, cart, tenders(payments)).await
    }

    /// Sells one melon for 1,100 in cash.
    pub(crate) async fn sell(&self, till: &Till) -> Arc<Cart> {
        let cart = self.cart(till).await;
        self.add(till, cart, &[("melon", "1")]).await.unwrap();
        self.app.subtotal_cart(till, cart).await.unwrap();
        self.pay(till, cart, &[("01", "2000")]).await.unwrap();
        self.app.bill_cart(till, cart).await.unwrap().cart
    }
}

pub(crate) fn tenders(payments: &[(&str, &str)]) -> Vec<PaymentEntry> {
    let tender = |(code, amount): &(&str, &str)| PaymentEntry {
        payment_code: (*code).to_owned(),
        amount: money(amount),
        detail: None,
    };
    payments.iter().map(tender).collect()
}

pub(crate) fn state(staff: &str, open_counter: i32) -> TerminalState {
    TerminalState {
        is_opened: true,
        session: Some(Session {
            business_date: "20260611".parse().unwrap(),
            open_counter,
            business_counter: 40 + open_counter,
        }),
        staff: Some(Staff {
            id: staff.to_owned(),
            name: format!("Name of {staff}"),
        }),
    }
}

pub(crate) fn item(code: &str, price: &str, tax_code: &str, category: &str) -> ItemMaster {
    ItemMaster {
        item_code: code.parse().unwrap(),
        description: code.to_uppercase(),
        category_code: Some(category.to_owned()),
        tax_code: tax_code.to_owned(),
        unit_price: money(price),
        is_discount_restricted: false,
        image_urls: vec![format!("https://pictures.example/{code}.png")],
    }
}

fn world() -> World {
    let items = [
        item("tea", "298", "01", "10"),
        item("rice", "1280", "02", "10"),
        item("bread", "158", "11", "20"),
        item("melon", "1000", "01", "20"),
        item("odd", "100", "77", "20"),
    ];
    let payment = |code: &str, kind, name: &str| PaymentMaster {
        method: PaymentMethod::new(code, kind),
        description: name.to_owned(),
    };
    World {
        terminals: HashMap::from([
            (till(1).terminal, state("mori", 2)),
            (till(2).terminal, state("sato", 3)),
        ]),
        items: items
            .into_iter()
            .map(|item| (item.item_code.clone(), item))
            .collect(),
        payments: vec![
            payment("01", PaymentKind::Cash, "Cash"),
            payment("11", PaymentKind::Cashless, "Card"),
            payment("12", PaymentKind::Other, "Voucher"),
        ],
        ..World::default()
    }
}

/// Checks that a refusal is of the expected row.
#[track_caller]
pub(crate) fn refused<T>(
    result: std::result::Result<T, Error>,
    expected: &'static kugel_error::ErrorSpec,
) -> Error {
    match result {
        Ok(_) => panic!("{} was expected", expected.reason),
        Err(error) => {
            assert_eq!(error.spec().reason, expected.reason, "{error}");
            error
        }
    }
}

/// Waits until `done`.
pub(crate) async fn eventually(done: impl Fn() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come about within five seconds");
}
