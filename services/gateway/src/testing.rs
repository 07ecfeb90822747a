//! What the gateway's own tests share: a contract with every kind of field, and a service that echoes it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use jiff::Timestamp;
use kugel_config::Settings;
use kugel_error::codes;
use kugel_rpc::{Channel, LocalService};
use kugel_types::ManualClock;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use tonic::Status;
use tonic::body::Body;
use tower::service_fn;

use crate::{Edge, GatewayDeps};

/// `tests/proto/sample.proto` as a descriptor set.
pub(crate) fn sample_descriptors() -> &'static [u8] {
    static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let here = env!("CARGO_MANIFEST_DIR");
        let mut compiler =
            protox::Compiler::new([format!("{here}/tests/proto"), format!("{here}/../../proto")]).unwrap();
        compiler.include_source_info(true).include_imports(true);
        compiler.open_files(["sample.proto"]).unwrap();
        compiler.encode_file_descriptor_set()
    });
    &BYTES
}

pub(crate) fn sample_pool() -> DescriptorPool {
    static POOL: LazyLock<DescriptorPool> =
        LazyLock::new(|| DescriptorPool::decode(sample_descriptors()).unwrap());
    POOL.clone()
}

/// The gateway over the sample contract, with its echoing service.
pub(crate) fn sample_router(settings: Settings) -> Edge {
    let channel = Channel::local();
    channel.connect(LocalService::new(service_fn(|request| async {
        Ok::<_, Infallible>(echo(request).await)
    })));
    router(settings, BTreeMap::from([("sample".to_owned(), channel)]))
}

pub(crate) fn router(settings: Settings, channels: BTreeMap<String, Channel>) -> Edge {
    router_of(sample_descriptors(), settings, channels)
}

/// The gateway over any contract.
pub(crate) fn router_of(
    descriptors: &'static [u8],
    settings: Settings,
    channels: BTreeMap<String, Channel>,
) -> Edge {
    let now = "2026-06-11T05:03:09.512345Z".parse::<Timestamp>().unwrap();
    let deps = GatewayDeps {
        channels,
        settings: Arc::new(settings),
        clock: Arc::new(ManualClock::for_test(now)),
        metrics: Some(Arc::new(|| "kugel_up 1\n".to_owned())),
    };
    Edge::new(crate::build_for(descriptors, deps).unwrap())
}

/// Answers with what the request holds; some ids make it fail.
async fn echo(request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let frame = body.collect().await.unwrap().to_bytes();
    let mut path = parts.uri.path().split('/').skip(1);
    let (service, method) = (path.next().unwrap().to_owned(), path.next().unwrap().to_owned());
    if service == "grpc.health.v1.Health" {
        return answer(&[8, 1]);
    }
    let method = sample_pool()
        .get_service_by_name(&service)
        .unwrap()
        .methods()
        .find(|one| one.name() == method)
        .unwrap();
    let request = DynamicMessage::decode(method.input(), &frame[5..]).unwrap();
    let text = |name: &str| {
        request.get_field_by_name(name).map_or(String::new(), |value| {
            value.as_str().unwrap_or_default().to_owned()
        })
    };
    match text("thing_id").as_str() {
        "missing" => {
            return Status::from(codes::CART_NOT_FOUND.error("thing missing is not found")).into_http();
        }
        "bad" => {
            return Status::from(
                codes::INVALID_INPUT
                    .error("refused")
                    .field("filter.min_amount", "must be above zero"),
            )
            .into_http();
        }
        "busy" => {
            let busy = codes::OVERLOADED.error("too busy");
            return Status::from(busy.retry_after(Duration::from_millis(1500))).into_http();
        }
        "bare" => return Status::not_found("no such thing").into_http(),
        _ => {}
    }
    let mut response = DynamicMessage::new(method.output());
    match method.name() {
        "GetThing" | "CreateThing" => {
            response.set_field_by_name("thing", thing(&method.output(), &request, &parts.headers))
        }
        "AddThings" => {
            let count = request
                .get_field_by_name("things")
                .unwrap()
                .as_list()
                .unwrap()
                .len();
            response.set_field_by_name("count", Value::I64(count as i64));
        }
        "TellToken" => response.set_field_by_name("access_token", Value::String(text("user_name"))),
        _ => {}
    }
    answer(&response.encode_to_vec())
}

fn thing(output: &prost_reflect::MessageDescriptor, request: &DynamicMessage, metadata: &HeaderMap) -> Value {
    if let Some(thing) = request.get_field_by_name("thing") {
        return thing.into_owned();
    }
    let field = output.get_field_by_name("thing").unwrap().kind();
    let mut thing = DynamicMessage::new(field.as_message().unwrap().clone());
    thing.set_field_by_name(
        "thing_id",
        request.get_field_by_name("thing_id").unwrap().into_owned(),
    );
    thing.set_field_by_name(
        "tag_names",
        request.get_field_by_name("fields").unwrap().into_owned(),
    );
    let names = ["x-terminal-id", "request_id", "authorization"];
    let seen: Vec<&str> = names
        .iter()
        .filter_map(|name| metadata.get(*name)?.to_str().ok())
        .collect();
    thing.set_field_by_name("remark", Value::String(seen.join(",")));
    let filter = request.get_field_by_name("filter").unwrap();
    if let Some(amount) = filter
        .as_message()
        .filter(|filter| filter.has_field_by_name("min_amount"))
    {
        thing.set_field_by_name(
            "unit_price",
            amount.get_field_by_name("min_amount").unwrap().into_owned(),
        );
    }
    Value::Message(thing)
}

/// A message in its frame.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, message].concat().into()
}

/// A frame and trailers, as a gRPC server sends them.
pub(crate) fn answer(message: &[u8]) -> Response<Body> {
    let trailers =
        HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), "0".parse().unwrap())]);
    let frames = [Frame::data(frame(message)), Frame::trailers(trailers)];
    let frames = futures::stream::iter(frames.map(Ok::<_, Infallible>));
    let mut response = Response::new(Body::new(StreamBody::new(frames)));
    response
        .headers_mut()
        .insert("content-type", "application/grpc".parse().unwrap());
    response
        .headers_mut()
        .insert("x-new-token", "fresh".parse().unwrap());
    response
}
