//! Catalogue reads: what a till asks for when an item is scanned.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use kugel_proto::master_data::v1::GetItemDetailsRequest;
use kugel_proto::master_data::v1::item_service_client::ItemServiceClient;

use crate::connection::Connection;
use crate::figures::{line, rate};
use crate::server::{Server, Used};
use crate::shop::{STORE, Shop, item_code, with_token};

pub(crate) const PERIOD: Duration = Duration::from_secs(5);
pub(crate) const CONNECTIONS: usize = 4;
pub(crate) const IN_FLIGHT: usize = 64;
const REST_CONNECTIONS: usize = 32;

pub(crate) async fn grpc(shop: &Shop, server: &Server) {
    let before = server.cpu();
    let begun = Instant::now();
    let mut workers = Vec::new();
    for connection in 0..CONNECTIONS {
        let channel = Connection::open(&shop.url).await;
        for worker in 0..IN_FLIGHT / CONNECTIONS {
            let mut client = ItemServiceClient::new(channel.clone());
            let (tenant, token) = (shop.tenant.clone(), shop.tills[worker].token.clone());
            workers.push(tokio::spawn(async move {
                let mut calls = 0;
                while begun.elapsed() < PERIOD {
                    let message = GetItemDetailsRequest {
                        tenant_id: tenant.clone(),
                        store_code: STORE.into(),
                        item_code: item_code(connection * 251 + worker * 17 + calls),
                    };
                    client
                        .get_item_details(with_token(&token, message))
                        .await
                        .unwrap();
                    calls += 1;
                }
                calls
            }));
        }
    }
    line(
        "catalogue read by gRPC, 64 in flight",
        &total(workers, begun, server, before).await,
        ">= 40,000/s",
    );
}

pub(crate) async fn rest(shop: &Shop, server: &Server) {
    let before = server.cpu();
    let authority = shop.url.trim_start_matches("http://").to_owned();
    let begun = Instant::now();
    let mut workers = Vec::new();
    for worker in 0..REST_CONNECTIONS {
        let stream = tokio::net::TcpStream::connect(&authority).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let (authority, token, tenant) = (
            authority.clone(),
            shop.tills[worker].token.clone(),
            shop.tenant.clone(),
        );
        workers.push(tokio::spawn(async move {
            let mut calls = 0;
            while begun.elapsed() < PERIOD {
                let item = item_code(worker * 31 + calls);
                let path = format!("/api/v1/tenants/{tenant}/stores/{STORE}/items/{item}/details");
                let request = http::Request::get(path)
                    .header("host", &authority)
                    .header("authorization", format!("Bearer {token}"))
                    .body(Empty::<Bytes>::new())
                    .unwrap();
                let answer = sender.send_request(request).await.unwrap();
                assert_eq!(answer.status(), 200);
                answer.into_body().collect().await.unwrap();
                calls += 1;
            }
            calls
        }));
    }
    line(
        "catalogue read by REST, 32 connections",
        &total(workers, begun, server, before).await,
        ">= 15,000/s",
    );
}

async fn total(
    workers: Vec<tokio::task::JoinHandle<usize>>,
    begun: Instant,
    server: &Server,
    before: Used,
) -> String {
    let mut calls = 0;
    for worker in workers {
        calls += worker.await.unwrap();
    }
    format!(
        "{}, {}",
        rate(calls, begun.elapsed()),
        server.cpu().each(calls, before)
    )
}
