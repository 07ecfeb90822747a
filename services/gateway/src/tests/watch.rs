//! The WebSocket over a service that tells one alert and then waits.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::ServiceExt as _;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::{SinkExt, StreamExt, stream};
use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody};
use kugel_config::{AllowedOrigins, Settings};
use kugel_error::codes;
use kugel_proto::stock::v1::watch_stock_alerts_response::Event;
use kugel_proto::stock::v1::{
    StockAlert, StockAlertConnection, WatchStockAlertsRequest, WatchStockAlertsResponse,
};
use kugel_rpc::{Channel, LocalService};
use prost::Message as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Message, handshake};
use tonic::Status;
use tower::service_fn;

use crate::testing::{frame, router_of};

async fn watch(request: Request<tonic::body::Body>) -> Response<tonic::body::Body> {
    let (parts, body) = request.into_parts();
    let asked = body.collect().await.unwrap().to_bytes();
    let asked = WatchStockAlertsRequest::decode(&asked[5..]).unwrap();
    let token = parts.headers["authorization"].to_str().unwrap();
    match token.split('.').next().unwrap() {
        "Bearer good" if asked.tenant_id == "T1" => {}
        "Bearer good" => return Status::from(codes::SCOPE_MISMATCH.error("another tenant")).into_http(),
        _ => return Status::from(codes::UNAUTHENTICATED.error("the token is not valid")).into_http(),
    }
    let connection = StockAlertConnection {
        r#type: "connection".to_owned(),
        tenant_id: asked.tenant_id,
        store_code: asked.store_code,
        ..Default::default()
    };
    let alert = StockAlert {
        r#type: "stock_alert".to_owned(),
        alert_type: "reorder_point".to_owned(),
        current_quantity: Some(kugel_proto::Decimal {
            value: "2.50".to_owned(),
        }),
        ..Default::default()
    };
    let events = [Event::Connection(connection), Event::Alert(alert)];
    let frames = events.map(|event| {
        let message = WatchStockAlertsResponse { event: Some(event) }.encode_to_vec();
        Ok::<_, Infallible>(http_body::Frame::data(frame(&message)))
    });
    let mut response = Response::new(tonic::body::Body::new(StreamBody::new(
        stream::iter(frames).chain(stream::pending()),
    )));
    response
        .headers_mut()
        .insert("content-type", "application/grpc".parse().unwrap());
    response
}

/// Connects, says something and a ping, and reads what is sent until the gateway closes or falls silent.
async fn talk(path: &str, channels: BTreeMap<String, Channel>) -> Vec<Value> {
    say("ignored", path, channels).await
}

async fn say(words: &str, path: &str, channels: BTreeMap<String, Channel>) -> Vec<Value> {
    let url = |address| format!("ws://{address}{path}").into_client_request().unwrap();
    converse(words, url, Settings::for_test(), channels).await
}

async fn converse(
    words: &str,
    handshake: impl FnOnce(SocketAddr) -> handshake::client::Request,
    settings: Settings,
    channels: BTreeMap<String, Channel>,
) -> Vec<Value> {
    let router = router_of(kugel_proto::DESCRIPTORS, settings, channels);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let handshake = handshake(listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router.into_make_service()).await });
    let (mut socket, _) = tokio_tungstenite::connect_async(handshake).await.unwrap();
    let mut said = Vec::new();
    socket.send(Message::text(words)).await.unwrap();
    // A gateway that has had enough may have gone.
    let _ = socket.send(Message::text("ping")).await;
    while let Ok(Some(Ok(message))) = tokio::time::timeout(Duration::from_secs(5), socket.next()).await {
        match message {
            Message::Text(text) if text.as_str() == "pong" => said.push(json!("pong")),
            Message::Text(text) => said.push(serde_json::from_str(&text).unwrap()),
            Message::Close(Some(close)) => {
                said.push(json!([u16::from(close.code), close.reason.as_str()]));
                break;
            }
            _ => {}
        }
        if said.len() == 3 {
            break;
        }
    }
    server.abort();
    said
}

fn stock() -> BTreeMap<String, Channel> {
    let channel = Channel::local();
    channel.connect(LocalService::new(service_fn(|call| async {
        Ok::<_, Infallible>(watch(call).await)
    })));
    BTreeMap::from([("stock".to_owned(), channel)])
}

#[tokio::test]
async fn alerts_and_pongs_reach_the_browser() {
    let said = talk("/ws/T1/001?token=good", stock()).await;
    assert!(said.contains(&json!("pong")), "{said:?}");
    let connection = said
        .iter()
        .find(|message| message["type"] == "connection")
        .unwrap();
    assert_eq!(
        (&connection["tenant_id"], &connection["store_code"]),
        (&json!("T1"), &json!("001"))
    );
    let alert = said
        .iter()
        .find(|message| message["type"] == "stock_alert")
        .unwrap();
    assert_eq!(
        (&alert["alert_type"], &alert["current_quantity"]),
        (&json!("reorder_point"), &json!(2.5))
    );
    assert!(alert.get("minimum_quantity").is_none());
}

#[tokio::test]
async fn refused_watchers_are_told_why() {
    for (path, channels, expected) in [
        ("/ws/T1/001", stock(), json!([1008, "No token provided"])),
        (
            "/api/v1/ws/T1/001?token=bad",
            stock(),
            json!([1008, "Authentication failed"]),
        ),
        (
            "/ws/T2/001?token=good",
            stock(),
            json!([1008, "Tenant ID mismatch"]),
        ),
        (
            "/ws/T1/001?token=good",
            BTreeMap::new(),
            json!([1011, "Alert service not available"]),
        ),
    ] {
        assert_eq!(talk(path, channels).await, [expected], "{path}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let said = async |origin: Option<&'static str>| {
        let mut settings = Settings::for_test();
        settings.allowed_origins = AllowedOrigins::Listed(vec!["https://till.example".to_owned()]);
        let handshake = |address| {
            let url = format!("ws://{address}/ws/T1/001?token=good");
            let mut request = url.into_client_request().unwrap();
            let headers = request.headers_mut();
            origin.map(|origin| headers.insert("origin", origin.parse().unwrap()));
            request
        };
        converse("ignored", handshake, settings, stock()).await
    };
    assert!(said(Some("https://till.example")).await.contains(&json!("pong")));
    assert!(said(None).await.contains(&json!("pong")), "no browser, no page");
    assert_eq!(
        said(Some("https://evil.example")).await,
        [json!([1008, "Origin not allowed"])]
    );
}

#[tokio::test]
async fn nobody_says_more_than_fits() {
    let fits = "x".repeat(64 * 1024);
    let path = "/ws/T1/001?token=good";
    assert!(say(&fits, path, stock()).await.contains(&json!("pong")));
    let said = say(&(fits + "x"), path, stock()).await;
    assert_eq!(said.last(), Some(&json!([1009, "Message too large"])), "{said:?}");
}

#[tokio::test]
async fn a_connection_ends_with_its_token() {
    // The gateway's clock stands at 2026-06-11T05:03:09Z.
    let path = |expiry: &str| {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{expiry}}}"#));
        format!("/ws/T1/001?token=good.{claims}.c2ln")
    };
    let said = talk(&path("1781154189"), stock()).await;
    assert_eq!(said.last(), Some(&json!([1008, "Token expired"])), "{said:?}");
    assert!(talk(&path("1781157789"), stock()).await.contains(&json!("pong")));
}
