//! Readiness: `grpc.health.v1` of one service, answered by asking what it leans on.

use std::error::Error as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{Stream, stream};
use kugel_error::{Error, codes};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// A server that does not answer for so long counts as away.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// The metadata that says why a service or a server is not well, for people.
pub const REASON: &str = "reason";

/// A server that a service leans on.
#[derive(Clone)]
pub struct Dependency {
    /// What health checks call it: `store`, `bus` or `state`.
    pub name: &'static str,
    /// False if the service goes on without it for a while.
    pub is_needed: bool,
    /// Asks it for an answer. The message of the error is for whoever asks how this service is, its source for the log.
    pub ask: Arc<dyn Fn() -> BoxFuture<'static, Result<(), Error>> + Send + Sync>,
}

/// Answers for a service as a whole (no name, or the name of one of its gRPC services), and for each server that it
/// leans on by that server's name.
#[derive(Clone)]
pub struct Readiness {
    dependencies: Arc<[Watched]>,
    is_open: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// A dependency, and whether it was said to be away: it is logged once, however often somebody asks.
struct Watched {
    dependency: Dependency,
    is_away: AtomicBool,
}

impl Readiness {
    /// Ready while `is_open` says so and every needed server answers.
    pub fn new(dependencies: Vec<Dependency>, is_open: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self {
            dependencies: dependencies.into_iter().map(Watched::new).collect(),
            is_open: Arc::new(is_open),
        }
    }

    /// The gRPC service.
    pub fn service(self) -> HealthServer<Self> {
        HealthServer::new(self)
    }

    async fn state(&self, name: &str) -> Result<Response<HealthCheckResponse>, Status> {
        let state = if name.is_empty() || name.contains('.') {
            self.is_ready().await
        } else {
            let mut dependencies = self.dependencies.iter();
            let found = dependencies.find(|watched| watched.dependency.name == name);
            let unknown = || Status::not_found(format!("nothing here is called `{name}`"));
            found.ok_or_else(unknown)?.answers().await.map_err(Some)
        };
        let status = match &state {
            Ok(()) => ServingStatus::Serving,
            Err(_) => ServingStatus::NotServing,
        };
        let mut response = Response::new(HealthCheckResponse {
            status: status as i32,
        });
        if let Err(Some(reason)) = state
            && let Ok(reason) = reason.parse()
        {
            response.metadata_mut().insert(REASON, reason);
        }
        Ok(response)
    }

    /// The error is the reason, where there is one besides that the service has not begun or is stopping.
    async fn is_ready(&self) -> Result<(), Option<String>> {
        if !(self.is_open)() {
            return Err(None);
        }
        let needed = self
            .dependencies
            .iter()
            .filter(|watched| watched.dependency.is_needed);
        let answers = futures::future::join_all(needed.map(Watched::answers)).await;
        answers.into_iter().collect::<Result<(), String>>().map_err(Some)
    }
}

impl Watched {
    fn new(dependency: Dependency) -> Self {
        let is_away = AtomicBool::new(false);
        Self { dependency, is_away }
    }

    /// The error is the reason, for everybody.
    async fn answers(&self) -> Result<(), String> {
        let Dependency { name, ask, .. } = &self.dependency;
        let answer = tokio::time::timeout(ANSWER_LIMIT, ask()).await;
        let late = |_| Err(codes::DEADLINE_EXCEEDED.error(format!("no answer within {ANSWER_LIMIT:?}")));
        let answer = answer.unwrap_or_else(late);
        let was_away = self.is_away.swap(answer.is_err(), Ordering::Relaxed);
        match &answer {
            Err(error) if !was_away => {
                let reason = error
                    .source()
                    .map_or_else(|| error.to_string(), ToString::to_string);
                tracing::warn!(dependency = name, reason, "a server does not answer");
            }
            Ok(()) if was_away => tracing::info!(dependency = name, "a server answers again"),
            _ => {}
        }
        answer.map_err(|error| error.message().to_owned())
    }
}

#[tonic::async_trait]
impl Health for Readiness {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.state(&request.get_ref().service).await
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    /// The present state and no more: who wants to know again asks again.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let state = self.state(&request.get_ref().service).await?.into_inner();
        Ok(Response::new(Box::pin(stream::once(async move { Ok(state) }))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &'static str, is_needed: bool, is_up: &Arc<AtomicBool>) -> Dependency {
        let is_up = Arc::clone(is_up);
        let ask = move || {
            let up = is_up.load(Ordering::SeqCst);
            let away = || {
                codes::STORAGE_FULL
                    .error("the disk is full")
                    .caused_by("/var/lib")
            };
            Box::pin(async move { if up { Ok(()) } else { Err(away()) } }) as _
        };
        Dependency {
            name,
            is_needed,
            ask: Arc::new(ask),
        }
    }

    #[tokio::test]
    async fn only_needed_servers_make_a_service_unready_and_each_is_named() {
        let [store, bus, open] = [true, true, true].map(|up| Arc::new(AtomicBool::new(up)));
        let is_open = Arc::clone(&open);
        let readiness = Readiness::new(
            vec![server("store", true, &store), server("bus", false, &bus)],
            move || is_open.load(Ordering::SeqCst),
        );
        let says = async |name: &str| {
            readiness
                .state(name)
                .await
                .map(|state| state.get_ref().status == 1)
        };
        let reason = async |name: &str| {
            let state = readiness.state(name).await.unwrap();
            state
                .metadata()
                .get(REASON)
                .map(|reason| reason.to_str().unwrap().to_owned())
        };
        for name in ["", "kugel.cart.v1.CartService", "store", "bus"] {
            assert!(says(name).await.unwrap(), "{name:?}");
        }
        assert_eq!(says("cash").await.unwrap_err().code(), tonic::Code::NotFound);
        bus.store(false, Ordering::SeqCst);
        assert!(says("").await.unwrap(), "sales go on without the broker");
        assert!(!says("bus").await.unwrap());
        store.store(false, Ordering::SeqCst);
        assert!(!says("").await.unwrap() && !says("store").await.unwrap());
        for name in ["", "store"] {
            assert_eq!(
                reason(name).await.as_deref(),
                Some("the disk is full"),
                "no path is told"
            );
        }
        store.store(true, Ordering::SeqCst);
        open.store(false, Ordering::SeqCst);
        assert!(!says("").await.unwrap(), "it has not started, or is stopping");
        assert_eq!(reason("").await, None);
    }
}
