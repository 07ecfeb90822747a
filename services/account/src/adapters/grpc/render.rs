//! From accounts to messages.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_auth::{Grant, Principal, PublicKey};
use kugel_proto::PermissionEntry;
use kugel_proto::account::v1 as pb;
use kugel_rpc::Caller;
use kugel_types::{LocalTime, TenantId};

use crate::app::{Introspection, ServiceAccountView, UserView};
use crate::domain::{OWNER, PasswordPolicy, Role, RoleGrant, ServiceKey, preset};
use crate::records::SecurityEventDocument;

/// What OAuth2 calls a token that is sent as `Authorization: Bearer`.
pub(super) const BEARER: &str = "bearer";
/// What stands for a password in answers.
const HIDDEN: &str = "*****";

pub(super) fn user(tenant: &TenantId, user: &UserView, zone: &TimeZone) -> pb::UserAccount {
    let time = |instant: Timestamp| LocalTime::new(instant, zone).iso();
    let owner = user.is_superuser.then(|| pb::RoleGrant {
        role: OWNER.to_owned(),
        store_codes: Vec::new(),
    });
    let owner = owner.into_iter();
    pb::UserAccount {
        username: user.username.clone(),
        password: HIDDEN.to_owned(),
        tenant_id: tenant.to_string(),
        is_superuser: user.is_superuser,
        is_active: user.is_active,
        created_at: time(user.created_at),
        updated_at: user.updated_at.map(time),
        last_login: user.last_login.map(time),
        must_change_password: user.must_change_password,
        roles: owner.chain(user.roles.iter().map(role_grant)).collect(),
    }
}

fn role_grant(given: &RoleGrant) -> pb::RoleGrant {
    pb::RoleGrant {
        role: given.role.clone(),
        store_codes: given.store_codes.iter().map(ToString::to_string).collect(),
    }
}

/// A role, which may be a preset.
pub(super) fn role(role: Role) -> pb::Role {
    pb::Role {
        is_preset: preset(&role.name).is_some(),
        name: role.name,
        description: role.description,
        permissions: role.permissions,
        discount_limit_percent: role.discount_limit_percent.map(Into::into),
    }
}

/// What can be permitted.
pub(super) fn permission(entry: &PermissionEntry) -> pb::PermissionInfo {
    pb::PermissionInfo {
        name: entry.permission.name(),
        description: entry.description.to_owned(),
        methods: entry.methods.iter().map(|&method| method.to_owned()).collect(),
    }
}

fn permission_grant(grant: &Grant) -> pb::PermissionGrant {
    let stores = grant.stores.iter().flatten();
    pb::PermissionGrant {
        permissions: grant.permissions.names(),
        store_codes: stores.map(ToString::to_string).collect(),
    }
}

pub(super) fn policy(policy: PasswordPolicy) -> pb::PasswordPolicy {
    pb::PasswordPolicy {
        minimum_length: i32::try_from(policy.minimum_length).unwrap_or(i32::MAX),
    }
}

/// An entry of the security log, its time as callers read it.
pub(super) fn security_event(event: &SecurityEventDocument, zone: &TimeZone) -> pb::SecurityEvent {
    let event = event.0.clone();
    let at = event.occurred_at.parse::<Timestamp>();
    pb::SecurityEvent {
        occurred_at: at.map_or(event.occurred_at, |at| LocalTime::new(at, zone).iso()),
        // Entries of older versions do not say it.
        count: event.count.max(1),
        ..event
    }
}

/// A key as a JSON Web Key.
pub(super) fn signing_key(key: PublicKey) -> pb::SigningKey {
    pb::SigningKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: key.x,
        kid: key.id,
        r#use: "sig".to_owned(),
        alg: "EdDSA".to_owned(),
    }
}

/// What a service account names itself by at the token endpoint.
pub(super) fn client_id(tenant: &TenantId, name: &str) -> String {
    format!("{tenant}.{name}")
}

pub(super) fn service_account(
    tenant: &TenantId,
    account: ServiceAccountView,
    zone: &TimeZone,
) -> pb::ServiceAccount {
    let time = |instant: Timestamp| LocalTime::new(instant, zone).iso();
    pb::ServiceAccount {
        client_id: client_id(tenant, &account.name),
        name: account.name,
        description: account.description,
        roles: account.roles.iter().map(role_grant).collect(),
        is_active: Some(account.is_active),
        expires_at: account.expires_at.map(time),
        created_at: time(account.created_at),
        updated_at: account.updated_at.map(time),
    }
}

pub(super) fn service_key(
    key: ServiceKey,
    last_used_at: Option<Timestamp>,
    zone: &TimeZone,
) -> pb::ServiceAccountKey {
    let time = |instant: Timestamp| LocalTime::new(instant, zone).iso();
    pb::ServiceAccountKey {
        key_id: key.id,
        description: key.description,
        permissions: key.permissions,
        expires_at: key.expires_at.map(time),
        created_at: time(key.created_at),
        last_used_at: last_used_at.map(time),
    }
}

/// What a token is worth; nothing more is said of one that is good for nothing.
pub(super) fn introspection(tenant: &TenantId, found: Option<Introspection>) -> pb::IntrospectTokenResponse {
    let (kind, sub, username, exp, sid) = match found {
        None => return pb::IntrospectTokenResponse::default(),
        Some(Introspection::Refresh {
            username,
            session,
            expires_at,
        }) => (
            "refresh",
            username.clone(),
            Some(username),
            expires_at,
            Some(session),
        ),
        Some(Introspection::Access(principal, exp)) => {
            let (kind, sub) = named(&principal);
            let claims = match &*principal {
                Principal::User(claims) => Some(claims),
                Principal::Anonymous | Principal::Terminal(_) | Principal::Service { .. } => None,
            };
            let username = claims.map(|claims| claims.username.clone());
            let sid = claims.and_then(|claims| claims.session.clone());
            (kind, sub, username, exp, sid)
        }
    };
    pb::IntrospectTokenResponse {
        active: true,
        token_type: (kind != "refresh").then(|| BEARER.to_owned()),
        kind: Some(kind.to_owned()),
        sub: Some(sub),
        username,
        client_id: Some(tenant.to_string()),
        exp: Some(exp),
        sid,
    }
}

/// The kind of a caller, and what tokens call it.
fn named(principal: &Principal) -> (&'static str, String) {
    match principal {
        Principal::Anonymous => ("anonymous", String::new()),
        Principal::User(claims) if claims.service_account().is_some() => {
            ("service_account", claims.username.clone())
        }
        Principal::User(claims) => ("user", claims.username.clone()),
        Principal::Terminal(claims) => ("terminal", format!("terminal:{}", claims.id)),
        Principal::Service { name, .. } => ("service", format!("service:{name}")),
    }
}

/// Whose token was sent.
pub(super) fn bearer(caller: &Caller) -> pb::ValidateTokenResponse {
    let (kind, sub) = named(caller.principal());
    let (mut grants, mut is_superuser, mut service) = (Vec::new(), false, None);
    match caller.principal() {
        Principal::User(claims) => {
            let own = claims.rights.grants().iter().filter(|_| !claims.is_superuser);
            grants.extend(own.map(permission_grant));
            is_superuser = claims.is_superuser;
            service = claims.service_account().map(str::to_owned);
        }
        Principal::Service { name, .. } => service = Some(name.clone()),
        Principal::Anonymous | Principal::Terminal(_) => {}
    }
    pb::ValidateTokenResponse {
        valid: true,
        kind: kind.to_owned(),
        sub,
        tenant_id: caller.tenant().to_string(),
        is_superuser,
        is_service_account: service.is_some(),
        service,
        grants,
    }
}
