//! `make bench`: what a running Kugel does in a second, beside a bare tonic echo on the same machine.
//!
//! The server is the executable as it is shipped, as a process of its own, with full durability on a fresh data folder;
//! the load comes from this process, on the same cores. Figures are printed with their conditions; nothing here passes or
//! fails.
#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    missing_docs,
    reason = "a benchmark stops at the first surprise"
)]
#![allow(clippy::disallowed_methods, reason = "measures the time that really passes")]

mod catalogue;
mod checkout;
mod connection;
mod echo;
mod figures;
mod mesh;
mod server;
mod shop;
mod visible;

use figures::line;
use server::Server;
use shop::Shop;

/// As the server has it, so that both are measured alike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    if std::env::args().nth(1).as_deref() == Some(echo::ROLE) {
        return echo::serve();
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        tokio::select! {
            // In a task: this thread would hand every call over to another one and back.
            outcome = tokio::spawn(run()) => outcome.unwrap(),
            // What was started is stopped by whoever holds it.
            _ = tokio::signal::ctrl_c() => eprintln!("stopped"),
        }
    });
}

async fn run() {
    conditions();
    if PARTS.iter().any(|part| wanted(part)) {
        single().await;
    }
    if wanted("mesh") {
        mesh::measure().await;
    }
}

async fn single() {
    let (kugel, ready) = Server::kugel().await;
    line(
        "start to ready",
        &format!("{:.1} ms", ready.as_secs_f64() * 1000.0),
        "<= 50 ms",
    );
    let memory = || format!("{:.1} MB", kugel.resident_mb());
    line("memory after start", &memory(), "<= 40 MB");
    let shop = Shop::open(&kugel.url(), 64).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    line("memory with one tenant and 64 tills", &memory(), "");

    if wanted("echo") {
        echo::measure().await;
    }
    if wanted("catalogue") {
        catalogue::grpc(&shop, &kugel).await;
        catalogue::rest(&shop, &kugel).await;
    }
    if wanted("line") {
        checkout::add_line(&shop, &kugel).await;
    }
    if wanted("visible") {
        visible::measure(&shop, "p99 <= 50 ms").await;
    }
    if wanted("checkout") {
        checkout::throughput(&shop, &kugel, ">= 2,000/s").await;
    }
    line("memory afterwards", &memory(), "");
}

/// What is measured of the single process.
const PARTS: [&str; 5] = ["echo", "catalogue", "line", "visible", "checkout"];

/// True if the part was asked for by name, as in `cargo bench -p kugel-e2e --bench load -- checkout`, or none was.
fn wanted(part: &str) -> bool {
    let mut named = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .peekable();
    named.peek().is_none() || named.any(|name| name == part)
}

fn conditions() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "Kugel {} on {cores} cores, load generator beside it; every commit flushed to disk",
        env!("CARGO_PKG_VERSION")
    );
    println!(
        "server: {}; files in {}",
        env!("CARGO_BIN_EXE_kugel-under-test"),
        std::env::temp_dir().display()
    );
    println!();
    println!("{:<46} {:<44} target", "what", "measured");
}
