//! The one handler that every request meets: tells the protocols apart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use tonic_web::GrpcWebLayer;
use tower::{Layer, ServiceExt};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use crate::passthrough::Passthrough;
use crate::{Gateway, docs, headers, hosts, login, openapi, reply, rest, websocket};

/// Wraps the gateway into a router without routes: its own trie knows them.
pub(crate) fn router(gateway: Gateway) -> Router {
    Router::new()
        .fallback(handle)
        .with_state(Arc::new(gateway))
        .layer(cors())
}

/// Browsers of any origin may call: credentials are headers that a script must know, never cookies.
fn cors() -> CorsLayer {
    let exposed = [
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        "x-new-token",
        "x-request-id",
    ];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        // `*` would leave out Authorization.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(Duration::from_secs(3600))
}

async fn handle(State(gateway): State<Arc<Gateway>>, mut request: Request<Body>) -> Response<Body> {
    let begun = Instant::now();
    let request_id = headers::request_id(request.headers_mut());
    let (protocol, mut response) = serve(gateway, request).await;
    response.headers_mut().insert(headers::X_REQUEST_ID, request_id);
    metrics::histogram!("kugel_gateway_seconds", "protocol" => protocol, "status" => class(response.status()))
        .record(begun.elapsed());
    response
}

async fn serve(gateway: Arc<Gateway>, request: Request<Body>) -> (&'static str, Response<Body>) {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    if kind.starts_with(b"application/grpc-web") {
        let service = GrpcWebLayer::new().layer(Passthrough(gateway));
        ("grpc-web", answer(service.oneshot(request).await))
    } else if kind.starts_with(b"application/grpc") {
        let request = request.map(tonic::body::Body::new);
        ("grpc", answer(Passthrough(gateway).oneshot(request).await))
    } else if websocket::watched(request.uri().path()).is_some() {
        ("websocket", websocket::serve(gateway, request).await)
    } else {
        ("rest", http(&gateway, request).await)
    }
}

fn answer(response: Result<Response<tonic::body::Body>, std::convert::Infallible>) -> Response<Body> {
    response.unwrap_or_else(|never| match never {}).map(Body::new)
}

/// Paths that are no API first, then the contract's routes.
async fn http(gateway: &Gateway, request: Request<Body>) -> Response<Body> {
    let path = request.uri().path();
    if path == login::PATH {
        return login::serve(gateway, request).await;
    }
    let fixed = match path {
        _ if !matches!(*request.method(), Method::GET | Method::HEAD) => None,
        "/" => Some(welcome()),
        "/health" => Some(health(gateway, request.headers(), request.uri()).await),
        "/openapi.json" => Some(openapi::serve(gateway, request.headers(), request.uri())),
        "/metrics" => gateway.metrics.as_ref().map(|render| text(render())),
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
            gateway.settings.error_code_style,
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
