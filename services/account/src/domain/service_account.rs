//! Service accounts: other systems, which have roles as users have, and keys instead of a password.

use jiff::Timestamp;
use kugel_auth::{ApiKey, ApiKeyHash, Permission, Permissions, Rights};
use serde::{Deserialize, Serialize};

use super::RoleGrant;

/// Service accounts that a tenant may have.
pub const ACCOUNTS_MAX: u64 = 100;
/// Keys that a service account may have.
pub const KEYS_MAX: usize = 10;
/// The longest name, in characters.
const NAME_MAX: usize = 40;

/// A service account with its keys: what a key may do is decided by both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceAccount {
    /// The key within the tenant.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub roles: Vec<RoleGrant>,
    /// May get tokens.
    pub is_active: bool,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When everything that was issued for it was last revoked, as [`super::User::generation`].
    pub generation: i64,
    /// Its keys, the oldest first.
    pub keys: Vec<ServiceKey>,
}

/// A key of a service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceKey {
    /// Names it within the account.
    pub id: String,
    /// Where it is used.
    pub description: String,
    /// What is kept of the key itself.
    pub hash: ApiKeyHash,
    /// The names of what its tokens may do at most; empty for all that the account may.
    pub permissions: Vec<String>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// About when a key was used last. Apart from the account: a use is no change of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUse {
    /// The account.
    pub account: String,
    /// The key.
    pub key: String,
    /// When.
    pub last_used_at: Timestamp,
}

/// True for a name that a service account can have.
pub fn is_service_account_name(name: &str) -> bool {
    let fits =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '_' | '-');
    (1..=NAME_MAX).contains(&name.len()) && name.chars().all(fits)
}

impl ServiceAccount {
    /// True if it may work at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.is_active && self.expires_at.is_none_or(|end| now < end)
    }

    /// The key that this is, if it may be used at `now`. Each is compared, so that the time tells nothing.
    pub fn key(&self, key: &ApiKey, now: Timestamp) -> Option<&ServiceKey> {
        let found = self.keys.iter().fold(None, |found, known| {
            let is_it = known.hash.matches(key);
            found.or(is_it.then_some(known))
        });
        found.filter(|key| key.expires_at.is_none_or(|end| now < end))
    }

    /// When a token that a key gets has to end at the latest.
    pub fn end(&self, key: &ServiceKey) -> Option<Timestamp> {
        self.expires_at.into_iter().chain(key.expires_at).min()
    }

    /// The account after a change of `former`: what was issued for other rights, or by a key that is gone, is no good any more.
    #[must_use]
    pub fn following(self, former: &Self, now: Timestamp) -> Self {
        let what = |account: &Self| (account.roles.clone(), account.is_active, account.expires_at);
        let keeps_keys = former.keys.iter().all(|key| self.keys.contains(key));
        if what(&self) == what(former) && keeps_keys {
            self
        } else {
            self.raised(now)
        }
    }

    /// The account when everything that was issued for it is revoked.
    #[must_use]
    pub fn raised(self, now: Timestamp) -> Self {
        Self {
            generation: now.as_microsecond().max(self.generation + 1),
            ..self
        }
    }
}

impl ServiceKey {
    /// What is left of the account's rights for this key.
    pub fn narrow(&self, rights: &Rights) -> Rights {
        if self.permissions.is_empty() {
            return rights.clone();
        }
        let names = self.permissions.iter();
        let permissions: Permissions = names.filter_map(|name| Permission::named(name)).collect();
        rights.within(permissions)
    }
}

#[cfg(test)]
mod tests {
    use kugel_auth::Grant;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn key(id: &str, end: Option<i64>) -> ServiceKey {
        ServiceKey {
            id: id.to_owned(),
            description: String::new(),
            hash: ApiKey::from_request(id).hash(),
            permissions: Vec::new(),
            expires_at: end.map(at),
            created_at: at(0),
        }
    }

    fn account(keys: &[ServiceKey]) -> ServiceAccount {
        ServiceAccount {
            name: "erp".to_owned(),
            description: String::new(),
            roles: Vec::new(),
            is_active: true,
            expires_at: None,
            generation: 7,
            keys: keys.to_vec(),
        }
    }

    #[test]
    fn a_key_is_good_until_its_end_and_an_account_until_its_own() {
        let account = account(&[key("one", Some(60)), key("two", None)]);
        let found = |text: &str, now| {
            let key = account.key(&ApiKey::from_request(text), at(now));
            key.map(|key| key.id.clone())
        };
        assert_eq!(found("one", 59).as_deref(), Some("one"));
        assert_eq!(found("one", 60), None);
        assert_eq!(found("two", 60).as_deref(), Some("two"));
        assert_eq!((found("three", 0), found("", 0)), (None, None));
        let ending = ServiceAccount {
            expires_at: Some(at(50)),
            ..account.clone()
        };
        assert!(ending.is_good(at(49)) && !ending.is_good(at(50)));
        assert_eq!(ending.end(&ending.keys[0]), Some(at(50)));
        assert_eq!(account.end(&account.keys[0]), Some(at(60)));
        assert_eq!(account.end(&account.keys[1]), None);
        let resting = ServiceAccount {
            is_active: false,
            ..account.clone()
        };
        assert!(!resting.is_good(at(0)));
    }

    #[test]
    fn what_takes_rights_ends_what_was_issued_and_what_gives_a_key_does_not() {
        let former = account(&[key("one", None)]);
        let ends = |changed: ServiceAccount| changed.following(&former, at(0)).generation != 7;
        let change = |edit: fn(&mut ServiceAccount)| {
            let mut changed = former.clone();
            edit(&mut changed);
            changed
        };
        assert!(!ends(former.clone()));
        assert!(!ends(change(|account| account.description = "other".to_owned())));
        assert!(!ends(change(|account| account.keys.push(key("two", None)))));
        assert!(ends(change(|account| account.keys.clear())));
        assert!(ends(change(|account| account.is_active = false)));
        assert!(ends(change(|account| account.expires_at = Some(at(9)))));
        assert!(ends(change(|account| {
            account.roles.push(RoleGrant {
                role: "cashier".to_owned(),
                store_codes: std::collections::BTreeSet::new(),
            });
        })));
        assert_eq!(former.clone().raised(at(0)).generation, at(0).as_microsecond());
        let later = ServiceAccount {
            generation: i64::MAX - 1,
            ..former.clone()
        };
        assert_eq!(later.raised(at(0)).generation, i64::MAX);
    }

    #[test]
    fn a_key_may_do_what_both_permit() {
        let grant = |permissions: &[Permission], stores: Option<&str>| Grant {
            permissions: permissions.iter().copied().collect(),
            stores: stores.map(|code| [code.parse().unwrap()].into()),
        };
        let rights = Rights::of([
            grant(&[Permission::SalesRead, Permission::StockRead], None),
            grant(&[Permission::StockWrite], Some("tk01")),
        ]);
        let narrowed = |permissions: &[&str]| {
            let permissions = permissions.iter().map(|&name| name.to_owned()).collect();
            ServiceKey {
                permissions,
                ..key("one", None)
            }
            .narrow(&rights)
        };
        assert_eq!(narrowed(&[]), rights);
        assert_eq!(narrowed(&["stock.read", "stock.write", "users.write"]), {
            Rights::of([
                grant(&[Permission::StockRead], None),
                grant(&[Permission::StockWrite], Some("tk01")),
            ])
        });
        assert_eq!(narrowed(&["users.write"]), Rights::default());
        assert_eq!(narrowed(&["of.another_version"]), Rights::default());
    }

    #[test]
    fn names_are_short_and_plain() {
        for name in ["erp", "e-shop_2", "0"] {
            assert!(is_service_account_name(name), "{name}");
        }
        for name in ["", "ERP", "a.b", "a b", "森", &"a".repeat(41)] {
            assert!(!is_service_account_name(name), "{name}");
        }
    }
}
