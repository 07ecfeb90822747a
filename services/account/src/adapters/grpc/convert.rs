//! From messages to commands. What is wrong with a request is named all at once.

use std::net::IpAddr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kugel_auth::{ApiKey, Permissions};
use kugel_error::{Result, codes};
use kugel_proto::Permission;
use kugel_proto::account::v1 as pb;
use kugel_rpc::{Checks, ClientAddress, View, in_order};
use kugel_types::Moment;

use crate::app::{
    ClientCredentials, KeyContent, LoginForm, NewTenant, PasswordChange, RefreshForm, SECURITY_EVENTS,
    SecurityFilter, ServiceAccountContent, USERS, UserChange, permissions_of, refused,
};
use crate::domain::{
    Credentials, PasswordPolicy, Role, RoleGrant, is_service_account_name, password_mistake,
};

pub(super) fn login(form: pb::IssueTokenRequest) -> Result<LoginForm> {
    let mut checks = Checks::default();
    checks.require(!form.username.is_empty(), "username", "is required");
    checks.require(!form.password.is_empty(), "password", "is required");
    let grant_type = form.grant_type.unwrap_or_default();
    let is_known = matches!(grant_type.as_str(), "" | "password");
    checks.require(is_known, "grant_type", "must be `password`");
    checks.done().map(|()| LoginForm {
        username: form.username,
        password: form.password,
        client_id: form.client_id,
    })
}

pub(super) fn refresh(request: pb::RefreshTokenRequest) -> Result<RefreshForm> {
    let mut checks = Checks::default();
    let token = request.refresh_token;
    checks.require(!token.is_empty(), "refresh_token", "is required");
    checks.done().map(|()| RefreshForm {
        token,
        client_id: request.client_id,
    })
}

/// A service account as it names and proves itself. Whatever is no client's name is nobody's, and refused like a wrong key.
pub(super) fn client_credentials(request: pb::IssueServiceAccountTokenRequest) -> Result<ClientCredentials> {
    let mut checks = Checks::default();
    let (client, secret) = (&request.client_id, &request.client_secret);
    checks.require(!client.is_empty(), "client_id", "is required");
    checks.require(!secret.is_empty(), "client_secret", "is required");
    let scope = permissions_of(&request.scope);
    if let Err(name) = &scope {
        checks.refuse("scope", format!("is none of ListPermissions: {name}"));
    }
    checks.done()?;
    let (tenant, name) = client.split_once('.').unwrap_or((client, ""));
    Ok(ClientCredentials {
        tenant: tenant.parse().map_err(|_| refused())?,
        name: name.to_owned(),
        key: ApiKey::from_request(secret),
        scope: scope.ok().filter(|_| !request.scope.trim().is_empty()),
    })
}

/// A service account to add or to change.
pub(super) fn service_account(
    account: Option<pb::ServiceAccount>,
    zone: &TimeZone,
) -> Result<ServiceAccountContent> {
    let mut checks = Checks::default();
    checks.require(account.is_some(), "service_account", "is required");
    let account = account.unwrap_or_default();
    let account = checks.within("service_account", |checks| {
        checks.require(
            is_service_account_name(&account.name),
            "name",
            "must be 1 to 40 lower-case letters, digits, `_` or `-`",
        );
        ServiceAccountContent {
            roles: read_grants(checks, account.roles),
            expires_at: end(checks, account.expires_at.as_deref(), zone),
            name: account.name,
            description: account.description,
            is_active: account.is_active.unwrap_or(true),
        }
    });
    checks.done().map(|()| account)
}

/// A key to make.
pub(super) fn service_key(key: Option<pb::ServiceAccountKey>, zone: &TimeZone) -> Result<KeyContent> {
    let mut checks = Checks::default();
    let key = key.unwrap_or_default();
    let key = checks.within("key", |checks| KeyContent {
        permissions: read_permissions(checks, &key.permissions).names(),
        expires_at: end(checks, key.expires_at.as_deref(), zone),
        description: key.description,
    });
    checks.done().map(|()| key)
}

/// The end of what ends by itself: of a day that is named alone, the midnight after it.
fn end(checks: &mut Checks, text: Option<&str>, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.filter(|text| !text.is_empty())?;
    let moment = checks.taken("expires_at", Moment::parse(text, zone));
    let is_day = |moment: &Moment| moment.last.duration_since(moment.first).as_secs() > 0;
    moment.map(|moment| match is_day(&moment) {
        true => moment.last + SignedDuration::from_micros(1),
        false => moment.first,
    })
}

pub(super) fn introspected(request: pb::IntrospectTokenRequest) -> Result<String> {
    let mut checks = Checks::default();
    checks.require(!request.token.is_empty(), "token", "is required");
    checks.done().map(|()| request.token)
}

pub(super) fn registration(request: pb::RegisterTenantRequest, address: Option<IpAddr>) -> Result<NewTenant> {
    let mut checks = Checks::default();
    let owner = read_credentials(&mut checks, request.username, request.password);
    let wish = checks.parse_given("tenant_id", request.tenant_id.as_deref());
    checks.done().map(|()| NewTenant {
        owner,
        wish,
        invitation_code: request.invitation_code,
        address,
    })
}

pub(super) fn new_user(request: pb::CreateUserRequest) -> Result<(Credentials, Vec<RoleGrant>)> {
    let mut checks = Checks::default();
    let credentials = read_credentials(&mut checks, request.username, request.password);
    let roles = read_grants(&mut checks, request.roles);
    checks.done().map(|()| (credentials, roles))
}

pub(super) fn role_grants(grants: Vec<pb::RoleGrant>) -> Result<Vec<RoleGrant>> {
    let mut checks = Checks::default();
    let roles = read_grants(&mut checks, grants);
    checks.done().map(|()| roles)
}

fn read_grants(checks: &mut Checks, grants: Vec<pb::RoleGrant>) -> Vec<RoleGrant> {
    checks.each("roles", grants, |checks, grant| {
        checks.require(!grant.role.is_empty(), "role", "is required");
        let codes = grant.store_codes.iter();
        let stores = codes.filter_map(|code| checks.parse("store_codes", code));
        RoleGrant {
            store_codes: stores.collect(),
            role: grant.role,
        }
    })
}

/// A role to enter or to change.
pub(super) fn role(role: Option<pb::Role>) -> Result<Role> {
    let mut checks = Checks::default();
    checks.require(role.is_some(), "role", "is required");
    let role = role.unwrap_or_default();
    let role = checks.within("role", |checks| {
        let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        let is_good = (1..=40).contains(&role.name.len()) && role.name.chars().all(fits);
        checks.require(
            is_good,
            "name",
            "must be 1 to 40 lower-case letters, digits or `_`",
        );
        let permits = read_permissions(checks, &role.permissions);
        let limit = role.discount_limit_percent.as_ref();
        let rule = "must be 0 to 100";
        let limit = limit.map(|limit| {
            checks.percent("discount_limit_percent", Some(limit), rule, |rate| {
                !rate.is_negative()
            })
        });
        Role {
            permissions: permits.names(),
            name: role.name,
            description: role.description,
            discount_limit_percent: limit,
        }
    });
    checks.done().map(|()| role)
}

fn read_permissions(checks: &mut Checks, names: &[String]) -> Permissions {
    for (row, name) in names.iter().enumerate() {
        if Permission::named(name).is_none() {
            checks.refuse(&format!("permissions[{row}]"), "is none of ListPermissions");
        }
    }
    names.iter().filter_map(|name| Permission::named(name)).collect()
}

fn read_credentials(checks: &mut Checks, username: String, password: String) -> Credentials {
    let credentials = Credentials { username, password };
    for (field, why) in credentials.mistakes().into_iter().flatten() {
        checks.refuse(field, why);
    }
    credentials
}

pub(super) fn view(request: &pb::ListUsersRequest) -> Result<View> {
    let mut checks = Checks::default();
    let view = USERS.view(&mut checks, request.limit, request.page, request.sort.as_deref());
    checks.done().map(|()| view)
}

pub(super) fn user_change(request: pb::UpdateUserRequest) -> Result<UserChange> {
    let mut checks = Checks::default();
    let password = request.password.as_deref();
    if let Some((field, why)) = password.and_then(|password| password_mistake("password", password)) {
        checks.refuse(field, why);
    }
    checks.done().map(|()| UserChange {
        password: request.password,
        current_password: request.current_password,
        is_active: request.is_active,
        is_superuser: request.is_superuser,
        must_change_password: request.must_change_password,
    })
}

pub(super) fn password_change(request: pb::ChangePasswordRequest) -> Result<PasswordChange> {
    let mut checks = Checks::default();
    for (field, value) in [
        ("tenant_id", &request.tenant_id),
        ("username", &request.username),
        ("current_password", &request.current_password),
    ] {
        checks.require(!value.is_empty(), field, "is required");
    }
    if let Some((field, why)) = password_mistake("new_password", &request.new_password) {
        checks.refuse(field, why);
    }
    checks.done().map(|()| PasswordChange {
        tenant: request.tenant_id,
        username: request.username,
        current_password: request.current_password,
        new_password: request.new_password,
    })
}

pub(super) fn policy(request: pb::UpdatePasswordPolicyRequest) -> Result<PasswordPolicy> {
    let mut checks = Checks::default();
    checks.require(request.policy.is_some(), "policy", "is required");
    let minimum_length = request.policy.map_or(0, |policy| policy.minimum_length);
    let policy = PasswordPolicy {
        minimum_length: u32::try_from(minimum_length).unwrap_or(0),
    };
    if let Some((field, why)) = policy.mistake().filter(|_| request.policy.is_some()) {
        checks.refuse(field, why);
    }
    checks.done().map(|()| policy)
}

/// Which entries of the security log are asked for, and which page of them.
pub(super) fn security_filter(
    request: &pb::ListSecurityEventsRequest,
    zone: &TimeZone,
) -> Result<(SecurityFilter, View)> {
    let mut checks = Checks::default();
    let kind = request
        .kind
        .map(|kind| pb::SecurityEventKind::try_from(kind).unwrap_or_default());
    checks.require(
        kind != Some(pb::SecurityEventKind::Unspecified),
        "kind",
        "is no kind of entry",
    );
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let address = given(&request.address).map(|text| text.parse::<ClientAddress>());
    checks.require(
        !matches!(address, Some(Err(_))),
        "address",
        "must be an IP address",
    );
    let mut moment = |field: &str, text: &Option<String>| {
        given(text).and_then(|text| checks.taken(field, Moment::parse(&text, zone)))
    };
    let (from, to) = (moment("from", &request.from), moment("to", &request.to));
    let sort = request.sort.as_deref();
    let view = SECURITY_EVENTS.view(&mut checks, request.limit, request.page, sort);
    checks.done()?;
    let [first, last] = [from.map(|from| from.first), to.map(|to| to.last)];
    in_order(&codes::RANGE_REVERSED, ("from", first), ("to", last))?;
    let filter = SecurityFilter {
        kind,
        subject: given(&request.subject),
        address: address.and_then(std::result::Result::ok).map(ClientAddress::get),
        from,
        to,
    };
    Ok((filter, view))
}
