//! Readiness: `grpc.health.v1` of one service, answered by asking what it leans on.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{Stream, stream};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// A server that does not answer for so long counts as away.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// A server that a service leans on.
#[derive(Clone)]
pub struct Dependency {
    /// What health checks call it: `store`, `bus` or `state`.
    pub name: &'static str,
    /// False if the service goes on without it for a while.
    pub is_needed: bool,
    /// Asks it for an answer, or says why there is none.
    pub ask: Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
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

    async fn state(&self, name: &str) -> Result<HealthCheckResponse, Status> {
        let is_serving = if name.is_empty() || name.contains('.') {
            self.is_ready().await
        } else {
            let mut dependencies = self.dependencies.iter();
            let found = dependencies.find(|watched| watched.dependency.name == name);
            let unknown = || Status::not_found(format!("nothing here is called `{name}`"));
            found.ok_or_else(unknown)?.answers().await
        };
        let status = if is_serving {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        Ok(HealthCheckResponse {
            status: status as i32,
        })
    }

    async fn is_ready(&self) -> bool {
        if !(self.is_open)() {
            return false;
        }
        let needed = self
            .dependencies
            .iter()
            .filter(|watched| watched.dependency.is_needed);
        futures::future::join_all(needed.map(Watched::answers))
            .await
            .iter()
            .all(|answered| *answered)
    }
}

impl Watched {
    fn new(dependency: Dependency) -> Self {
        let is_away = AtomicBool::new(false);
        Self { dependency, is_away }
    }

    async fn answers(&self) -> bool {
        let Dependency { name, ask, .. } = &self.dependency;
        let answer = tokio::time::timeout(ANSWER_LIMIT, ask()).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {ANSWER_LIMIT:?}")));
        let was_away = self.is_away.swap(answer.is_err(), Ordering::Relaxed);
        match &answer {
            Err(reason) if !was_away => {
                tracing::warn!(dependency = name, reason, "a server does not answer");
            }
            Ok(()) if was_away => tracing::info!(dependency = name, "a server answers again"),
            _ => {}
        }
        answer.is_ok()
    }
}

#[tonic::async_trait]
impl Health for Readiness {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.state(&request.get_ref().service).await.map(Response::new)
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    /// The present state and no more: who wants to know again asks again.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let state = self.state(&request.get_ref().service).await?;
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
            Box::pin(async move { if up { Ok(()) } else { Err("away".to_owned()) } }) as _
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
        let says = async |name: &str| readiness.state(name).await.map(|state| state.status == 1);
        for name in ["", "kugel.cart.v1.CartService", "store", "bus"] {
            assert!(says(name).await.unwrap(), "{name:?}");
        }
        assert_eq!(says("cash").await.unwrap_err().code(), tonic::Code::NotFound);
        bus.store(false, Ordering::SeqCst);
        assert!(says("").await.unwrap(), "sales go on without the broker");
        assert!(!says("bus").await.unwrap());
        store.store(false, Ordering::SeqCst);
        assert!(!says("").await.unwrap() && !says("store").await.unwrap());
        store.store(true, Ordering::SeqCst);
        open.store(false, Ordering::SeqCst);
        assert!(!says("").await.unwrap(), "it has not started, or is stopping");
    }
}
