//! The neighbours: names of categories from the masters, and the journal that keeps what terminals asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kugel_auth::Tokens;
use kugel_bus::{Announcement, Bus, ChangeKind};
use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
use kugel_proto::journal::v1::{CreateJournalRequest, NewJournalEntry};
use kugel_proto::master_data::v1::ListCategoriesRequest;
use kugel_proto::master_data::v1::category_service_client::CategoryServiceClient;
use kugel_proto::report::v1::Report;
use kugel_rpc::{Channel, ReadCache, outgoing};
use kugel_types::{TenantId, TerminalNo};

use crate::domain::query::ReportQuery;

/// This service, as its neighbours know it.
const NAME: &str = "report";
/// Tenants whose category names are kept at hand.
const TENANTS_AT_HAND: u64 = 1_000;

type Names = Arc<BTreeMap<String, String>>;

/// Names of categories by code.
#[derive(Clone)]
pub struct CategoryNames {
    channel: Channel,
    tokens: Arc<Tokens>,
    names: Arc<ReadCache<TenantId, Names>>,
}

impl CategoryNames {
    /// Keeps names until a category changes, and no longer than `lifetime`.
    pub fn new(channel: Channel, tokens: Arc<Tokens>, bus: &dyn Bus, lifetime: Duration) -> Self {
        let names = Arc::new(ReadCache::new(TENANTS_AT_HAND, lifetime));
        let stale = Arc::clone(&names);
        bus.on_change(Box::new(move |announcement| match announcement {
            Announcement::Everything => stale.invalidate_all(),
            Announcement::Changed(change) if change.kind == ChangeKind::Category => {
                stale.invalidate(&change.tenant);
            }
            Announcement::Changed(_) => {}
        }));
        Self {
            channel,
            tokens,
            names,
        }
    }

    /// The names of a tenant's categories. A report is worth more than its names: without an answer there are none, and
    /// codes are shown.
    pub async fn of(&self, tenant: &TenantId) -> Names {
        let loaded = self.names.get_or_load(tenant.clone(), self.load(tenant)).await;
        loaded.unwrap_or_else(|error| {
            tracing::warn!(error = error.message(), "names of categories are not at hand");
            Names::default()
        })
    }

    async fn load(&self, tenant: &TenantId) -> Result<Names, tonic::Status> {
        let request = ListCategoriesRequest {
            tenant_id: tenant.to_string(),
            limit: Some(0),
            ..ListCategoriesRequest::default()
        };
        let request = outgoing(&self.tokens, NAME, tenant, request);
        let mut client = CategoryServiceClient::new(self.channel.clone());
        let answer = client.list_categories(request).await?.into_inner();
        let names = answer.categories.into_iter();
        Ok(Arc::new(
            names
                .map(|category| (category.category_code, category.description.unwrap_or_default()))
                .collect(),
        ))
    }
}

/// Files reports in the journal.
#[derive(Clone)]
pub struct Journal {
    channel: Channel,
    tokens: Arc<Tokens>,
}

impl Journal {
    /// Files through the journal service.
    pub fn new(channel: Channel, tokens: Arc<Tokens>) -> Self {
        Self { channel, tokens }
    }

    /// Files a report under a terminal. A failure is logged: the report is made and is worth more than its entry.
    pub async fn file(
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
        let request = CreateJournalRequest {
            tenant_id: entry.tenant_id.clone(),
            store_code: entry.store_code.clone(),
            terminal_no: terminal.get(),
            journal: Some(entry),
        };
        let mut client = JournalServiceClient::new(self.channel.clone());
        let request = outgoing(&self.tokens, NAME, tenant, request);
        if let Err(error) = client.create_journal(request).await {
            tracing::warn!(error = error.message(), "the report was not filed in the journal");
        }
    }
}
