//! What a tenant comes to: figures and digests that are the same wherever its documents lie.
//!
//! A digest is a sum over the digests of records, so that the order in which they are read, or in which events arrived,
//! makes no difference. What comes and goes by itself is left out: delivery records, marks of processed events, answers
//! kept for repetition, carts. The reports' sums are left out too, because a recount has shown them to equal the log.

use std::collections::BTreeMap;
use std::fmt;

use kugel_cart::domain::cart::Cart;
use kugel_host::Holding;
use kugel_proto::cart::v1::TransactionLog;
use kugel_store::{Collection, PROCESSED_REQUESTS, Record as _, Scope, StoreError};
use rust_decimal::Decimal;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{decimal, is_cancelled, signed, sum};

/// Documents that are read at once.
const READ_AT_ONCE: u32 = 500;

/// The services whose documents are hashed as they lie there. The others are asked for what they make of theirs.
const HASHED: [&str; 4] = [
    kugel_account::NAME,
    kugel_terminal::NAME,
    kugel_master_data::NAME,
    kugel_cart::NAME,
];

/// Figures and digests of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    figures: BTreeMap<&'static str, Decimal>,
    digests: BTreeMap<&'static str, Sum>,
}

/// A sum of hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum([u64; 4]);

/// Figures and digests as people and programs read them.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    totals: BTreeMap<&'static str, Decimal>,
    digest: String,
    digests: BTreeMap<&'static str, String>,
}

impl Sum {
    fn add(&mut self, record: &[u8]) {
        let hash = Sha256::digest(record);
        for (slot, bytes) in self.0.iter_mut().zip(hash.chunks_exact(8)) {
            let number = bytes.try_into().map(u64::from_be_bytes).unwrap_or_default();
            *slot = slot.wrapping_add(number);
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0[0])
    }
}

impl Tally {
    /// Counts a transaction.
    pub(super) fn add_sale(&mut self, transaction: &TransactionLog) {
        self.add("transactions", Decimal::ONE);
        if is_cancelled(transaction) {
            return;
        }
        let sales = transaction.sales.as_ref();
        let amount = sales.and_then(|sales| decimal(sales.total_amount_with_tax.as_ref()));
        let taxes = sum(transaction.taxes.iter().map(|tax| tax.tax_amount.as_ref()));
        self.add("sales", signed(transaction, amount.unwrap_or_default()));
        self.add("tax", signed(transaction, taxes.unwrap_or_default()));
    }

    /// Adds to a figure. One that grows beyond all decimals stays where it was: the checks have named it by then.
    pub(super) fn add(&mut self, figure: &'static str, amount: Decimal) {
        let total = self.figures.entry(figure).or_default();
        *total = total.checked_add(amount).unwrap_or(*total);
    }

    /// Adds a record to the digest of a service.
    pub(super) fn hash(&mut self, service: &'static str, record: &[u8]) {
        self.digests.entry(service).or_default().add(record);
    }

    /// Adds the documents of the services that are the origin of everything.
    pub(super) async fn hash_documents(
        &mut self,
        holdings: &[Holding],
        scope: &Scope,
    ) -> Result<(), StoreError> {
        for holding in holdings
            .iter()
            .filter(|holding| HASHED.contains(&holding.service))
        {
            let collections = holding.collections.iter();
            for collection in collections.filter(|collection| !is_passing(holding, collection)) {
                let mut walk = holding.documents.walk(scope, collection, READ_AT_ONCE);
                while let Some(found) = walk.next().await? {
                    for document in &found {
                        let record = [collection.name, &document.id, document.body.text()].join("\0");
                        self.hash(holding.service, record.as_bytes());
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn shown(&self) -> Shown {
        let totals = self.figures.iter();
        let mut whole = Sum::default();
        for (service, digest) in &self.digests {
            whole.add(format!("{service} {:x?}", digest.0).as_bytes());
        }
        Shown {
            totals: totals
                .map(|(figure, amount)| (*figure, amount.normalize()))
                .collect(),
            digest: whole.to_string(),
            digests: self
                .digests
                .iter()
                .map(|(service, digest)| (*service, digest.to_string()))
                .collect(),
        }
    }
}

/// True if the documents of a collection come and go by themselves.
fn is_passing(holding: &Holding, collection: &Collection) -> bool {
    let deliveries = holding
        .outboxes
        .iter()
        .map(|outbox| outbox.deliveries().collection());
    deliveries
        .chain([Cart::COLLECTION, &PROCESSED_REQUESTS])
        .any(|passing| passing.name == collection.name)
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.shown();
        write!(formatter, "  totals")?;
        for (figure, amount) in &shown.totals {
            write!(formatter, " {figure}={amount}")?;
        }
        write!(formatter, "\n  digest {}", shown.digest)?;
        for (service, digest) in &shown.digests {
            write!(formatter, " {service}={digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(records: &[&str]) -> Tally {
        let mut tally = Tally::default();
        for record in records {
            tally.hash("stock", record.as_bytes());
            tally.add("units", Decimal::ONE);
        }
        tally
    }

    #[test]
    fn order_makes_no_difference_and_everything_else_does() {
        assert_eq!(tally(&["a", "b"]).to_string(), tally(&["b", "a"]).to_string());
        for other in [&["a"][..], &["a", "b", "b"], &["a", "c"], &["ab"]] {
            assert_ne!(tally(other).shown().digest, tally(&["a", "b"]).shown().digest);
        }
    }

    #[test]
    fn a_line_of_totals_and_one_of_digests() {
        let text = tally(&["a"]).to_string();
        assert!(text.starts_with("  totals units=1\n  digest "), "{text}");
        assert!(text.contains(" stock=ca978112ca1bbdca"), "{text}");
    }
}
