//! The WebSocket of the stock alerts: bridges `StockService.WatchStockAlerts` to browsers.
//!
//! A refused client is let in and closed with a code and a reason, because a browser shows a script nothing of a
//! refused handshake.
//!
//! A connection costs memory and a descriptor for as long as it lasts. So there are bounds: for the number of connections,
//! the size of a client's message, its silence, its unread messages, and the connection ends when its token expires.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, ORIGIN};
use http::{HeaderMap, HeaderValue, Request, Response};
use jiff::Timestamp;
use kugel_error::codes;
use kugel_proto::stock::v1::stock_service_client::StockServiceClient;
use kugel_proto::stock::v1::watch_stock_alerts_response::Event;
use kugel_proto::stock::v1::{WatchStockAlertsRequest, WatchStockAlertsResponse};
use kugel_rpc::Client as _;
use percent_encoding::percent_decode_str;
use prost::Message as _;
use tokio_tungstenite::tungstenite;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status, Streaming};

use crate::json::Writer;
use crate::{Gateway, headers};

const SERVICE: &str = "stock";
/// The messages that are shown; they are in no REST answer.
pub(crate) const SHOWN: [&str; 2] = [CONNECTION, ALERT];
const CONNECTION: &str = "kugel.stock.v1.StockAlertConnection";
const ALERT: &str = "kugel.stock.v1.StockAlert";

/// How long a client may take to answer a goodbye.
const GOODBYE_LIMIT: Duration = Duration::from_secs(2);

/// The most that a client may say in one message.
const MESSAGE_BYTES: usize = 64 * 1024;
/// What a connection keeps ready to read and to write: alerts are short, and so are pings.
const BUFFER_BYTES: usize = 4 * 1024;
/// Connections at a time in this process.
pub(crate) const CONNECTIONS: usize = 4096;
/// How often a client is asked whether it is still there.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long a client may keep silent: it answers two questions of three.
const SILENCE: Duration = Duration::from_secs(90);
/// How long a message may wait for a client to read it.
const UNREAD: Duration = Duration::from_secs(10);

/// Why a connection ends: a close code and its reason.
#[derive(Debug, PartialEq, Eq)]
struct End(u16, &'static str);

const GONE: End = End(close_code::NORMAL, "");
const UNAVAILABLE: End = End(close_code::ERROR, "Alert service not available");

/// The tenant and store of a WebSocket's path.
pub(crate) fn watched(path: &str) -> Option<(&str, &str)> {
    let rest = path
        .strip_prefix("/api/v1")
        .unwrap_or(path)
        .strip_prefix("/ws/")?;
    rest.split_once('/')
        .filter(|(tenant, store)| !tenant.is_empty() && !store.is_empty() && !store.contains('/'))
}

/// Upgrades the connection and serves it until either side ends it.
pub(crate) async fn serve(gateway: Arc<Gateway>, request: Request<Body>) -> Response<Body> {
    let (mut parts, _) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let (tenant, store) = watched(parts.uri.path()).unwrap_or_default();
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let watch = WatchStockAlertsRequest {
        tenant_id: decode(tenant),
        store_code: decode(store),
    };
    let origin = parts.headers.get(ORIGIN).map(HeaderValue::as_bytes);
    let is_allowed = origin.is_none_or(|origin| gateway.settings.allowed_origins.contain(origin));
    let metadata = credentials(&parts.headers, parts.uri.query().unwrap_or_default());
    let upgrade = upgrade
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES);
    let place = Arc::clone(&gateway.watchers).try_acquire_owned();
    upgrade.on_upgrade(async move |mut socket| {
        let End(code, reason) = match &place {
            _ if !is_allowed => End(close_code::POLICY, "Origin not allowed"),
            Ok(_) => bridge(&gateway, &mut socket, watch, metadata).await,
            Err(_) => End(close_code::AGAIN, "Too many connections"),
        };
        close(socket, code, reason).await;
    })
}

/// Says why, and waits for the client's own goodbye: a connection dropped with messages still unread is reset, and then
/// the client may never see the reason.
async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let goodbye = CloseFrame {
        code,
        reason: Utf8Bytes::from_static(reason),
    };
    if socket.send(Message::Close(Some(goodbye))).await.is_ok() {
        let _ = tokio::time::timeout(GOODBYE_LIMIT, async {
            while let Some(Ok(_)) = socket.recv().await {}
        })
        .await;
    }
}

/// The metadata of the watch; nothing without a token, which browsers can only send in the query.
fn credentials(request: &HeaderMap, query: &str) -> Option<HeaderMap> {
    let mut metadata = headers::metadata(request, None);
    let token = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
    if let Some((_, token)) = token.filter(|(_, token)| !token.is_empty()) {
        metadata.insert(
            AUTHORIZATION,
            HeaderValue::from_str(&format!("Bearer {token}")).ok()?,
        );
    }
    metadata.contains_key(AUTHORIZATION).then_some(metadata)
}

async fn bridge(
    gateway: &Gateway,
    socket: &mut WebSocket,
    watch: WatchStockAlertsRequest,
    metadata: Option<HeaderMap>,
) -> End {
    let Some(metadata) = metadata else {
        return End(close_code::POLICY, "No token provided");
    };
    let Ok(channel) = gateway.channel(SERVICE) else {
        return UNAVAILABLE;
    };
    let left = time_left(&metadata, gateway.clock.now());
    let mut request = tonic::Request::new(watch);
    *request.metadata_mut() = MetadataMap::from_headers(metadata);
    let mut alerts = match StockServiceClient::over(channel.clone())
        .watch_stock_alerts(request)
        .await
    {
        Ok(response) => response.into_inner(),
        Err(status) => return refusal(&status),
    };
    let expired = async {
        match left {
            Some(left) => tokio::time::sleep(left).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        end = pump(gateway, socket, &mut alerts) => end,
        () = expired => End(close_code::POLICY, "Token expired"),
    }
}

/// How long a token is good for. The service has accepted it; here it is only read.
fn time_left(metadata: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let token = metadata
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    let left = claims.get("exp")?.as_i64()?.saturating_sub(now.as_second());
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
}

/// Tells a client something, which it has to read in time.
async fn tell(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match tokio::time::timeout(UNREAD, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(GONE),
        Err(_) => Err(End(close_code::POLICY, "Too slow")),
    }
}

/// Passes alerts on and answers pings until one side is done.
async fn pump(
    gateway: &Gateway,
    socket: &mut WebSocket,
    alerts: &mut Streaming<WatchStockAlertsResponse>,
) -> End {
    let mut heartbeat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            _ = heartbeat.tick() => {
                if heard.elapsed() > SILENCE {
                    return End(close_code::POLICY, "No answer");
                }
                if let Err(end) = tell(socket, Message::Ping(Bytes::new())).await {
                    return end;
                }
            }
            alert = alerts.message() => {
                let event = match alert {
                    Ok(Some(WatchStockAlertsResponse { event: Some(event) })) => event,
                    Ok(Some(_)) => continue, // a newer service's kind of message
                    Ok(None) => return UNAVAILABLE,
                    Err(status) => return refusal(&status),
                };
                let Some(text) = render(gateway, event) else { return UNAVAILABLE };
                if let Err(end) = tell(socket, Message::text(text)).await {
                    return end;
                }
            }
            said = socket.recv() => {
                heard = Instant::now();
                match said {
                    Some(Ok(Message::Text(text))) if text.as_str() == "ping" => {
                        if let Err(end) = tell(socket, Message::text("pong")).await {
                            return end;
                        }
                    }
                    Some(Err(error)) => return lost(error),
                    Some(Ok(Message::Close(_))) | None => return GONE,
                    Some(Ok(_)) => {}
                }
            }
        }
    }
}

/// Why nothing more is heard: the client says too much, or it is gone.
fn lost(error: axum::Error) -> End {
    let error = error.into_inner().downcast::<tungstenite::Error>();
    match error.as_deref() {
        Ok(tungstenite::Error::Capacity(_)) => End(close_code::SIZE, "Message too large"),
        _ => GONE,
    }
}

fn refusal(status: &Status) -> End {
    match (kugel_error::reason_of(status), status.code()) {
        (Some(spec), _) if spec.reason == codes::SCOPE_MISMATCH.reason => {
            End(close_code::POLICY, "Tenant ID mismatch")
        }
        (_, Code::Unauthenticated) => End(close_code::POLICY, "Authentication failed"),
        (_, Code::PermissionDenied) => End(close_code::POLICY, "Not permitted"),
        (_, Code::InvalidArgument | Code::NotFound) => End(close_code::POLICY, "Unknown store"),
        _ => UNAVAILABLE,
    }
}

/// The text of an event: the JSON of the member that is set.
fn render(gateway: &Gateway, event: Event) -> Option<String> {
    let (name, wire) = match event {
        Event::Connection(connection) => (CONNECTION, connection.encode_to_vec()),
        Event::Alert(alert) => (ALERT, alert.encode_to_vec()),
    };
    let mut text = Vec::with_capacity(512);
    let schema = &gateway.routes.schema;
    Writer::sparse(schema)
        .message(schema.id(name)?, &wire, &mut text)
        .ok()?;
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(watched("/ws/T1000/001"), Some(("T1000", "001")));
        assert_eq!(watched("/api/v1/ws/T1000/001"), Some(("T1000", "001")));
        for path in [
            "/ws/T1000",
            "/ws//001",
            "/ws/T1000/",
            "/ws/a/b/c",
            "/api/v2/ws/a/b",
            "/health",
        ] {
            assert_eq!(watched(path), None, "{path}");
        }
    }

    #[test]
    fn the_token_comes_from_query_or_header() {
        let empty = HeaderMap::new();
        assert!(credentials(&empty, "").is_none());
        assert!(credentials(&empty, "token=").is_none());
        assert_eq!(
            credentials(&empty, "token=a.b").unwrap()[AUTHORIZATION],
            "Bearer a.b"
        );
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer h"))]);
        assert_eq!(credentials(&headers, "").unwrap()[AUTHORIZATION], "Bearer h");
    }

    #[test]
    fn a_token_says_how_long_it_is_good_for() {
        let left = |token: &str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, token.parse().unwrap())]);
            time_left(&headers, Timestamp::from_second(1_000).unwrap())
        };
        let token = |claims: &str| format!("Bearer e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(left(&token(r#"{"exp":1090}"#)), Some(Duration::from_secs(90)));
        assert_eq!(left(&token(r#"{"exp":10}"#)), Some(Duration::ZERO));
        assert_eq!(left(&token("{}")), None);
        assert_eq!(left("Bearer good"), None);
    }

    #[test]
    fn refusals_have_their_close_codes() {
        let mismatch = Status::from(codes::SCOPE_MISMATCH.error("another tenant"));
        assert_eq!(refusal(&mismatch), End(1008, "Tenant ID mismatch"));
        let expired = Status::from(codes::UNAUTHENTICATED.error("expired"));
        assert_eq!(refusal(&expired), End(1008, "Authentication failed"));
        assert_eq!(refusal(&Status::unavailable("down")), UNAVAILABLE);
    }
}
