//! What a user or a service account may do, and where.

use std::collections::BTreeSet;

use kugel_proto::{PERMISSIONS, Permission};
use kugel_types::StoreCode;
use serde::{Deserialize, Serialize};

/// A set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Permissions(u64);

impl Permissions {
    /// Everything that can be permitted.
    pub fn all() -> Self {
        PERMISSIONS.iter().map(|entry| entry.permission).collect()
    }

    /// True if it is in the set.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & bit(permission) != 0
    }

    /// True if all of the other set are in this one.
    pub fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// True if nothing is permitted.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in either.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The permissions, in the order of the contract.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        let all = PERMISSIONS.iter().map(|entry| entry.permission);
        all.filter(move |permission| self.contains(*permission))
    }

    /// The names, in the order of the contract.
    pub fn names(self) -> Vec<String> {
        self.iter().map(Permission::name).collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |set, one| set | bit(one)))
    }
}

fn bit(permission: Permission) -> u64 {
    1 << (permission as i32)
}

/// Permissions for the whole tenant or for stores of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What is permitted.
    pub permissions: Permissions,
    /// Where; `None` is the whole tenant, and stores to come.
    pub stores: Option<BTreeSet<StoreCode>>,
}

/// Where a permission is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach<'a> {
    /// The whole tenant.
    Tenant,
    /// One store.
    Store(&'a StoreCode),
    /// What all stores share: a permission for any of them is enough.
    AnyStore,
}

/// Everything that somebody is permitted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    grants: Vec<Grant>,
    /// An owner's are more than all permissions together: owners alone make and unmake owners.
    is_owner: bool,
}

impl Rights {
    /// An owner's.
    pub fn all() -> Self {
        let everything = Grant {
            permissions: Permissions::all(),
            stores: None,
        };
        Self {
            is_owner: true,
            ..Self::of([everything])
        }
    }

    /// What the grants permit together. Those of the same stores become one.
    pub fn of(grants: impl IntoIterator<Item = Grant>) -> Self {
        let mut rights = Vec::<Grant>::new();
        for grant in grants.into_iter().filter(|grant| !grant.permissions.is_empty()) {
            match rights.iter_mut().find(|known| known.stores == grant.stores) {
                Some(known) => known.permissions = known.permissions.and(grant.permissions),
                None => rights.push(grant),
            }
        }
        Self {
            grants: rights,
            is_owner: false,
        }
    }

    /// The grants.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// What is left of them within some permissions.
    #[must_use]
    pub fn within(&self, permissions: Permissions) -> Self {
        Self::of(self.grants.iter().map(|grant| Grant {
            permissions: grant.permissions.common(permissions),
            stores: grant.stores.clone(),
        }))
    }

    /// Everything that is permitted anywhere.
    pub fn anywhere(&self) -> Permissions {
        self.at(Reach::AnyStore)
    }

    /// True if it is permitted there.
    pub fn allow(&self, permission: Permission, reach: Reach<'_>) -> bool {
        permission == Permission::Self_ || self.at(reach).contains(permission)
    }

    /// True if somebody with these rights may give and take the others.
    pub fn cover(&self, others: &Self) -> bool {
        let is_above = others.is_owner && !self.is_owner;
        !is_above
            && others.grants.iter().all(|grant| match &grant.stores {
                None => self.at(Reach::Tenant).covers(grant.permissions),
                Some(stores) => stores
                    .iter()
                    .all(|store| self.at(Reach::Store(store)).covers(grant.permissions)),
            })
    }

    fn at(&self, reach: Reach<'_>) -> Permissions {
        let reaches = |grant: &&Grant| match (&grant.stores, reach) {
            (None, _) | (Some(_), Reach::AnyStore) => true,
            (Some(stores), Reach::Store(store)) => stores.contains(store),
            (Some(_), Reach::Tenant) => false,
        };
        let grants = self.grants.iter().filter(reaches);
        grants.fold(Permissions::default(), |set, grant| set.and(grant.permissions))
    }
}

/// A grant as tokens carry it.
#[derive(Serialize, Deserialize)]
pub(crate) struct GrantClaim {
    /// Names, separated by spaces as OAuth2 writes a scope.
    permissions: String,
    /// Absent for the whole tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stores: Option<BTreeSet<StoreCode>>,
}

impl From<&Grant> for GrantClaim {
    fn from(grant: &Grant) -> Self {
        Self {
            permissions: grant.permissions.names().join(" "),
            stores: grant.stores.clone(),
        }
    }
}

impl From<GrantClaim> for Grant {
    /// A name that this version does not know permits nothing.
    fn from(claim: GrantClaim) -> Self {
        Self {
            permissions: claim
                .permissions
                .split(' ')
                .filter_map(Permission::named)
                .collect(),
            stores: claim.stores,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(code: &str) -> StoreCode {
        code.parse().expect("a store code")
    }

    fn grant(permissions: &[Permission], stores: Option<&[&str]>) -> Grant {
        Grant {
            permissions: permissions.iter().copied().collect(),
            stores: stores.map(|stores| stores.iter().map(|code| store(code)).collect()),
        }
    }

    #[test]
    fn a_permission_reaches_as_far_as_it_was_given() {
        use Permission::{ReportsRead, SalesRead, Self_, StockRead};
        let rights = Rights::of([
            grant(&[SalesRead], None),
            grant(&[ReportsRead], Some(&["tk01", "tk02"])),
        ]);
        let (own, other) = (store("tk01"), store("tk03"));
        for (permission, reach, expected) in [
            (SalesRead, Reach::Tenant, true),
            (SalesRead, Reach::Store(&other), true),
            (SalesRead, Reach::AnyStore, true),
            (ReportsRead, Reach::Tenant, false),
            (ReportsRead, Reach::Store(&own), true),
            (ReportsRead, Reach::Store(&other), false),
            (ReportsRead, Reach::AnyStore, true),
            (StockRead, Reach::AnyStore, false),
            (Self_, Reach::Tenant, true),
        ] {
            assert_eq!(
                rights.allow(permission, reach),
                expected,
                "{permission:?} {reach:?}"
            );
        }
        assert!(!Rights::default().allow(SalesRead, Reach::AnyStore));
        assert!(Rights::default().allow(Self_, Reach::Tenant));
    }

    #[test]
    fn nobody_gives_more_than_he_has() {
        use Permission::{ReportsRead, SalesRead};
        let tenant = Rights::of([grant(&[SalesRead, ReportsRead], None)]);
        let stores = Rights::of([grant(&[SalesRead, ReportsRead], Some(&["tk01", "tk02"]))]);
        let one = Rights::of([grant(&[SalesRead], Some(&["tk01"]))]);
        for (giver, given, expected) in [
            (&tenant, &tenant, true),
            (&tenant, &stores, true),
            (&stores, &one, true),
            (&stores, &tenant, false),
            (&one, &stores, false),
            (&one, &Rights::default(), true),
            (&Rights::all(), &tenant, true),
            (&Rights::all(), &Rights::all(), true),
            (
                &Rights::of([grant(&Permissions::all().iter().collect::<Vec<_>>(), None)]),
                &Rights::all(),
                false,
            ),
            (&tenant, &Rights::all(), false),
        ] {
            assert_eq!(giver.cover(given), expected, "{giver:?} {given:?}");
        }
    }

    #[test]
    fn every_permission_has_a_name_of_its_own() {
        for permission in Permissions::all().iter() {
            let name = permission.name();
            assert_eq!(Permission::named(&name), Some(permission), "{name}");
            assert_eq!(name.split('.').count(), 2, "{name}");
        }
        assert_eq!(Permission::SalesSell.name(), "sales.sell");
        for unknown in ["self", "unspecified", "sales.everything", "", "SALES.SELL"] {
            assert_eq!(Permission::named(unknown), None, "{unknown}");
        }
    }
}
