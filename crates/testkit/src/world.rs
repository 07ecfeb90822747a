//! The real server inside the test.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kugel::cli::Verify;
use kugel::process::Kugel;
use kugel_config::Settings;
use kugel_types::{Clock, ManualClock, SystemClock};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::Site;

/// Kugel with all services on a free port, and a data folder of its own that goes with it.
pub struct World {
    kugel: Kugel,
    site: Site,
    settings: Settings,
    clock: Arc<dyn Clock>,
    folder: TempDir,
}

impl World {
    /// Starts Kugel as it is by default, on the real time.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts Kugel with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::launch(change, Arc::new(SystemClock)).await
    }

    /// Starts Kugel at an instant, where time stands still until the test moves it.
    pub async fn start_at(instant: &str) -> (Self, Arc<ManualClock>) {
        let instant: Timestamp = instant.parse().unwrap();
        let clock = Arc::new(ManualClock::for_test(instant));
        (Self::launch(|_| {}, clock.clone()).await, clock)
    }

    async fn launch(change: impl FnOnce(&mut Settings), clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::for_test();
        folder.path().clone_into(&mut settings.data_dir);
        change(&mut settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let kugel = Kugel::start(settings.clone(), clock.clone(), listener, None)
            .await
            .unwrap();
        Self {
            site: Site::at(format!("http://{}", kugel.address())),
            kugel,
            settings,
            clock,
            folder,
        }
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process: its tokens, its backlog.
    pub fn kugel(&self) -> &Kugel {
        &self.kugel
    }

    /// Waits until every event has arrived everywhere.
    pub async fn settled(&self) {
        let limit = Duration::from_secs(20);
        let settled = tokio::time::timeout(limit, self.kugel.settled()).await;
        assert!(
            settled.is_ok(),
            "{} events have not arrived",
            self.kugel.backlog()
        );
    }

    /// Stops Kugel and starts it again on the same folder and port.
    pub async fn restart(self) -> Self {
        let address = self.kugel.address();
        self.kugel.stop().await;
        let listener = TcpListener::bind(address).await.unwrap();
        let kugel = Kugel::start(self.settings.clone(), self.clock.clone(), listener, None)
            .await
            .unwrap();
        Self { kugel, ..self }
    }

    /// Stops Kugel and recomputes everything that must be conserved.
    pub async fn finish(self) {
        self.settled().await;
        self.kugel.stop().await;
        let options = Verify {
            data_dir: None,
            tenant: None,
        };
        let clean = kugel::verify::run(self.settings, options).await.unwrap();
        assert!(
            clean,
            "the books do not balance: see the verification's list above"
        );
    }
}

impl Deref for World {
    type Target = Site;
    fn deref(&self) -> &Site {
        &self.site
    }
}
