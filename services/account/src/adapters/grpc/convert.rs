//! From messages to commands. What is wrong with a request is named all at once.

use kugel_error::Result;
use kugel_proto::account::v1 as pb;
use kugel_rpc::{Checks, View};
use kugel_types::TenantId;

use crate::app::{LoginForm, USERS, UserChange};
use crate::domain::{Credentials, password_mistake};

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

/// The first user, and the tenant id that is wished for.
pub(super) fn registration(request: pb::RegisterTenantRequest) -> Result<(Credentials, Option<TenantId>)> {
    let mut checks = Checks::default();
    let credentials = read_credentials(&mut checks, request.username, request.password);
    let wish = checks.parse_given("tenant_id", request.tenant_id.as_deref());
    checks.done().map(|()| (credentials, wish))
}

pub(super) fn credentials(request: pb::CreateUserRequest) -> Result<Credentials> {
    let mut checks = Checks::default();
    let credentials = read_credentials(&mut checks, request.username, request.password);
    checks.done().map(|()| credentials)
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
    if let Some((field, why)) = request.password.as_deref().and_then(password_mistake) {
        checks.refuse(field, why);
    }
    checks.done().map(|()| UserChange {
        password: request.password,
        current_password: request.current_password,
        is_active: request.is_active,
        is_superuser: request.is_superuser,
    })
}
