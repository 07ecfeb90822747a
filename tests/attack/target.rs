//! What is attacked: a server, its shop, and what it takes of the machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kugel_testkit::{ServerProcess, Site, Tenant, Till};
use tokio::net::{TcpSocket, TcpStream};

use crate::attacks::Attack;

/// Tills that sell.
const TILLS: i32 = 4;

/// What an attacker knows.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) tenant: String,
    pub(crate) terminal: String,
    /// Of a till that the attacker has got hold of.
    pub(crate) token: String,
    process: u32,
    is_over: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
}

impl Target {
    /// A shop with tills that sell, and one that the attacker has.
    pub(crate) async fn set_up(server: &ServerProcess) -> (Self, Vec<Till>) {
        let (tenant, _) = Tenant::run_by_office(Site::clone(server), "cashier").await;
        let store = tenant.store("tk01").await;
        store.tenant.item("A", "100", "01").await;
        let mut tills = Vec::new();
        for number in 1..=TILLS {
            tills.push(store.till(number).await);
        }
        let theirs = store.closed_till(TILLS + 1).await;
        let target = Self {
            address: server.url().trim_start_matches("http://").parse().unwrap(),
            tenant: store.tenant.id.clone(),
            terminal: theirs.terminal_id.clone(),
            token: theirs.token.clone(),
            process: server.id(),
            is_over: Arc::default(),
            done: Arc::default(),
        };
        (target, tills)
    }

    /// Resident memory of the process with the door, in megabytes.
    pub(crate) fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process)).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// Suffers an attack for some time. Gives what the attacker did, and the peak of the memory.
    pub(crate) async fn suffer(&self, attack: &Attack, time: Duration) -> (String, f64) {
        let target = Self {
            is_over: Arc::default(),
            done: Arc::default(),
            ..self.clone()
        };
        let attackers: Vec<_> = (0..attack.attackers)
            .map(|_| tokio::spawn((attack.act)(target.clone())))
            .collect();
        let (begun, mut peak) = (Instant::now(), 0.0_f64);
        while begun.elapsed() < time {
            tokio::time::sleep(Duration::from_millis(50)).await;
            peak = peak.max(self.memory());
        }
        target.is_over.store(true, Ordering::Relaxed);
        // Those who wait for an answer are not waited for.
        attackers.iter().for_each(tokio::task::JoinHandle::abort);
        (
            format!("{} {}", target.done.load(Ordering::Relaxed), attack.what),
            peak,
        )
    }

    /// The memory once it is back within a tenth of what it was, or after the patience.
    pub(crate) async fn recovered(&self, before: f64, patience: Duration) -> f64 {
        let begun = Instant::now();
        while self.memory() > before * 1.1 && begun.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.memory()
    }

    /// True until the attack is over.
    pub(crate) fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Counts what the attacker has done.
    pub(crate) fn count(&self) -> usize {
        self.done.fetch_add(1, Ordering::Relaxed)
    }

    /// A connection from the attacker's address, or nothing if it is refused.
    pub(crate) async fn connect(&self) -> Option<TcpStream> {
        let socket = TcpSocket::new_v4().ok()?;
        socket.bind("127.0.0.2:0".parse().unwrap()).ok()?;
        let stream = tokio::time::timeout(Duration::from_secs(1), socket.connect(self.address)).await;
        stream.ok()?.ok()
    }
}
