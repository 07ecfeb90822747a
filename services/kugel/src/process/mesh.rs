//! Where the processes of the mesh are, and whether they are ready.

use std::io;
use std::net::Ipv4Addr;

use anyhow::Context as _;
use hyper_util::rt::TokioIo;
use kugel_config::Settings;
use kugel_rpc::{Neighbours, Tls};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_util::either::Either;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::GATEWAY;
use super::door::Proxies;

/// The mesh's ports, from 8000 in the order of [`Neighbours::NAMES`].
pub fn mesh_port(name: &str) -> Option<u16> {
    let position = Neighbours::NAMES.iter().position(|service| *service == name)?;
    u16::try_from(8000 + position).ok()
}

/// The gateway's port on this machine, as those reach it whom it expects there.
async fn own_port(settings: &Settings) -> anyhow::Result<Channel> {
    let mut address = settings.listen;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let tls = Tls::https(settings)?;
    // A call to an address of this machine comes from there.
    let is_proxy = Proxies::of(settings)?.speaks_first(address.ip());
    let connector = tower::service_fn(move |_: http::Uri| {
        let tls = tls.clone();
        async move {
            let mut stream = TcpStream::connect(address).await?;
            if is_proxy {
                stream.write_all(b"PROXY UNKNOWN\r\n").await?;
            }
            let stream = match tls {
                Some(tls) => Either::Left(tls.connect("localhost", stream).await?),
                None => Either::Right(stream),
            };
            io::Result::Ok(TokioIo::new(stream))
        }
    });
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    let channel = endpoint.connect_with_connector(connector).await;
    channel.with_context(|| format!("nobody answers on {address}"))
}

/// Asks a process whether it is ready: a service where the settings say it is, or the gateway on the port that it listens
/// on, which asks them all. Says why if it is not.
pub async fn ready(settings: &Settings, name: &str) -> anyhow::Result<()> {
    let question = HealthCheckRequest::default();
    let answer = if name == GATEWAY {
        HealthClient::new(own_port(settings).await?).check(question).await
    } else {
        anyhow::ensure!(Neighbours::NAMES.contains(&name), "there is no service `{name}`");
        let channel = Neighbours::network(settings, None)?.channel(name);
        HealthClient::new(channel).check(question).await
    };
    let answer = answer.map_err(|status| anyhow::anyhow!("{name}: {}", status.message()))?;
    anyhow::ensure!(
        answer.get_ref().status() == ServingStatus::Serving,
        "{name} is not ready"
    );
    Ok(())
}
