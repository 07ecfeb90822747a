//! Tenants and their stores.

use kugel_auth::TillRights;
use kugel_store::{Collection, Field, Record};
use kugel_types::{BusinessDate, Currency, Money, StoreCode, TenantId};
use serde::{Deserialize, Serialize};

use crate::domain::{Place, Refusal};

/// The master record of the tenant; its stores are documents of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantDocument {
    /// The key.
    pub tenant_id: TenantId,
    /// The name people know it by.
    pub tenant_name: String,
    /// Free labels.
    pub tags: Vec<String>,
    /// What its tills may do beyond their own store.
    #[serde(default)]
    pub till_rights: TillRights,
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
    /// The smallest coin it takes; `None` means the currency's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cash_coin: Option<Money>,
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
    /// The smallest coin it takes.
    pub fn coin(&self) -> Money {
        self.cash_coin.unwrap_or(self.currency.cash_coin())
    }
    /// Refuses a coin of its own that whole minor units of its currency do not make up.
    pub(crate) fn check_coin(&self) -> Result<(), Refusal> {
        match self.currency.can_pay(self.coin()) {
            true => Ok(()),
            false => Err(Refusal::NoMultiple {
                field: "cash_coin",
                unit: self.currency.minor_unit(),
            }),
        }
    }
    /// The store as logs and receipts need it.
    pub(crate) fn place(&self) -> Place {
        let name = self.store_name.trim();
        Place {
            code: self.store_code.clone(),
            name: (!name.is_empty()).then(|| name.to_owned()),
            currency: self.currency,
            coin: self.coin(),
        }
    }
}
