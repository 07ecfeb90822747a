//! A gRPC client that is driven by the descriptors: any method by its name, messages as JSON.
//!
//! Generated clients work over [`Transport`] as well.

use std::sync::LazyLock;

use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use kugel_shop::{Transport, transport};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions};
use serde_json::Value;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{AsciiMetadataKey, MetadataMap};
use tonic::{Status, Streaming};
use tonic_web::GrpcWebClientLayer;
use tower::{ServiceBuilder, ServiceExt as _};

/// The contract's descriptors, with options.
pub(crate) static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(kugel_proto::DESCRIPTORS).unwrap());

/// How gRPC reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// HTTP/2, as applications speak it.
    Native,
    /// HTTP/1.1, as browsers speak it.
    Web,
}

/// Calls methods by name.
#[derive(Clone)]
pub struct Grpc {
    transport: Transport,
    metadata: MetadataMap,
}

impl Grpc {
    pub(crate) fn connect(url: &str, door: Door) -> Self {
        let origin: Uri = url.parse().unwrap();
        let connection = match door {
            Door::Native => {
                let channel = tonic::transport::Endpoint::from(origin).connect_lazy();
                transport(channel)
            }
            Door::Web => {
                let client = ServiceBuilder::new()
                    .layer(GrpcWebClientLayer::new())
                    .service(Client::builder(TokioExecutor::new()).build_http());
                let authority = origin.authority().unwrap().clone();
                transport(
                    client
                        .map_request(move |request| towards(&authority, request))
                        .map_response(|response: Response<_>| response.map(Body::new)),
                )
            }
        };
        Self {
            transport: connection,
            metadata: MetadataMap::new(),
        }
    }

    /// The connection, for a generated client.
    pub fn transport(&self) -> Transport {
        self.transport.clone()
    }

    /// The same client with more metadata in every call.
    pub fn metadata(&self, name: &'static str, value: &str) -> Self {
        let mut other = self.clone();
        let name = AsciiMetadataKey::from_static(name);
        other.metadata.insert(name, value.parse().unwrap());
        other
    }

    /// The same client with a bearer token.
    pub fn bearer(&self, token: &str) -> Self {
        self.metadata("authorization", &format!("Bearer {token}"))
    }

    /// Calls a method, e.g. `cart.v1.CartService.GetCart`. Request and answer are protobuf's JSON.
    pub async fn call(&self, method: &str, request: Value) -> Result<Value, Status> {
        self.call_method(&method_named(method), request).await
    }

    /// Calls a method and takes the first message of its answer.
    pub async fn call_method(&self, method: &MethodDescriptor, request: Value) -> Result<Value, Status> {
        if method.is_server_streaming() {
            return match self.stream_method(method, request).await?.message().await? {
                Some(message) => Ok(to_json(&message)),
                None => Ok(Value::Null),
            };
        }
        let (mut client, request, path, codec) = self.prepare(method, request).await?;
        let answer = client.unary(request, path, codec).await?;
        Ok(to_json(answer.get_ref()))
    }

    /// Calls a method that answers with a stream.
    pub async fn stream(&self, method: &str, request: Value) -> Result<Messages, Status> {
        self.stream_method(&method_named(method), request)
            .await
            .map(Messages)
    }

    async fn stream_method(
        &self,
        method: &MethodDescriptor,
        request: Value,
    ) -> Result<Streaming<DynamicMessage>, Status> {
        let (mut client, request, path, codec) = self.prepare(method, request).await?;
        Ok(client.server_streaming(request, path, codec).await?.into_inner())
    }

    async fn prepare(
        &self,
        method: &MethodDescriptor,
        request: Value,
    ) -> Result<
        (
            tonic::client::Grpc<Transport>,
            tonic::Request<DynamicMessage>,
            http::uri::PathAndQuery,
            DynamicCodec,
        ),
        Status,
    > {
        let message = DynamicMessage::deserialize(method.input(), request)
            .unwrap_or_else(|error| panic!("{}: {error}", method.full_name()));
        let mut request = tonic::Request::new(message);
        *request.metadata_mut() = self.metadata.clone();
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let mut client = tonic::client::Grpc::new(self.transport());
        let ready = client.ready().await;
        ready.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok((
            client,
            request,
            path.parse().unwrap(),
            DynamicCodec(method.output()),
        ))
    }
}

/// The messages of a stream.
pub struct Messages(Streaming<DynamicMessage>);

impl Messages {
    /// The next message as protobuf's JSON; nothing when the stream ends.
    pub async fn next(&mut self) -> Result<Option<Value>, Status> {
        Ok(self.0.message().await?.as_ref().map(to_json))
    }
}

fn towards(authority: &Authority, mut request: Request<Body>) -> Request<Body> {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority.clone());
    *request.uri_mut() = Uri::from_parts(parts).unwrap();
    request
}

/// A method of the contract by its name after `kugel.`.
fn method_named(name: &str) -> MethodDescriptor {
    let (service, method) = name.rsplit_once('.').unwrap();
    let service = POOL.get_service_by_name(&format!("kugel.{service}"));
    service
        .and_then(|service| service.methods().find(|candidate| candidate.name() == method))
        .unwrap_or_else(|| panic!("there is no method {name}"))
}

fn to_json(message: &DynamicMessage) -> Value {
    let options = SerializeOptions::new()
        .stringify_64_bit_integers(false)
        .skip_default_fields(false);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .unwrap()
}

/// Writes and reads messages by their descriptors. Holds the answer's.
#[derive(Clone)]
struct DynamicCodec(MessageDescriptor);

impl Codec for DynamicCodec {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        self.clone()
    }
    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;
    fn encode(&mut self, message: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message
            .encode(buffer)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;
    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        DynamicMessage::decode(self.0.clone(), buffer)
            .map(Some)
            .map_err(|error| Status::internal(error.to_string()))
    }
}
