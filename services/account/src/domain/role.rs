//! Roles: sets of permissions with a name.

use std::collections::BTreeSet;

use kugel_auth::Permission::{self, *};
use kugel_auth::Permissions;
use kugel_types::{Rate, StoreCode};
use serde::{Deserialize, Serialize};

/// The role of who may do everything. Accounts keep it as a flag, which tokens carry.
pub const OWNER: &str = "owner";

/// A set of permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The key within the tenant.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The names of what it permits. One that this version does not know permits nothing.
    pub permissions: Vec<String>,
    /// How far `sales.discount` reaches at a till, in percent; `None` is all the way.
    pub discount_limit_percent: Option<Rate>,
}

impl Role {
    /// What it permits.
    pub fn permits(&self) -> Permissions {
        let names = self.permissions.iter();
        names.filter_map(|name| Permission::named(name)).collect()
    }
}

/// A role that somebody has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoleGrant {
    /// The name of the role.
    pub role: String,
    /// The stores it is given for; empty for the whole tenant.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub store_codes: BTreeSet<StoreCode>,
}

/// A role that every tenant has.
pub struct Preset {
    /// The name.
    pub name: &'static str,
    description: &'static str,
    permissions: Option<&'static [Permission]>,
    discount_limit_percent: Option<i64>,
}

/// What a person needs who works at a till.
const AT_THE_TILL: [Permission; 8] = [
    SalesSell,
    SalesDiscount,
    SessionsRun,
    ReportsRead,
    StockRead,
    MastersRead,
    StoresRead,
    TerminalsRead,
];

/// The roles that every tenant has.
pub const PRESETS: [Preset; 8] = [
    Preset {
        name: OWNER,
        description: "Everything",
        permissions: None,
        discount_limit_percent: None,
    },
    Preset {
        name: "manager",
        description: "Runs stores: sales, cash, books, stock, prices, staff and terminals",
        permissions: Some(&[
            SalesSell,
            SalesDiscount,
            SalesOverride,
            SalesVoid,
            SalesReturn,
            SalesRead,
            CashMove,
            CashDrawer,
            SessionsRun,
            JournalRead,
            ReportsRead,
            BooksSettle,
            StockRead,
            StockWrite,
            MastersRead,
            PricesWrite,
            StaffRead,
            StaffWrite,
            StoresRead,
            TerminalsRead,
            TerminalsWrite,
        ]),
        discount_limit_percent: None,
    },
    Preset {
        name: "supervisor",
        description: "Sells, voids, takes back, overrides and moves cash",
        permissions: Some(&[
            SalesSell,
            SalesDiscount,
            SalesOverride,
            SalesVoid,
            SalesReturn,
            SalesRead,
            CashMove,
            CashDrawer,
            SessionsRun,
            JournalRead,
            ReportsRead,
            StockRead,
            MastersRead,
            StaffRead,
            StoresRead,
            TerminalsRead,
        ]),
        discount_limit_percent: None,
    },
    Preset {
        name: "cashier",
        description: "Sells, and discounts up to a limit",
        permissions: Some(&AT_THE_TILL),
        discount_limit_percent: Some(20),
    },
    Preset {
        name: "back_office",
        description: "Keeps masters, staff, stores, terminals and stock",
        permissions: Some(&[
            SalesRead,
            JournalRead,
            ReportsRead,
            StockRead,
            StockWrite,
            MastersRead,
            ItemsWrite,
            PricesWrite,
            SettingsWrite,
            StaffRead,
            StaffWrite,
            StoresRead,
            StoresWrite,
            TerminalsRead,
            TerminalsWrite,
        ]),
        discount_limit_percent: None,
    },
    Preset {
        name: "accountant",
        description: "Reads the books and settles them",
        permissions: Some(&[
            SalesRead,
            JournalRead,
            ReportsRead,
            BooksSettle,
            StockRead,
            MastersRead,
            StoresRead,
            TerminalsRead,
        ]),
        discount_limit_percent: None,
    },
    Preset {
        name: "integrator",
        description: "Another system: writes masters and stock, reads sales, brings in history",
        permissions: Some(&[
            SalesRead,
            JournalRead,
            ReportsRead,
            BooksPost,
            StockRead,
            StockWrite,
            MastersRead,
            ItemsWrite,
            PricesWrite,
            SettingsWrite,
            StoresRead,
            TerminalsRead,
        ]),
        discount_limit_percent: None,
    },
    Preset {
        name: "read_only",
        description: "Reads everything but users and the security log",
        permissions: Some(&[
            SalesRead,
            JournalRead,
            ReportsRead,
            StockRead,
            MastersRead,
            StaffRead,
            StoresRead,
            TerminalsRead,
        ]),
        discount_limit_percent: None,
    },
];

impl Preset {
    /// The role.
    pub fn role(&self) -> Role {
        let permits = match self.permissions {
            Some(permissions) => permissions.iter().copied().collect(),
            None => Permissions::all(),
        };
        Role {
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            permissions: permits.names(),
            discount_limit_percent: self
                .discount_limit_percent
                .and_then(|percent| Rate::new(percent.into()).ok()),
        }
    }
}

/// The role of a name that every tenant has.
pub fn preset(name: &str) -> Option<Role> {
    let found = PRESETS.iter().find(|preset| preset.name == name);
    found.map(Preset::role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_permit_what_their_name_says() {
        let permits = |name: &str| preset(name).expect("a preset").permits();
        assert_eq!(permits(OWNER), Permissions::all());
        for (name, has, has_not) in [
            ("manager", StaffWrite, UsersWrite),
            ("supervisor", SalesVoid, StaffWrite),
            ("cashier", SalesDiscount, SalesOverride),
            ("back_office", ItemsWrite, SalesSell),
            ("accountant", BooksSettle, PricesWrite),
            ("integrator", BooksPost, StaffRead),
            ("read_only", StaffRead, UsersRead),
        ] {
            assert!(permits(name).contains(has), "{name} {has:?}");
            assert!(!permits(name).contains(has_not), "{name} {has_not:?}");
        }
        let reads = permits("read_only");
        assert!(
            reads
                .iter()
                .all(|permission| permission.name().ends_with(".read"))
        );
        assert!(permits("supervisor").covers(permits("cashier")));
        assert!(permits("manager").covers(permits("supervisor")));
        assert_eq!(preset("Manager"), None);
    }
}
