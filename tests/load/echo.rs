//! The yardstick: a tonic server that does nothing.

use std::time::Instant;

use tonic::transport::Server as TonicServer;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::catalogue::{CONNECTIONS, IN_FLIGHT, PERIOD};
use crate::connection::Connection;
use crate::figures::{Latencies, line, rate};
use crate::server::Server;

pub(crate) const ROLE: &str = "echo-server";

/// Serves on the address in the second argument.
pub(crate) fn serve() {
    let address = std::env::args().nth(2).unwrap().parse().unwrap();
    let (_, service) = tonic_health::server::health_reporter();
    let server = TonicServer::builder()
        .tcp_nodelay(true)
        .add_service(service)
        .serve(address);
    tokio::runtime::Runtime::new().unwrap().block_on(server).unwrap();
}

pub(crate) async fn measure() {
    let server = Server::own(ROLE).await;
    let mut client = HealthClient::new(Connection::open(&server.url()).await);
    let mut latencies = Latencies::default();
    for _ in 0..5_000 {
        let begun = Instant::now();
        client.check(HealthCheckRequest::default()).await.unwrap();
        latencies.record(begun);
    }
    line(
        "bare tonic echo, 1 client",
        &latencies.percentiles(),
        "(yardstick)",
    );

    let begun = Instant::now();
    let mut workers = Vec::new();
    for _ in 0..CONNECTIONS {
        let channel = Connection::open(&server.url()).await;
        for _ in 0..IN_FLIGHT / CONNECTIONS {
            let mut client = HealthClient::new(channel.clone());
            workers.push(tokio::spawn(async move {
                let mut calls = 0;
                while begun.elapsed() < PERIOD {
                    client.check(HealthCheckRequest::default()).await.unwrap();
                    calls += 1;
                }
                calls
            }));
        }
    }
    let mut calls = 0;
    for worker in workers {
        calls += worker.await.unwrap();
    }
    line(
        "bare tonic echo, 64 in flight",
        &rate(calls, begun.elapsed()),
        "(yardstick)",
    );
}
