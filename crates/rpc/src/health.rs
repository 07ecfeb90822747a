//! Readiness: `grpc.health.v1` of one service, answered by asking its database.

use std::pin::Pin;

use futures::{Stream, stream};
use kugel_store::Documents;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// Answers for the service as a whole: a till cares whether it can sell, not which of a service's parts is at fault.
pub struct Readiness(Documents);

impl Readiness {
    /// The health service of whoever keeps these documents.
    pub fn service(documents: Documents) -> HealthServer<Self> {
        HealthServer::new(Self(documents))
    }

    async fn state(&self) -> HealthCheckResponse {
        let status = match self.0.ping().await {
            Ok(()) => ServingStatus::Serving,
            Err(error) => {
                tracing::warn!(%error, "not ready: the database does not answer");
                ServingStatus::NotServing
            }
        };
        HealthCheckResponse {
            status: status as i32,
        }
    }
}

#[tonic::async_trait]
impl Health for Readiness {
    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(self.state().await))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    /// The present state and no more: who wants to know again asks again.
    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let state = self.state().await;
        Ok(Response::new(Box::pin(stream::once(async move { Ok(state) }))))
    }
}
