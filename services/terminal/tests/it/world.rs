//! A running service with one tenant and one store, and nobody around it.

use std::sync::Arc;

use jiff::Timestamp;
use kugel_auth::{Lifetimes, Passwords, Tokens};
use kugel_bus::{Bus, InProcessBus};
use kugel_config::Settings;
use kugel_proto::Decimal;
use kugel_proto::terminal::v1::session_service_client::SessionServiceClient;
use kugel_proto::terminal::v1::store_service_client::StoreServiceClient;
use kugel_proto::terminal::v1::tenant_service_client::TenantServiceClient;
use kugel_proto::terminal::v1::terminal_service_client::TerminalServiceClient;
use kugel_proto::terminal::v1::{
    CashLog, CreateStoreRequest, CreateTerminalRequest, StreamLogsRequest, stream_logs_response,
};
use kugel_rpc::{ApiKeys, Channel, Deps, Layers, Neighbours};
use kugel_state::MemoryState;
use kugel_store::{DataDir, Documents, Scope, SqliteStore};
use kugel_terminal::records::{StaffDocument, TenantDocument, TerminalDocument};
use kugel_types::{Clock, ManualClock, TenantId};
use tonic::Request;

pub(crate) const TENANT: &str = "Q7301";

/// A credential.
#[derive(Clone, Copy)]
pub(crate) enum Credential<'a> {
    None,
    /// A superuser of the tenant.
    Owner,
    /// A superuser of tenant `Q9999`.
    Stranger,
    /// A terminal id, which may be empty, and an API key.
    ApiKey(&'a str, &'a str),
    Bearer(&'a str),
    /// The cart service.
    Service,
}

pub(crate) struct World {
    channel: Channel,
    tokens: Arc<Tokens>,
    documents: Documents,
}

impl World {
    pub(crate) async fn start() -> Self {
        let noon: Timestamp = "2026-06-11T05:03:09Z".parse().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::for_test(noon));
        let settings = Arc::new(Settings::for_test());
        let store = SqliteStore::open(&DataDir::for_test().unwrap(), "terminal").unwrap();
        let lifetimes = Lifetimes {
            user: 1800,
            terminal: 86_400,
        };
        let tokens = Arc::new(Tokens::new(
            "0123456789abcdef0123456789abcdef",
            lifetimes,
            clock.clone(),
        ));
        let bus: Arc<dyn Bus> = Arc::new(InProcessBus::default());
        let documents = Documents::new(Arc::new(store), clock.clone());
        let neighbours = Neighbours::local();
        let deps = Deps {
            documents: documents.clone(),
            bus: bus.clone(),
            state: Arc::new(MemoryState::default()),
            clock,
            tokens: tokens.clone(),
            passwords: Passwords::new(8, 1),
            settings: settings.clone(),
            neighbours: neighbours.clone(),
        };
        let parts = kugel_terminal::build(deps).unwrap();
        let channel = neighbours.channel("terminal");
        let keys = ApiKeys::new(channel.clone(), tokens.clone(), &*bus, &settings);
        let layers = Layers::new(tokens.clone(), keys, &settings);
        channel.connect(kugel_rpc::serve(&parts, &layers));
        for task in parts.background {
            tokio::spawn(task);
        }
        let world = Self {
            channel,
            tokens,
            documents,
        };
        world.enter_store().await;
        world
    }

    /// The tenant's record is written past the service: setting a tenant up needs all the others.
    async fn enter_store(&self) {
        let documents = &self.documents;
        let tenant: TenantId = TENANT.parse().unwrap();
        let record = TenantDocument {
            tenant_id: TENANT.to_owned(),
            tenant_name: "Plum Mart".to_owned(),
            tags: Vec::new(),
        };
        documents
            .commit(&Scope::from(&tenant), documents.changes("test").insert(record))
            .await
            .unwrap();
        let message = CreateStoreRequest {
            tenant_id: TENANT.to_owned(),
            store_code: "tk01".to_owned(),
            store_name: "Plum Tokyo 1".to_owned(),
            ..CreateStoreRequest::default()
        };
        let mut stores = StoreServiceClient::new(self.channel.clone());
        stores
            .create_store(self.request(Credential::Owner, message))
            .await
            .unwrap();
    }

    /// Enters a terminal of store `tk01`; gives its id and its key.
    pub(crate) async fn enter_terminal(&self, number: i32) -> (String, String) {
        let message = CreateTerminalRequest {
            store_code: "tk01".to_owned(),
            terminal_no: number,
            description: "front counter".to_owned(),
        };
        let answer = self
            .terminals()
            .create_terminal(self.request(Credential::Owner, message))
            .await
            .unwrap();
        let terminal = answer.into_inner().terminal.unwrap();
        (terminal.terminal_id, terminal.api_key.unwrap())
    }

    /// Signs staff member 31 in past the service, which would ask master data.
    pub(crate) async fn sign_in(&self, id: &str) {
        let (tenant, documents) = (TENANT.parse::<TenantId>().unwrap(), &self.documents);
        let scope = Scope::from(&tenant);
        let stored = documents
            .get::<TerminalDocument>(&scope, id)
            .await
            .unwrap()
            .unwrap();
        let mut terminal = TerminalDocument::clone(&stored);
        terminal.staff = Some(StaffDocument {
            id: "31".to_owned(),
            name: "Mori".to_owned(),
        });
        let changes = documents.changes("test").replace(terminal, stored.revision);
        documents.commit(&scope, changes).await.unwrap();
    }

    /// The cash logs that the service streams.
    pub(crate) async fn logs(&self) -> Vec<CashLog> {
        let message = StreamLogsRequest {
            tenant_id: TENANT.to_owned(),
            store_code: String::new(),
        };
        let request = self.request(Credential::Service, message);
        let mut stream = self.sessions().stream_logs(request).await.unwrap().into_inner();
        let mut logs = Vec::new();
        while let Some(row) = stream.message().await.unwrap() {
            if let Some(stream_logs_response::Log::CashLog(log)) = row.log {
                logs.push(log);
            }
        }
        logs
    }

    pub(crate) fn tenants(&self) -> TenantServiceClient<Channel> {
        TenantServiceClient::new(self.channel.clone())
    }
    pub(crate) fn terminals(&self) -> TerminalServiceClient<Channel> {
        TerminalServiceClient::new(self.channel.clone())
    }
    pub(crate) fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.channel.clone())
    }

    /// A request under a credential.
    pub(crate) fn request<T>(&self, credential: Credential<'_>, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let mut set = |name: &'static str, value: String| {
            request.metadata_mut().insert(name, value.parse().unwrap());
        };
        let user = |tenant: &str| self.tokens.issue_user(&tenant.parse().unwrap(), "owner", true);
        match credential {
            Credential::None => {}
            Credential::Owner => set("authorization", format!("Bearer {}", user(TENANT))),
            Credential::Stranger => set("authorization", format!("Bearer {}", user("Q9999"))),
            Credential::Service => {
                set(
                    "authorization",
                    format!("Bearer {}", self.tokens.service("cart", &TENANT.parse().unwrap())),
                );
            }
            Credential::Bearer(token) => set("authorization", format!("Bearer {token}")),
            Credential::ApiKey(terminal, key) => {
                set("x-terminal-id", terminal.to_owned());
                set("x-api-key", key.to_owned());
            }
        }
        request
    }
}

pub(crate) fn decimal(text: &str) -> Decimal {
    Decimal {
        value: text.to_owned(),
    }
}
