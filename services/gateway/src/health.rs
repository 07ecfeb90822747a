//! Health: `/health` for people and load balancers, `grpc.health.v1` for gRPC clients. Both ask the services.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use futures::future::join_all;
use futures::stream::{self, Stream};
use http::{Response, StatusCode};
use kugel_error::short;
use kugel_rpc::{Channel, REASON};
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

/// What services lean on, as their own health checks call it.
const SERVERS: [&str; 3] = ["store", "bus", "state"];

/// How a service is, or a server that it leans on, in the words of the contract.
#[derive(Debug, Serialize)]
struct Component {
    status: &'static str,
    response_time_ms: u64,
    /// The servers that a service leans on: `healthy` or `unhealthy`.
    details: Option<BTreeMap<&'static str, &'static str>>,
    error: Option<String>,
    component: (),
}

impl Component {
    fn since(begun: Instant, error: Option<String>) -> Self {
        Self {
            status: if error.is_none() { "healthy" } else { "unhealthy" },
            response_time_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            details: None,
            error,
            component: (),
        }
    }

    fn is_healthy(&self) -> bool {
        self.error.is_none()
    }
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
    /// Answers `/health` for one service or for all. Over all of them a check is called after its service; a service's own
    /// are called after what it leans on. A service may be ready while one of these is away: the answer then says so and
    /// is a success all the same, so that nobody takes the service out of use.
    pub(crate) async fn report(&self, service: Option<&str>) -> Response<Body> {
        let (is_ready, checks) = match service.and_then(|name| Some((name, self.channels.get(name)?))) {
            Some((name, channel)) => {
                let (whole, servers) = tokio::join!(ask(channel), ask_servers(channel));
                let is_ready = whole.is_healthy();
                let servers: BTreeMap<_, _> = servers
                    .into_iter()
                    .map(|(name, component)| (name.to_owned(), component))
                    .collect();
                // One that cannot be asked what it leans on is a line itself.
                let alone = BTreeMap::from([(name.to_owned(), whole)]);
                (is_ready, if servers.is_empty() { alone } else { servers })
            }
            None => {
                let checks = self.check(None).await;
                (checks.values().all(Component::is_healthy), checks)
            }
        };
        let healthy = is_ready && checks.values().all(Component::is_healthy);
        let report = Report {
            status: if healthy { "healthy" } else { "unhealthy" },
            timestamp: self.clock.now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
            service: service.unwrap_or("kugel"),
            version: env!("CARGO_PKG_VERSION"),
            checks,
        };
        let body = serde_json::to_vec(&report).expect("the report is plain text");
        reply::json(
            if is_ready {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            },
            body,
        )
    }

    /// Asks the services, all at the same time.
    async fn check(&self, service: Option<&str>) -> BTreeMap<String, Component> {
        let wanted = self
            .channels
            .iter()
            .filter(|(name, _)| service.is_none_or(|wanted| wanted == *name));
        let asked = wanted.map(|(name, channel)| async move {
            let (mut whole, servers) = tokio::join!(ask(channel), ask_servers(channel));
            let details: BTreeMap<_, _> = servers
                .into_iter()
                .map(|(name, component)| (name, component.status))
                .collect();
            whole.details = (!details.is_empty()).then_some(details);
            (name.to_owned(), whole)
        });
        join_all(asked).await.into_iter().collect()
    }

    async fn serving(&self, service: &str) -> Result<ServingStatus, Status> {
        let short = match service {
            "" => None,
            name => {
                let known = self.packages.get(name).map(String::as_str);
                let unknown = || Status::not_found(short(format!("there is no service `{name}`")));
                Some(known.ok_or_else(unknown)?)
            }
        };
        let checks = self.check(short).await;
        Ok(if checks.values().all(Component::is_healthy) {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        })
    }
}

/// Asks a service for everything that it may lean on. What it does not know is left out, and so is everything if the
/// service does not answer: that is one finding and not four.
async fn ask_servers(channel: &Channel) -> Vec<(&'static str, Component)> {
    let asked = SERVERS.map(|server| async move {
        let begun = Instant::now();
        let error = match question(channel, server).await.ok()? {
            State::Serving => None,
            State::NotServing(reason) => Some(reason.unwrap_or_else(|| "it does not answer".to_owned())),
        };
        Some((server, Component::since(begun, error)))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Asks a service whether it is ready.
async fn ask(channel: &Channel) -> Component {
    let begun = Instant::now();
    let error = match question(channel, "").await {
        Ok(State::Serving) => None,
        Ok(State::NotServing(None)) => Some("the service is not ready".to_owned()),
        Ok(State::NotServing(Some(reason))) => Some(format!("the service is not ready: {reason}")),
        Err(status) => Some(status.message().to_owned()),
    };
    Component::since(begun, error)
}

/// What a service answers.
enum State {
    Serving,
    /// With the reason, if it says one.
    NotServing(Option<String>),
}

async fn question(channel: &Channel, name: &str) -> Result<State, Status> {
    let request = HealthCheckRequest {
        service: name.to_owned(),
    };
    let mut client = HealthClient::new(channel.clone());
    let answer = tokio::time::timeout(ANSWER_LIMIT, client.check(request)).await;
    let late = |_| Status::deadline_exceeded(format!("no answer within {ANSWER_LIMIT:?}"));
    let answer = answer.map_err(late)??;
    let reason = answer
        .metadata()
        .get(REASON)
        .and_then(|reason| reason.to_str().ok());
    Ok(match answer.get_ref().status() {
        ServingStatus::Serving => State::Serving,
        _ => State::NotServing(reason.map(str::to_owned)),
    })
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
