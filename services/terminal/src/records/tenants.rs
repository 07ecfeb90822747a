//! Tenants and their stores.

use kugel_store::{Collection, Field, Record};
use kugel_types::{BusinessDate, Currency, StoreCode, TenantId};
use serde::{Deserialize, Serialize};

use crate::domain::Place;

/// The master record of the tenant; its stores are documents of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantDocument {
    /// The key.
    pub tenant_id: TenantId,
    /// The name people know it by.
    pub tenant_name: String,
    /// Free labels.
    pub tags: Vec<String>,
}

pub(super) static TENANTS: Collection = Collection {
    name: "info_tenant",
    fields: &[],
    indexes: &[],
};

impl Record for TenantDocument {
    const COLLECTION: &'static Collection = &TENANTS;
    fn id(&self) -> String {
        self.tenant_id.to_string()
    }
}

/// A store of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreDocument {
    /// The key.
    pub store_code: StoreCode,
    /// The name that receipts print.
    pub store_name: String,
    /// What the back office says about it.
    pub status: String,
    /// The business date as the back office keeps it.
    pub business_date: Option<BusinessDate>,
    /// Free labels.
    pub tags: Vec<String>,
    /// ISO 4217 code.
    pub currency: Currency,
}

pub(super) static STORES: Collection = Collection {
    name: "info_store",
    fields: &[
        Field::text("store_code"),
        Field::text("store_name"),
        Field::text("status"),
        Field::text("business_date"),
        Field::text("currency"),
    ],
    indexes: &[],
};

impl Record for StoreDocument {
    const COLLECTION: &'static Collection = &STORES;
    fn id(&self) -> String {
        self.store_code.to_string()
    }
}

impl StoreDocument {
    /// The store as logs and receipts need it.
    pub(crate) fn place(&self) -> Place {
        let name = self.store_name.trim();
        Place {
            code: self.store_code.clone(),
            name: (!name.is_empty()).then(|| name.to_owned()),
            currency: self.currency,
        }
    }
}
