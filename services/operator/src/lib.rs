//! The operator's tools: what is done to a Kugel's documents from a shell.
//!
//! [`verify`] recomputes what must be conserved, [`rebuild`] makes again what events made, [`export`] and [`import`] move
//! a tenant, [`events`] shows and repeats what has not arrived, [`books`] mends sessions that do not settle, [`users`] lets people
//! in, [`secret`] changes the root secret. They work on
//! the services of a [`Host`] of their own, which has no port, and know neither the gateway nor the executable. Collections
//! and the shape of documents are those of the services: nothing here names one by a text.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

/// Prints a line for whoever still listens. Who has read enough, as `head` has, goes away: that is no failure, and what is
/// under way comes to its end.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

pub mod books;
pub mod events;
pub mod export;
pub mod import;
pub mod rebuild;
pub mod secret;
pub mod users;
pub mod verify;

use std::sync::Arc;

use anyhow::Context as _;
use kugel_config::Settings;
use kugel_host::{Holding, Host};
use kugel_types::SystemClock;

/// Opens the documents that the settings name. Refuses a folder that is not there: a tool that looks must not make one.
async fn open(settings: Settings) -> anyhow::Result<Host> {
    anyhow::ensure!(
        settings.mongodb_uri.is_some() || settings.data_dir.is_dir(),
        "there is no data folder {}: name one with --data-dir",
        settings.data_dir.display()
    );
    open_or_create(settings).await
}

async fn open_or_create(settings: Settings) -> anyhow::Result<Host> {
    Host::open_idle(settings, Arc::new(SystemClock)).await
}

/// Does something with the services, and lets go of their documents whatever comes of it.
async fn with<T>(host: Host, work: impl AsyncFnOnce(&Host) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let outcome = work(&host).await;
    host.stop().await;
    outcome
}

/// What a service keeps.
fn of<'a>(holdings: &'a [Holding], service: &str) -> anyhow::Result<&'a Holding> {
    let holding = holdings.iter().find(|holding| holding.service == service);
    holding.with_context(|| format!("{service} is not here"))
}
