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

use futures::future::join_all;
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
pub use self::rights::{keep_to_owner, outlive_file_limit, take_descriptors};
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
    operations: Option<String>,
    stop: CancellationToken,
    url: String,
    served: Vec<JoinHandle<()>>,
    upkeep: Option<JoinHandle<()>>,
    host: Option<Host>,
}

/// The port for who looks after a process, and what it tells.
pub struct Operations {
    /// Where it listens.
    pub listener: TcpListener,
    /// All metrics of the process.
    pub metrics: Metrics,
}

impl Kugel {
    /// Starts every service behind the gateway, on `listener`. Without servers to lean on, it is ready when this returns.
    pub async fn start(
        settings: Settings,
        clock: Arc<dyn Clock>,
        listener: TcpListener,
        operations: Option<Operations>,
    ) -> anyhow::Result<Self> {
        let ports = Ports::of(Port::Whole, &settings, listener, operations)?;
        let host = Host::start(settings.clone(), clock.clone()).await?;
        let edge = gateway(host.neighbours(), settings, clock, ports.metrics())?;
        Ok(ports.open(edge.clone(), edge.for_operations(), Some(host)))
    }

    /// Starts one service by itself, as native gRPC; its neighbours are called over the network.
    pub async fn start_service(
        name: &str,
        settings: Settings,
        clock: Arc<dyn Clock>,
        listener: TcpListener,
        operations: Option<Operations>,
    ) -> anyhow::Result<Self> {
        let known = Neighbours::NAMES;
        anyhow::ensure!(
            known.contains(&name),
            "there is no service `{name}`: choose {GATEWAY} or one of {}",
            known.join(", ")
        );
        let ports = Ports::of(Port::Service, &settings, listener, operations)?;
        let (host, service) = Host::start_service(name, settings, clock).await?;
        let operations = serve::operations(service.clone(), ports.metrics());
        Ok(ports.open(serve::service(service), operations, Some(host)))
    }

    /// Starts the gateway by itself, before services that are elsewhere.
    pub async fn start_gateway(
        settings: Settings,
        clock: Arc<dyn Clock>,
        listener: TcpListener,
        operations: Option<Operations>,
    ) -> anyhow::Result<Self> {
        let ports = Ports::of(Port::Gateway, &settings, listener, operations)?;
        let neighbours = Neighbours::network(&settings, None)?;
        let edge = gateway(&neighbours, settings, clock, ports.metrics())?;
        Ok(ports.open(edge.clone(), edge.for_operations(), None))
    }

    /// The address of its port for operations, if it has one.
    pub fn operations_url(&self) -> Option<String> {
        self.operations.clone()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of its pages and its API.
    pub fn url(&self) -> String {
        self.url.clone()
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
        if tokio::time::timeout(DRAIN_LIMIT, join_all(self.served))
            .await
            .is_err()
        {
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

/// The ports of a process before they open: what is wrong with one ends the start before anything has begun.
struct Ports {
    address: SocketAddr,
    main: (TcpListener, Door),
    operations: Option<(Operations, Door)>,
}

impl Ports {
    fn of(
        port: Port,
        settings: &Settings,
        listener: TcpListener,
        operations: Option<Operations>,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let beside = |operations: Operations| {
            let door = port.door_for_operations(settings, operations.listener.local_addr()?)?;
            anyhow::Ok((operations, door))
        };
        Ok(Self {
            address,
            main: (listener, port.door(settings, address)?),
            operations: operations.map(beside).transpose()?,
        })
    }

    fn metrics(&self) -> Option<Render> {
        let metrics = self.operations.as_ref()?.0.metrics.clone();
        Some(Arc::new(move || metrics.render()))
    }

    /// Opens them: one for `service`, and one for `operations` if there is one.
    fn open(self, service: impl Served, operations: impl Served, host: Option<Host>) -> Kugel {
        let stop = host
            .as_ref()
            .map(|host| host.stopping().clone())
            .unwrap_or_default();
        let (listener, door) = self.main;
        let mut kugel = Kugel {
            address: self.address,
            operations: None,
            url: door.url(self.address),
            served: vec![door.serve(listener, serve::ending_streams(service, &stop), stop.clone())],
            upkeep: None,
            host,
            stop,
        };
        if let Some((Operations { listener, metrics }, door)) = self.operations {
            kugel.operations = listener.local_addr().ok().map(|address| door.url(address));
            let stop = &kugel.stop;
            let served = door.serve(listener, serve::ending_streams(operations, stop), stop.clone());
            kugel.served.push(served);
            kugel.upkeep = Some(tend(metrics));
        }
        kugel
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

fn gateway(
    neighbours: &Neighbours,
    settings: Settings,
    clock: Arc<dyn Clock>,
    metrics: Option<Render>,
) -> anyhow::Result<Edge> {
    let channels = Neighbours::NAMES.map(|name| (name.to_owned(), neighbours.channel(name)));
    Ok(kugel_gateway::build(GatewayDeps {
        channels: channels.into(),
        settings: Arc::new(settings),
        clock,
        metrics,
    })?)
}
