//! `kugel demo`: a running Kugel for the demonstration, or one of its own.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kugel_config::Settings;
use kugel_types::SystemClock;
use tokio::net::TcpListener;

use crate::cli::Demo;
use crate::process::Kugel;
use kugel_operator::say;

/// How long servers may take to answer before the demonstration gives up.
const PATIENCE: Duration = Duration::from_secs(15);

/// Replays invoices through the server that `options` name, or else through one of its own on the data of `settings`.
pub async fn run(mut settings: Settings, options: Demo) -> anyhow::Result<()> {
    let demo = kugel_demo::Demo::read(options.replay)?;
    if let Some(url) = &options.server {
        let tenant = demo.replay(url).await?;
        say!("\nIts sales are in tenant {tenant}. To check every equation:");
        say!("  kugel verify --tenant {tenant}");
        say!(
            "with the settings of the services (MONGODB_URI, SECRET_KEY), or --data-dir of a single process that is stopped"
        );
        return Ok(());
    }
    let (place, option) = match &settings.mongodb_uri {
        Some(_) => ("MongoDB".to_owned(), String::new()),
        None => {
            let folder = settings.data_dir.display();
            (format!("data folder {folder}"), format!(" --data-dir {folder}"))
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .context("cannot listen on this machine")?;
    // Nobody but the demonstration calls this port, which lives no longer than it.
    (settings.https_certificate_file, settings.https_key_file) = (None, None);
    let kugel = Kugel::start(settings, Arc::new(SystemClock), listener, None).await?;
    let ready = tokio::time::timeout(PATIENCE, kugel.ready()).await;
    ready.context("the servers of the settings do not answer: see the warnings above")?;
    let outcome = demo.replay(&format!("http://{}", kugel.address())).await;
    kugel.stop().await;
    let tenant = outcome?;
    say!("\nIts sales are in tenant {tenant}, {place}. Next:");
    say!("  kugel verify{option} --tenant {tenant}   check every equation");
    say!("  kugel serve{option}   look around on http://127.0.0.1:8080/docs");
    Ok(())
}
