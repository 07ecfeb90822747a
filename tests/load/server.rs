//! A server as a process of its own.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::figures::each;

pub(crate) struct Server {
    /// The first one answers. They end before their folder goes.
    pub(crate) processes: Vec<Process>,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

/// Processor time on both sides.
pub(crate) struct Used {
    server: Duration,
    generator: Duration,
}

/// A process and what it is called. It ends when this is dropped.
pub(crate) struct Process {
    pub(crate) name: String,
    child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Server {
    /// The executable under test on a fresh data folder, and how long it took to answer.
    pub(crate) async fn kugel() -> (Self, Duration) {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let data = folder.path().display().to_string();
        let begun = Instant::now();
        let process = Process::kugel(
            "kugel",
            &["serve", "--listen", &address.to_string(), "--data-dir", &data],
            &[],
        );
        let server = Self::of(vec![process], address, folder);
        server.healthy(Duration::from_micros(500)).await;
        (server, begun.elapsed())
    }

    pub(crate) fn of(processes: Vec<Process>, address: SocketAddr, folder: tempfile::TempDir) -> Self {
        Self {
            processes,
            address,
            _folder: folder,
        }
    }

    /// Returns when it is ready.
    pub(crate) async fn healthy(&self, pause: Duration) {
        while get(self.address, "/health").await.is_none() {
            tokio::time::sleep(pause).await;
        }
    }

    /// This program again in another role.
    pub(crate) async fn own(role: &str) -> Self {
        let address = free_address();
        let child = Command::new(std::env::current_exe().unwrap())
            .args([role, &address.to_string()])
            .spawn()
            .unwrap();
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let name = role.to_owned();
        Self::of(
            vec![Process { name, child }],
            address,
            tempfile::tempdir().unwrap(),
        )
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Resident memory of all its processes.
    pub(crate) fn resident_mb(&self) -> f64 {
        self.processes.iter().map(Process::resident_mb).sum()
    }

    /// Processor time so far, of all its processes and of this load generator.
    pub(crate) fn cpu(&self) -> Used {
        Used {
            server: self.processes.iter().map(|process| cpu(process.child.id())).sum(),
            generator: cpu(std::process::id()),
        }
    }
}

impl Used {
    /// What one of so many calls has used since then.
    pub(crate) fn each(self, calls: usize, before: Self) -> String {
        format!(
            "CPU {} server, {} load",
            each(calls, self.server - before.server),
            each(calls, self.generator - before.generator)
        )
    }
}

impl Process {
    /// The executable under test with further settings.
    pub(crate) fn kugel(name: &str, arguments: &[&str], settings: &[(String, String)]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_kugel-under-test"))
            .args(arguments)
            .envs(settings.iter().cloned())
            .env("LOG", "warn")
            .env("OPERATIONS_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            name: name.to_owned(),
            child,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory as the kernel counts it.
    pub(crate) fn resident_mb(&self) -> f64 {
        self.memory("Rss:")
    }

    /// Resident memory, where a page that several processes share, as those of one executable do, is divided among them.
    pub(crate) fn share_mb(&self) -> f64 {
        self.memory("Pss:")
    }

    /// A line of `smaps_rollup` of proc(5), in megabytes.
    fn memory(&self, name: &str) -> f64 {
        let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id())).unwrap();
        let line = rollup.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

/// Processor time of a process so far, by user and kernel together. Unlike elapsed time it does not depend on what else
/// the machine is doing.
pub(crate) fn cpu(id: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let fields: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
    // Fields 14 and 15 of proc(5), in hundredths of a second.
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    answer.starts_with("HTTP/1.1 200").then_some(answer)
}
