//! `make chaos`: kills processes while tills sell, and then counts.
//!
//! Kugel runs as it would in production, as one process or as the mesh on servers of its own. Virtual tills sell, void,
//! return and move cash through the gateway's REST; now and then one hangs up before the answer. Each command has a key
//! and is repeated under it until it is answered; a till that was closed meanwhile is opened first. The ledger is flushed before each command is sent and after each answer.
//! Meanwhile one process after the other is killed and started again, now and then all of them in another time zone and with
//! other clocks. In the end every till is closed, every day has its report, and everything that was acknowledged must be
//! there once, with its amounts, and nothing else: no program that only looks at itself can say that.
//!
//! ```text
//! cargo test -p kugel-e2e --test chaos -- --size mesh --kills 20 --seed 7
//! ```
//!
//! The seed decides who is killed when and what is sold; how the calls interleave is up to the machine.
#![allow(clippy::unwrap_used, reason = "what cannot be set up ends the run")]

mod books;
mod check;
mod closing;
mod fleet;
mod ledger;
mod observed;
mod outage;
mod process;
mod servers;
mod shop;
mod stats;
mod storm;
mod till;
mod weather;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use kugel_testkit::Site;

use fleet::Fleet;
use ledger::Ledger;
use shop::Shop;
use stats::Stats;

/// Kills processes while tills sell, and then counts.
#[derive(Debug, Parser)]
struct Options {
    /// One process on files, or the gateway and seven services on MongoDB, Redis and RabbitMQ.
    #[arg(long, value_enum, default_value = "single")]
    size: Size,
    /// What happens.
    #[arg(long, value_enum, default_value = "storm")]
    scenario: Scenario,
    /// How many times something is killed in the storm.
    #[arg(long, default_value_t = 20)]
    kills: usize,
    /// How long a server stays away in the other scenarios.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Decides who is killed when and what is sold [default: chance].
    #[arg(long)]
    seed: Option<u64>,
    /// Virtual tills that sell at the same time.
    #[arg(long, default_value_t = 8)]
    terminals: i32,
    /// The executable under test.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_kugel-under-test"))]
    program: PathBuf,
    /// Where data, logs and the ledger go; kept if something is found [default: a temporary folder].
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// How Kugel runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Size {
    /// One process.
    Single,
    /// Eight processes and three servers.
    Mesh,
}

/// What happens while the tills sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Anything is killed, at any time.
    Storm,
    /// The state store stays away: sales go on.
    RedisDown,
    /// The broker stays away: sales go on, and what it has missed arrives afterwards.
    BrokerDown,
    /// The database stays away: clear refusals, and recovery by itself.
    MongoDown,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = tokio::select! {
        findings = run(&options) => Some(findings),
        _ = tokio::signal::ctrl_c() => None,
    };
    match outcome {
        Some(findings) if findings.is_empty() => ExitCode::SUCCESS,
        Some(findings) => {
            for finding in findings.iter().take(40) {
                println!("FOUND   {finding}");
            }
            println!("{} finding(s)", findings.len());
            ExitCode::FAILURE
        }
        None => ExitCode::FAILURE,
    }
}

/// Gives what is wrong.
async fn run(options: &Options) -> Vec<String> {
    let seed = options.seed.unwrap_or_else(|| u64::from(rand::random::<u16>()));
    let folder = options
        .folder
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("kugel-chaos-{}", std::process::id())));
    std::fs::create_dir_all(&folder).unwrap();
    println!(
        "{:?} of {:?}: --seed {seed}, {} tills, everything in {}",
        options.scenario,
        options.size,
        options.terminals,
        folder.display()
    );
    let mut fleet = Fleet::start(options.size, &options.program, &folder).await;
    let ledger = Arc::new(Ledger::create(&folder.join("ledger.jsonl")));
    let stats = Arc::new(Stats::new(options.terminals));
    let shop = Shop::open(&Site::at(fleet.url()), options.terminals, &ledger).await;
    println!("the shop is open");
    if !weather::can_step_clocks() {
        println!("*** NO CLOCK STEPS: libfaketime is not installed; time zones change all the same");
    }

    let begun = Instant::now();
    let closes = options.scenario == Scenario::Storm;
    let selling = shop.sell(seed, closes, &ledger, &stats);
    let mut findings = match options.scenario {
        Scenario::Storm => storm::rage(&mut fleet, &stats, options.kills, seed).await,
        Scenario::RedisDown => outage::unnoticed(&mut fleet, &stats, "redis", options.seconds).await,
        Scenario::BrokerDown => outage::unnoticed(&mut fleet, &stats, "rabbitmq", options.seconds).await,
        Scenario::MongoDown => outage::refused(&mut fleet, &stats, options.seconds).await,
    };
    findings.extend(selling.stop().await);
    findings.extend(closing::close_all(shop.tills()).await);
    stats.print(begun.elapsed());

    let books = ledger.books();
    findings.extend(check::until_settled(&shop, &books, Duration::from_secs(90)).await);
    findings.extend(fleet.verify().await);
    findings.extend(fleet.laid_aside().await);
    fleet.end().await;
    if findings.is_empty() {
        println!("0 lost, 0 doubled: {}", books.totals());
        if options.folder.is_none() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
    } else {
        println!("data, logs and the ledger are kept in {}", folder.display());
    }
    findings
}
