//! From messages to commands. What is wrong with a request is named all at once.

use kugel_error::{Error, Result, codes};
use kugel_proto::account::v1 as pb;
use kugel_types::TenantId;

use crate::app::{LoginForm, UserChange};
use crate::domain::{Credentials, Mistake, password_mistake};

pub(super) fn login(form: pb::IssueTokenRequest) -> Result<LoginForm> {
    let required = |field, value: &str| value.is_empty().then(|| (field, "is required".to_owned()));
    let grant_type = form.grant_type.unwrap_or_default();
    let grant = (!matches!(grant_type.as_str(), "" | "password"))
        .then(|| ("grant_type", "must be `password`".to_owned()));
    checked([
        required("username", &form.username),
        required("password", &form.password),
        grant,
    ])?;
    Ok(LoginForm {
        username: form.username,
        password: form.password,
        client_id: form.client_id,
    })
}

/// The first user, and the tenant id that is wished for.
pub(super) fn registration(request: pb::RegisterTenantRequest) -> Result<(Credentials, Option<TenantId>)> {
    let wish = request.tenant_id.filter(|wish| !wish.is_empty());
    let wish = wish.map(|wish| wish.parse::<TenantId>()).transpose();
    let mistake = wish
        .as_ref()
        .err()
        .map(|invalid| ("tenant_id", format!("must be {}", invalid.rule)));
    let credentials = Credentials {
        username: request.username,
        password: request.password,
    };
    checked(credentials.mistakes().into_iter().chain([mistake]))?;
    Ok((credentials, wish?))
}

pub(super) fn credentials(username: String, password: String) -> Result<Credentials> {
    let credentials = Credentials { username, password };
    checked(credentials.mistakes())?;
    Ok(credentials)
}

pub(super) fn user_change(request: pb::UpdateUserRequest) -> Result<UserChange> {
    checked([request.password.as_deref().and_then(password_mistake)])?;
    Ok(UserChange {
        password: request.password,
        current_password: request.current_password,
        is_active: request.is_active,
        is_superuser: request.is_superuser,
    })
}

/// Refuses a request with mistakes, naming them all.
fn checked(mistakes: impl IntoIterator<Item = Option<Mistake>>) -> Result<()> {
    let mut mistakes = mistakes.into_iter().flatten().peekable();
    let Some((field, why)) = mistakes.peek() else {
        return Ok(());
    };
    let error: Error = codes::INVALID_INPUT.error(format!("{field} {why}"));
    Err(mistakes.fold(error, |error, (field, why)| error.field(field, why)))
}
