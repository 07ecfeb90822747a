//! What every request meets: tells the protocols apart.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use kugel_config::AllowedOrigins;
use metrics::Histogram;
use parking_lot::RwLock;
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service, ServiceExt};
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};

use crate::passthrough::Passthrough;
use crate::{Gateway, docs, headers, hosts, oauth, openapi, passthrough, reply, rest, websocket};

/// The gateway, to be served. Clones share it.
#[derive(Clone)]
pub struct Edge {
    gateway: Arc<Gateway>,
    /// What browsers may use: a router without routes, since the gateway's own trie knows them.
    open: Router,
    is_for_operations: bool,
}

/// Marks the requests of the port for who looks after Kugel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operations;

impl Edge {
    pub(crate) fn new(gateway: Gateway) -> Self {
        let gateway = Arc::new(gateway);
        let handler = |State(gateway): State<Arc<Gateway>>, request| handle(gateway, request);
        let open = Router::new()
            .fallback(handler)
            .with_state(gateway.clone())
            .layer(cors(&gateway.settings.allowed_origins));
        Self {
            gateway,
            open,
            is_for_operations: false,
        }
    }

    /// The same gateway for who looks after it: with metrics and reflection.
    pub fn for_operations(&self) -> Self {
        Self {
            is_for_operations: true,
            ..self.clone()
        }
    }
}

impl Service<Request<Body>> for Edge {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if self.is_for_operations {
            request.extensions_mut().insert(Operations);
        }
        // No browser speaks native gRPC, and a till's call need not pass by what is there for browsers.
        if Protocol::of(&request) == Protocol::Grpc {
            return Box::pin(handle(self.gateway.clone(), request).map(Ok));
        }
        Box::pin(self.open.call(request))
    }
}

/// The protocols that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Grpc,
    GrpcWeb,
    WebSocket,
    Rest,
}

impl Protocol {
    fn of(request: &Request<Body>) -> Self {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.map(HeaderValue::as_bytes).unwrap_or_default();
        if kind.starts_with(b"application/grpc-web") {
            Self::GrpcWeb
        } else if kind.starts_with(b"application/grpc") {
            Self::Grpc
        } else if websocket::watched(request.uri().path()).is_some() {
            Self::WebSocket
        } else {
            Self::Rest
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::GrpcWeb => "grpc-web",
            Self::WebSocket => "websocket",
            Self::Rest => "rest",
        }
    }
}

/// What browsers let pages of the allowed origins do.
fn cors(allowed: &AllowedOrigins) -> CorsLayer {
    let exposed = [
        "retry-after",
        "preference-applied",
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        "x-new-token",
        "x-request-id",
    ];
    let origins = match allowed {
        AllowedOrigins::Any => AllowOrigin::any(),
        AllowedOrigins::Listed(_) => {
            let allowed = allowed.clone();
            AllowOrigin::predicate(move |origin, _| allowed.contain(origin.as_bytes()))
        }
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods(Any)
        // `*` would leave out Authorization.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(Duration::from_secs(3600))
}

async fn handle(gateway: Arc<Gateway>, mut request: Request<Body>) -> Response<Body> {
    let begun = Instant::now();
    let protocol = Protocol::of(&request);
    let client = request.extensions().get().copied();
    headers::tell_address(request.headers_mut(), client);
    let request_id = headers::request_id(request.headers_mut());
    let mut response = match protocol {
        Protocol::Grpc => {
            let request = request.map(tonic::body::Body::new);
            passthrough::forward(&gateway, request).await.map(Body::new)
        }
        Protocol::GrpcWeb => {
            let service = GrpcWebLayer::new().layer(Passthrough(gateway.clone()));
            answer(service.oneshot(request).await)
        }
        Protocol::WebSocket => websocket::serve(gateway.clone(), request).await,
        Protocol::Rest => http(&gateway, request).await,
    };
    response.headers_mut().insert(headers::X_REQUEST_ID, request_id);
    if protocol == Protocol::Rest {
        seal(response.headers_mut());
    }
    let timer = gateway.timers.of(protocol.name(), class(response.status()));
    timer.record(begun.elapsed());
    response
}

/// Nobody keeps what is answered (tokens, keys, sales) unless the answer itself allows it, and no browser guesses what it is.
fn seal(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// The histograms of the gateway: looking one up costs less than naming it each time.
#[derive(Default)]
pub(crate) struct Timers(RwLock<Vec<(Kind, Histogram)>>);

/// Protocol and class of status: a few dozen at most.
type Kind = (&'static str, &'static str);

impl Timers {
    fn of(&self, protocol: &'static str, status: &'static str) -> Histogram {
        let kind = (protocol, status);
        if let Some((_, timer)) = self.0.read().iter().find(|(known, _)| *known == kind) {
            return timer.clone();
        }
        let timer = metrics::histogram!("kugel_gateway_seconds", "protocol" => protocol, "status" => status);
        self.0.write().push((kind, timer.clone()));
        timer
    }
}

fn answer(response: Result<Response<tonic::body::Body>, Infallible>) -> Response<Body> {
    response.unwrap_or_else(|never| match never {}).map(Body::new)
}

/// Paths that are no API first, then the contract's routes.
async fn http(gateway: &Gateway, request: Request<Body>) -> Response<Body> {
    let path = request.uri().path();
    if let Some(endpoint) = oauth::at(path) {
        return oauth::serve(gateway, endpoint, request).await;
    }
    let fixed = match path {
        _ if !matches!(*request.method(), Method::GET | Method::HEAD) => None,
        "/" => Some(welcome()),
        "/health" => Some(health(gateway, request.headers(), request.uri()).await),
        "/openapi.json" => Some(openapi::serve(gateway, request.headers(), request.uri())),
        "/metrics" if request.extensions().get::<Operations>().is_some() => {
            gateway.metrics.as_ref().map(|render| text(render()))
        }
        _ => path.strip_prefix("/docs").and_then(docs::serve),
    };
    match fixed {
        Some(response) => response,
        None => rest::serve(gateway, request).await,
    }
}

fn welcome() -> Response<Body> {
    let body =
        br#"{"message":"Kugel is running. API page: /docs, document: /openapi.json, health: /health"}"#;
    reply::json(StatusCode::OK, body.to_vec())
}

async fn health(gateway: &Gateway, headers: &http::HeaderMap, uri: &http::Uri) -> Response<Body> {
    match hosts::named_service(gateway, headers, uri) {
        Ok(service) => gateway.health.report(service).await,
        Err(failure) => reply::failure(
            failure,
            reply::Language::of(headers),
            gateway.settings.code_style(),
            &gateway.routes,
            None,
        ),
    }
}

fn text(body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
