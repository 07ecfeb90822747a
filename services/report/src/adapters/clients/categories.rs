//! Names of categories, from the master data service.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kugel_bus::{Announcement, Bus, ChangeKind};
use kugel_proto::master_data::v1::ListCategoriesRequest;
use kugel_proto::master_data::v1::category_service_client::CategoryServiceClient;
use kugel_rpc::Client as _;
use kugel_rpc::{Neighbour, ReadCache};
use kugel_types::TenantId;

use crate::ports::{Categories, CategoryNames};

/// Tenants whose category names are kept at hand.
const TENANTS_AT_HAND: u64 = 1_000;

/// Names of categories by code.
pub(crate) struct CategoryClient {
    masters: Neighbour,
    names: Arc<ReadCache<TenantId, CategoryNames>>,
}

impl CategoryClient {
    /// Keeps names until a category changes, and no longer than `lifetime`.
    pub(crate) fn new(masters: Neighbour, bus: &dyn Bus, lifetime: Duration) -> Self {
        let names = Arc::new(ReadCache::new(TENANTS_AT_HAND, lifetime));
        let stale = Arc::clone(&names);
        bus.on_change(Box::new(move |announcement| match announcement {
            Announcement::Everything => stale.invalidate_all(),
            Announcement::Changed(change) if change.kind == ChangeKind::Category => {
                stale.invalidate(&change.tenant);
            }
            Announcement::Changed(_) => {}
        }));
        Self { masters, names }
    }

    async fn load(&self, tenant: &TenantId) -> Result<CategoryNames, tonic::Status> {
        let request = ListCategoriesRequest {
            tenant_id: tenant.to_string(),
            limit: Some(0),
            ..ListCategoriesRequest::default()
        };
        let mut client = CategoryServiceClient::over(self.masters.channel());
        let request = self.masters.request(tenant, request);
        let answer = client.list_categories(request).await?.into_inner();
        let names = answer.categories.into_iter();
        Ok(Arc::new(
            names
                .map(|category| (category.category_code, category.description.unwrap_or_default()))
                .collect(),
        ))
    }
}

#[async_trait]
impl Categories for CategoryClient {
    async fn names(&self, tenant: &TenantId) -> CategoryNames {
        let loaded = self.names.get_or_load(tenant.clone(), self.load(tenant)).await;
        loaded.unwrap_or_else(|error| {
            tracing::warn!(error = error.message(), "names of categories are not at hand");
            CategoryNames::default()
        })
    }
}
