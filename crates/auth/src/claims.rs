//! What tokens say: the claims of the older API, `aud`, and what a user is permitted.

use kugel_types::StaffRef;
use serde::{Deserialize, Serialize};

use crate::rights::GrantClaim;
use crate::{Grant, Rights, TerminalClaims, TillRights, UserClaims};

/// When a token is good, in seconds since 1970.
#[derive(Serialize, Deserialize)]
pub(crate) struct Times {
    pub(crate) iat: i64,
    /// What is issued here has none.
    #[serde(default, skip_serializing)]
    nbf: Option<i64>,
    pub(crate) exp: i64,
}

impl Times {
    pub(crate) fn from_to(now: i64, end: i64) -> Self {
        Self {
            iat: now,
            nbf: None,
            exp: end,
        }
    }

    /// From when on it is good.
    pub(crate) fn begin(&self) -> i64 {
        self.iat.max(self.nbf.unwrap_or(i64::MIN))
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct UserToken {
    pub(crate) sub: String,
    pub(crate) tenant_id: String,
    pub(crate) is_superuser: bool,
    #[serde(default)]
    pub(crate) is_service_account: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) grants: Vec<GrantClaim>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) generation: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    pub(crate) aud: String,
    #[serde(flatten)]
    pub(crate) times: Times,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct TerminalToken {
    pub(crate) sub: String,
    pub(crate) tenant_id: String,
    pub(crate) store_code: String,
    pub(crate) terminal_no: i32,
    pub(crate) terminal_id: String,
    pub(crate) status: String,
    pub(crate) token_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) business_date: Option<String>,
    pub(crate) open_counter: i32,
    pub(crate) business_counter: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) staff_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) staff_name: Option<String>,
    #[serde(default)]
    pub(crate) key_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) staff_session: Option<i64>,
    pub(crate) iss: String,
    pub(crate) aud: String,
    #[serde(flatten)]
    pub(crate) times: Times,
}

pub(crate) fn user(claims: UserToken) -> Result<UserClaims, kugel_types::InvalidId> {
    let rights = if claims.is_superuser {
        Rights::all()
    } else {
        Rights::of(claims.grants.into_iter().map(Grant::from))
    };
    Ok(UserClaims {
        tenant: claims.tenant_id.parse()?,
        username: claims.sub,
        is_superuser: claims.is_superuser,
        rights,
        // Those of earlier versions tell none, and accounts have none until it is raised.
        generation: claims.generation.unwrap_or_default(),
        session: claims.sid,
    })
}

pub(crate) fn terminal(claims: TerminalToken) -> Result<TerminalClaims, kugel_types::InvalidId> {
    Ok(TerminalClaims {
        id: claims.terminal_id.parse()?,
        status: claims.status,
        business_date: claims.business_date.as_deref().map(str::parse).transpose()?,
        open_counter: claims.open_counter,
        business_counter: claims.business_counter,
        staff: claims.staff_id.map(|id| StaffRef {
            id,
            name: claims.staff_name.unwrap_or_default(),
        }),
        key_id: claims.key_id,
        issued_at: claims.times.iat,
        staff_session: claims.staff_session,
        staff_rights: None,
        rights: TillRights::default(),
    })
}
