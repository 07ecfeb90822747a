//! MongoDB, Redis and RabbitMQ for this run alone, by the project's own script.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The servers that can be killed, as the script calls them.
pub(crate) const SERVERS: [&str; 3] = ["mongodb", "redis", "rabbitmq"];

/// Three servers on ports and in a folder of their own. They are stopped when this is dropped.
pub(crate) struct Servers {
    folder: PathBuf,
    ports: [u16; 3],
}

impl Servers {
    /// Starts them and waits until each answers.
    pub(crate) async fn start(folder: &Path) -> Self {
        // RabbitMQ takes two ports 20000 above its own, which must not be among those that connections go out from: while
        // the server is away, somebody else might get them.
        let servers = Self {
            folder: folder.to_owned(),
            ports: [
                free_port(13_000..30_000, &[0]),
                free_port(13_000..30_000, &[0]),
                free_port(10_000..12_700, &[0, 20_000, 20_001]),
            ],
        };
        servers.restart().await;
        servers
    }

    /// The settings by which Kugel finds them.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let output = self.script(&["env"]).output().unwrap();
        let exports = String::from_utf8(output.stdout).unwrap();
        let exports = exports
            .lines()
            .filter_map(|line| line.strip_prefix("export ")?.split_once('='));
        exports
            .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
            .collect()
    }

    /// Kills one as a power cut would, and waits until nothing of it is left.
    pub(crate) async fn kill(&self, name: &str) {
        self.run(&["kill", name]).await;
    }

    /// Starts what is not running and waits until it answers.
    pub(crate) async fn restart(&self) {
        self.run(&["up"]).await;
    }

    async fn run(&self, arguments: &[&str]) {
        let mut script = tokio::process::Command::from(self.script(arguments));
        let output = script.output().await.unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "servers {arguments:?}: {complaint}");
    }

    fn script(&self, arguments: &[&str]) -> Command {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut script = Command::new(root.join(".ci/servers"));
        script
            .args(arguments)
            .env("KUGEL_SERVERS", &self.folder)
            .env("KUGEL_SERVERS_BY", "processes");
        for (name, port) in ["MONGODB_PORT", "REDIS_PORT", "RABBITMQ_PORT"]
            .iter()
            .zip(self.ports)
        {
            script.env(name, port.to_string());
        }
        script
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        _ = self.script(&["down"]).output();
    }
}

/// A port that is free, and so are those at the given distances above it. It is not one of those that the kernel gives to
/// outgoing connections, so that it is still free when its process is started again.
pub(crate) fn free_port(range: std::ops::Range<u16>, distances: &[u16]) -> u16 {
    let is_free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let port = rand::random_range(range.clone());
        if distances.iter().all(|distance| is_free(port + distance)) {
            return port;
        }
    }
}
