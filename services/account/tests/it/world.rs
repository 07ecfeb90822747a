//! A service of its own for each test.

use std::sync::Arc;
use std::time::Duration;

use kugel_account::domain::User;
use kugel_auth::{Lifetimes, Passwords, Tokens};
use kugel_bus::InProcessBus;
use kugel_config::Settings;
use kugel_proto::account::v1 as pb;
use kugel_proto::account::v1::account_service_client::AccountServiceClient;
use kugel_rpc::{ApiKeys, Channel, Deps, Layers, Neighbours, outgoing, serve};
use kugel_state::MemoryState;
use kugel_store::{DataDir, Documents, Scope, SqliteStore};
use kugel_types::{ManualClock, TenantId};
use tonic::{Request, Status};
use tonic_types::StatusExt as _;

/// The tenant that most tests register.
pub(crate) const TENANT: &str = "Q7301";
/// Its first user.
pub(crate) const OWNER: &str = "hq-owner";
/// The password of everybody.
pub(crate) const PASSWORD: &str = "plum-Tree-9";

pub(crate) struct World {
    pub(crate) client: AccountServiceClient<Channel>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) documents: Documents,
    pub(crate) tokens: Arc<Tokens>,
}

impl World {
    /// A service without any tenant, at 14:03:09.5 of 2026-06-11 in Tokyo.
    pub(crate) fn empty() -> Self {
        let settings = Arc::new(Settings::for_test());
        let clock = Arc::new(ManualClock::for_test("2026-06-11T05:03:09.5Z".parse().unwrap()));
        let store = SqliteStore::open(&DataDir::for_test().unwrap(), "account").unwrap();
        let documents = Documents::new(Arc::new(store), clock.clone());
        let bus = Arc::new(InProcessBus::default());
        let lifetimes = Lifetimes {
            user: 1800,
            terminal: 86_400,
        };
        let tokens = Arc::new(Tokens::new("root", lifetimes, clock.clone()));
        let parts = kugel_account::build(Deps {
            documents: documents.clone(),
            bus: bus.clone(),
            state: Arc::new(MemoryState::default()),
            clock: clock.clone(),
            tokens: tokens.clone(),
            passwords: Passwords::new(8, 2),
            settings: settings.clone(),
            neighbours: Neighbours::local(),
        })
        .unwrap();
        let api_keys = ApiKeys::new(Channel::local(), tokens.clone(), &*bus, &settings);
        let channel = Channel::local();
        channel.connect(serve(&parts, &Layers::new(tokens.clone(), api_keys, &settings)));
        Self {
            client: AccountServiceClient::new(channel),
            clock,
            documents,
            tokens,
        }
    }

    /// A service with one tenant and its owner.
    pub(crate) async fn start() -> Self {
        let mut world = Self::empty();
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

    /// A message from somebody whose token was issued without asking for the account.
    pub(crate) fn from<T>(&self, username: &str, is_superuser: bool, message: T) -> Request<T> {
        bearer(
            &self
                .tokens
                .issue_user(&TENANT.parse().unwrap(), username, is_superuser),
            message,
        )
    }

    /// A message from the owner.
    pub(crate) fn owner<T>(&self, message: T) -> Request<T> {
        self.from(OWNER, true, message)
    }

    /// A message from another service.
    pub(crate) fn service<T>(&self, message: T) -> Request<T> {
        outgoing(&self.tokens, "report", &TENANT.parse().unwrap(), message)
    }

    /// Adds a user with the usual password.
    pub(crate) async fn user(&mut self, username: &str) -> pb::UserAccount {
        let message = pb::CreateUserRequest {
            username: username.into(),
            password: PASSWORD.into(),
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
        };
        let changes = self.documents.changes("import").insert(user);
        let scope = Scope::from(TENANT.parse::<TenantId>().unwrap());
        self.documents.commit(&scope, changes).await.unwrap();
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
        for _ in 0..500 {
            if let Some(last_login) = self.read(username).await.unwrap().last_login {
                return last_login;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the login of {username} was not stored within 5 s");
    }
}

pub(crate) fn registration(username: &str, password: &str, wish: Option<&str>) -> pb::RegisterTenantRequest {
    pb::RegisterTenantRequest {
        username: username.into(),
        password: password.into(),
        tenant_id: wish.map(Into::into),
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

pub(crate) fn bearer<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

/// The six-digit code of a refusal, and the fields it names.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.unwrap_err();
    let code = kugel_error::reason_of(&status).map_or("no code", |spec| spec.code);
    let fields: Vec<String> = status
        .get_details_bad_request()
        .map(|details| {
            details
                .field_violations
                .into_iter()
                .map(|violation| violation.field)
                .collect()
        })
        .unwrap_or_default();
    format!("{code} {}", fields.join(",")).trim_end().to_owned()
}
