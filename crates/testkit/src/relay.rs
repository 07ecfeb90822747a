//! A way to a server that can be cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::ports;

/// Stands between Kugel and a server. While it is closed, nobody listens at its address.
pub struct Relay {
    address: SocketAddr,
    target: String,
    url: String,
    open: Option<JoinHandle<()>>,
}

impl Relay {
    /// A closed way to the server of `url`.
    pub fn to(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (user, rest) = rest.split_once('@').unwrap_or(("", rest));
        let (target, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let address: SocketAddr = ports::free_addresses(1).remove(0).parse().unwrap();
        let user = if user.is_empty() {
            String::new()
        } else {
            format!("{user}@")
        };
        Self {
            address,
            target: target.to_owned(),
            url: format!("{scheme}://{user}{address}{path}"),
            open: None,
        }
    }

    /// The URL that leads over this way.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it is, e.g. `127.0.0.1:40123`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets callers through.
    pub async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let target = self.target.clone();
        self.open = Some(tokio::spawn(async move {
            let mut ways = JoinSet::new();
            while let Ok((mut caller, _)) = listener.accept().await {
                let target = target.clone();
                ways.spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(target).await {
                        // However it ends, both ends are closed.
                        let _ = copy_bidirectional(&mut caller, &mut server).await;
                    }
                });
            }
        }));
    }

    /// Cuts every connection and refuses new ones.
    pub async fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
            let _ = open.await;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.abort();
        }
    }
}
