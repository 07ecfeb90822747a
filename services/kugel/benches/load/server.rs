//! A server as a process of its own.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Server {
    /// The executable under test on a fresh data folder, and how long it took to answer.
    pub(crate) async fn kugel() -> (Self, Duration) {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let mut command = Command::new(env!("CARGO_BIN_EXE_kugel"));
        command
            .args(["serve", "--listen", &address.to_string()])
            .arg("--data-dir")
            .arg(folder.path());
        command.env("LOG", "warn");
        let begun = Instant::now();
        let child = command.stdout(Stdio::null()).spawn().unwrap();
        let server = Self {
            child,
            address,
            _folder: folder,
        };
        while get(address, "/health").await.is_none() {
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        (server, begun.elapsed())
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
        Self {
            child,
            address,
            _folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Resident memory as the kernel counts it.
    pub(crate) fn resident_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// Processor time used so far, by user and kernel together. Unlike elapsed time it does not depend on what else the
    /// machine is doing.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
        // Fields 14 and 15 of proc(5), in hundredths of a second.
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    pub(crate) fn stop(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn free_address() -> SocketAddr {
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
