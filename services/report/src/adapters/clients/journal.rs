//! The journal, which keeps what terminals asked for.

use async_trait::async_trait;
use kugel_error::Error;
use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
use kugel_proto::journal::v1::{CreateJournalRequest, NewJournalEntry};
use kugel_proto::report::v1::Report;
use kugel_rpc::Client as _;
use kugel_rpc::Neighbour;
use kugel_types::{TenantId, TerminalNo};

use crate::domain::query::ReportQuery;
use crate::ports::Journal;
use crate::records::{REMARK, Remark, remark_lines};

/// Files reports in the journal.
pub(crate) struct JournalClient(Neighbour);

impl JournalClient {
    /// Files through the journal service.
    pub(crate) fn new(journal: Neighbour) -> Self {
        Self(journal)
    }
}

impl JournalClient {
    async fn create(&self, tenant: &TenantId, entry: NewJournalEntry) -> Result<(), Error> {
        let request = CreateJournalRequest {
            tenant_id: entry.tenant_id.clone(),
            store_code: entry.store_code.clone(),
            terminal_no: entry.terminal_no.unwrap_or_default(),
            journal: Some(entry),
        };
        let mut client = JournalServiceClient::over(self.0.channel());
        let answer = client.create_journal(self.0.request(tenant, request)).await;
        self.0.answered(answer).map(|_| ())
    }
}

#[async_trait]
impl Journal for JournalClient {
    async fn file(
        &self,
        tenant: &TenantId,
        terminal: TerminalNo,
        staff: Option<&str>,
        query: &ReportQuery,
        report: &Report,
    ) {
        let entry = NewJournalEntry {
            tenant_id: tenant.to_string(),
            store_code: query.store.to_string(),
            terminal_no: Some(terminal.get()),
            transaction_type: Some(query.scope.transaction_type()),
            business_date: query.period.bounds().0.to_string(),
            open_counter: Some(query.open_counter.unwrap_or(0)),
            business_counter: Some(query.business_counter.unwrap_or(0)),
            generate_date_time: report.generate_date_time.clone(),
            receipt_no: Some(0),
            staff_id: Some(staff.unwrap_or("SYSTEM").to_owned()),
            journal_text: report.journal_text.clone(),
            receipt_text: report.receipt_text.clone(),
            ..NewJournalEntry::default()
        };
        if let Err(error) = self.create(tenant, entry).await {
            tracing::warn!(%error, "the report was not filed in the journal");
        }
    }

    async fn remark(&self, tenant: &TenantId, remark: &Remark) -> Result<(), Error> {
        let session = &remark.session;
        let text = remark_lines(remark).join("\n");
        let entry = NewJournalEntry {
            tenant_id: tenant.to_string(),
            store_code: session.store.to_string(),
            terminal_no: Some(session.terminal.get()),
            transaction_type: Some(REMARK),
            business_date: session.date.to_string(),
            open_counter: Some(session.open_counter),
            business_counter: Some(0),
            generate_date_time: remark.made_at.clone(),
            user_id: Some(remark.made_by.clone()),
            journal_text: Some(text),
            ..NewJournalEntry::default()
        };
        self.create(tenant, entry).await
    }
}
