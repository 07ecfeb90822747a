//! One service of this process: nothing of it works before the servers that it leans on have answered.

use std::error::Error as _;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use futures::future::BoxFuture;
use http::Request;
use kugel_bus::Outbox;
use kugel_error::codes;
use kugel_rpc::{Deps, LocalService, Parts, Readiness};
use kugel_store::{Collection, Documents};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::body::Body;

use super::Shared;
use super::backends::ServiceStore;
use super::holding::Holding;

/// How long a stopping service may take for the work of its end.
const CLOSING_LIMIT: Duration = Duration::from_secs(3);
/// How long the last delivery states of a stopping service may take to be written.
const FLUSH_LIMIT: Duration = Duration::from_secs(3);

/// Between two questions to a server that does not answer.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(200))
    .with_max_delay(Duration::from_secs(5))
    .without_max_times();
/// A connection takes a moment to be made. A wait that is no longer is nothing to speak of.
const MOMENT: Duration = Duration::from_millis(500);

/// Builds a service from its dependencies.
pub(super) type Build = fn(Deps) -> Result<Parts, kugel_error::Error>;

/// A service of this process.
pub(super) struct Hosted {
    name: &'static str,
    build: Build,
    shared: Arc<Shared>,
    pub(super) store: ServiceStore,
    running: OnceLock<Running>,
    is_ready: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

struct Running {
    service: LocalService,
    documents: Documents,
    collections: Vec<&'static Collection>,
    outboxes: Vec<Outbox>,
    /// Work that has not begun yet.
    background: Mutex<Vec<BoxFuture<'static, ()>>>,
    /// Work of the end.
    closing: Mutex<Vec<BoxFuture<'static, ()>>>,
}

impl Hosted {
    /// Opens the service's documents and no more.
    pub(super) fn open(name: &'static str, build: Build, shared: &Arc<Shared>) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            name,
            build,
            shared: Arc::clone(shared),
            store: shared.backends.store(name)?,
            running: OnceLock::new(),
            is_ready: watch::Sender::new(false),
            tasks: Mutex::default(),
        }))
    }

    /// Starts the service and lets its neighbours call it: at once if it leans on no server, otherwise as soon as its
    /// servers answer. Until then its callers are told so.
    pub(super) async fn start(self: &Arc<Self>) -> anyhow::Result<LocalService> {
        let service = if self.shared.backends.is_local() {
            self.begin().await?
        } else {
            let hosted = Arc::clone(self);
            self.keep(tokio::spawn(async move {
                hosted.wait_for_servers().await;
                if let Err(error) = hosted.begin().await {
                    tracing::error!(
                        service = hosted.name,
                        error = format!("{error:#}"),
                        "cannot start"
                    );
                }
            }));
            self.front()
        };
        self.shared.neighbours.channel(self.name).connect(service.clone());
        Ok(service)
    }

    /// Returns when the service is ready.
    pub(super) async fn ready(&self) {
        // The sender lives as long as this service does.
        let _ = self.is_ready.subscribe().wait_for(|ready| *ready).await;
    }

    /// Asks the servers until each has answered once.
    async fn wait_for_servers(&self) {
        let servers = self.shared.backends.servers(&self.store);
        for server in servers.iter().filter(|server| server.is_awaited) {
            for pause in PAUSES.build() {
                let Err(error) = (server.check.ask)().await else {
                    break;
                };
                if pause > MOMENT {
                    let reason = error
                        .source()
                        .map_or_else(|| error.to_string(), ToString::to_string);
                    tracing::warn!(service = self.name, reason, "waiting for a server");
                }
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Builds the service, checks its collections and puts it to work behind the server stack.
    async fn begin(&self) -> anyhow::Result<LocalService> {
        let documents = Documents::new(self.store.port(), self.shared.clock.clone());
        let mut parts = (self.build)(self.shared.deps(documents.clone())).context(self.name)?;
        if self.shared.backends.is_local() {
            parts.routes = parts.routes.and(self.readiness().service());
        }
        for pause in PAUSES.build() {
            let Err(error) = self.store.port().prepare(&parts.collections).await else {
                break;
            };
            if self.shared.backends.is_local() {
                return Err(error).context(self.name);
            }
            tracing::warn!(service = self.name, %error, "the collections cannot be checked yet");
            tokio::time::sleep(pause).await;
        }
        let service = kugel_rpc::serve(&parts, &self.shared.layers);
        let running = Running {
            service: service.clone(),
            documents,
            collections: parts.collections,
            outboxes: parts.outboxes,
            background: Mutex::new(parts.background),
            closing: Mutex::new(parts.closing),
        };
        anyhow::ensure!(
            self.running.set(running).is_ok(),
            "{} was started twice",
            self.name
        );
        if self.shared.works.load(Ordering::SeqCst) {
            self.work();
        }
        self.is_ready.send_replace(true);
        tracing::debug!(service = self.name, "ready");
        Ok(service)
    }

    /// Begins the service's work in the background.
    pub(super) fn work(&self) {
        if let Some(running) = self.running.get() {
            let tasks = std::mem::take(&mut *locked(&running.background));
            tasks.into_iter().for_each(|task| self.keep(tokio::spawn(task)));
        }
    }

    fn readiness(&self) -> Readiness {
        let servers = self.shared.backends.servers(&self.store);
        let checks = servers.into_iter().map(|server| server.check);
        let (is_ready, stop) = (self.is_ready.subscribe(), self.shared.stop.clone());
        Readiness::new(checks.collect(), move || {
            *is_ready.borrow() && !stop.is_cancelled()
        })
    }

    /// Answers health checks always, and calls as soon as the service has begun.
    fn front(self: &Arc<Self>) -> LocalService {
        let health = LocalService::new(self.readiness().service());
        let name = self.name;
        let waiting = LocalService::new(tower::service_fn(move |_: Request<Body>| async move {
            let error = codes::OVERLOADED.error(format!("{name} waits for its servers"));
            Ok(Status::from(error).into_http())
        }));
        let hosted = Arc::clone(self);
        LocalService::choosing(move |request| {
            let running = hosted.running.get().map(|running| &running.service);
            let next = match request.uri().path() {
                path if path.starts_with("/grpc.health.v1.Health/") => &health,
                _ => running.unwrap_or(&waiting),
            };
            next.clone()
        })
    }

    fn keep(&self, task: JoinHandle<()>) {
        locked(&self.tasks).push(task);
    }

    /// What the service keeps; `None` before it has begun.
    pub(super) fn holding(&self) -> Option<Holding> {
        let running = self.running.get()?;
        Some(Holding {
            service: self.name,
            documents: running.documents.clone(),
            collections: running.collections.clone(),
            outboxes: running.outboxes.clone(),
        })
    }

    /// Events that were committed here and have not arrived everywhere yet.
    pub(super) fn backlog(&self) -> usize {
        if !self.shared.works.load(Ordering::SeqCst) {
            return 0;
        }
        let outboxes = self.running.get().map(|running| running.outboxes.iter());
        outboxes.into_iter().flatten().map(Outbox::backlog).sum()
    }

    /// Does the work of the end, if the service has worked at all. What it commits may still be delivered.
    pub(super) async fn conclude(&self) {
        if !self.shared.works.load(Ordering::SeqCst) {
            return;
        }
        if let Some(running) = self.running.get() {
            let tasks = std::mem::take(&mut *locked(&running.closing));
            if tokio::time::timeout(CLOSING_LIMIT, futures::future::join_all(tasks))
                .await
                .is_err()
            {
                tracing::warn!(
                    service = self.name,
                    "the work of the end took too long and was cut off"
                );
            }
        }
    }

    /// Ends the work in the background, then lets go of the documents. What was heard of events and not yet written,
    /// because other consumers have still to answer, is written first: nobody else has heard it.
    pub(super) async fn close(&self) {
        if let Some(running) = self.running.get() {
            let flushes = running.outboxes.iter().map(Outbox::flush);
            // Without it the events are sent again, and answered for again.
            let _ = tokio::time::timeout(FLUSH_LIMIT, futures::future::join_all(flushes)).await;
        }
        let tasks = std::mem::take(&mut *locked(&self.tasks));
        tasks.iter().for_each(JoinHandle::abort);
        self.store.close().await;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
