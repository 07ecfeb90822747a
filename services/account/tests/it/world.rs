//! A service of its own for each test.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};
use kugel_account::domain::User;
use kugel_auth::{Rights, Tokens, UserClaims};
use kugel_config::Settings;
use kugel_proto::account::v1 as pb;
use kugel_proto::account::v1::account_service_client::AccountServiceClient;
use kugel_rpc::{CLIENT_ADDRESS, Channel};
pub(crate) use kugel_stand::bearer;
use kugel_stand::{Stand, eventually};
use kugel_types::{Clock as _, ManualClock};
use tonic::{Request, Status};
use tonic_types::StatusExt as _;

/// The tenant that most tests register.
pub(crate) const TENANT: &str = "Q7301";
/// Its first user.
pub(crate) const OWNER: &str = "hq-owner";
/// The password of everybody.
pub(crate) const PASSWORD: &str = "plum-Tree-9";

/// When every world begins.
pub(crate) const BEGINNING: &str = "2026-06-11T05:03:09.5Z";

/// The generation of accounts that are made before the clock is moved.
pub(crate) fn generation() -> i64 {
    BEGINNING.parse::<Timestamp>().unwrap().as_microsecond()
}

pub(crate) struct World {
    pub(crate) client: AccountServiceClient<Channel>,
    pub(crate) channel: Channel,
    pub(crate) clock: Arc<ManualClock>,
    stand: Stand,
}

impl World {
    /// A service without any tenant, at 14:03:09.5 of 2026-06-11 in Tokyo.
    pub(crate) fn empty() -> Self {
        Self::empty_with(|_| {})
    }

    /// The same with other settings.
    pub(crate) fn empty_with(change: impl FnOnce(&mut Settings)) -> Self {
        let stand = Stand::new(kugel_account::NAME, TENANT, BEGINNING).set(change);
        let channel = stand.serve(kugel_account::build(stand.deps()).unwrap());
        Self {
            client: AccountServiceClient::new(channel.clone()),
            channel,
            clock: stand.clock.clone(),
            stand,
        }
    }

    /// A service with one tenant and its owner.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut world = Self::empty_with(change);
        let message = registration(OWNER, PASSWORD, Some(TENANT));
        world.client.register_tenant(message).await.unwrap();
        world
    }

    /// Logs somebody in.
    pub(crate) async fn token(&mut self, username: &str, password: &str) -> Result<String, Status> {
        Ok(self
            .client
            .issue_token(form(username, password, TENANT))
            .await?
            .into_inner()
            .access_token)
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.stand.tokens
    }

    /// A message from somebody whose token was issued without asking for the account.
    pub(crate) fn from<T>(&self, username: &str, is_superuser: bool, message: T) -> Request<T> {
        let claims = UserClaims {
            is_superuser,
            rights: if is_superuser {
                Rights::all()
            } else {
                Rights::default()
            },
            generation: generation(),
            ..UserClaims::superuser(self.stand.tenant.clone(), username)
        };
        bearer(&self.stand.tokens.issue_user(&claims), message)
    }

    /// An invitation, good for so many hours.
    pub(crate) fn invitation(&self, hours: i64) -> String {
        let end = self.clock.now() + hours.hours();
        self.stand.tokens.invitation([7; 10], end)
    }

    /// A message from the owner.
    pub(crate) fn owner<T>(&self, message: T) -> Request<T> {
        self.from(OWNER, true, message)
    }

    /// A message from another service.
    pub(crate) fn service<T>(&self, message: T) -> Request<T> {
        self.stand.service("report", message)
    }

    /// Adds a user with the usual password.
    pub(crate) async fn user(&mut self, username: &str) -> pb::UserAccount {
        let message = pb::CreateUserRequest {
            username: username.into(),
            password: PASSWORD.into(),
            roles: Vec::new(),
        };
        let request = self.owner(message);
        self.client
            .create_user(request)
            .await
            .unwrap()
            .into_inner()
            .user
            .unwrap()
    }

    /// Gives a user a hash as an older system left it.
    pub(crate) async fn import(&self, username: &str, hashed_password: String) {
        let user = User {
            username: username.into(),
            hashed_password,
            is_superuser: false,
            is_active: true,
            roles: Vec::new(),
            must_change_password: false,
            generation: 0,
        };
        self.stand.insert(user).await;
    }

    /// Reads a user as the owner sees one.
    pub(crate) async fn read(&mut self, username: &str) -> Result<pb::UserAccount, Status> {
        let request = self.owner(pb::GetUserRequest {
            username: username.into(),
        });
        Ok(self.client.get_user(request).await?.into_inner().user.unwrap())
    }

    /// Waits until the time of somebody's login is stored: the login itself does not.
    pub(crate) async fn last_login(&mut self, username: &str) -> String {
        let limit = Duration::from_secs(5);
        eventually(limit, async || self.read(username).await.unwrap().last_login).await
    }
}

pub(crate) fn registration(username: &str, password: &str, wish: Option<&str>) -> pb::RegisterTenantRequest {
    pb::RegisterTenantRequest {
        username: username.into(),
        password: password.into(),
        tenant_id: wish.map(Into::into),
        invitation_code: None,
    }
}

pub(crate) fn form(username: &str, password: &str, tenant: &str) -> pb::IssueTokenRequest {
    pb::IssueTokenRequest {
        username: username.into(),
        password: password.into(),
        client_id: tenant.into(),
        ..Default::default()
    }
}

/// The six-digit code of a refusal, and the fields it names.
#[track_caller]
pub(crate) fn refusal<T: Debug>(answer: Result<T, Status>) -> String {
    let refusal = kugel_stand::refusal(&answer.unwrap_err());
    format!("{} {}", refusal.code, refusal.fields.join(","))
        .trim_end()
        .to_owned()
}

/// The seconds after which a refused caller may try again.
#[track_caller]
pub(crate) fn pause<T: Debug>(answer: Result<T, Status>) -> u64 {
    let status = answer.unwrap_err();
    let refusal = kugel_stand::refusal(&status);
    assert_eq!((refusal.code, refusal.http), ("200003", 429), "{status:?}");
    let pause = status.get_details_retry_info().and_then(|info| info.retry_delay);
    pause.unwrap().as_secs()
}

/// A message from somebody at an address.
pub(crate) fn at<T>(address: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert(CLIENT_ADDRESS, address.parse().unwrap());
    request
}
