//! Kugel for tools that work on documents: nobody hears of it, and nothing of it works by itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kugel_bus::Outbox;
use kugel_config::Settings;
use kugel_rpc::Neighbours;
use kugel_store::{Collection, Documents};
use kugel_types::Clock;

use super::backends::Backends;
use super::{Kugel, SERVICES, Shared};

/// How long a server may take to answer before a tool gives up.
const PATIENCE: Duration = Duration::from_secs(15);

/// What one service keeps.
#[derive(Clone)]
pub struct Holding {
    /// The service.
    pub service: &'static str,
    /// Its documents.
    pub documents: Documents,
    /// Where they lie.
    pub collections: Vec<&'static Collection>,
    /// Its outboxes.
    pub outboxes: Vec<Outbox>,
}

impl Kugel {
    /// Opens the documents of every service, on disk or in the MongoDB that the settings name. Services answer, but their
    /// work in the background rests: no event is delivered and nothing is tidied.
    pub async fn open_idle(settings: Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let shared = Shared::new(Backends::idle(&settings)?, settings, clock, Neighbours::local())?;
        let (kugel, _) = Self::host(shared, &SERVICES, nowhere).await?;
        let ready = tokio::time::timeout(PATIENCE, kugel.ready()).await;
        ready.context("MongoDB does not answer: see the warnings above")?;
        Ok(kugel)
    }

    /// What the services that have begun keep.
    pub fn holdings(&self) -> Vec<Holding> {
        self.services
            .iter()
            .filter_map(|service| service.holding())
            .collect()
    }
}
