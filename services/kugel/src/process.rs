//! A process of Kugel: every service in it, or one of them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::response::Response;
use axum::serve::ListenerExt as _;
use kugel_auth::{Lifetimes, Passwords, Tokens};
use kugel_bus::{Bus, InProcessBus, Outbox};
use kugel_config::Settings;
use kugel_gateway::GatewayDeps;
use kugel_rpc::{ApiKeys, Deps, Layers, LocalService, Neighbours, Parts, Readiness};
use kugel_state::MemoryState;
use kugel_store::{DataDir, Documents, Scope, SqliteStore, Store as _};
use kugel_types::{Clock, TenantId};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tower::util::MapResponseLayer;

use crate::{secret, streams};

/// How long a stopping process waits for calls under way, and then for events under way.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// How often the samples of histograms are folded into their buckets.
const METRICS_INTERVAL: Duration = Duration::from_secs(5);

/// Builds a service from its dependencies.
type Build = fn(Deps) -> Result<Parts, kugel_error::Error>;

/// The seven services, by name.
const SERVICES: [(&str, Build); 7] = [
    ("account", kugel_account::build),
    ("terminal", kugel_terminal::build),
    ("master-data", kugel_master_data::build),
    ("cart", kugel_cart::build),
    ("report", kugel_report::build),
    ("journal", kugel_journal::build),
    ("stock", kugel_stock::build),
];

/// A running process.
pub struct Kugel {
    address: SocketAddr,
    stop: CancellationToken,
    served: Option<JoinHandle<std::io::Result<()>>>,
    background: Vec<JoinHandle<()>>,
    bus: Arc<InProcessBus>,
    tokens: Arc<Tokens>,
    neighbours: Neighbours,
    outboxes: Vec<Outbox>,
    stores: Vec<SqliteStore>,
    data: DataDir,
}

/// What all services of a process share.
struct Shared {
    data: DataDir,
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    tokens: Arc<Tokens>,
    passwords: Passwords,
    bus: Arc<InProcessBus>,
    state: Arc<MemoryState>,
    neighbours: Neighbours,
}

impl Kugel {
    /// Starts every service behind the gateway, on `listener`. Ready when this returns.
    pub async fn start(
        settings: Settings,
        clock: Arc<dyn Clock>,
        listener: TcpListener,
        metrics: Option<kugel_telemetry::Metrics>,
    ) -> anyhow::Result<Self> {
        let (shared, mut kugel) = Self::assemble(settings, clock, listener.local_addr()?)?;
        if let Some(metrics) = metrics.clone() {
            kugel.background.push(tokio::spawn(async move {
                loop {
                    tokio::time::sleep(METRICS_INTERVAL).await;
                    metrics.tend();
                }
            }));
        }
        let channels = Neighbours::NAMES.map(|name| (name.to_owned(), shared.neighbours.channel(name)));
        let router = kugel_gateway::build(GatewayDeps {
            channels: channels.into(),
            settings: shared.settings.clone(),
            clock: shared.clock.clone(),
            metrics: metrics.map(|metrics| Arc::new(move || metrics.render()) as _),
        })?;
        Ok(kugel.serve(listener, router))
    }

    /// Starts every service without a port, for tools that work on a data folder nobody serves.
    pub fn start_offline(settings: Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(Self::assemble(settings, clock, nowhere)?.1)
    }

    /// Builds every service and connects it with its neighbours.
    fn assemble(
        settings: Settings,
        clock: Arc<dyn Clock>,
        address: SocketAddr,
    ) -> anyhow::Result<(Shared, Self)> {
        let data = DataDir::open(&settings.data_dir)?;
        let shared = Shared::new(data, settings, clock, Neighbours::local())?;
        let layers = shared.layers();
        let mut kugel = Self::empty(&shared, address);
        // All files are looked at before the first service begins to work.
        let _opened = SERVICES
            .iter()
            .map(|(name, _)| SqliteStore::open(&shared.data, name))
            .collect::<Result<Vec<_>, _>>()?;
        for (name, build) in SERVICES {
            let service = kugel.add(&shared, &layers, name, build)?;
            shared.neighbours.channel(name).connect(service);
        }
        Ok((shared, kugel))
    }

    /// Starts one service by itself, as native gRPC; its neighbours are called over the network.
    pub async fn start_service(
        name: &str,
        settings: Settings,
        clock: Arc<dyn Clock>,
        listener: TcpListener,
    ) -> anyhow::Result<Self> {
        let known = Neighbours::NAMES.join(", ");
        let (name, build) = *SERVICES
            .iter()
            .find(|(service, _)| *service == name)
            .with_context(|| format!("there is no service `{name}`: choose one of {known}"))?;
        // A process locks its whole data folder, so each service has a folder of its own.
        let data = DataDir::open(settings.data_dir.join(format!("{name}-process")))?;
        let shared = {
            let neighbours = Neighbours::network(&settings, Some(name))?;
            Shared::new(data, settings, clock, neighbours)?
        };
        let layers = shared.layers();
        let mut kugel = Self::empty(&shared, listener.local_addr()?);
        let service = kugel.add(&shared, &layers, name, build)?;
        // Its own calls to itself need no network.
        shared.neighbours.channel(name).connect(service.clone());
        let routes = service
            .map_request(|request: http::Request<axum::body::Body>| request.map(tonic::body::Body::new));
        Ok(kugel.serve(listener, Router::new().fallback_service(routes)))
    }

    fn empty(shared: &Shared, address: SocketAddr) -> Self {
        Self {
            address,
            stop: CancellationToken::new(),
            served: None,
            background: Vec::new(),
            bus: shared.bus.clone(),
            tokens: shared.tokens.clone(),
            neighbours: shared.neighbours.clone(),
            outboxes: Vec::new(),
            stores: Vec::new(),
            data: shared.data.clone(),
        }
    }

    /// Builds a service and puts the server stack around it.
    fn add(
        &mut self,
        shared: &Shared,
        layers: &Layers,
        name: &str,
        build: Build,
    ) -> anyhow::Result<LocalService> {
        let store = SqliteStore::open(&shared.data, name)?;
        self.stores.push(store.clone());
        let documents = Documents::new(Arc::new(store), shared.clock.clone());
        let mut parts = build(shared.deps(documents.clone()))?;
        parts.routes = parts.routes.add_service(Readiness::service(documents));
        let service = kugel_rpc::serve(&parts, layers);
        self.outboxes.extend(parts.outboxes);
        self.background
            .extend(parts.background.into_iter().map(tokio::spawn));
        Ok(service)
    }

    fn serve(mut self, listener: TcpListener, router: Router) -> Self {
        let stop = self.stop.clone();
        // Answers are small: waiting to fill a packet would only delay them.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY cannot be set");
            }
        });
        let streams = self.stop.clone();
        let router = router.layer(MapResponseLayer::new(move |response: Response| {
            streams::end_with(streams.clone(), response)
        }));
        let server = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
        self.served = Some(tokio::spawn(async move { server.await }));
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Events that were committed and have not arrived everywhere yet.
    pub fn backlog(&self) -> usize {
        self.bus.backlog() + self.outboxes.iter().map(Outbox::backlog).sum::<usize>()
    }

    /// Waits until everything that was committed has arrived everywhere.
    pub async fn settled(&self) {
        while self.backlog() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The connections to the services.
    pub fn neighbours(&self) -> &Neighbours {
        &self.neighbours
    }

    /// The keys of this process.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The tenants that any service keeps documents of.
    pub async fn tenants(&self) -> anyhow::Result<BTreeSet<TenantId>> {
        let mut tenants = BTreeSet::new();
        for store in &self.stores {
            tenants.extend(store.scopes().await?.into_iter().filter_map(|scope| match scope {
                Scope::Tenant(tenant) => Some(tenant),
                Scope::Commons => None,
            }));
        }
        Ok(tenants)
    }

    /// Stops: accepts nothing new, finishes calls under way, delivers events, closes the files.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(served) = self.served.take()
            && tokio::time::timeout(DRAIN_LIMIT, served).await.is_err()
        {
            tracing::warn!("some calls were still under way and are cut off");
        }
        if tokio::time::timeout(DRAIN_LIMIT, self.settled()).await.is_err() {
            tracing::warn!("some events are still under way and will be delivered after the next start");
        }
        self.bus.close().await;
        self.background.iter().for_each(JoinHandle::abort);
        for store in &self.stores {
            store.close().await;
        }
        // Services know each other in circles and are never dropped, so the lock would last as long as the program.
        if let Err(error) = self.data.release() {
            tracing::warn!(%error, "the data folder stays locked");
        }
    }
}

impl Shared {
    fn new(
        data: DataDir,
        settings: Settings,
        clock: Arc<dyn Clock>,
        neighbours: Neighbours,
    ) -> anyhow::Result<Self> {
        let root = root_secret(&settings, data.path())?;
        let lifetimes = Lifetimes {
            user: i64::from(settings.token_expire_minutes) * 60,
            terminal: i64::from(settings.terminal_token_expire_hours) * 3600,
        };
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        Ok(Self {
            data,
            tokens: Arc::new(Tokens::new(&root, lifetimes, clock.clone())),
            passwords: Passwords::new(settings.password_memory_kib, workers),
            settings: Arc::new(settings),
            clock,
            bus: Arc::new(InProcessBus::default()),
            state: Arc::new(MemoryState::default()),
            neighbours,
        })
    }

    fn layers(&self) -> Layers {
        let terminals = self.neighbours.channel("terminal");
        let api_keys = ApiKeys::new(terminals, self.tokens.clone(), &*self.bus, &self.settings);
        Layers::new(self.tokens.clone(), api_keys, &self.settings)
    }

    fn deps(&self, documents: Documents) -> Deps {
        Deps {
            documents,
            bus: self.bus.clone(),
            state: self.state.clone(),
            clock: self.clock.clone(),
            tokens: self.tokens.clone(),
            passwords: self.passwords.clone(),
            settings: self.settings.clone(),
            neighbours: self.neighbours.clone(),
        }
    }
}

fn root_secret(settings: &Settings, folder: &Path) -> anyhow::Result<String> {
    match &settings.secret_key {
        Some(secret) => Ok(secret.reveal().to_owned()),
        None => secret::load_or_create(folder),
    }
}

/// The mesh's ports, from 8000 in the order of [`Neighbours::NAMES`].
pub fn mesh_port(name: &str) -> Option<u16> {
    let position = Neighbours::NAMES.iter().position(|service| *service == name)?;
    u16::try_from(8000 + position).ok()
}
