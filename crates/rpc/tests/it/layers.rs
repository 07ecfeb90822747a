//! The server stack and the client stack together.

use std::time::Duration;

use kugel_config::Settings;
use kugel_rpc::{Channel, LocalService, Parts, Routes};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::stand::{READ, Seen, Stand, call, cart};

/// A service that asks another one, after a pause, when it is asked.
struct Asking(Channel);

type Stream = futures::stream::Empty<Result<HealthCheckResponse, Status>>;

#[tonic::async_trait]
impl Health for Asking {
    type WatchStream = Stream;
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        call(&self.0, READ, &[]).await?;
        Ok(Response::new(HealthCheckResponse {
            status: i32::try_from(request.get_ref().service.len()).unwrap(),
        }))
    }
    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Stream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

/// The whole server stack around a service that asks `next`.
pub(crate) fn stack(next: Channel, settings: &Settings) -> LocalService {
    let stand = kugel_stand::Stand::new("cart", "Q7301", "2026-06-11T00:00:00Z");
    let parts = Parts {
        name: "cart",
        routes: Routes::new(HealthServer::new(Asking(next))),
        outboxes: Vec::new(),
        collections: Vec::new(),
        background: Vec::new(),
        closing: Vec::new(),
    };
    stand.set(|own| *own = settings.clone()).stack(&parts)
}

fn milliseconds(headers: &http::HeaderMap) -> u64 {
    let text = headers["grpc-timeout"].to_str().unwrap();
    text.strip_suffix('m').unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_deadline_shrinks_on_its_way_and_trace_and_address_stay() {
    let far = Stand::open(Duration::ZERO).await;
    let service = stack(cart(&format!("http://{}", far.address)), &Settings::for_test());
    let near = Stand::of("127.0.0.1:0".parse().unwrap(), service, Seen::default()).await;
    let channel = cart(&format!("http://{}", near.address));
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_secs(3));
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request
        .metadata_mut()
        .insert("traceparent", trace.parse().unwrap());
    request
        .metadata_mut()
        .insert(kugel_rpc::CLIENT_ADDRESS, "192.0.2.7".parse().unwrap());
    HealthClient::new(channel).check(request).await.unwrap();
    let seen = far.seen.lock();
    let left = milliseconds(&seen[0].1);
    assert!((1_000..=2_900).contains(&left), "{left}");
    assert_eq!(seen[0].1["traceparent"], trace);
    assert_eq!(seen[0].1[kugel_rpc::CLIENT_ADDRESS], "192.0.2.7");
}

#[tokio::test]
async fn trace_and_address_stay_within_a_process() {
    let seen = Seen::default();
    let calls = seen.clone();
    let next = Channel::local();
    next.connect(LocalService::new(tower::service_fn(
        move |request: http::Request<tonic::body::Body>| {
            let call = (request.uri().path().to_owned(), request.headers().clone());
            calls.lock().push(call);
            async { Ok(Status::ok("").into_http()) }
        },
    )));
    let channel = Channel::local();
    channel.connect(stack(next, &Settings::for_test()));
    let mut request = Request::new(HealthCheckRequest::default());
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (name, value) in [("traceparent", trace), (kugel_rpc::CLIENT_ADDRESS, "192.0.2.7")] {
        request.metadata_mut().insert(name, value.parse().unwrap());
    }
    HealthClient::new(channel).check(request).await.unwrap();
    let seen = seen.lock();
    assert_eq!(seen[0].1["traceparent"], trace);
    assert_eq!(seen[0].1[kugel_rpc::CLIENT_ADDRESS], "192.0.2.7");
}

#[tokio::test]
async fn who_has_no_time_left_is_told_so() {
    let far = Stand::open(Duration::from_secs(5)).await;
    let service = stack(cart(&format!("http://{}", far.address)), &Settings::for_test());
    let near = Stand::of("127.0.0.1:0".parse().unwrap(), service, Seen::default()).await;
    let channel = cart(&format!("http://{}", near.address));
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_millis(50));
    let error = HealthClient::new(channel).check(request).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(far.count(), 0);
}
