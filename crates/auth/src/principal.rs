//! The caller of a request.

use kugel_proto::Caller;
use kugel_types::{BusinessDate, StaffRef, TenantId, TerminalId};

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Nobody in particular.
    Anonymous,
    /// A signed-in user.
    User {
        /// The user's tenant.
        tenant: TenantId,
        /// The name within the tenant.
        username: String,
        /// Administers the tenant.
        is_superuser: bool,
    },
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
}

impl Principal {
    /// The tenant, unless nobody is calling.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Anonymous => None,
            Self::User { tenant, .. } | Self::Service { tenant, .. } => Some(tenant),
            Self::Terminal(claims) => Some(&claims.id.tenant),
        }
    }
    /// The kinds of caller that this principal is.
    pub fn callers(&self) -> &'static [Caller] {
        match self {
            Self::Anonymous => &[],
            Self::User {
                is_superuser: true, ..
            } => &[Caller::Superuser, Caller::User],
            Self::User { .. } => &[Caller::User],
            Self::Terminal(_) => &[Caller::Terminal],
            Self::Service { .. } => &[Caller::Service],
        }
    }
    /// Who it is among all callers of a tenant, whatever their kind: an actor's name alone may be a user's or a till's.
    pub fn identity(&self) -> String {
        let kind = match self {
            Self::Anonymous | Self::Service { .. } => return self.actor(),
            Self::User { .. } => "user",
            Self::Terminal(_) => "terminal",
        };
        format!("{kind}:{}", self.actor())
    }
    /// The name for `created_by` and `updated_by` of documents.
    pub fn actor(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::User { username, .. } => username.clone(),
            Self::Terminal(claims) => claims.id.to_string(),
            Self::Service { name, .. } => format!("service:{name}"),
        }
    }
}
