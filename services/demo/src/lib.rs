//! `kugel demo`: creates a tenant and replays real invoices through the tills of its stores.
//!
//! The demo is an ordinary client of a Kugel's port and knows nothing else of it. [`input`] reads the files, [`plan`]
//! decides what each document becomes, [`setup`] creates the tenant, [`till`] does what a till does and [`replay`] hands
//! the documents out. [`ledger`] accounts for every line.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod client;
mod input;
mod ledger;
mod plan;
mod replay;
mod report;
mod setup;
mod tender;
#[cfg(test)]
mod tests;
mod till;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use futures::future::try_join_all;
use indicatif::{ProgressBar, ProgressStyle};
use kugel_types::PaymentKind;
use rand::Rng as _;
use rand::distr::Alphanumeric;
use rust_decimal::Decimal;

use self::input::Day;
use self::ledger::Ledger;
use self::plan::Plan;
use self::replay::Replayed;
use self::setup::{OWNER, Tenant};
use self::till::Till;

/// The day that ships with Kugel.
const SHIPPED_NAME: &str = "2010-12-22.csv";
const SHIPPED_DAY: &str = include_str!("../data/2010-12-22.csv");
const SHIPPED_SOURCE: &str = "Replaying 22 December 2010 of a UK online retailer. Source: Online Retail, Daqing Chen \
(2015), UCI Machine Learning Repository, https://doi.org/10.24432/C5BW33, CC BY 4.0.";

/// Payment methods, by the codes that Kugel gives a kind.
const CASH: &str = PaymentKind::Cash.code();
const CARD: &str = PaymentKind::Cashless.code();
const VOUCHER: &str = PaymentKind::Other.code();

/// What is replayed, and how.
#[derive(Debug, Args)]
pub struct Options {
    /// Files of invoice lines, a day each: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice.
    /// Without one, the day that ships with Kugel is replayed.
    #[arg(value_name = "CSV")]
    pub files: Vec<PathBuf>,
    /// Tenant to create. An existing one is never touched: choose another name to replay again.
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Tills that sell at the same time.
    #[arg(long, value_name = "COUNT", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub terminals: u16,
    /// Where to list the lines that could not be replayed [default: only counted by reason on screen].
    #[arg(long, value_name = "FILE")]
    pub skipped: Option<PathBuf>,
}

/// Invoices that were read and planned.
pub struct Demo {
    plan: Plan,
    ledger: Ledger,
    options: Options,
}

impl Demo {
    /// Reads the files and decides what becomes of each invoice.
    pub fn read(options: Options) -> anyhow::Result<Self> {
        let mut ledger = Ledger::default();
        let days = read(&options, &mut ledger)?;
        let plan = Plan::new(days, usize::from(options.terminals), &mut ledger);
        Ok(Self {
            plan,
            ledger,
            options,
        })
    }

    /// Replays the invoices through the Kugel at `url`, and answers with the tenant that it has created. The lines that
    /// could not be replayed are counted, and listed where the options ask for it.
    pub async fn replay(self, url: &str) -> anyhow::Result<String> {
        let tenant = replay(url.trim_end_matches('/'), &self.plan, &self.options, self.ledger).await?;
        Ok(tenant.shop.tenant)
    }
}

/// Reads all files, or the day that ships with Kugel.
fn read(options: &Options, ledger: &mut Ledger) -> anyhow::Result<Vec<Day>> {
    if options.files.is_empty() {
        println!("{SHIPPED_SOURCE}");
        return Ok(vec![input::read_day(
            SHIPPED_NAME,
            SHIPPED_DAY.as_bytes(),
            ledger,
        )?]);
    }
    let read = |path: &Path, ledger: &mut Ledger| {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
        input::read_day(&name, file, ledger)
    };
    options.files.iter().map(|path| read(path, ledger)).collect()
}

/// Sets a tenant up, replays the plan and prints what came of it.
async fn replay(url: &str, plan: &Plan, options: &Options, mut ledger: Ledger) -> anyhow::Result<Tenant> {
    let tenant = Tenant::create(url, options.tenant.as_deref()).await?;
    println!(
        "Tenant {} on {url}: user {OWNER}, password {}",
        tenant.shop.tenant, tenant.password
    );
    let mut tills = tenant.furnish(url, plan).await?;
    for store in &plan.stores {
        println!(
            "  store {} {}: {} tills, {} items in stock",
            store.code,
            store.name,
            store.tills,
            store.opening_stock.len()
        );
    }
    println!("  {} items in the catalogue", plan.items.len());
    let progress = progress(plan);
    let mut replayed = Replayed::default();
    // A PIN is checked as slowly as a password, so cashiers stay from the first day to the last.
    try_join_all(tills.iter_mut().flatten().map(Till::sign_in)).await?;
    let start = Instant::now();
    for (day, (name, range)) in plan.days.iter().enumerate() {
        let name = name.rsplit('/').next().unwrap_or(name);
        progress.set_message(name.to_owned());
        replay::replay_day(plan, day, &mut tills, &mut replayed, &mut ledger, &progress).await?;
        let documents = range.len();
        progress.suspend(|| println!("  {name}: {documents} invoices and cancellations"));
    }
    let elapsed = start.elapsed();
    try_join_all(tills.iter_mut().flatten().map(Till::sign_out)).await?;
    progress.finish_and_clear();
    if let Some(path) = &options.skipped {
        ledger.write_skipped(path)?;
    }
    if let Some(sale) = replayed.last_sale() {
        println!(
            "\nThe receipt of the last sale:\n\n{}",
            sale.journal_text.trim_end()
        );
    }
    for store in &plan.stores {
        let text = report::daily(&tenant, store, &replayed.business_date).await?;
        println!(
            "\nThe day's report of store {} {}:\n\n{}",
            store.code,
            store.name,
            text.trim_end()
        );
    }
    println!("\n{}", ledger.summary()?);
    if let Some(path) = &options.skipped {
        println!("The skipped lines are listed in {}", path.display());
    }
    println!("{}", speed(&replayed, elapsed));
    Ok(tenant)
}

/// Shows how many lines are done. Where there is no terminal to draw on, the line of each day is all that is shown.
fn progress(plan: &Plan) -> ProgressBar {
    let lines = plan
        .tasks
        .iter()
        .map(|task| task.document.lines.len() as u64)
        .sum();
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} lines, {per_sec}, {msg}");
    ProgressBar::new(lines).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// How much was replayed in how much time.
fn speed(replayed: &Replayed, elapsed: Duration) -> String {
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let seconds = Decimal::from(milliseconds) / Decimal::ONE_THOUSAND;
    let sales = replayed.sales.len();
    format!(
        "{sales} sales, {} voids and {} returns in {} s: {} sales/s",
        replayed.voids,
        replayed.returns,
        seconds.round_dp(1),
        (Decimal::from(sales) / seconds).round_dp(1)
    )
}

/// Letters and digits that nobody can guess.
fn random_text(length: usize) -> String {
    let random = rand::rng().sample_iter(Alphanumeric);
    random.take(length).map(char::from).collect()
}
