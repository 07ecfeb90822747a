//! The journal against the log: every transaction once, with its amount, and nothing that did not happen.

use std::collections::BTreeMap;

use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
use kugel_proto::journal::v1::{JournalEntry, StreamJournalsRequest};
use kugel_rpc::Client as _;
use prost::Message as _;
use rust_decimal::Decimal;

use super::tally::Tally;
use super::{Break, Inspector, Outcome, decimal, equal, is_cancelled, key, kind, name};

type Entries = BTreeMap<(String, i32, i64), JournalEntry>;

pub(super) async fn check(
    inspector: &Inspector<'_>,
    log: &[TransactionLog],
    tally: &mut Tally,
) -> anyhow::Result<Outcome> {
    let mut entries = Entries::new();
    for store in super::stores(inspector).await? {
        let mut client = JournalServiceClient::over(inspector.channel("journal"));
        let message = StreamJournalsRequest {
            tenant_id: inspector.tenant_id(),
            store_code: store,
            ..Default::default()
        };
        let mut stream = client
            .stream_journals(inspector.request(message))
            .await?
            .into_inner();
        while let Some(row) = stream.message().await? {
            let Some(entry) = row.journal else { continue };
            tally.add("journal", Decimal::ONE);
            tally.hash("journal", &entry.encode_to_vec());
            // Openings, cash movements and reports have no transaction number and are not in the log.
            let Some(number) = entry
                .transaction_no
                .filter(|_| entry.transaction_type.abs() < 300)
            else {
                continue;
            };
            let place = (entry.store_code.clone(), entry.terminal_no, number);
            if let Some(twin) = entries.insert(place, entry) {
                return Ok(Err(Break {
                    record: entry_name(&twin),
                    equation: "is in the journal twice".to_owned(),
                }));
            }
        }
    }
    Ok(compare(log, entries))
}

fn compare(log: &[TransactionLog], mut entries: Entries) -> Outcome {
    for transaction in log {
        let (store, terminal, number) = key(transaction);
        let Some(entry) = entries.remove(&(store.to_owned(), terminal, number)) else {
            return Err(Break {
                record: name(transaction),
                equation: "is not in the journal".to_owned(),
            });
        };
        let record = || name(transaction);
        let amount = transaction
            .sales
            .as_ref()
            .and_then(|sales| decimal(sales.total_amount_with_tax.as_ref()));
        equal(
            record,
            "journal amount = total with tax",
            decimal(entry.amount.as_ref()),
            amount,
        )?;
        let number = kind(transaction)?.journal_number(is_cancelled(transaction));
        if entry.transaction_type != number || entry.receipt_no != Some(transaction.receipt_no) {
            let equation = format!(
                "the journal has type {} receipt {:?}",
                entry.transaction_type, entry.receipt_no
            );
            return Err(Break {
                record: name(transaction),
                equation,
            });
        }
    }
    match entries.into_values().next() {
        Some(entry) => Err(Break {
            record: entry_name(&entry),
            equation: "is in the journal only".to_owned(),
        }),
        None => Ok(log.len()),
    }
}

fn entry_name(entry: &JournalEntry) -> String {
    let number = entry.transaction_no.unwrap_or_default();
    format!(
        "store {} terminal {} transaction {number}",
        entry.store_code, entry.terminal_no
    )
}
