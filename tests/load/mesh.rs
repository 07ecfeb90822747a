//! The mesh: gateway and seven services on a MongoDB, a Redis and a RabbitMQ of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use kugel_rpc::Neighbours;

use crate::checkout::{self, open_loop};
use crate::figures::{each, line};
use crate::server::{Process, Server, cpu, free_address};
use crate::shop::Shop;
use crate::visible;

/// The three servers, started by the project's own script and stopped when this is dropped.
struct Servers {
    folder: tempfile::TempDir,
    ports: [u16; 3],
}

impl Servers {
    fn start() -> Self {
        let port = |range| loop {
            let port: u16 = rand::random_range(std::ops::Range::clone(&range));
            if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
                return port;
            }
        };
        let servers = Self {
            folder: tempfile::tempdir().unwrap(),
            // RabbitMQ takes two ports 20000 above its own, too.
            ports: [port(13_000..30_000), port(13_000..30_000), port(10_000..12_700)],
        };
        assert!(servers.script("up").status().unwrap().success());
        servers
    }

    fn settings(&self) -> Vec<(String, String)> {
        let output = self.script("env").stdout(Stdio::piped()).output().unwrap();
        let exports = String::from_utf8(output.stdout).unwrap();
        let exports = exports
            .lines()
            .filter_map(|line| line.strip_prefix("export ")?.split_once('='));
        exports
            .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
            .collect()
    }

    /// Name and process id of each.
    fn processes(&self) -> Vec<(String, u32)> {
        let id = |name: &str| {
            let file = std::fs::read_to_string(self.folder.path().join(format!("{name}.pid"))).unwrap();
            let digits: String = file.chars().skip(1).take_while(char::is_ascii_digit).collect();
            (name.to_owned(), digits.parse().unwrap())
        };
        ["mongodb", "redis", "rabbitmq"].map(id).to_vec()
    }

    fn script(&self, command: &str) -> Command {
        let program: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/servers");
        let mut script = Command::new(program);
        script.arg(command).stdout(Stdio::null()).stderr(Stdio::null());
        script.env("KUGEL_SERVERS", self.folder.path());
        script.env("KUGEL_SERVERS_BY", "processes");
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
        _ = self.script("down").status();
    }
}

/// Worker threads of each of the eight processes, as `.ci/mesh` sets them.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(8))
}

async fn start(servers: &Servers) -> Server {
    let mut settings = servers.settings();
    settings.push(("TOKIO_WORKER_THREADS".into(), threads().to_string()));
    settings.push(("SECRET_KEY".into(), "7421ed2cbdd1baad6ad20aace0d019f1".into()));
    let addresses = Neighbours::NAMES.map(|_| free_address());
    for (name, address) in Neighbours::NAMES.iter().zip(addresses) {
        let setting = format!("{}_URL", name.replace('-', "_").to_uppercase());
        settings.push((setting, format!("http://{address}")));
    }
    let gateway = free_address();
    let process = |name: &str, address: std::net::SocketAddr| {
        Process::kugel(
            name,
            &["serve", name, "--listen", &address.to_string()],
            &settings,
        )
    };
    let mut processes = vec![process("gateway", gateway)];
    processes.extend(
        Neighbours::NAMES
            .iter()
            .zip(addresses)
            .map(|(name, address)| process(name, address)),
    );
    let server = Server::of(processes, gateway, tempfile::tempdir().unwrap());
    server.healthy(Duration::from_millis(20)).await;
    server
}

/// Measures a mesh of its own.
pub(crate) async fn measure() {
    println!("\nthe mesh: eight processes and three servers, majority writes with the journal flushed");
    println!("worker threads of each process: {}\n", threads());
    let servers = Servers::start();
    let server = start(&servers).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    for process in &server.processes {
        let (share, resident) = (process.share_mb(), process.resident_mb());
        let memory = format!("{share:.1} MB ({resident:.1} MB with all that it shares)");
        line(&format!("memory of idle {}", process.name), &memory, "<= 15 MB");
    }
    let shop = Shop::open(&server.url(), 64).await;
    visible::measure(&shop, "p50 <= 5 ms, p99 <= 50 ms").await;
    let watched: Vec<(String, u32)> = server
        .processes
        .iter()
        .map(|process| (process.name.clone(), process.id()))
        .chain(servers.processes())
        .collect();
    let before: Vec<Duration> = watched.iter().map(|(_, id)| cpu(*id)).collect();
    let checkouts = checkout::throughput(&shop, &server, ">= 300/s").await;
    for ((name, id), before) in watched.iter().zip(before) {
        let used = format!("CPU {} a checkout", each(checkouts, cpu(*id) - before));
        line(&format!("  of which {name}"), &used, "");
    }
    open_loop(&shop, 200).await;
    for process in &server.processes {
        let memory = format!("{:.1} MB", process.resident_mb());
        line(&format!("memory of {} afterwards", process.name), &memory, "");
    }
}
