//! The instances of a neighbour: found by name, and the least busy of those that can be reached takes a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use parking_lot::RwLock;
use tokio::time::Instant;
use tonic::body::Body;

use super::instance::{BoxError, Failure, Instance};
use super::origin::Origin;
use crate::tls::Tls;

/// How long what a name stands for is believed, and how long after a failure.
const BELIEF: (Duration, Duration) = (Duration::from_secs(5), Duration::from_millis(500));
/// How long a name may take to be looked up.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(2);

/// Finds and chooses instances. A call that reached nobody goes to the next one, or waits for one to come back: a service
/// that is restarted costs its callers time and no failure.
pub(crate) struct Balance {
    neighbour: &'static str,
    origins: Vec<Arc<Origin>>,
    tls: Option<Tls>,
    known: RwLock<Known>,
    looking_up: tokio::sync::Mutex<()>,
    turn: AtomicUsize,
}

#[derive(Clone)]
struct Known {
    instances: Arc<[Arc<Instance>]>,
    looked_up: Option<Instant>,
}

impl Balance {
    pub(crate) fn new(neighbour: &'static str, origins: Vec<Origin>, tls: Option<Tls>) -> Arc<Self> {
        Arc::new(Self {
            neighbour,
            origins: origins.into_iter().map(Arc::new).collect(),
            tls,
            known: RwLock::new(Known {
                instances: Arc::default(),
                looked_up: None,
            }),
            looking_up: tokio::sync::Mutex::default(),
            turn: AtomicUsize::new(0),
        })
    }

    /// Sends a call to one instance. If none can be reached, tries on for as long as `patience`.
    pub(crate) async fn call(
        self: &Arc<Self>,
        parts: &Parts,
        body: &Bytes,
        patience: Duration,
    ) -> Result<Response<Body>, Failure> {
        let give_up = Instant::now() + patience;
        let mut last: BoxError = "its name stands for no address".into();
        let mut belief = BELIEF.0;
        loop {
            let instances = self.instances(belief).await;
            let Some(instance) = self.choose(&instances) else {
                let wake = instances
                    .iter()
                    .filter_map(|instance| instance.rests_until())
                    .min();
                let wake = wake.unwrap_or_else(|| Instant::now() + BELIEF.1);
                belief = BELIEF.1;
                if wake >= give_up {
                    return Err(Failure::Unsent(last));
                }
                tokio::time::sleep_until(wake).await;
                continue;
            };
            let answer = match instance.line().await {
                Ok(line) => {
                    let request = Request::from_parts(parts.clone(), Full::new(body.clone()));
                    line.send(request).await
                }
                Err(cause) => Err(Failure::Unsent(cause)),
            };
            match answer {
                Err(Failure::Unsent(cause)) if Instant::now() < give_up => last = cause,
                answer => return answer,
            }
            // Who is gone may be somewhere else by now.
            belief = BELIEF.1;
        }
    }

    /// The least busy of those that are not given a rest; among equals they take turns. Those that are connected come
    /// first, and the others are connected meanwhile: a dead address must not cost a call the time of finding out.
    fn choose<'known>(&self, instances: &'known [Arc<Instance>]) -> Option<&'known Arc<Instance>> {
        if instances.is_empty() {
            return None;
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % instances.len();
        let (after, before) = (&instances[turn..], &instances[..turn]);
        let (connected, others): (Vec<_>, Vec<_>) = after
            .iter()
            .chain(before)
            .filter(|instance| instance.rests_until().is_none())
            .partition(|instance| instance.is_connected());
        if connected.is_empty() {
            return others.first().copied();
        }
        others.into_iter().for_each(Instance::connect_meanwhile);
        connected.into_iter().min_by_key(|instance| instance.load())
    }

    /// What is known, looked up again if it is too old. Only who knows nothing waits for that.
    async fn instances(self: &Arc<Self>, belief: Duration) -> Arc<[Arc<Instance>]> {
        let known = self.known.read().clone();
        let is_empty = known.instances.is_empty();
        if !is_empty && known.looked_up.is_some_and(|at| at.elapsed() < belief) {
            return known.instances;
        }
        if is_empty {
            let _one_at_a_time = self.looking_up.lock().await;
            let known = self.known.read().clone();
            if known.looked_up.is_none_or(|at| at.elapsed() >= BELIEF.1) {
                self.look_up().await;
            }
        } else if self.looking_up.try_lock().is_ok() {
            let this = Arc::clone(self);
            tokio::spawn(async move {
                if let Ok(_one_at_a_time) = this.looking_up.try_lock() {
                    this.look_up().await;
                }
            });
        }
        self.known.read().instances.clone()
    }

    async fn look_up(&self) {
        let before = self.known.read().instances.clone();
        let found = join_all(
            self.origins
                .iter()
                .map(|origin| self.instances_of(origin, &before)),
        )
        .await;
        let instances: Arc<[Arc<Instance>]> = found.into_iter().flatten().collect();
        let is_same = instances.len() == before.len()
            && instances
                .iter()
                .all(|one| before.iter().any(|other| Arc::ptr_eq(one, other)));
        if !is_same {
            let sockets: Vec<_> = instances.iter().map(|instance| instance.socket).collect();
            tracing::debug!(
                neighbour = self.neighbour,
                ?sockets,
                "instances of a neighbour were found"
            );
            let number = u32::try_from(instances.len()).unwrap_or(u32::MAX);
            metrics::gauge!("kugel_neighbour_instances", "neighbour" => self.neighbour).set(number);
        }
        *self.known.write() = Known {
            instances,
            looked_up: Some(Instant::now()),
        };
    }

    /// What an address stands for. Known instances stay as they are, with their connections; when names cannot be looked
    /// up, all of them stay.
    async fn instances_of(&self, origin: &Arc<Origin>, before: &[Arc<Instance>]) -> Vec<Arc<Instance>> {
        let known = || before.iter().filter(|one| one.origin == *origin);
        let place = (origin.host.as_str(), origin.port);
        let found = tokio::time::timeout(LOOK_UP_LIMIT, tokio::net::lookup_host(place)).await;
        let found = match found {
            Ok(Ok(sockets)) => Ok(sockets),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {LOOK_UP_LIMIT:?}")),
        };
        match found {
            Ok(sockets) => {
                let mut sockets: Vec<_> = sockets.collect();
                sockets.sort_unstable();
                sockets.dedup();
                let tls = origin.is_tls.then(|| self.tls.clone()).flatten();
                let instance = |socket| {
                    let known = known().find(|one| one.socket == socket).cloned();
                    known.unwrap_or_else(|| Arc::new(Instance::new(Arc::clone(origin), socket, tls.clone())))
                };
                sockets.into_iter().map(instance).collect()
            }
            Err(error) => {
                let (neighbour, host) = (self.neighbour, &origin.host);
                tracing::warn!(neighbour, host, error, "a neighbour's name cannot be looked up");
                known().cloned().collect()
            }
        }
    }
}
