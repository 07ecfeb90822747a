//! A way to the broker that a test can cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open(u32),
    Closed,
}

/// Passes bytes to the broker and back.
pub(crate) struct Proxy {
    url: String,
    way: Arc<watch::Sender<Way>>,
    accepted: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy before the broker at `url`.
    pub(crate) async fn before(url: &str) -> Self {
        let uri: lapin::uri::AMQPUri = url.parse().unwrap();
        let target = (uri.authority.host.clone(), uri.authority.port);
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = Arc::new(watch::Sender::new(Way::Open(0)));
        let ways = way.clone();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let mut way = ways.subscribe();
                let now = *way.borrow_and_update();
                if now == Way::Closed {
                    continue;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let target = target.clone();
                tokio::spawn(async move {
                    let mut near = near;
                    let mut far = TcpStream::connect(target).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = way.wait_for(|way| *way != now) => {}
                    }
                });
            }
        });
        let url = format!(
            "amqp://{}:{}@127.0.0.1:{port}/%2f",
            uri.authority.userinfo.username, uri.authority.userinfo.password
        );
        Self { url, way, accepted }
    }

    /// The broker's URL by this way.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How many connections were let through so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Cuts every connection; the next ones are let through.
    pub(crate) fn cut(&self) {
        self.way.send_modify(|way| {
            *way = match way {
                Way::Open(count) => Way::Open(*count + 1),
                Way::Closed => Way::Closed,
            };
        });
    }

    /// Cuts every connection and lets none through.
    pub(crate) fn close(&self) {
        self.way.send_replace(Way::Closed);
    }

    /// Lets connections through.
    pub(crate) fn open(&self) {
        self.way.send_replace(Way::Open(u32::MAX / 2));
    }
}
