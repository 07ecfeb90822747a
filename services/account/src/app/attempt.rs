//! One attempt at a password, for whatever it is needed.

use std::net::IpAddr;

use kugel_brake::{Braked, Subject};
use kugel_error::{Error, Result, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{SecurityEntry, ending_with_caller};
use kugel_store::Stored;
use kugel_types::TenantId;

use super::App;
use crate::domain::User;

/// A name and a password, as somebody sent them from somewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    /// The tenant that was named, which may be no tenant's id.
    pub(super) tenant: &'a str,
    /// The name of the user.
    pub(super) username: &'a str,
    /// The password.
    pub(super) password: &'a str,
    /// Where the client is.
    pub(super) address: Option<IpAddr>,
}

/// How an attempt ended.
pub(super) enum Outcome {
    /// The password of an active user.
    Right(TenantId, Box<Stored<User>>),
    /// Something else: nobody is told what.
    Wrong,
    /// Not looked at.
    Braked(Braked),
}

/// What a comparison came to.
enum Compared {
    Right(TenantId, Box<Stored<User>>),
    Wrong { is_user: bool },
}

/// Who is counted for attempts at a user's password.
pub(crate) fn account<'a>(names: &'a [&'a str; 2]) -> Subject<'a> {
    Subject::Account(names)
}

impl App {
    /// Compares a password, unless the brake is on. Every attempt at one comes through here, so this is the place to hear
    /// of them.
    pub(super) async fn attempt(&self, attempt: &Attempt<'_>) -> Result<Outcome> {
        let names = [attempt.tenant, attempt.username];
        let subjects = attempt.address.map(Subject::Address).into_iter();
        let subjects: Vec<_> = subjects.chain([account(&names)]).collect();
        let one_try = match self.logins.take(&subjects).await {
            Ok(one_try) => one_try,
            Err(braked) => return Ok(Outcome::Braked(braked)),
        };
        match self.compare(attempt).await {
            Ok(Compared::Right(tenant, user)) => {
                one_try.succeeded().await;
                Ok(Outcome::Right(tenant, user))
            }
            Ok(Compared::Wrong { is_user }) => {
                self.tell_refusal(attempt, is_user, one_try.locks());
                one_try.failed();
                Ok(Outcome::Wrong)
            }
            Err(error) => {
                one_try.withdrawn().await;
                Err(error)
            }
        }
    }

    /// Names only who is a user: people type passwords where names belong. The lock of a name that is nobody's keeps
    /// nobody out.
    fn tell_refusal(&self, attempt: &Attempt<'_>, is_user: bool, locks: bool) {
        let mut kinds = vec![SecurityEventKind::LoginRefused];
        if locks {
            tracing::warn!("an account is locked after ten wrong passwords");
        }
        if locks && is_user {
            kinds.push(SecurityEventKind::UserLocked);
        }
        let subject = if is_user { attempt.username } else { "" };
        let entry = |kind| SecurityEntry::by_anybody(attempt.address, kind, subject);
        self.tell(attempt.tenant, kinds.into_iter().map(entry).collect());
    }

    /// Whether it is the password of an active user. Every refusal costs one verification of a password.
    async fn compare(&self, attempt: &Attempt<'_>) -> Result<Compared> {
        let tenant: Option<TenantId> = attempt.tenant.parse().ok();
        let user = match &tenant {
            Some(tenant) => {
                let scope = tenant.into();
                self.documents.get::<User>(&scope, attempt.username).await?
            }
            None => None,
        };
        let hash = user.as_ref().map(|user| user.hashed_password.as_str());
        let is_right = ending_with_caller(self.passwords.verify(attempt.password, hash)).await?;
        let is_user = user.is_some();
        Ok(match tenant.zip(user) {
            Some((tenant, user)) if is_right && user.is_active => Compared::Right(tenant, Box::new(user)),
            _ => Compared::Wrong { is_user },
        })
    }
}

/// The one answer to every refused login.
pub(crate) fn refused() -> Error {
    codes::UNAUTHENTICATED.error("username, password or tenant is wrong")
}
