//! What the person who is signed in may do.

use kugel_types::Rate;
use serde::{Deserialize, Serialize};

/// The role of everybody whose roles the tenant does not have.
const CASHIER: &str = "cashier";
/// The permission to give discounts.
const DISCOUNT: &str = "sales.discount";

/// A role of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The name.
    pub name: String,
    /// The names of what it permits.
    pub permissions: Vec<String>,
    /// How far a discount may go, in percent; `None` is all the way.
    pub discount_limit: Option<Rate>,
}

/// What a person may do at a till, as it was at sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StaffRights {
    /// The names of what is permitted, in order.
    #[serde(with = "words")]
    pub permissions: Vec<String>,
    /// How far a discount may go, in percent; `None` is all the way.
    pub discount_limit: Option<Rate>,
}

/// A list of names as one text, as OAuth2 writes a scope.
mod words {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(words: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&words.join(" "))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(text.split_whitespace().map(ToOwned::to_owned).collect())
    }
}

impl StaffRights {
    /// True if the permission of that name is among them.
    pub fn permits(&self, permission: &str) -> bool {
        self.permissions.iter().any(|name| name == permission)
    }

    /// What the roles of a person permit together. A role that the tenant does not have is a cashier's, and so is none; for
    /// older clients, whose shops named roles as they liked, it is everybody's at a till: everything.
    pub fn of(names: &[String], roles: &[Role], is_legacy: bool) -> Self {
        let found = |name: &str| roles.iter().find(|role| role.name == name);
        let is_known = |name: &String| found(name).is_some();
        if is_legacy && !names.iter().any(is_known) {
            let all = roles.iter().flat_map(|role| role.permissions.iter().cloned());
            return Self::united(all, None);
        }
        let known: Vec<_> = names.iter().filter_map(|name| found(name)).collect();
        let is_cashier = known.is_empty() || !names.iter().all(is_known);
        let cashier = found(CASHIER).filter(|_| is_cashier);
        let counting: Vec<_> = known.into_iter().chain(cashier).collect();
        let discounting = counting.iter().filter(|role| {
            let mut permissions = role.permissions.iter();
            permissions.any(|name| name == DISCOUNT)
        });
        let limits: Vec<_> = discounting.map(|role| role.discount_limit).collect();
        let is_limited = !limits.contains(&None);
        let widest = limits.into_iter().flatten().max_by_key(|limit| limit.decimal());
        let permissions = counting.iter().flat_map(|role| role.permissions.iter().cloned());
        Self::united(permissions, widest.filter(|_| is_limited))
    }

    fn united(permissions: impl Iterator<Item = String>, discount_limit: Option<Rate>) -> Self {
        let mut permissions: Vec<_> = permissions.collect();
        permissions.sort();
        permissions.dedup();
        Self {
            permissions,
            discount_limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, permissions: &[&str], limit: Option<&str>) -> Role {
        Role {
            name: name.to_owned(),
            permissions: permissions.iter().map(|&name| name.to_owned()).collect(),
            discount_limit: limit.map(|limit| limit.parse().expect("a rate")),
        }
    }

    #[test]
    fn roles_add_up_and_an_unknown_one_is_a_cashiers() {
        let roles = [
            role("cashier", &["sales.sell", DISCOUNT], Some("20")),
            role("trainee", &["sales.sell", DISCOUNT], Some("5")),
            role("counter", &["cash.move"], None),
            role("supervisor", &["sales.sell", DISCOUNT, "sales.void"], None),
        ];
        for (names, permissions, limit) in [
            (&[][..], &[DISCOUNT, "sales.sell"][..], Some("20")),
            (&["chef"], &[DISCOUNT, "sales.sell"], Some("20")),
            (&["trainee"], &[DISCOUNT, "sales.sell"], Some("5")),
            (&["trainee", "chef"], &[DISCOUNT, "sales.sell"], Some("20")),
            (&["counter"], &["cash.move"], None),
            (
                &["supervisor", "trainee"],
                &[DISCOUNT, "sales.sell", "sales.void"],
                None,
            ),
        ] {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            let rights = StaffRights::of(&names, &roles, false);
            assert_eq!(rights.permissions, permissions, "{names:?}");
            let expected = limit.map(|limit| limit.parse().expect("a rate"));
            assert_eq!(rights.discount_limit, expected, "{names:?}");
        }
        let chef = ["chef".to_owned()];
        let everything = StaffRights::of(&chef, &roles, true);
        assert_eq!(
            everything.permissions,
            ["cash.move", DISCOUNT, "sales.sell", "sales.void"]
        );
        assert_eq!(everything.discount_limit, None);
        let trainee = ["trainee".to_owned()];
        assert_eq!(
            StaffRights::of(&trainee, &roles, true),
            StaffRights::of(&trainee, &roles, false)
        );
    }
}
