//! Tills that sell at a steady pace, and how long their customers wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use kugel_testkit::Till;
use parking_lot::Mutex;
use serde_json::{Value, json};

/// Between two sales of a till.
const PACE: Duration = Duration::from_millis(200);

/// Tills at work. They stop when this is dropped.
pub(crate) struct Sellers(Arc<Record>);

#[derive(Default)]
struct Record {
    /// Milliseconds of each call, since somebody last looked.
    times: Mutex<Vec<f64>>,
    failed: AtomicUsize,
    is_over: AtomicBool,
}

/// What customers waited for.
pub(crate) struct Sales {
    /// Milliseconds, the shortest first.
    times: Vec<f64>,
    pub(crate) failed: usize,
}

impl Sellers {
    pub(crate) fn begin(tills: Vec<Till>) -> Self {
        let record = Arc::new(Record::default());
        for till in tills {
            let record = Arc::clone(&record);
            tokio::spawn(async move {
                while !record.is_over.load(Ordering::Relaxed) {
                    if let Err(reason) = sell(&till, &record).await {
                        println!("  !  a sale failed: {reason}");
                        record.failed.fetch_add(1, Ordering::Relaxed);
                    }
                    tokio::time::sleep(PACE).await;
                }
            });
        }
        Self(record)
    }

    /// What was sold in the time from now on.
    pub(crate) async fn during(&self, time: Duration) -> Sales {
        self.0.times.lock().clear();
        self.0.failed.store(0, Ordering::Relaxed);
        tokio::time::sleep(time).await;
        let mut times = std::mem::take(&mut *self.0.times.lock());
        times.sort_unstable_by(f64::total_cmp);
        Sales {
            times,
            failed: self.0.failed.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Sellers {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}

impl Sales {
    pub(crate) fn median(&self) -> f64 {
        self.share(50)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.share(99)
    }

    fn share(&self, of_hundred: usize) -> f64 {
        let place = self.times.len() * of_hundred / 100;
        self.times
            .get(place)
            .or(self.times.last())
            .copied()
            .unwrap_or(f64::NAN)
    }
}

async fn sell(till: &Till, record: &Record) -> Result<(), String> {
    let cart = command(till, record, "/carts", json!({})).await?;
    let cart = format!("/carts/{}", cart["cartId"].as_str().unwrap_or_default());
    let lines = json!([{"itemCode": "A", "quantity": 2}]);
    command(till, record, &format!("{cart}/lineItems"), lines).await?;
    let balance =
        command(till, record, &format!("{cart}/subtotal"), json!({})).await?["balanceAmount"].clone();
    let payment = json!([{"paymentCode": "01", "amount": balance}]);
    command(till, record, &format!("{cart}/payments"), payment).await?;
    command(till, record, &format!("{cart}/bill"), json!({})).await?;
    Ok(())
}

async fn command(till: &Till, record: &Record, path: &str, body: Value) -> Result<Value, String> {
    let begun = Instant::now();
    let reply = till.rest().try_send(Method::POST, path, Some(&body)).await;
    record.times.lock().push(begun.elapsed().as_secs_f64() * 1000.0);
    match reply {
        Ok(reply) if reply.status < 300 => Ok(reply.body["data"].clone()),
        Ok(reply) => Err(format!("{path}: {} {}", reply.status, reply.text)),
        Err(error) => Err(format!("{path}: {error}")),
    }
}
