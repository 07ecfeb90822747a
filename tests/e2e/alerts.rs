//! Stock alerts as a gRPC stream, through gRPC-Web and as a WebSocket.

use std::time::{Duration, Instant};

use futures::{SinkExt as _, StreamExt as _};
use kugel_testkit::{Door, ServerProcess, Site, Tenant, World};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::crash::PROGRAM;
use crate::doors::plain;
use crate::shop::Shop;

const SOON: Duration = Duration::from_secs(10);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(site: &Site, path: &str) -> Socket {
    let url = format!("{}{path}", site.url().replacen("http", "ws", 1));
    connect_async(url).await.unwrap().0
}

async fn next(socket: &mut Socket) -> Message {
    tokio::time::timeout(SOON, socket.next())
        .await
        .expect("nothing came")
        .unwrap()
        .unwrap()
}

async fn next_json(socket: &mut Socket) -> Value {
    serde_json::from_str(next(socket).await.to_text().unwrap()).unwrap()
}

async fn set(tenant: &Tenant, what: &str, body: Value) {
    let path = tenant.path(&format!("stores/tk01/stock/TEA/{what}"));
    tenant.rest().put(&path, body).await.ok();
}

/// A shop with ten teas, which asks to be told at eight and below.
async fn stocked(world: &World) -> Shop {
    let shop = Shop::build(world).await;
    set(
        &shop.tenant,
        "update",
        json!({"quantityChange": 10, "updateType": "purchase"}),
    )
    .await;
    set(&shop.tenant, "minimum", json!({"minimumQuantity": 8})).await;
    set(
        &shop.tenant,
        "reorder",
        json!({"reorderPoint": 8, "reorderQuantity": 20}),
    )
    .await;
    shop
}

#[tokio::test]
async fn every_watcher_hears_of_a_sale() {
    let world = World::start().await;
    let shop = stocked(&world).await;
    let request = json!({"tenantId": shop.tenant.id, "storeCode": "tk01"});
    let mut streams = Vec::new();
    for door in [Door::Native, Door::Web] {
        let grpc = shop.tenant.grpc(door);
        streams.push(
            grpc.stream("stock.v1.StockService.WatchStockAlerts", request.clone())
                .await
                .unwrap(),
        );
    }
    let path = format!("/ws/{}/tk01?token={}", shop.tenant.id, shop.till.token);
    let mut socket = connect(&world, &format!("/api/v1{path}")).await;
    let connection = next_json(&mut socket).await;
    let expected = json!({
        "type": "connection", "status": "connected", "tenant_id": shop.tenant.id, "store_code": "tk01",
        "message": "Connected to stock alert service",
    });
    assert_eq!(connection, expected);
    for stream in &mut streams {
        assert_eq!(stream.next().await.unwrap().unwrap()["connection"], expected);
    }
    shop.till.sell(&[("TEA", 3)]).await;
    for (kind, threshold) in [
        ("reorder_point", "reorder_point"),
        ("minimum_stock", "minimum_quantity"),
    ] {
        let alert = next_json(&mut socket).await;
        assert_eq!(
            (&alert["type"], &alert["alert_type"]),
            (&json!("stock_alert"), &json!(kind))
        );
        assert_eq!(
            (&alert["item_code"], &alert["current_quantity"]),
            (&json!("TEA"), &json!(7))
        );
        assert_eq!(
            (&alert[threshold], &alert["reorder_quantity"]),
            (&json!(8), &json!(20))
        );
        for stream in &mut streams {
            let same = plain(stream.next().await.unwrap().unwrap()["alert"].clone());
            let shown: serde_json::Map<_, _> = alert
                .as_object()
                .unwrap()
                .clone()
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .collect();
            assert_eq!(same, Value::Object(shown));
        }
    }
    socket.send(Message::text("ping")).await.unwrap();
    assert_eq!(
        next(&mut socket).await,
        Message::text("pong"),
        "an alert is told once"
    );
}

#[tokio::test]
async fn who_comes_late_hears_what_is_low() {
    let world = World::start().await;
    let shop = stocked(&world).await;
    set(
        &shop.tenant,
        "update",
        json!({"quantityChange": -5, "updateType": "damage"}),
    )
    .await;
    let path = format!("/ws/{}/tk01?token={}", shop.tenant.id, shop.tenant.token);
    let mut socket = connect(&world, &path).await;
    assert_eq!(next_json(&mut socket).await["type"], "connection");
    for kind in ["reorder_point", "minimum_stock"] {
        let alert = next_json(&mut socket).await;
        assert_eq!(
            (&alert["alert_type"], &alert["current_quantity"]),
            (&json!(kind), &json!(5))
        );
    }
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn a_watcher_without_a_good_token_is_told_why() {
    let world = World::start().await;
    let shop = stocked(&world).await;
    let stranger = world.tenant().await;
    let base = format!("/ws/{}/tk01", shop.tenant.id);
    for (query, reason) in [
        (String::new(), "No token provided"),
        ("?token=".to_owned(), "No token provided"),
        ("?token=bad".to_owned(), "Authentication failed"),
        (format!("?token={}", stranger.token), "Tenant ID mismatch"),
    ] {
        let mut socket = connect(&world, &format!("{base}{query}")).await;
        let Message::Close(Some(frame)) = next(&mut socket).await else {
            panic!("{query} should be refused")
        };
        assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1008, reason));
    }
    let unknown = format!("/ws/{}/nowhere?token={}", shop.tenant.id, shop.tenant.token);
    let mut socket = connect(&world, &unknown).await;
    let Message::Close(Some(frame)) = next(&mut socket).await else {
        panic!("there is no such store")
    };
    assert_eq!(
        (u16::from(frame.code), frame.reason.as_str()),
        (1008, "Unknown store")
    );
    let request = json!({"tenantId": shop.tenant.id, "storeCode": "tk01"});
    let watch = stranger.grpc(Door::Native);
    let refused = watch
        .stream("stock.v1.StockService.WatchStockAlerts", request)
        .await;
    assert_eq!(crate::doors::code_of(&refused.err().unwrap()), "100000");
}

#[tokio::test]
async fn a_stopping_server_waits_for_no_watcher() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::start(PROGRAM, folder.path()).await;
    let tenant = server.tenant().await.store("tk01").await.tenant;
    let request = json!({"tenantId": tenant.id, "storeCode": "tk01"});
    let mut streams = Vec::new();
    for door in [Door::Native, Door::Web] {
        let grpc = tenant.grpc(door);
        let watch = grpc.stream("stock.v1.StockService.WatchStockAlerts", request.clone());
        let mut stream = watch.await.unwrap();
        stream.next().await.unwrap().unwrap();
        streams.push(stream);
    }
    let path = format!("/ws/{}/tk01?token={}", tenant.id, tenant.token);
    let mut socket = connect(&server, &path).await;
    assert_eq!(next_json(&mut socket).await["type"], "connection");
    let begun = Instant::now();
    server.stop().await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "it took {:?}",
        begun.elapsed()
    );
    for stream in &mut streams {
        let end = stream.next().await.unwrap_err();
        assert_eq!(end.code(), tonic::Code::Unavailable, "{end:?}");
    }
    while let Some(Ok(_)) = socket.next().await {}
}
