//! A virtual till that sells, voids, returns and moves cash.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::Method;
use kugel_testkit::{Rest, Till};
use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::closing;
use crate::fleet::REQUEST_TIMEOUT;
use crate::ledger::{Answer, Command, Effect, Ledger, Line, Place, Transaction};
use crate::observed::integer;
use crate::shop::ITEMS;
use crate::stats::Stats;

/// Kugel answers within its deadline, come what may; whatever takes longer is counted as no answer.
const PATIENCE: Duration = REQUEST_TIMEOUT.saturating_add(Duration::from_secs(2));
/// A command that is not answered for so long is stuck.
const STUCK: Duration = Duration::from_secs(120);
/// One command in so many is hung up on, after up to so long: as if the till had lost its network.
const HANG_UP: u32 = 40;
const HANG_UP_US: u64 = 60_000;
/// A till pauses for up to this between two customers.
const PAUSE_MS: u64 = 120;

/// Every other till shows its key with each command, so that somebody has to look it up; the others have a token.
fn credential(till: &Till) -> Rest {
    if till.number % 2 == 0 {
        return till.rest();
    }
    let rest = till.store.tenant.site().rest();
    rest.header("x-api-key", &till.api_key)
}

/// A sale that may still be reversed.
pub(crate) struct Sold {
    place: Place,
    sale: Transaction,
}

/// Who stands at a till.
pub(crate) struct Cashier {
    till: Till,
    rest: Rest,
    dice: StdRng,
    commands: u64,
    ledger: Arc<Ledger>,
    stats: Arc<Stats>,
    /// Sales and returns that this till may void.
    own: Vec<Sold>,
    /// Sales that any till may take goods back from.
    sold: Arc<Mutex<Vec<Sold>>>,
}

impl Cashier {
    pub(crate) fn new(
        till: Till,
        dice: StdRng,
        ledger: &Arc<Ledger>,
        stats: &Arc<Stats>,
        sold: &Arc<Mutex<Vec<Sold>>>,
    ) -> Self {
        Self {
            rest: credential(&till),
            till,
            dice,
            commands: 0,
            ledger: Arc::clone(ledger),
            stats: Arc::clone(stats),
            own: Vec::new(),
            sold: Arc::clone(sold),
        }
    }

    /// One customer after the other, until it is told to stop or cannot go on.
    pub(crate) async fn work(mut self, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::Relaxed) && self.serve().await.is_some() {
            let pause = self.dice.random_range(0..PAUSE_MS);
            sleep(Duration::from_millis(pause)).await;
        }
    }

    /// One customer. `None`: the till cannot go on.
    async fn serve(&mut self) -> Option<()> {
        match self.dice.random_range(0..100) {
            0..8 if !self.own.is_empty() => self.void().await,
            8..18 => match self.take_sold() {
                Some(sold) => self.take_back(sold).await,
                None => self.sell().await,
            },
            18..23 => self.move_cash().await,
            23..30 => self.change_of_mind().await,
            _ => self.sell().await,
        }
    }

    fn take_sold(&mut self) -> Option<Sold> {
        let mut sold = self.sold.lock().unwrap();
        (!sold.is_empty()).then(|| {
            let position = self.dice.random_range(0..sold.len());
            sold.swap_remove(position)
        })
    }

    async fn sell(&mut self) -> Option<()> {
        let (cart, lines, total) = self.fill().await?;
        self.cart(&cart, "subtotal", json!({}), Effect::Nothing).await?;
        let (payments, covered) = self.tenders(total);
        self.cart(&cart, "payments", payments, Effect::Nothing).await?;
        let sale = Transaction {
            kind: 101,
            total,
            lines,
            payments: covered,
            origin: None,
        };
        let billed = self
            .cart(&cart, "bill", json!({}), Effect::Transaction(sale.clone()))
            .await?;
        let sold = Sold {
            place: (self.till.number, integer(&billed["transactionNo"]).ok()?),
            sale,
        };
        if self.dice.random_ratio(1, 3) {
            self.own.push(sold);
        } else {
            self.sold.lock().unwrap().push(sold);
        }
        Some(())
    }

    /// A cart is cancelled, before or after it was paid.
    async fn change_of_mind(&mut self) -> Option<()> {
        let (cart, lines, total) = self.fill().await?;
        let mut payments = Vec::new();
        if self.dice.random_ratio(1, 2) {
            self.cart(&cart, "subtotal", json!({}), Effect::Nothing).await?;
            let (tenders, covered) = self.tenders(total);
            self.cart(&cart, "payments", tenders, Effect::Nothing).await?;
            payments = covered;
        }
        let cancelled = Transaction {
            kind: -101,
            total,
            lines,
            payments,
            origin: None,
        };
        self.cart(&cart, "cancel", json!({}), Effect::Transaction(cancelled))
            .await?;
        Some(())
    }

    async fn void(&mut self) -> Option<()> {
        let position = self.dice.random_range(0..self.own.len());
        let sold = self.own.swap_remove(position);
        let kind = if sold.sale.kind == 101 { 201 } else { 202 };
        let payments = sold.sale.payments.clone();
        if self.reverse(&sold, "void", kind, payments).await?.is_none() {
            // Its session is over: a sale may still be returned.
            if kind == 201 {
                self.sold.lock().unwrap().push(sold);
            }
            return Some(());
        }
        if kind == 202
            && let Some(place) = sold.sale.origin
        {
            // The goods are the customer's again, who may bring them back once more.
            let sale = Transaction {
                kind: 101,
                origin: None,
                ..sold.sale
            };
            self.sold.lock().unwrap().push(Sold { place, sale });
        }
        Some(())
    }

    async fn take_back(&mut self, sold: Sold) -> Option<()> {
        let cash = vec![("01".to_owned(), sold.sale.total)];
        let returned = self.reverse(&sold, "return", 102, cash).await?;
        if self.dice.random_ratio(1, 4) {
            self.own.extend(returned);
        }
        Some(())
    }

    /// Reverses a transaction; gives the reversal, if the session allows it.
    async fn reverse(
        &mut self,
        sold: &Sold,
        how: &str,
        kind: i32,
        payments: Vec<(String, i64)>,
    ) -> Option<Option<Sold>> {
        let (till, number) = sold.place;
        let body: Vec<_> = payments
            .iter()
            .map(|(code, amount)| json!({"paymentCode": code, "amount": amount}))
            .collect();
        let reversal = Transaction {
            kind,
            payments,
            origin: Some(sold.place),
            ..sold.sale.clone()
        };
        let path = format!("terminals/{till}/transactions/{number}/{how}");
        let path = self.till.store.path(&path);
        let made = self
            .command(path, json!(body), Effect::Transaction(reversal.clone()))
            .await?;
        if made.is_null() {
            return Some(None);
        }
        Some(Some(Sold {
            place: (self.till.number, integer(&made["transactionNo"]).ok()?),
            sale: reversal,
        }))
    }

    async fn move_cash(&mut self) -> Option<()> {
        let amount = self.dice.random_range(1..5_000);
        let effect = Effect::Cash {
            till: self.till.number,
            amount,
        };
        let path = self.till.path("cash-in");
        self.command(path, json!({"amount": amount, "description": "change"}), effect)
            .await?;
        Some(())
    }

    /// A cart with goods in it: its id, its lines and what they come to with tax.
    async fn fill(&mut self) -> Option<(String, Vec<(String, i64)>, i64)> {
        let made = self
            .command("/carts".to_owned(), json!({}), Effect::Nothing)
            .await?;
        let cart = made["cartId"].as_str()?.to_owned();
        let (mut lines, mut net, mut body) = (Vec::new(), 0, Vec::new());
        for _ in 0..self.dice.random_range(1..=4) {
            let (item, price) = ITEMS[self.dice.random_range(0..ITEMS.len())];
            let quantity = self.dice.random_range(1..=3);
            net += price * quantity;
            lines.push((item.to_owned(), quantity));
            body.push(json!({"itemCode": item, "quantity": quantity}));
        }
        self.cart(&cart, "lineItems", json!(body), Effect::Nothing)
            .await?;
        // Ten per cent, rounded down once.
        Some((cart, lines, net + net / 10))
    }

    /// Exact cash, cash with change, a card, or half and half: as sent, and what each covers.
    fn tenders(&mut self, total: i64) -> (Value, Vec<(String, i64)>) {
        let (cash, card) = ("01".to_owned(), "11".to_owned());
        let (sent, covered) = match self.dice.random_range(0..4) {
            0 => (
                vec![(cash.clone(), total / 1_000 * 1_000 + 1_000)],
                vec![(cash, total)],
            ),
            1 => (vec![(card.clone(), total)], vec![(card, total)]),
            2 => {
                let halves = vec![(card, total / 2), (cash, total - total / 2)];
                (halves.clone(), halves)
            }
            _ => (vec![(cash.clone(), total)], vec![(cash, total)]),
        };
        let sent: Vec<_> = sent
            .iter()
            .map(|(code, amount)| json!({"paymentCode": code, "amount": amount}))
            .collect();
        (json!(sent), covered)
    }

    async fn cart(&mut self, cart: &str, command: &str, body: Value, effect: Effect) -> Option<Value> {
        self.command(format!("/carts/{cart}/{command}"), body, effect)
            .await
    }

    /// Sends a command under its key until it is carried out; null if its session is over. `None`: it never will be.
    async fn command(&mut self, path: String, body: Value, effect: Effect) -> Option<Value> {
        self.commands += 1;
        let key = format!("{}-{}", self.till.number, self.commands);
        let rest = self.rest.header("idempotency-key", &key);
        let call = format!("{path}?terminal_id={}", self.till.terminal_id);
        let command = Command {
            key,
            till: self.till.number,
            call,
            effect,
        };
        let begun = Instant::now();
        loop {
            self.ledger.write(&Line::Sent(command.clone()));
            if let Some(made) = self.attempt(&rest, &command, &body).await? {
                self.stats.done(self.till.number, begun);
                return Some(made);
            }
            if begun.elapsed() > STUCK {
                let text = format!(
                    "{} {}: not carried out within {STUCK:?}",
                    command.key, command.call
                );
                self.stats.fault(text);
                return None;
            }
            self.stats.repeated();
            let pause = self.dice.random_range(20..200);
            sleep(Duration::from_millis(pause)).await;
        }
    }

    /// One try. `Some(None)`: try again. `None`: it was refused for good.
    async fn attempt(&mut self, rest: &Rest, command: &Command, body: &Value) -> Option<Option<Value>> {
        let begun = Instant::now();
        let hangs_up = self.dice.random_ratio(1, HANG_UP);
        let patience = match hangs_up {
            true => Duration::from_micros(self.dice.random_range(0..HANG_UP_US)),
            false => PATIENCE,
        };
        let reply = match timeout(patience, rest.try_send(Method::POST, &command.call, Some(body))).await {
            Err(_) if hangs_up => {
                self.stats.abandoned();
                return Some(None);
            }
            Err(_) => {
                self.stats.silent();
                return Some(None);
            }
            Ok(Err(_)) => {
                self.stats.broken();
                return Some(None);
            }
            Ok(Ok(reply)) => reply,
        };
        if reply.status < 300 {
            let data = reply.body["data"].clone();
            self.ledger.write(&Line::Answered(Answer {
                key: command.key.clone(),
                transaction_no: integer(&data["transactionNo"]).ok(),
                receipt_no: integer(&data["receiptNo"]).ok(),
                total: integer(&data["totalAmountWithTax"]).ok(),
            }));
            return Some(Some(data));
        }
        let code = reply.body["code"].as_str().unwrap_or_default();
        self.stats.refused(reply.status, code, begun.elapsed());
        let is_clear = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
        if !is_clear {
            let text = format!("an unclear refusal: {} {:?}", reply.status, reply.text);
            self.stats.fault(text);
        }
        // Somebody has closed the till: it is opened, and the command is sent again.
        if matches!(code, "404001" | "406003") {
            closing::open(&self.till, &self.rest).await;
            return Some(None);
        }
        // The session of what is to be voided is over.
        if code == "403008" {
            self.ledger.write(&Line::Refused(command.key.clone()));
            return Some(Some(Value::Null));
        }
        // Somebody else was faster, or is not there: that passes. Anything else is about the command itself.
        if reply.status >= 500 || matches!(code, "500006" | "414103") {
            return Some(None);
        }
        let text = format!(
            "{} {}: refused for good with {} {}",
            command.key, command.call, reply.status, reply.text
        );
        self.stats.fault(text);
        None
    }
}
