//! Ports that stay free until they are needed.

use std::net::TcpListener;

use uuid::Uuid;

/// Below those from which the system takes one for each outgoing connection: a port of theirs would be gone as soon as its
/// server is restarted.
const PORTS: std::ops::Range<u128> = 12_000..32_000;

/// Addresses of this machine that nobody listens on just now.
pub(crate) fn free_addresses(count: usize) -> Vec<String> {
    let listeners: Vec<_> = (0..count).map(|_| free_listener()).collect();
    let addresses = listeners
        .iter()
        .map(|listener| listener.local_addr().unwrap().to_string());
    addresses.collect()
}

fn free_listener() -> TcpListener {
    loop {
        let port = PORTS.start + Uuid::new_v4().as_u128() % (PORTS.end - PORTS.start);
        if let Ok(listener) = TcpListener::bind(format!("127.0.0.1:{port}")) {
            return listener;
        }
    }
}
