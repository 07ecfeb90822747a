//! The real server inside the test.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use jiff::Timestamp;
use kugel::process::{GATEWAY, Kugel};
use kugel_auth::Tokens;
use kugel_config::Settings;
use kugel_host::Host;
use kugel_operator::verify;
use kugel_rpc::Neighbours;
use kugel_types::{Clock, ManualClock, SystemClock};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::namespace::Namespace;
use crate::size::Size;
use crate::{Site, ports};

/// How long the services may take to be ready, and events to arrive.
const LIMIT: Duration = Duration::from_secs(60);

/// Kugel in the size that is tested: all services on a free port with a data folder of its own, or gateway and seven
/// services on eight ports, over names of their own on the servers.
pub struct World {
    /// The one that answers first, then the services, each as often as it is wanted.
    kugels: Vec<Kugel>,
    site: Site,
    settings: Settings,
    clock: Arc<dyn Clock>,
    folder: TempDir,
    namespace: Option<Namespace>,
}

impl World {
    /// Starts Kugel as it is by default, on the real time.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts Kugel with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::launch(change, Arc::new(SystemClock), 1).await
    }

    /// Starts Kugel with so many replicas of each service; one process has none.
    pub async fn start_replicated(replicas: usize) -> Self {
        Self::launch(|_| {}, Arc::new(SystemClock), replicas).await
    }

    /// Starts Kugel at an instant, where time stands still until the test moves it.
    pub async fn start_at(instant: &str) -> (Self, Arc<ManualClock>) {
        Self::start_replicated_at(instant, 1).await
    }

    /// The same with so many replicas of each service, which share the clock.
    pub async fn start_replicated_at(instant: &str, replicas: usize) -> (Self, Arc<ManualClock>) {
        let instant: Timestamp = instant.parse().unwrap();
        let clock = Arc::new(ManualClock::for_test(instant));
        (Self::launch(|_| {}, clock.clone(), replicas).await, clock)
    }

    async fn launch(change: impl FnOnce(&mut Settings), clock: Arc<dyn Clock>, replicas: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::for_test();
        folder.path().clone_into(&mut settings.data_dir);
        let namespace = match Size::chosen() {
            Size::Single => None,
            Size::Mesh(servers) => {
                servers.apply(&mut settings);
                let namespace = Namespace::new(servers);
                namespace.name().clone_into(&mut settings.namespace);
                Some(namespace)
            }
        };
        change(&mut settings);
        let services = if namespace.is_some() { 7 * replicas } else { 0 };
        let listeners = listeners(&ports::free_addresses(1 + services)).await;
        if namespace.is_some() {
            let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
            for (place, name) in Neighbours::NAMES.into_iter().enumerate() {
                let urls: Vec<_> = listeners[1 + place..].iter().step_by(7).map(url).collect();
                *url_of(&mut settings, name) = urls.join(",");
            }
        }
        let kugels = start(&settings, &clock, listeners).await;
        Self {
            site: Site::at(format!("http://{}", kugels[0].address())),
            kugels,
            settings,
            clock,
            folder,
            namespace,
        }
    }

    /// Stops one replica of each service, as an operator does who updates them.
    pub async fn stop_replicas(&mut self) {
        let rest = self.kugels.split_off(8);
        join_all(rest.into_iter().map(Kugel::stop)).await;
    }

    /// The data folder; empty in the mesh.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The keys of the services.
    pub fn tokens(&self) -> &Tokens {
        self.hosts().next().unwrap().tokens()
    }

    fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.kugels.iter().filter_map(Kugel::host)
    }

    fn backlog(&self) -> usize {
        self.hosts().map(Host::backlog).sum()
    }

    async fn unanswered(&self) -> usize {
        let mut count = 0;
        for holding in self.hosts().flat_map(Host::holdings) {
            for outbox in &holding.outboxes {
                count += outbox.deliveries().count_unanswered().await.unwrap();
            }
        }
        count
    }

    /// Waits until every event has arrived everywhere. In the mesh an event may lie in a queue and in no process: its
    /// producer's record tells that somebody has not answered.
    pub async fn settled(&self) {
        let settled = tokio::time::timeout(LIMIT, async {
            while self.backlog() > 0 || self.unanswered().await > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(
            settled.await.is_ok(),
            "{} events have not arrived",
            self.backlog()
        );
    }

    /// Stops Kugel and starts it again on the same documents and ports.
    pub async fn restart(self) -> Self {
        self.restart_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn restart_with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        let addresses: Vec<_> = self
            .kugels
            .iter()
            .map(|kugel| kugel.address().to_string())
            .collect();
        stop(self.kugels).await;
        let kugels = start(&self.settings, &self.clock, listeners(&addresses).await).await;
        Self { kugels, ..self }
    }

    /// Stops Kugel and recomputes everything that must be conserved.
    pub async fn finish(self) {
        self.settled().await;
        stop(self.kugels).await;
        let options = verify::Options::default();
        let clean = verify::run(self.settings, options).await.unwrap();
        drop(self.namespace);
        assert!(
            clean,
            "the books do not balance: see the verification's list above"
        );
    }
}

fn url_of<'a>(settings: &'a mut Settings, service: &str) -> &'a mut String {
    match service {
        "account" => &mut settings.account_url,
        "terminal" => &mut settings.terminal_url,
        "master-data" => &mut settings.master_data_url,
        "cart" => &mut settings.cart_url,
        "report" => &mut settings.report_url,
        "journal" => &mut settings.journal_url,
        "stock" => &mut settings.stock_url,
        other => panic!("there is no service {other}"),
    }
}

async fn listeners(addresses: &[String]) -> Vec<TcpListener> {
    try_join_all(addresses.iter().map(TcpListener::bind))
        .await
        .unwrap()
}

/// One process on one port, or those of the mesh on as many, the gateway first. All are ready when this returns.
async fn start(settings: &Settings, clock: &Arc<dyn Clock>, listeners: Vec<TcpListener>) -> Vec<Kugel> {
    let is_mesh = listeners.len() > 1;
    let names = [GATEWAY].into_iter().chain(Neighbours::NAMES.into_iter().cycle());
    let starts = listeners.into_iter().zip(names).map(|(listener, name)| {
        let (mut settings, clock) = (settings.clone(), clock.clone());
        if is_mesh && name != GATEWAY {
            // HTTPS is the gateway's.
            (settings.https_certificate_file, settings.https_key_file) = (None, None);
        }
        async move {
            match name {
                _ if !is_mesh => Kugel::start(settings, clock, listener, None).await,
                GATEWAY => Kugel::start_gateway(settings, clock, listener, None).await,
                name => Kugel::start_service(name, settings, clock, listener, None).await,
            }
        }
    });
    let kugels = try_join_all(starts).await.unwrap();
    let ready = tokio::time::timeout(LIMIT, join_all(kugels.iter().map(Kugel::ready))).await;
    assert!(ready.is_ok(), "the services are not ready within {LIMIT:?}");
    kugels
}

/// The door closes first, then what is behind it.
async fn stop(mut kugels: Vec<Kugel>) {
    kugels.remove(0).stop().await;
    join_all(kugels.into_iter().map(Kugel::stop)).await;
}

impl Deref for World {
    type Target = Site;
    fn deref(&self) -> &Site {
        &self.site
    }
}
