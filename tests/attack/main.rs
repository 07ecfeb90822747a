//! `make attack`: what the door endures while tills sell.
//!
//! Kugel runs as it is shipped, in a process of its own (with `KUGEL_TEST_SIZE=mesh` eight of them). Tills sell at a steady
//! pace from 127.0.0.1, first alone and then beside one attacker after the other, who comes from 127.0.0.2. Printed are the
//! tills' times with and without the attacker and the memory of the process with the door before, during and after. All
//! happens in one run on one machine, so the ratios count and not the figures. It fails where a sale fails; the rest is for
//! a person to judge.
//!
//! ```text
//! cargo test --release -p kugel-e2e --test attack -- --seconds 10 resets pings
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    reason = "what cannot be set up ends the run, and seconds are no money"
)]
#![allow(clippy::disallowed_methods, reason = "measures the time that really passes")]

mod attacks;
mod guesses;
mod http2;
mod sellers;
mod target;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use kugel_testkit::ServerProcess;

use attacks::ATTACKS;
use sellers::Sellers;
use target::Target;

/// Attacks the door while tills sell.
#[derive(Debug, Parser)]
struct Options {
    /// How long each attack lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Which attacks [default: all].
    attacks: Vec<String>,
}

/// How long memory may take to come back.
const RECOVERY: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let known: Vec<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
    if let Some(unknown) = options
        .attacks
        .iter()
        .find(|name| !known.contains(&name.as_str()))
    {
        eprintln!("there is no attack `{unknown}`: choose of {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    tokio::select! {
        failed = run(&options) => if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE },
        _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
    }
}

/// Gives how many sales failed.
async fn run(options: &Options) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(env!("CARGO_BIN_EXE_kugel-under-test"), folder.path()).await;
    let (target, tills) = Target::set_up(&server).await;
    let time = Duration::from_secs(options.seconds);
    let sellers = Sellers::begin(tills);
    // The first sales fill caches.
    sellers.during(time / 2).await;
    let quiet = sellers.during(time).await;
    println!(
        "{:<18} {:>9} {:>9} {:>6}   {:>24}   done by the attacker",
        "", "sale p50", "p99", "ratio", "memory before/peak/after"
    );
    println!(
        "{:<18} {:>6.1} ms {:>6.1} ms",
        "no attack",
        quiet.median(),
        quiet.p99()
    );
    let mut failed = quiet.failed;
    for attack in &ATTACKS {
        if !options.attacks.is_empty() && !options.attacks.iter().any(|name| name == attack.name) {
            continue;
        }
        let before = target.memory();
        let (sales, (done, peak)) = tokio::join!(sellers.during(time), target.suffer(attack, time));
        failed += sales.failed;
        let after = target.recovered(before, RECOVERY).await;
        println!(
            "{:<18} {:>6.1} ms {:>6.1} ms {:>6.1} {:>8.1} {:>7.1} {:>7.1} MB   {done}",
            attack.name,
            sales.median(),
            sales.p99(),
            sales.p99() / quiet.p99(),
            before,
            peak,
            after,
        );
    }
    println!("{failed} sale(s) failed");
    failed
}
