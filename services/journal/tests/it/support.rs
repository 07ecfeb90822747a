//! A journal service with everything around it, and the logs that tests file.

use std::ops::Deref;

use kugel_config::Compatibility;
use kugel_proto::cart::v1::{Staff, TransactionLog, TransactionSales};
use kugel_proto::journal::v1 as pb;
use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_rpc::Channel;
use kugel_stand::{Stand, StandIn, decimal};
use tonic::Status;

/// The till of every log.
pub(crate) const TILL: &str = "S1-4";

pub(crate) struct World {
    pub(crate) client: JournalServiceClient<Channel>,
    stand: Stand,
}

impl Deref for World {
    type Target = Stand;
    fn deref(&self) -> &Stand {
        &self.stand
    }
}

impl World {
    /// Tenant `T1` on 5 March 2026, noon in Tokyo.
    pub(crate) fn start() -> Self {
        Self::on(Stand::new(kugel_journal::NAME, "T1", "2026-03-05T03:00:00Z"))
    }

    /// The same in a process that serves older clients.
    pub(crate) fn serving_legacy() -> Self {
        let stand = Stand::new(kugel_journal::NAME, "T1", "2026-03-05T03:00:00Z");
        Self::on(stand.set(|settings| settings.compatibility = Compatibility::Legacy))
    }

    fn on(stand: Stand) -> Self {
        stand.connect("terminal", StandIn::of_terminals(&["T1-S1-4"]));
        let parts = kugel_journal::build(stand.deps()).unwrap();
        Self {
            client: JournalServiceClient::new(stand.serve(parts)),
            stand,
        }
    }

    pub(crate) async fn search(
        &mut self,
        search: pb::SearchJournalsRequest,
    ) -> Result<pb::SearchJournalsResponse, Status> {
        let request = self.user(pb::SearchJournalsRequest {
            tenant_id: "T1".into(),
            store_code: "S1".into(),
            ..search
        });
        Ok(self.client.search_journals(request).await?.into_inner())
    }

    /// Every entry of the store as `type number amount`, in the default order.
    pub(crate) async fn entries(&mut self) -> Vec<String> {
        let found = self
            .search(pb::SearchJournalsRequest::default())
            .await
            .unwrap()
            .journals;
        found
            .into_iter()
            .map(|entry| {
                let number = entry
                    .transaction_no
                    .map_or_else(|| "-".to_owned(), |number| number.to_string());
                format!(
                    "{} {number} {}",
                    entry.transaction_type,
                    entry.amount.unwrap().value
                )
            })
            .collect()
    }
}

pub(crate) fn transaction(number: i64) -> TransactionLog {
    TransactionLog {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 4,
        transaction_no: number,
        receipt_no: 111_110 + number,
        transaction_type: 101,
        business_date: "20260305".to_owned(),
        open_counter: 1,
        business_counter: 7,
        generate_date_time: format!("2026-03-05T12:{:02}:00.000000+09:00", number % 60),
        sales: Some(TransactionSales {
            total_amount_with_tax: decimal("110"),
            total_quantity: decimal("2"),
            ..TransactionSales::default()
        }),
        staff: Some(Staff {
            id: "31".to_owned(),
            name: "Mori".to_owned(),
        }),
        journal_text: format!("journal {number}"),
        receipt_text: format!("receipt {number}"),
        ..TransactionLog::default()
    }
}

pub(crate) fn cash(amount: &str) -> CashLog {
    CashLog {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 4,
        business_date: "20260305".to_owned(),
        open_counter: 1,
        business_counter: 7,
        generate_date_time: "2026-03-05T09:00:00.000000+09:00".to_owned(),
        amount: decimal(amount),
        ..CashLog::default()
    }
}

pub(crate) fn session(operation: &str) -> OpenCloseLog {
    OpenCloseLog {
        tenant_id: "T1".to_owned(),
        store_code: "S1".to_owned(),
        terminal_no: 4,
        business_date: "20260305".to_owned(),
        open_counter: 1,
        business_counter: 7,
        operation: operation.to_owned(),
        generate_date_time: "2026-03-05T09:00:00.000000+09:00".to_owned(),
        ..OpenCloseLog::default()
    }
}
