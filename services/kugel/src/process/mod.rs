//! A process of Kugel: every service behind the gateway, or one of the eight processes of the mesh.
//!
//! [`backends`] decides what stands behind the ports, [`hosted`] brings a service to work, [`mesh`] finds the others and
//! [`serve`] answers on the port.

mod backends;
mod hosted;
mod mesh;
mod offline;
mod serve;
mod whole;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures::future::join_all;
use kugel_auth::{Lifetimes, Passwords, Tokens};
use kugel_config::Settings;
use kugel_gateway::{Edge, GatewayDeps};
use kugel_rpc::{ApiKeys, Deps, Layers, LocalService, Neighbours, Tls, TlsListener};
use kugel_store::{Documents, Scope};
use kugel_telemetry::Metrics;
use kugel_types::{Clock, TenantId};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::backends::Backends;
use self::hosted::{Build, Hosted};
pub use self::mesh::{mesh_port, ready};
pub use self::offline::Holding;
use self::serve::Render;
use crate::secret;

/// The gateway's name where a service's may stand.
pub const GATEWAY: &str = "gateway";

/// How long a stopping process waits for calls under way, and then for events under way.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// How often the samples of histograms are folded into their buckets.
const METRICS_INTERVAL: Duration = Duration::from_secs(5);

const NO_SECRET: &str = "set SECRET_KEY: the processes of a mesh check each other's tokens with it, and no folder keeps one \
for them. The output of `openssl rand -hex 32` will do";

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
    upkeep: Option<JoinHandle<()>>,
    neighbours: Neighbours,
    /// A gateway by itself has none.
    shared: Option<Arc<Shared>>,
    services: Vec<Arc<Hosted>>,
}

/// What all services of a process share.
struct Shared {
    backends: Backends,
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    tokens: Arc<Tokens>,
    passwords: Passwords,
    neighbours: Neighbours,
    layers: Layers,
    stop: CancellationToken,
}

impl Kugel {
    /// Starts every service behind the gateway, on `listener`. Without servers to lean on, it is ready when this returns.
    pub async fn start(
        settings: Settings,
        clock: Arc<dyn Clock>,
        listener: TcpListener,
        metrics: Option<Metrics>,
    ) -> anyhow::Result<Self> {
        let backends = Backends::open(&settings, None)?;
        let shared = Shared::new(backends, settings, clock, Neighbours::local())?;
        let (mut kugel, _) = Self::host(shared.clone(), &SERVICES, listener.local_addr()?).await?;
        let router = gateway(
            &shared.neighbours,
            shared.settings.clone(),
            shared.clock.clone(),
            metrics.clone(),
        )?;
        kugel.upkeep = metrics.map(tend);
        kugel.served = Some(serve::serve(listener, router, kugel.stop.clone()));
        Ok(kugel)
    }

    /// Starts one service by itself, as native gRPC; its neighbours are called over the network.
    pub async fn start_service(
        name: &str,
        settings: Settings,
        clock: Arc<dyn Clock>,
        listener: TcpListener,
        metrics: Option<Metrics>,
    ) -> anyhow::Result<Self> {
        let known = Neighbours::NAMES.join(", ");
        let service = SERVICES
            .iter()
            .find(|(service, _)| *service == name)
            .with_context(|| format!("there is no service `{name}`: choose {GATEWAY} or one of {known}"))?;
        let neighbours = Neighbours::network(&settings, Some(service.0))?;
        anyhow::ensure!(settings.secret_key.is_some(), NO_SECRET);
        anyhow::ensure!(
            settings.amqp_url.is_some(),
            "set AMQP_URL: a process that runs one service exchanges its events by RabbitMQ, amqp://USER:PASSWORD@HOST:PORT/%2f"
        );
        let tls = Tls::read(&settings)?;
        let backends = Backends::open(&settings, Some(service.0))?;
        let shared = Shared::new(backends, settings, clock, neighbours)?;
        let (mut kugel, mut doors) = Self::host(shared, &[*service], listener.local_addr()?).await?;
        let door = doors.remove(0);
        let router = serve::service_router(door, metrics.as_ref().map(render));
        kugel.upkeep = metrics.map(tend);
        kugel.served = Some(match tls {
            Some(tls) => serve::serve_tls(TlsListener::new(listener, tls)?, router, kugel.stop.clone()),
            None => serve::serve(listener, router, kugel.stop.clone()),
        });
        Ok(kugel)
    }

    /// Starts the gateway by itself, before services that are elsewhere.
    pub async fn start_gateway(
        settings: Settings,
        clock: Arc<dyn Clock>,
        listener: TcpListener,
        metrics: Option<Metrics>,
    ) -> anyhow::Result<Self> {
        let neighbours = Neighbours::network(&settings, None)?;
        let router = gateway(&neighbours, Arc::new(settings), clock, metrics.clone())?;
        let mut kugel = Self {
            address: listener.local_addr()?,
            stop: CancellationToken::new(),
            served: None,
            upkeep: None,
            neighbours,
            shared: None,
            services: Vec::new(),
        };
        kugel.upkeep = metrics.map(tend);
        kugel.served = Some(serve::serve(listener, router, kugel.stop.clone()));
        Ok(kugel)
    }

    /// Starts every service without a port and unheard by anybody, for tools that work on the documents alone.
    pub async fn start_offline(settings: Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let backends = Backends::offline(&settings)?;
        let shared = Shared::new(backends, settings, clock, Neighbours::local())?;
        Ok(Self::host(shared, &SERVICES, nowhere).await?.0)
    }

    /// Builds services and connects them with their neighbours. Gives what answers for each.
    async fn host(
        shared: Arc<Shared>,
        services: &[(&'static str, Build)],
        address: SocketAddr,
    ) -> anyhow::Result<(Self, Vec<LocalService>)> {
        // All documents are looked at before the first service begins to work.
        let services = services
            .iter()
            .map(|(name, build)| Hosted::open(name, *build, &shared))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let mut doors = Vec::new();
        for service in &services {
            doors.push(service.start().await?);
        }
        let kugel = Self {
            address,
            stop: shared.stop.clone(),
            served: None,
            upkeep: None,
            neighbours: shared.neighbours.clone(),
            shared: Some(shared),
            services,
        };
        Ok((kugel, doors))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns when every service of this process works.
    pub async fn ready(&self) {
        join_all(self.services.iter().map(|service| service.ready())).await;
    }

    /// Events that were committed and have not arrived everywhere yet.
    pub fn backlog(&self) -> usize {
        let bus = self
            .shared
            .as_ref()
            .map_or(0, |shared| shared.backends.bus.backlog());
        bus + self
            .services
            .iter()
            .map(|service| service.backlog())
            .sum::<usize>()
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

    /// The keys of this process; a gateway by itself has none.
    pub fn tokens(&self) -> Option<&Tokens> {
        self.shared.as_ref().map(|shared| &*shared.tokens)
    }

    /// The tenants that any service keeps documents of.
    pub async fn tenants(&self) -> anyhow::Result<BTreeSet<TenantId>> {
        let mut tenants = BTreeSet::new();
        for service in &self.services {
            let scopes = service.store.port().scopes().await?;
            tenants.extend(scopes.into_iter().filter_map(|scope| match scope {
                Scope::Tenant(tenant) => Some(tenant),
                Scope::Commons => None,
            }));
        }
        Ok(tenants)
    }

    /// Stops: is ready no more and accepts nothing new, finishes calls under way, delivers events, closes the documents.
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
        if let Some(shared) = &self.shared {
            shared.backends.bus.close().await;
        }
        join_all(self.services.iter().map(|service| service.close())).await;
        if let Some(upkeep) = &self.upkeep {
            upkeep.abort();
        }
        // Services know each other in circles and are never dropped, so the lock would last as long as the program.
        let folder = self.shared.as_ref().and_then(|shared| shared.backends.folder());
        if let Some(Err(error)) = folder.map(|folder| folder.release()) {
            tracing::warn!(%error, "the data folder stays locked");
        }
    }
}

impl Shared {
    fn new(
        backends: Backends,
        settings: Settings,
        clock: Arc<dyn Clock>,
        neighbours: Neighbours,
    ) -> anyhow::Result<Arc<Self>> {
        let root = match (&settings.secret_key, backends.folder()) {
            (Some(secret), _) => secret.reveal().to_owned(),
            (None, Some(folder)) => secret::load_or_create(folder.path())?,
            (None, None) => anyhow::bail!(NO_SECRET),
        };
        let lifetimes = Lifetimes {
            user: i64::from(settings.token_expire_minutes) * 60,
            terminal: i64::from(settings.terminal_token_expire_hours) * 3600,
        };
        let tokens = Arc::new(Tokens::new(&root, lifetimes, clock.clone()));
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        let api_keys = ApiKeys::new(
            neighbours.channel("terminal"),
            tokens.clone(),
            &*backends.bus,
            &settings,
        );
        Ok(Arc::new(Self {
            layers: Layers::new(tokens.clone(), api_keys, &settings),
            tokens,
            passwords: Passwords::new(settings.password_memory_kib, workers),
            settings: Arc::new(settings),
            clock,
            backends,
            neighbours,
            stop: CancellationToken::new(),
        }))
    }

    fn deps(&self, documents: Documents) -> Deps {
        Deps {
            documents,
            bus: self.backends.bus.clone(),
            state: self.backends.state.clone(),
            clock: self.clock.clone(),
            tokens: self.tokens.clone(),
            passwords: self.passwords.clone(),
            settings: self.settings.clone(),
            neighbours: self.neighbours.clone(),
        }
    }
}

/// Folds the samples of histograms into their buckets now and then.
fn tend(metrics: Metrics) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(METRICS_INTERVAL).await;
            metrics.tend();
        }
    })
}

fn render(metrics: &Metrics) -> Render {
    let metrics = metrics.clone();
    Arc::new(move || metrics.render())
}

fn gateway(
    neighbours: &Neighbours,
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    metrics: Option<Metrics>,
) -> anyhow::Result<Edge> {
    let channels = Neighbours::NAMES.map(|name| (name.to_owned(), neighbours.channel(name)));
    Ok(kugel_gateway::build(GatewayDeps {
        channels: channels.into(),
        settings,
        clock,
        metrics: metrics.as_ref().map(render),
    })?)
}
