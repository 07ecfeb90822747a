//! Waits until everything has been delivered, and counts.

use std::time::{Duration, Instant};

use crate::books::Books;
use crate::observed::Observed;
use crate::shop::Shop;

/// Compares until nothing differs any more. Gives what still differs when `limit` has passed.
pub(crate) async fn until_settled(shop: &Shop, books: &Books, limit: Duration) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let findings = match Observed::ask(shop).await {
            Ok(observed) => match books.compare(&observed) {
                findings if findings.is_empty() => {
                    println!(
                        "settled and checked against the ledger {:.1} s after the last command",
                        begun.elapsed().as_secs_f64()
                    );
                    return books.overlooked(&observed);
                }
                findings => findings,
            },
            Err(refusal) => vec![refusal],
        };
        if begun.elapsed() > limit {
            return findings;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
