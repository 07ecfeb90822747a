//! Hosting: services in this process, over the documents that the settings name, and no door to them.
//!
//! [`backends`] decides what stands behind the ports and [`hosted`] brings a service to work. Whoever opens a [`Host`]
//! gives it a door, as the executable does, or works on what the services keep, as the operator's tools do. It knows no
//! gateway, no port and no rule of a service.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod backends;
mod holding;
mod hosted;
mod secret;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures::future::join_all;
use kugel_auth::{Lifetimes, Passwords, Tokens};
use kugel_config::{Compatibility, Settings};
use kugel_rpc::{ApiKeys, Deps, Layers, LocalService, Neighbours, Standings};
use kugel_store::{DataDir, Documents, Scope};
use kugel_types::{Clock, TenantId};
use tokio_util::sync::CancellationToken;

use self::backends::Backends;
pub use self::holding::Holding;
use self::hosted::{Build, Hosted};
pub use self::secret::rotate_secret;

/// How long a stopping process waits for events under way.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// How long a server may take to answer before a tool gives up.
const PATIENCE: Duration = Duration::from_secs(15);

const NO_SECRET: &str = "set SECRET_KEY: the processes of a mesh check each other's tokens with it, and no folder keeps one \
for them. The output of `openssl rand -hex 32` will do";

/// The seven services, by name.
const SERVICES: [(&str, Build); 7] = [
    (kugel_account::NAME, kugel_account::build),
    (kugel_terminal::NAME, kugel_terminal::build),
    (kugel_master_data::NAME, kugel_master_data::build),
    (kugel_cart::NAME, kugel_cart::build),
    (kugel_report::NAME, kugel_report::build),
    (kugel_journal::NAME, kugel_journal::build),
    (kugel_stock::NAME, kugel_stock::build),
];

/// Logins, registrations and changes of passwords that may wait to be hashed: what a worker does in some seconds.
const LOGINS_WAITING: usize = 64;
/// The same of PINs: a whole chain opens its tills in one minute.
const SIGN_INS_WAITING: usize = 256;

fn lifetimes(settings: &Settings) -> Lifetimes {
    Lifetimes {
        user: i64::from(settings.token_expire_minutes) * 60,
        terminal: i64::from(settings.terminal_token_expire_hours) * 3600,
    }
}

/// The keys of the installation that `settings` name. Its documents stay closed, so a process that serves them is in
/// nobody's way. Fails where no secret has been made yet.
pub fn keys(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Tokens> {
    let secrets = secret::load(settings, &settings.data_dir)?;
    Ok(Tokens::new(secrets, lifetimes(settings), clock))
}

/// Services of this process.
pub struct Host {
    shared: Arc<Shared>,
    services: Vec<Arc<Hosted>>,
}

/// What all services of a process share.
struct Shared {
    backends: Backends,
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    tokens: Arc<Tokens>,
    passwords: Passwords,
    pins: Passwords,
    neighbours: Neighbours,
    layers: Layers,
    stop: CancellationToken,
    /// False: services answer and do nothing by themselves.
    works: AtomicBool,
}

/// Older habits weaken what the contract promises, so nobody is to serve them unawares.
fn say_compatibility(settings: &Settings) {
    if settings.compatibility == Compatibility::Legacy {
        tracing::warn!(
            "COMPATIBILITY=legacy: tills do what older ones did, without a person's rights; the README lists it (Older clients)"
        );
    }
}

impl Host {
    /// Starts every service. Without servers to lean on, all are ready when this returns.
    pub async fn start(settings: Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let backends = Backends::open(&settings, None)?;
        say_compatibility(&settings);
        let shared = Shared::new(backends, settings, clock, Neighbours::local(), true)?;
        shared.follow_secret();
        Ok(Self::host(shared, &SERVICES).await?.0)
    }

    /// Starts one service by itself, and gives what answers for it; its neighbours are called over the network.
    pub async fn start_service(
        name: &str,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<(Self, LocalService)> {
        let service = SERVICES.iter().find(|(service, _)| *service == name);
        let service = service.with_context(|| format!("there is no service `{name}`"))?;
        let neighbours = Neighbours::network(&settings, Some(service.0))?;
        ensure!(settings.secret_key.is_some(), NO_SECRET);
        ensure!(
            settings.amqp_url.is_some(),
            "set AMQP_URL: a process that runs one service exchanges its events by RabbitMQ, amqp://USER:PASSWORD@HOST:PORT/%2f"
        );
        let backends = Backends::open(&settings, Some(service.0))?;
        say_compatibility(&settings);
        let shared = Shared::new(backends, settings, clock, neighbours, true)?;
        let (host, mut doors) = Self::host(shared, &[*service]).await?;
        Ok((host, doors.remove(0)))
    }

    /// Opens the documents of every service, on disk or in the MongoDB that the settings name, unheard by anybody. Services
    /// answer, but their work in the background rests: no event is delivered and nothing is tidied until [`Host::work`].
    pub async fn open_idle(settings: Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let backends = Backends::offline(&settings)?;
        let shared = Shared::new(backends, settings, clock, Neighbours::local(), false)?;
        let (host, _) = Self::host(shared, &SERVICES).await?;
        let ready = tokio::time::timeout(PATIENCE, host.ready()).await;
        ready.context("MongoDB does not answer: see the warnings above")?;
        Ok(host)
    }

    /// Builds services and connects them with their neighbours. Gives what answers for each.
    async fn host(
        shared: Arc<Shared>,
        services: &[(&'static str, Build)],
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
        Ok((Self { shared, services }, doors))
    }

    /// Lets services that were opened idle begin their work in the background.
    pub fn work(&self) {
        self.shared.works.store(true, Ordering::SeqCst);
        self.services.iter().for_each(|service| service.work());
    }

    /// Returns when every service works.
    pub async fn ready(&self) {
        join_all(self.services.iter().map(|service| service.ready())).await;
    }

    /// Events that were committed and have not arrived everywhere yet.
    pub fn backlog(&self) -> usize {
        let own = self.services.iter().map(|service| service.backlog());
        self.shared.backends.bus.backlog() + own.sum::<usize>()
    }

    /// Waits until everything that was committed has arrived everywhere.
    pub async fn settled(&self) {
        while self.backlog() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The connections to the services.
    pub fn neighbours(&self) -> &Neighbours {
        &self.shared.neighbours
    }

    /// The keys of the services.
    pub fn tokens(&self) -> &Tokens {
        &self.shared.tokens
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

    /// What the services that have begun keep.
    pub fn holdings(&self) -> Vec<Holding> {
        let services = self.services.iter();
        services.filter_map(|service| service.holding()).collect()
    }

    /// Cancelled when the process stops: from then on no service is ready.
    pub fn stopping(&self) -> &CancellationToken {
        &self.shared.stop
    }

    /// Stops: does the work of the end, delivers events, then closes the documents.
    pub async fn stop(self) {
        let Self { shared, services } = &self;
        shared.stop.cancel();
        join_all(services.iter().map(|service| service.conclude())).await;
        if tokio::time::timeout(DRAIN_LIMIT, self.settled()).await.is_err() {
            tracing::warn!("some events are still under way and will be delivered after the next start");
        }
        shared.backends.bus.close().await;
        join_all(services.iter().map(|service| service.close())).await;
        // Services know each other in circles and are never dropped, so the lock would last as long as the program.
        if let Some(Err(error)) = shared.backends.folder().map(|folder| folder.release()) {
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
        works: bool,
    ) -> anyhow::Result<Arc<Self>> {
        let folder = backends.folder().map_or(&*settings.data_dir, DataDir::path);
        ensure!(
            settings.secret_key.is_some() || backends.folder().is_some(),
            NO_SECRET
        );
        let secrets = secret::load_or_create(&settings, folder)?;
        let tokens = Arc::new(Tokens::new(secrets, lifetimes(&settings), clock.clone()));
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        let api_keys = ApiKeys::new(
            neighbours.channel("terminal"),
            tokens.clone(),
            &*backends.bus,
            &settings,
        );
        let accounts = neighbours.channel("account");
        let terminals = neighbours.channel("terminal");
        let standings = Standings::new(accounts, terminals, tokens.clone(), &*backends.bus);
        Ok(Arc::new(Self {
            layers: Layers::new(tokens.clone(), api_keys, standings, &settings),
            tokens,
            passwords: Passwords::new(settings.password_memory_kib, workers, LOGINS_WAITING),
            pins: Passwords::new(settings.password_memory_kib, workers, SIGN_INS_WAITING),
            settings: Arc::new(settings),
            clock,
            backends,
            neighbours,
            stop: CancellationToken::new(),
            works: AtomicBool::new(works),
        }))
    }

    /// Takes up the secret of the data folder, where that is the root, whenever somebody changes it.
    fn follow_secret(&self) {
        if let (None, Some(folder)) = (&self.settings.secret_key, self.backends.folder()) {
            let (settings, tokens) = (self.settings.clone(), self.tokens.clone());
            let follow = secret::follow(settings, folder.path().to_owned(), tokens, self.stop.clone());
            tokio::spawn(follow);
        }
    }

    fn deps(&self, documents: Documents) -> Deps {
        Deps {
            documents,
            bus: self.backends.bus.clone(),
            state: self.backends.state.clone(),
            clock: self.clock.clone(),
            tokens: self.tokens.clone(),
            passwords: self.passwords.clone(),
            pins: self.pins.clone(),
            settings: self.settings.clone(),
            neighbours: self.neighbours.clone(),
        }
    }
}
