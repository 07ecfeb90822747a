//! The caller of a request.

use kugel_proto::Caller;
use kugel_types::{BusinessDate, Rate, StaffRef, TenantId, TerminalId};
use serde::{Deserialize, Serialize};

use crate::{Permissions, Rights};

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Nobody in particular.
    Anonymous,
    /// A signed-in user.
    User(UserClaims),
    /// A till.
    Terminal(TerminalClaims),
    /// Another service of Kugel, acting within one tenant.
    Service {
        /// The tenant it acts in.
        tenant: TenantId,
        /// The service's name.
        name: String,
    },
}

/// How the name of a service account begins among users', whose names have no colon.
const SERVICE_ACCOUNT: &str = "service_account:";

/// What the credential of a user or a service account says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserClaims {
    /// The user's tenant.
    pub tenant: TenantId,
    /// The name within the tenant; of a service account as [`UserClaims::name_of`] writes it.
    pub username: String,
    /// Owns the tenant: everything is permitted.
    pub is_superuser: bool,
    /// What is permitted.
    pub rights: Rights,
    /// The generation of the account that it was issued for. It is good for no other: see `kugel_rpc::Standings`.
    pub generation: i64,
    /// The login that it came from, if it can be ended by itself.
    pub session: Option<String>,
}

impl UserClaims {
    /// A service account's name among those of users: no user can have it.
    pub fn name_of(service_account: &str) -> String {
        format!("{SERVICE_ACCOUNT}{service_account}")
    }

    /// The service account, if the name is one's.
    pub fn service_account_of(username: &str) -> Option<&str> {
        username.strip_prefix(SERVICE_ACCOUNT)
    }

    /// The service account, if it is one's credential.
    pub fn service_account(&self) -> Option<&str> {
        Self::service_account_of(&self.username)
    }

    /// An owner's.
    pub fn superuser(tenant: TenantId, username: impl Into<String>) -> Self {
        Self {
            tenant,
            username: username.into(),
            is_superuser: true,
            rights: Rights::all(),
            generation: 0,
            session: None,
        }
    }
}

/// What a tenant lets its tills do beyond their own store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TillRights {
    /// Read what belongs to other stores: sales to take goods back, stock elsewhere.
    pub read_other_stores: bool,
    /// Write masters.
    pub write_masters: bool,
}

/// What a person may do at a till.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StaffRights {
    /// What is permitted.
    pub permissions: Permissions,
    /// How far a discount may go, in percent; `None` is all the way.
    pub discount_limit: Option<Rate>,
}

/// What a terminal's credential says about it. The state is that of the moment the token was issued; who needs the
/// present state asks the terminal service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalClaims {
    /// The terminal.
    pub id: TerminalId,
    /// `Idle`, `Opened` or `Closed`.
    pub status: String,
    /// The business date it was opened on.
    pub business_date: Option<BusinessDate>,
    /// Opening of that date, from 1.
    pub open_counter: i32,
    /// Openings ever.
    pub business_counter: i32,
    /// The staff member who is signed in.
    pub staff: Option<StaffRef>,
    /// Which of its API keys the credential comes from: it is good while the terminal has that key.
    pub key_id: String,
    /// When the token was issued, in seconds since 1970; 0 if there is none.
    pub issued_at: i64,
    /// When the staff member signed in, in microseconds: the credential is good while that session lasts. `None` if it names
    /// nobody.
    pub staff_session: Option<i64>,
    /// What the staff member may do, if somebody is signed in. No token tells: the terminal service does.
    pub staff_rights: Option<StaffRights>,
    /// What the tenant lets its tills do. No token tells: the terminal service does.
    pub rights: TillRights,
}

impl Principal {
    /// The tenant, unless nobody is calling.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Anonymous => None,
            Self::User(claims) => Some(&claims.tenant),
            Self::Service { tenant, .. } => Some(tenant),
            Self::Terminal(claims) => Some(&claims.id.tenant),
        }
    }
    /// The kind of caller that this principal is.
    pub fn kind(&self) -> Caller {
        match self {
            Self::Anonymous => Caller::Anyone,
            Self::User(_) => Caller::User,
            Self::Terminal(_) => Caller::Terminal,
            Self::Service { .. } => Caller::Service,
        }
    }
    /// Who it is among all callers of a tenant, whatever their kind: an actor's name alone may be a user's or a till's.
    pub fn identity(&self) -> String {
        let kind = match self {
            Self::Anonymous | Self::Service { .. } => return self.actor(),
            Self::User(_) => "user",
            Self::Terminal(_) => "terminal",
        };
        format!("{kind}:{}", self.actor())
    }
    /// The name for `created_by` and `updated_by` of documents.
    pub fn actor(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::User(claims) => claims.username.clone(),
            Self::Terminal(claims) => claims.id.to_string(),
            Self::Service { name, .. } => format!("service:{name}"),
        }
    }
}
