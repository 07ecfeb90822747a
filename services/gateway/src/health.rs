//! Health: `/health` for people and load balancers, `grpc.health.v1` for gRPC clients. Both ask the services.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use futures::future::join_all;
use futures::stream::{self, Stream};
use http::{Response, StatusCode};
use kugel_rpc::Channel;
use kugel_types::Clock;
use serde::Serialize;
use tonic::{Request, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::Health as Protocol;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::reply;

/// A service that does not answer for so long counts as unhealthy.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How often a gRPC health watch looks again.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);

/// How a service is, in the words of the contract.
#[derive(Debug, Serialize)]
struct Component {
    status: &'static str,
    response_time_ms: u64,
    details: (),
    error: Option<String>,
    component: (),
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    status: &'static str,
    timestamp: String,
    service: &'a str,
    version: &'static str,
    checks: BTreeMap<String, Component>,
}

/// Knows whom to ask.
#[derive(Clone)]
pub(crate) struct Health {
    pub channels: Arc<BTreeMap<String, Channel>>,
    /// From a full gRPC service name to the service's short one.
    pub packages: Arc<HashMap<String, String>>,
    pub clock: Arc<dyn Clock>,
}

impl Health {
    /// Answers `/health` for one service or for all.
    pub(crate) async fn report(&self, service: Option<&str>) -> Response<Body> {
        let checks = self.check(service).await;
        let healthy = checks.values().all(|component| component.error.is_none());
        let report = Report {
            status: if healthy { "healthy" } else { "unhealthy" },
            timestamp: self.clock.now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
            service: service.unwrap_or("kugel"),
            version: env!("CARGO_PKG_VERSION"),
            checks,
        };
        let body = serde_json::to_vec(&report).expect("the report is plain text");
        reply::json(
            if healthy {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            },
            body,
        )
    }

    /// Asks the services, all at the same time. Over all of them a check is called after its service; a service's own
    /// one is `store`, because that is what a service needs to be ready.
    async fn check(&self, service: Option<&str>) -> BTreeMap<String, Component> {
        let wanted = self
            .channels
            .iter()
            .filter(|(name, _)| service.is_none_or(|wanted| wanted == *name));
        let asked = wanted.map(|(name, channel)| async move {
            let check = if service.is_some() { "store" } else { name };
            (check.to_owned(), ask(channel.clone()).await)
        });
        join_all(asked).await.into_iter().collect()
    }

    async fn serving(&self, service: &str) -> Result<ServingStatus, Status> {
        let short = match service {
            "" => None,
            name => {
                let known = self.packages.get(name).map(String::as_str);
                Some(known.ok_or_else(|| Status::not_found(format!("there is no service `{name}`")))?)
            }
        };
        let checks = self.check(short).await;
        let healthy = checks.values().all(|component| component.error.is_none());
        Ok(if healthy {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        })
    }
}

async fn ask(channel: Channel) -> Component {
    let begun = Instant::now();
    let request = HealthCheckRequest {
        service: String::new(),
    };
    let answer = tokio::time::timeout(ANSWER_LIMIT, HealthClient::new(channel).check(request)).await;
    let error = match answer {
        Ok(Ok(answer)) if answer.get_ref().status() == ServingStatus::Serving => None,
        Ok(Ok(_)) => Some("the service is not ready".to_owned()),
        Ok(Err(status)) => Some(status.message().to_owned()),
        Err(_) => Some(format!("no answer within {ANSWER_LIMIT:?}")),
    };
    Component {
        status: if error.is_none() { "healthy" } else { "unhealthy" },
        response_time_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        details: (),
        error,
        component: (),
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

#[tonic::async_trait]
impl Protocol for Health {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<HealthCheckResponse>, Status> {
        Ok(tonic::Response::new(answer(
            self.serving(&request.get_ref().service).await?,
        )))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        let service = request.into_inner().service;
        let start = (self.clone(), service, None);
        let changes = stream::unfold(start, |(health, service, last)| async move {
            loop {
                let status = health
                    .serving(&service)
                    .await
                    .unwrap_or(ServingStatus::ServiceUnknown);
                if last != Some(status) {
                    return Some((Ok(answer(status)), (health, service, Some(status))));
                }
                tokio::time::sleep(WATCH_INTERVAL).await;
            }
        });
        Ok(tonic::Response::new(Box::pin(changes)))
    }
}
