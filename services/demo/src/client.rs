//! A connection to the port.

use anyhow::{Context as _, anyhow};
use kugel_shop::{Transport, transport};
use tonic::transport::Endpoint;

/// Connects, so that a wrong address shows at once.
pub(super) async fn connect(url: &str) -> anyhow::Result<Transport> {
    let endpoint = Endpoint::from_shared(url.to_owned())
        .with_context(|| format!("{url} is no address: write http://host:port"))?;
    anyhow::ensure!(
        endpoint.uri().scheme_str() == Some("http"),
        "{url} cannot be reached: the demo speaks plain http://"
    );
    let channel = endpoint
        .tcp_nodelay(true)
        .connect()
        .await
        .map_err(|_| anyhow!("nobody answers on {url}: start Kugel there or leave --server out"))?;
    Ok(transport(channel))
}
