//! Items, taxes, settings, promotions and payment methods, from the master data service.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kugel_bus::{Announcement, Bus, Change, ChangeKind};
use kugel_error::Result;
use kugel_proto::master_data::v1 as wire;
use kugel_proto::master_data::v1::item_service_client::ItemServiceClient;
use kugel_proto::master_data::v1::payment_service_client::PaymentServiceClient;
use kugel_proto::master_data::v1::promotion_service_client::PromotionServiceClient;
use kugel_proto::master_data::v1::setting_service_client::SettingServiceClient;
use kugel_proto::master_data::v1::tax_service_client::TaxServiceClient;
use kugel_rpc::Client as _;
use kugel_rpc::{Neighbour, ReadCache};
use kugel_types::{ItemCode, StoreCode, TaxRule, TenantId};

use super::convert;
use crate::domain::masters::{Found, ItemMaster, NotSold, PaymentMaster, PromotionMaster};
use crate::domain::settings::SettingMaster;
use crate::ports::Masters;

/// Tenants whose tables are kept at hand.
const TENANTS_AT_HAND: u64 = 1_000;
/// Items that are kept at hand, over all tenants and stores.
const ITEMS_AT_HAND: u64 = 200_000;

/// An item as each store sells it. A change of the item drops all of them at once.
type InStores = Arc<HashMap<StoreCode, Arc<ItemMaster>>>;

/// A table that is kept whole for a tenant.
type Table<T> = ReadCache<TenantId, Arc<Vec<T>>>;

/// The master data service.
pub(crate) struct MasterClient {
    neighbour: Neighbour,
    cached: Arc<Cached>,
}

struct Cached {
    items: ReadCache<(TenantId, ItemCode), InStores>,
    taxes: Table<TaxRule>,
    settings: Table<SettingMaster>,
    promotions: Table<PromotionMaster>,
    payments: Table<Arc<PaymentMaster>>,
}

impl Cached {
    fn forget(&self, change: &Change) {
        match change.kind {
            ChangeKind::Item => self.forget_item(change, &change.key),
            ChangeKind::StoreItem => {
                self.forget_item(
                    change,
                    change.key.split_once('/').map_or(&*change.key, |(_, code)| code),
                );
            }
            ChangeKind::Tax => self.taxes.invalidate(&change.tenant),
            ChangeKind::Setting => self.settings.invalidate(&change.tenant),
            ChangeKind::Promotion => self.promotions.invalidate(&change.tenant),
            ChangeKind::Payment => self.payments.invalidate(&change.tenant),
            ChangeKind::Category
            | ChangeKind::ItemBook
            | ChangeKind::Staff
            | ChangeKind::Store
            | ChangeKind::Terminal
            | ChangeKind::Tenant
            | ChangeKind::Role
            | ChangeKind::User => {}
        }
    }

    fn forget_all(&self) {
        self.items.invalidate_all();
        self.taxes.invalidate_all();
        self.settings.invalidate_all();
        self.promotions.invalidate_all();
        self.payments.invalidate_all();
    }

    fn forget_item(&self, change: &Change, code: &str) {
        if let Ok(code) = code.parse::<ItemCode>() {
            self.items.invalidate(&(change.tenant.clone(), code));
        }
    }
}

impl MasterClient {
    /// Keeps what it reads until it is announced as changed, and no longer than `lifetime`.
    pub(crate) fn new(neighbour: Neighbour, bus: &dyn Bus, lifetime: Duration) -> Self {
        let cached = Arc::new(Cached {
            items: ReadCache::weighed(ITEMS_AT_HAND, lifetime, |stores: &InStores| {
                u32::try_from(stores.len()).unwrap_or(u32::MAX)
            }),
            taxes: ReadCache::new(TENANTS_AT_HAND, lifetime),
            settings: ReadCache::new(TENANTS_AT_HAND, lifetime),
            promotions: ReadCache::new(TENANTS_AT_HAND, lifetime),
            payments: ReadCache::new(TENANTS_AT_HAND, lifetime),
        });
        let stale = Arc::clone(&cached);
        bus.on_change(Box::new(move |announcement| match announcement {
            Announcement::Changed(change) => stale.forget(change),
            Announcement::Everything => stale.forget_all(),
        }));
        Self { neighbour, cached }
    }

    async fn load_items(
        &self,
        tenant: &TenantId,
        store: &StoreCode,
        codes: Vec<String>,
    ) -> Result<HashMap<ItemCode, Found>> {
        let request = wire::BatchGetItemDetailsRequest {
            tenant_id: tenant.to_string(),
            store_code: store.to_string(),
            item_codes: codes,
        };
        let mut client = ItemServiceClient::over(self.neighbour.channel());
        let answer = client
            .batch_get_item_details(self.neighbour.request(tenant, request))
            .await;
        let read = |item: wire::ItemDetails| {
            let item = convert::item(item).ok_or_else(|| self.neighbour.unusable("an item"))?;
            Ok((item.item_code.clone(), Ok(Arc::new(item))))
        };
        let answer = self.neighbour.answered(answer)?;
        let mut loaded: HashMap<_, Found> = answer.items.into_iter().map(read).collect::<Result<_>>()?;
        let deleted = answer
            .deleted_item_codes
            .iter()
            .filter_map(|code| code.parse().ok());
        loaded.extend(deleted.map(|code| (code, Err(NotSold::Deleted))));
        Ok(loaded)
    }

    async fn load_taxes(&self, tenant: &TenantId) -> Result<Arc<Vec<TaxRule>>> {
        let request = wire::ListTaxesRequest {
            tenant_id: tenant.to_string(),
            limit: Some(0),
            ..Default::default()
        };
        let mut client = TaxServiceClient::over(self.neighbour.channel());
        let answer = client.list_taxes(self.neighbour.request(tenant, request)).await;
        self.table(self.neighbour.answered(answer)?.taxes, convert::tax, "a tax rule")
    }

    async fn load_settings(&self, tenant: &TenantId) -> Result<Arc<Vec<SettingMaster>>> {
        let request = wire::ListSettingsRequest {
            tenant_id: tenant.to_string(),
            limit: Some(0),
            ..Default::default()
        };
        let mut client = SettingServiceClient::over(self.neighbour.channel());
        let answer = client
            .list_settings(self.neighbour.request(tenant, request))
            .await;
        self.table(
            self.neighbour.answered(answer)?.settings,
            convert::setting,
            "a setting",
        )
    }

    async fn load_promotions(&self, tenant: &TenantId) -> Result<Arc<Vec<PromotionMaster>>> {
        let request = wire::ListPromotionsRequest {
            tenant_id: tenant.to_string(),
            promotion_type: Some(kugel_pricing::CATEGORY_DISCOUNT.to_owned()),
            is_active: Some(true),
            limit: Some(0),
            ..Default::default()
        };
        let mut client = PromotionServiceClient::over(self.neighbour.channel());
        let answer = client
            .list_promotions(self.neighbour.request(tenant, request))
            .await;
        self.table(
            self.neighbour.answered(answer)?.promotions,
            convert::promotion,
            "a promotion",
        )
    }

    async fn load_payments(&self, tenant: &TenantId) -> Result<Arc<Vec<Arc<PaymentMaster>>>> {
        let request = wire::ListPaymentsRequest {
            tenant_id: tenant.to_string(),
            limit: Some(0),
            ..Default::default()
        };
        let mut client = PaymentServiceClient::over(self.neighbour.channel());
        let answer = client
            .list_payments(self.neighbour.request(tenant, request))
            .await;
        self.table(
            self.neighbour.answered(answer)?.payments,
            |payment| convert::payment(payment).map(Arc::new),
            "a payment method",
        )
    }

    fn table<W, T>(&self, rows: Vec<W>, read: impl Fn(W) -> Option<T>, what: &str) -> Result<Arc<Vec<T>>> {
        let rows = rows
            .into_iter()
            .map(|row| read(row).ok_or_else(|| self.neighbour.unusable(what)));
        Ok(Arc::new(rows.collect::<Result<_>>()?))
    }

    /// Keeps an item as a store sells it, beside what other stores sell it as.
    fn keep(&self, generation: u64, key: (TenantId, ItemCode), store: &StoreCode, item: &Arc<ItemMaster>) {
        let mut stores = self.cached.items.get(&key).unwrap_or_default();
        Arc::make_mut(&mut stores).insert(store.clone(), Arc::clone(item));
        self.cached.items.insert_loaded(generation, key, stores);
    }
}

#[async_trait]
impl Masters for MasterClient {
    async fn items(&self, tenant: &TenantId, store: &StoreCode, codes: &[ItemCode]) -> Result<Vec<Found>> {
        let items = &self.cached.items;
        let generation = items.generation();
        let mut found = Vec::with_capacity(codes.len());
        let mut missing = Vec::new();
        for (place, code) in codes.iter().enumerate() {
            let stores = items.get(&(tenant.clone(), code.clone()));
            let item = stores.and_then(|stores| stores.get(store).cloned());
            if item.is_none() {
                missing.push(place);
            }
            found.push(item.ok_or(NotSold::Unknown));
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let asked = missing.iter().map(|place| codes[*place].to_string()).collect();
        let loaded = self.load_items(tenant, store, asked).await?;
        for place in missing {
            // An item that is not sold is asked for again: it may be entered at any moment.
            let Some(answer) = loaded.get(&codes[place]) else {
                continue;
            };
            if let Ok(item) = answer {
                self.keep(generation, (tenant.clone(), codes[place].clone()), store, item);
            }
            found[place].clone_from(answer);
        }
        Ok(found)
    }

    async fn taxes(&self, tenant: &TenantId) -> Result<Arc<Vec<TaxRule>>> {
        self.cached
            .taxes
            .get_or_load(tenant.clone(), self.load_taxes(tenant))
            .await
    }

    async fn settings(&self, tenant: &TenantId) -> Result<Arc<Vec<SettingMaster>>> {
        self.cached
            .settings
            .get_or_load(tenant.clone(), self.load_settings(tenant))
            .await
    }

    async fn promotions(&self, tenant: &TenantId) -> Result<Arc<Vec<PromotionMaster>>> {
        self.cached
            .promotions
            .get_or_load(tenant.clone(), self.load_promotions(tenant))
            .await
    }

    async fn payment(&self, tenant: &TenantId, payment_code: &str) -> Result<Option<Arc<PaymentMaster>>> {
        let payments = self
            .cached
            .payments
            .get_or_load(tenant.clone(), self.load_payments(tenant))
            .await?;
        Ok(payments
            .iter()
            .find(|payment| payment.method.code == payment_code)
            .cloned())
    }
}

#[cfg(test)]
mod tests {
    use kugel_error::codes;
    use kugel_stand::Stand;

    use super::super::nobody;
    use super::*;

    fn at_hand(stand: &Stand) -> MasterClient {
        MasterClient::new(
            nobody(stand, "master-data"),
            &*stand.bus,
            Duration::from_secs(300),
        )
    }

    fn tea() -> Arc<ItemMaster> {
        let tea = wire::ItemDetails {
            item_code: "tea".to_owned(),
            ..Default::default()
        };
        Arc::new(convert::item(tea).unwrap())
    }

    #[tokio::test]
    async fn an_item_is_kept_until_it_is_announced_as_changed() {
        let stand = Stand::new(crate::NAME, "t1", "2026-06-11T05:03:09Z");
        let (client, bus) = (at_hand(&stand), &stand.bus);
        let (tenant, store): (TenantId, StoreCode) = ("t1".parse().unwrap(), "s1".parse().unwrap());
        let code: ItemCode = "tea".parse().unwrap();
        let announce = |tenant: &str, kind, key: &str| {
            bus.announce(&Change {
                tenant: tenant.parse().unwrap(),
                kind,
                key: key.to_owned(),
            });
        };
        for (kind, key) in [(ChangeKind::Item, "tea"), (ChangeKind::StoreItem, "s1/tea")] {
            let generation = client.cached.items.generation();
            for store in ["s1", "s2"] {
                let store = store.parse().unwrap();
                client.keep(generation, (tenant.clone(), code.clone()), &store, &tea());
            }
            let codes = [code.clone()];
            announce("t2", kind, key);
            announce("t1", kind, "rice");
            let found = client.items(&tenant, &store, &codes).await.unwrap();
            assert_eq!(found, [Ok(tea())], "what others change is not this item");
            announce("t1", kind, key);
            let error = client
                .items(&tenant, &store, &codes)
                .await
                .expect_err("asked again");
            assert!(
                error.is(&codes::CART_NEIGHBOUR_FAILED),
                "the neighbour is not there"
            );
        }
    }

    #[tokio::test]
    async fn a_late_answer_does_not_bring_an_old_price_back() {
        let stand = Stand::new(crate::NAME, "t1", "2026-06-11T05:03:09Z");
        let (client, bus) = (at_hand(&stand), &stand.bus);
        let (tenant, store): (TenantId, StoreCode) = ("t1".parse().unwrap(), "s1".parse().unwrap());
        let code: ItemCode = "tea".parse().unwrap();
        let before = client.cached.items.generation();
        bus.announce(&Change {
            tenant: tenant.clone(),
            kind: ChangeKind::Item,
            key: "tea".to_owned(),
        });
        let key = (tenant, code);
        client.keep(before, key.clone(), &store, &tea());
        assert!(client.cached.items.get(&key).is_none());
    }
}
