//! The stand itself.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use kugel_auth::{Lifetimes, Passwords, TerminalClaims, Tokens};
use kugel_bus::{Bus as _, Change, InProcessBus, Outbox};
use kugel_config::Settings;
use kugel_rpc::{ApiKeys, Channel, Deps, Layers, LocalService, Neighbours, Parts, Standings, serve};
use kugel_state::MemoryState;
use kugel_store::{
    Action, Commit, DataDir, Documents, PROCESSED_REQUESTS, Record, Scope, SqliteStore, Write,
};
use kugel_types::{Clock as _, ManualClock, TenantId};
use parking_lot::Mutex;

use crate::StandIn;

/// What a service under test stands on. Clones share everything but the tenant.
#[derive(Clone)]
pub struct Stand {
    /// The documents of the service.
    pub documents: Documents,
    /// Carries events and announcements at once.
    pub bus: Arc<InProcessBus>,
    /// Stands still until the test moves it.
    pub clock: Arc<ManualClock>,
    /// Issues the credentials of every request.
    pub tokens: Arc<Tokens>,
    /// The defaults, unless [`Stand::set`] has changed them.
    pub settings: Arc<Settings>,
    /// The other services. None of them is there before a test connects it, but an account service that has revoked nothing.
    pub neighbours: Neighbours,
    /// The tenant of requests and events.
    pub tenant: TenantId,
    folder: DataDir,
    /// What tills last said of themselves, which is how they stand.
    pub(crate) tills: Arc<Mutex<HashMap<String, TerminalClaims>>>,
    changes: Arc<Mutex<Vec<Change>>>,
    outboxes: Arc<Mutex<Vec<Outbox>>>,
    closing: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

impl Stand {
    /// A stand for `service` at the instant `now`, whose requests and events are those of `tenant`.
    pub fn new(service: &'static str, tenant: &str, now: &str) -> Self {
        let clock = Arc::new(ManualClock::for_test(now.parse().unwrap()));
        let folder = DataDir::for_test().unwrap();
        let store = SqliteStore::open(&folder, service).unwrap();
        let lifetimes = Lifetimes {
            user: 1800,
            terminal: 86_400,
        };
        let root = "0123456789abcdef0123456789abcdef";
        let bus = Arc::new(InProcessBus::default());
        let changes: Arc<Mutex<Vec<Change>>> = Arc::default();
        let announced = changes.clone();
        bus.on_change(Box::new(move |one| {
            announced.lock().extend(one.change().cloned());
        }));
        let tokens = Arc::new(Tokens::new(root, lifetimes, clock.clone()));
        let neighbours = Neighbours::local();
        if service != "account" {
            let accounts = StandIn::of_accounts().into_service(tokens.clone());
            neighbours.channel("account").connect(accounts);
        }
        Self {
            documents: Documents::new(Arc::new(store), clock.clone()),
            bus,
            tokens,
            clock,
            settings: Arc::new(Settings::for_test()),
            neighbours,
            tenant: tenant.parse().unwrap(),
            folder,
            tills: Arc::default(),
            changes,
            outboxes: Arc::default(),
            closing: Arc::default(),
        }
    }

    /// The same with other settings. Comes before [`Stand::deps`].
    #[must_use]
    pub fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// The same stand, for requests and events of another tenant.
    #[must_use]
    pub fn in_tenant(&self, tenant: &str) -> Self {
        Self {
            tenant: tenant.parse().unwrap(),
            ..self.clone()
        }
    }

    /// The documents of another service, which the stand is not for. Once for each service.
    pub fn documents_of(&self, service: &'static str) -> Documents {
        let store = SqliteStore::open(&self.folder, service).unwrap();
        Documents::new(Arc::new(store), self.clock.clone())
    }

    /// What a service is built from.
    pub fn deps(&self) -> Deps {
        Deps {
            documents: self.documents.clone(),
            bus: self.bus.clone(),
            state: Arc::new(MemoryState::default()),
            clock: self.clock.clone(),
            tokens: self.tokens.clone(),
            passwords: Passwords::new(8, 2, 64),
            pins: Passwords::new(8, 2, 64),
            settings: self.settings.clone(),
            neighbours: self.neighbours.clone(),
        }
    }

    /// Starts a service and its work in the background, behind the real server stack. Its neighbours find it by its
    /// name; of two services of one name they find the first.
    pub fn serve(&self, parts: Parts) -> Channel {
        let service = self.stack(&parts);
        self.neighbours.channel(parts.name).connect(service.clone());
        self.outboxes.lock().extend(parts.outboxes);
        self.closing.lock().extend(parts.closing);
        for task in parts.background {
            tokio::spawn(task);
        }
        let channel = Channel::local();
        channel.connect(service);
        channel
    }

    /// Does what the services do when they stop.
    pub async fn conclude(&self) {
        let closing = std::mem::take(&mut *self.closing.lock());
        join_all(closing).await;
    }

    /// The real server stack around a service.
    pub fn stack(&self, parts: &Parts) -> LocalService {
        let terminals = self.neighbours.channel("terminal");
        let keys = ApiKeys::new(terminals, self.tokens.clone(), &*self.bus, &self.settings);
        let accounts = self.neighbours.channel("account");
        let terminals = Channel::local();
        terminals.connect(StandIn::of_tills(self.tills.clone()).into_service(self.tokens.clone()));
        let (tokens, bus) = (self.tokens.clone(), &*self.bus);
        let standings = Standings::remembering(Duration::ZERO, accounts, terminals, tokens, bus);
        serve(
            parts,
            &Layers::new(self.tokens.clone(), keys, standings, &self.settings),
        )
    }

    /// Connects a neighbour that does what the test says.
    pub fn connect(&self, neighbour: &str, stand_in: StandIn) {
        let service = stand_in.into_service(self.tokens.clone());
        self.neighbours.channel(neighbour).connect(service);
    }

    /// The tenant's documents.
    pub fn scope(&self) -> Scope {
        Scope::from(&self.tenant)
    }

    /// Writes a document past the service.
    pub async fn insert<T: Record>(&self, record: T) {
        let changes = self.documents.changes("test").insert(record);
        self.documents.commit(&self.scope(), changes).await.unwrap();
    }

    /// Makes a database of another tenant and loses its file: whatever goes through all tenants meets it.
    /// The name has small letters alone.
    pub async fn lose(&self, tenant: &str) {
        let write = Write {
            collection: &PROCESSED_REQUESTS,
            id: "none".to_owned(),
            action: Action::Delete(None),
        };
        let scope = Scope::Tenant(tenant.parse().unwrap());
        let commit = Commit::new("test", self.clock.now(), vec![write]);
        self.documents.store().commit(&scope, commit).await.unwrap();
        for service in fs::read_dir(self.folder.path())
            .unwrap()
            .flatten()
            .filter(|it| it.path().is_dir())
        {
            for file in fs::read_dir(service.path()).unwrap().flatten() {
                if file
                    .file_name()
                    .to_string_lossy()
                    .ends_with(&format!("_{tenant}.sqlite"))
                {
                    fs::remove_file(file.path()).unwrap();
                }
            }
        }
        assert!(self.documents.ping().await.is_err(), "it is missed");
    }

    /// What was announced since the last call.
    pub fn announced(&self) -> Vec<Change> {
        std::mem::take(&mut self.changes.lock())
    }

    /// True if every event has arrived: of the services that were started, and on the bus.
    pub(crate) fn is_settled(&self) -> bool {
        self.outboxes.lock().iter().all(|outbox| outbox.backlog() == 0) && self.bus.backlog() == 0
    }
}
