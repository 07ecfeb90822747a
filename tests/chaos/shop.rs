//! The shop in which the tills sell.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kugel_testkit::{Rest, Site, Store, Tenant, Till};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::json;
use tokio::task::JoinSet;

use crate::closing;
use crate::ledger::{Answer, Command, Effect, Ledger, Line};
use crate::stats::Stats;
use crate::till::Cashier;

const STORE: &str = "tk01";
/// What is sold, and for how much without tax.
pub(crate) const ITEMS: [(&str, i64); 5] = [
    ("TEA", 298),
    ("RICE", 1980),
    ("MILK", 201),
    ("SOAP", 333),
    ("TOWEL", 777),
];
const OPENING: i64 = 1_000_000;

/// One store with open tills and goods in stock.
pub(crate) struct Shop {
    store: Store,
    books: Rest,
    tills: Vec<Till>,
}

impl Shop {
    /// Builds the shop. Everything that the tills may sell is in stock, and who works at them may void, take back and move
    /// cash.
    pub(crate) async fn open(site: &Site, tills: i32, ledger: &Ledger) -> Self {
        let (tenant, books) = Tenant::run_by_office(site.clone(), "supervisor").await;
        for (item, price) in ITEMS {
            tenant.item(item, &price.to_string(), "01").await;
        }
        let store = tenant.store(STORE).await;
        for (item, _) in ITEMS {
            stock_up(&tenant, &store, item, ledger).await;
        }
        let mut open = Vec::new();
        for number in 1..=tills {
            open.push(store.till(number).await);
        }
        Self {
            store,
            books,
            tills: open,
        }
    }

    pub(crate) fn tills(&self) -> &[Till] {
        &self.tills
    }
    pub(crate) fn path(&self, rest: &str) -> String {
        self.store.path(rest)
    }
    /// A client in the name of who reads the books.
    pub(crate) fn books(&self) -> &Rest {
        &self.books
    }

    /// All tills begin to sell, and somebody begins to close them if `closes`.
    pub(crate) fn sell(&self, seed: u64, closes: bool, ledger: &Arc<Ledger>, stats: &Arc<Stats>) -> Selling {
        let (stop, sold) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let mut tills = JoinSet::new();
        for till in &self.tills {
            let number = u64::try_from(till.number).unwrap();
            let dice = StdRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(number));
            let cashier = Cashier::new(till.clone(), dice, ledger, stats, &sold);
            tills.spawn(cashier.work(Arc::clone(&stop)));
        }
        if closes {
            let dice = StdRng::seed_from_u64(seed);
            let closer = closing::close_at_random(self.tills.clone(), dice, Arc::clone(&stop));
            tills.spawn(closer);
        }
        Selling {
            stop,
            tills,
            stats: Arc::clone(stats),
        }
    }
}

async fn stock_up(tenant: &Tenant, store: &Store, item: &str, ledger: &Ledger) {
    let key = format!("stock-{item}");
    let effect = Effect::Stock {
        item: item.to_owned(),
        quantity: OPENING,
    };
    let call = format!("stock of {item}");
    ledger.write(&Line::Sent(Command {
        key: key.clone(),
        till: 0,
        call,
        effect,
    }));
    let body =
        json!({"quantityChange": OPENING, "updateType": "purchase", "referenceId": "PO-1", "note": "van"});
    let rest = tenant.rest().header("idempotency-key", &key);
    rest.put(&store.path(&format!("stock/{item}/update")), body)
        .await
        .ok();
    ledger.write(&Line::Answered(Answer {
        key,
        transaction_no: None,
        receipt_no: None,
        total: None,
    }));
}

/// The tills at work.
pub(crate) struct Selling {
    stop: Arc<AtomicBool>,
    tills: JoinSet<()>,
    stats: Arc<Stats>,
}

impl Selling {
    /// Every till finishes its customer. Gives what the tills complain about.
    pub(crate) async fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.tills.join_all().await;
        self.stats.faults()
    }
}
