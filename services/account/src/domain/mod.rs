//! Tenants and users: what is kept of them, and what names and passwords may be. Pure: no clock, no store, no transport.
//!
//! These types are also the bodies of the stored documents; their rules were checked where the data came in.

mod password;
mod role;
mod service_account;
mod session;

use jiff::Timestamp;
use kugel_types::TenantId;
use serde::{Deserialize, Serialize};

pub use password::{LONGEST, PasswordPolicy};
pub use role::{OWNER, PRESETS, Role, RoleGrant, preset};
pub use service_account::{
    ACCOUNTS_MAX, KEYS_MAX, KeyUse, ServiceAccount, ServiceKey, is_service_account_name,
};
pub use session::{ENDED_MAX, EndedSessions, Presented, SESSIONS_MAX, Session};

/// The longest user name, in characters.
const USERNAME_MAX: usize = 64;

/// A registered tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// The id as it is written everywhere.
    pub tenant_id: String,
    /// Who registered it.
    pub owner: String,
}

impl Tenant {
    /// The key: `Shop` and `shop` are one, because some file systems and many people take them for one.
    pub fn key(tenant_id: &str) -> String {
        tenant_id.to_lowercase()
    }
}

/// A person who may log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The name typed at login.
    pub username: String,
    /// The hash of the password, a PHC string or bcrypt's.
    pub hashed_password: String,
    /// Owns the tenant: may do everything.
    pub is_superuser: bool,
    /// May log in.
    pub is_active: bool,
    /// What the user may do otherwise.
    #[serde(default)]
    pub roles: Vec<RoleGrant>,
    /// Must change the password before the next login.
    #[serde(default)]
    pub must_change_password: bool,
    /// When everything that was issued for the account was last revoked, in microseconds since 1970: tokens carry it and
    /// are good for this one only. 0 in accounts of earlier versions.
    #[serde(default)]
    pub generation: i64,
}

impl User {
    /// The account after a change of `former`: what was issued for another password or other rights is no good any more.
    #[must_use]
    pub fn following(self, former: &Self, now: Timestamp) -> Self {
        let what = |user: &Self| (user.hashed_password.clone(), user.is_superuser, user.is_active);
        if what(&self) == what(former) && self.roles == former.roles {
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

    /// True for an owner who may log in.
    pub fn is_administrator(&self) -> bool {
        self.is_superuser && self.is_active
    }
}

/// What the tokens of a user are held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The generation that they have to be of.
    pub generation: i64,
    /// The sessions whose tokens are no good all the same.
    pub ended_sessions: Vec<String>,
}

impl Standing {
    /// True for a token of this generation and session.
    pub fn accepts(&self, generation: i64, session: Option<&str>) -> bool {
        let has_ended = |session: &str| self.ended_sessions.iter().any(|ended| ended == session);
        generation == self.generation && !session.is_some_and(has_ended)
    }
}

/// An invitation that a tenant was registered with: no other one may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedInvitation {
    /// The id within the code.
    pub id: String,
    /// The tenant, if it has its id yet.
    pub tenant_id: String,
}

/// When somebody last logged in. Apart from the user: a login is no change of the account, must not wait for one, and
/// must not make one fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLogin {
    /// Who.
    pub username: String,
    /// When.
    pub last_login: Timestamp,
}

/// One document for each tenant that every loss of a superuser replaces: so two of them at the same time cannot each
/// count on the other and leave the tenant without any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuperuserGuard {}

/// A name and a password for a user. Whether they may be given to one is for [`Credentials::mistakes`] to say.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password in the clear.
    pub password: String,
}

impl Credentials {
    /// What is wrong with either, as far as that hangs on no tenant.
    pub fn mistakes(&self) -> [Option<Mistake>; 2] {
        [
            username_mistake(&self.username),
            password_mistake("password", &self.password),
        ]
    }
}

/// A field, and what is wrong with it.
pub type Mistake = (&'static str, String);

fn username_mistake(username: &str) -> Option<Mistake> {
    let fits = username.chars().count() <= USERNAME_MAX
        && username
            .chars()
            .all(|character| character.is_alphanumeric() || "._-@+".contains(character));
    match (username.is_empty(), fits) {
        (true, _) => Some(("username", "is required".to_owned())),
        (false, true) => None,
        (false, false) => Some((
            "username",
            format!("must be 1 to {USERNAME_MAX} letters, digits or any of `. _ - @ +`"),
        )),
    }
}

/// What is wrong with a password whatever its tenant's policy, if anything.
pub fn password_mistake(field: &'static str, password: &str) -> Option<Mistake> {
    match password.chars().count() {
        0 => Some((field, "is required".to_owned())),
        1..=LONGEST => None,
        _ => Some((field, format!("must have at most {LONGEST} characters"))),
    }
}

/// A tenant id out of two random numbers: a capital letter and 1000 to 9999.
pub fn generated_tenant_id(letter: u32, number: u32) -> TenantId {
    let letter = char::from_u32(u32::from('A') + letter % 26).unwrap_or('A');
    let number = 1000 + number % 9000;
    format!("{letter}{number}")
        .parse()
        .expect("a letter and four digits are a tenant id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(username: &str, password: &str, wrong: &[&str]) {
        let credentials = Credentials {
            username: username.to_owned(),
            password: password.to_owned(),
        };
        let mistakes = credentials.mistakes().into_iter().flatten();
        let fields: Vec<_> = mistakes.map(|(field, _)| field).collect();
        assert_eq!(fields, wrong, "{username:?} {password:?}");
    }

    #[test]
    fn names_and_passwords_have_limits() {
        check("hq-owner", "plum-Tree-9", &[]);
        check("森@shop.example", "1", &[]);
        check("u", &"x".repeat(128), &[]);
        check("", "", &["username", "password"]);
        check("a b", "12345678", &["username"]);
        check("a/b", "12345678", &["username"]);
        check(&"u".repeat(65), "12345678", &["username"]);
        check("u", &"x".repeat(129), &["password"]);
    }

    #[test]
    fn generated_ids_are_a_letter_and_four_digits() {
        assert_eq!(generated_tenant_id(0, 0).as_str(), "A1000");
        assert_eq!(generated_tenant_id(25, 8999).as_str(), "Z9999");
        assert_eq!(generated_tenant_id(26, 9000).as_str(), "A1000");
    }

    #[test]
    fn tenants_are_one_whatever_their_case() {
        assert_eq!(Tenant::key("Q7301"), Tenant::key("q7301"));
    }
}
