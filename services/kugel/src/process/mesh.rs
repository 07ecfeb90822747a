//! Where the processes of the mesh are, and whether they are ready.

use std::net::SocketAddr;

use anyhow::Context as _;
use kugel_config::Settings;
use kugel_rpc::Neighbours;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::GATEWAY;

/// The mesh's ports, from 8000 in the order of [`Neighbours::NAMES`].
pub fn mesh_port(name: &str) -> Option<u16> {
    let position = Neighbours::NAMES.iter().position(|service| *service == name)?;
    u16::try_from(8000 + position).ok()
}

/// Asks a process whether it is ready: a service where the settings say it is, or the gateway on the port that it listens
/// on, which asks them all. Says why if it is not.
pub async fn ready(settings: &Settings, name: &str) -> anyhow::Result<()> {
    let question = HealthCheckRequest::default();
    let answer = if name == GATEWAY {
        let address = SocketAddr::new([127, 0, 0, 1].into(), settings.listen.port());
        let channel = Endpoint::from_shared(format!("http://{address}"))?
            .connect()
            .await;
        let channel = channel.with_context(|| format!("nobody answers on {address}"))?;
        HealthClient::new(channel).check(question).await
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
