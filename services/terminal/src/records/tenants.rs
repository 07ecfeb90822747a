//! Tenants and their stores.

use kugel_error::Error;
use kugel_store::{Collection, Field, Record};
use serde::{Deserialize, Serialize};

use super::damaged;
use crate::domain::Place;

/// The master record of the tenant; its stores are documents of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantDocument {
    /// The key.
    pub tenant_id: String,
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
        self.tenant_id.clone()
    }
}

/// A store of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreDocument {
    /// The key.
    pub store_code: String,
    /// The name that receipts print.
    pub store_name: String,
    /// What the back office says about it.
    pub status: String,
    /// The business date as the back office keeps it.
    pub business_date: Option<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// ISO 4217 code.
    pub currency: String,
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
        self.store_code.clone()
    }
}

impl StoreDocument {
    /// The store as logs and receipts need it.
    pub(crate) fn place(&self) -> Result<Place, Error> {
        let damaged = |what| damaged("store", &self.store_code, what);
        let name = self.store_name.trim();
        Ok(Place {
            code: self.store_code.parse().map_err(|_| damaged("code"))?,
            name: (!name.is_empty()).then(|| name.to_owned()),
            currency: self.currency.parse().map_err(|_| damaged("currency"))?,
        })
    }
}
