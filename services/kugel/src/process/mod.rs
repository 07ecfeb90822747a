//! A process of Kugel: every service behind the gateway, or one of the eight processes of the mesh.
//!
//! The services are in [`kugel_host`]; here they get their doors. [`mesh`] finds the others, [`port`] reads what the
//! settings promise, and [`door`] answers on the port.

mod door;
mod mesh;
mod port;
mod rights;
mod serve;
mod streams;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kugel_config::Settings;
use kugel_gateway::{Edge, GatewayDeps};
use kugel_host::Host;
use kugel_rpc::Neighbours;
use kugel_telemetry::Metrics;
use kugel_types::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::door::{Door, Served};
pub use self::mesh::{mesh_port, ready};
use self::port::Port;
pub use self::rights::{keep_to_owner, take_descriptors};
use self::serve::Render;

/// The gateway's name where a service's may stand.
pub const GATEWAY: &str = "gateway";

/// How long a stopping process waits for calls under way.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// How often the samples of histograms are folded into their buckets.
const METRICS_INTERVAL: Duration = Duration::from_secs(5);

/// A running process.
pub struct Kugel {
    address: SocketAddr,
    stop: CancellationToken,
    is_secure: bool,
    served: JoinHandle<()>,
    upkeep: Option<JoinHandle<()>>,
    host: Option<Host>,
}

impl Kugel {
    /// Starts every service behind the gateway, on `listener`. Without servers to lean on, it is ready when this returns.
    pub async fn start(
        settings: Settings,
        clock: Arc<dyn Clock>,
        listener: TcpListener,
        metrics: Option<Metrics>,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let door = Port::Whole.door(&settings, address)?;
        let host = Host::start(settings.clone(), clock.clone()).await?;
        let router = gateway(host.neighbours(), settings, clock, metrics.clone())?;
        let stop = host.stopping().clone();
        Ok(Self::open(
            door,
            listener,
            address,
            router,
            stop,
            metrics,
            Some(host),
        ))
    }

    /// Starts one service by itself, as native gRPC; its neighbours are called over the network.
    pub async fn start_service(
        name: &str,
        settings: Settings,
        clock: Arc<dyn Clock>,
        listener: TcpListener,
        metrics: Option<Metrics>,
    ) -> anyhow::Result<Self> {
        let known = Neighbours::NAMES;
        anyhow::ensure!(
            known.contains(&name),
            "there is no service `{name}`: choose {GATEWAY} or one of {}",
            known.join(", ")
        );
        let address = listener.local_addr()?;
        let door = Port::Service.door(&settings, address)?;
        let (host, service) = Host::start_service(name, settings, clock).await?;
        let stop = host.stopping().clone();
        let router = serve::service_router(service, metrics.as_ref().map(render));
        Ok(Self::open(
            door,
            listener,
            address,
            router,
            stop,
            metrics,
            Some(host),
        ))
    }

    /// Starts the gateway by itself, before services that are elsewhere.
    pub async fn start_gateway(
        settings: Settings,
        clock: Arc<dyn Clock>,
        listener: TcpListener,
        metrics: Option<Metrics>,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let door = Port::Gateway.door(&settings, address)?;
        let neighbours = Neighbours::network(&settings, None)?;
        let router = gateway(&neighbours, settings, clock, metrics.clone())?;
        let stop = CancellationToken::new();
        Ok(Self::open(door, listener, address, router, stop, metrics, None))
    }

    fn open(
        door: Door,
        listener: TcpListener,
        address: SocketAddr,
        service: impl Served,
        stop: CancellationToken,
        metrics: Option<Metrics>,
        host: Option<Host>,
    ) -> Self {
        Self {
            address,
            is_secure: door.tls.is_some(),
            served: door.serve(listener, serve::ending_streams(service, &stop), stop.clone()),
            stop,
            upkeep: metrics.map(tend),
            host,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of its pages and its API.
    pub fn url(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The services of this process; a gateway by itself has none.
    pub fn host(&self) -> Option<&Host> {
        self.host.as_ref()
    }

    /// Returns when every service of this process works.
    pub async fn ready(&self) {
        if let Some(host) = &self.host {
            host.ready().await;
        }
    }

    /// Waits until everything that was committed has arrived everywhere.
    pub async fn settled(&self) {
        if let Some(host) = &self.host {
            host.settled().await;
        }
    }

    /// Stops: is ready no more and accepts nothing new, finishes calls under way, delivers events, closes the documents.
    pub async fn stop(self) {
        self.stop.cancel();
        if tokio::time::timeout(DRAIN_LIMIT, self.served).await.is_err() {
            tracing::warn!("some calls were still under way and are cut off");
        }
        if let Some(host) = self.host {
            host.stop().await;
        }
        if let Some(upkeep) = self.upkeep {
            upkeep.abort();
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
    settings: Settings,
    clock: Arc<dyn Clock>,
    metrics: Option<Metrics>,
) -> anyhow::Result<Edge> {
    let channels = Neighbours::NAMES.map(|name| (name.to_owned(), neighbours.channel(name)));
    Ok(kugel_gateway::build(GatewayDeps {
        channels: channels.into(),
        settings: Arc::new(settings),
        clock,
        metrics: metrics.as_ref().map(render),
    })?)
}
