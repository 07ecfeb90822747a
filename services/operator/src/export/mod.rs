//! `kugel export`: everything of one tenant in one file, from whatever store the settings name.
//!
//! Documents are read by the port alone, a page at a time, service by service in the order in which an import may bring
//! them back to a Kugel at work: what consumes events before what produces them, and what lets callers in last. [`format`]
//! says what the file looks like.

pub mod format;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use kugel_config::Settings;
use kugel_host::{Holding, Host};
use kugel_store::{Collection, Direction, Documents, Page, Query, Scope, StoreError};
use kugel_types::TenantId;

use self::format::{Entry, Writer};
use crate::{open, with};

/// Documents that are read at once.
const READ_AT_ONCE: u32 = 500;

/// The order of services in the file.
const ORDER: [&str; 7] = [
    kugel_stock::NAME,
    kugel_journal::NAME,
    kugel_report::NAME,
    kugel_master_data::NAME,
    kugel_cart::NAME,
    kugel_terminal::NAME,
    kugel_account::NAME,
];

/// The arguments of `kugel export`.
#[derive(Debug, Args)]
pub struct Options {
    /// The tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: String,
    /// The file to write, `-` for the standard output [default: ID.kugel].
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// What was moved: services with the number of their documents.
pub type Moved = Vec<(&'static str, u64)>;

/// Exports the tenant that `options` name.
pub async fn run(settings: Settings, options: Options) -> anyhow::Result<()> {
    let tenant: TenantId = options.tenant.parse()?;
    let file = options
        .file
        .unwrap_or_else(|| PathBuf::from(format!("{tenant}.kugel")));
    with(open(settings).await?, async |host| {
        export(host, &tenant, &file).await
    })
    .await
}

async fn export(host: &Host, tenant: &TenantId, file: &Path) -> anyhow::Result<()> {
    let holdings = holdings(host)?;
    let undelivered = undelivered(&holdings, tenant).await?;
    let moved = if file == Path::new("-") {
        let (mut out, moved) = write(&holdings, tenant, BufWriter::new(io::stdout().lock())).await?;
        out.flush()?;
        moved
    } else {
        write_file(&holdings, tenant, file).await?
    };
    // Not on the output, which may be the file itself.
    eprintln!("tenant {tenant} is exported to {}", file.display());
    for (service, documents) in &moved {
        eprintln!("  {service}: {documents} documents");
    }
    if undelivered > 0 {
        eprintln!(
            "  {undelivered} events had not arrived everywhere: they move along and are delivered after the import"
        );
    }
    eprintln!("It holds hashes of passwords and keys: keep it as you keep a backup.");
    Ok(())
}

/// The services in the order of the file.
pub(crate) fn holdings(host: &Host) -> anyhow::Result<Vec<Holding>> {
    let mut holdings = host.holdings();
    let place = |holding: &Holding| ORDER.iter().position(|name| *name == holding.service);
    ensure!(
        holdings.iter().all(|holding| place(holding).is_some()) && holdings.len() == ORDER.len(),
        "not every service is here"
    );
    holdings.sort_by_key(place);
    for holding in &mut holdings {
        // Services declare first what callers come in by, and what only repeats or follows it later.
        holding.collections.reverse();
    }
    Ok(holdings)
}

/// Events that have not arrived everywhere.
async fn undelivered(holdings: &[Holding], tenant: &TenantId) -> Result<usize, StoreError> {
    let mut count = 0;
    for outbox in holdings.iter().flat_map(|holding| &holding.outboxes) {
        count += outbox.deliveries().undelivered(tenant).await?.len();
    }
    Ok(count)
}

/// Writes beside the file and renames when all is on disk: under its name it is whole or not there.
async fn write_file(holdings: &[Holding], tenant: &TenantId, file: &Path) -> anyhow::Result<Moved> {
    let name = file.display();
    ensure!(
        !file.exists(),
        "{name} exists already: choose another name or remove it"
    );
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let output = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .with_context(|| format!("cannot write {}", partial.display()))?;
    let written = match write(holdings, tenant, BufWriter::new(output)).await {
        Ok((output, moved)) => finish(output, &partial, file).map(|()| moved),
        Err(error) => Err(error),
    };
    if written.is_err() {
        // What is there is no export. If it cannot be removed, the error above matters more.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn finish(output: BufWriter<File>, partial: &Path, file: &Path) -> anyhow::Result<()> {
    let finish = || -> io::Result<()> {
        output.into_inner()?.sync_all()?;
        fs::rename(partial, file)
    };
    finish().with_context(|| format!("cannot write {}", file.display()))
}

/// Writes all documents of the tenant. Gives back what was written to, and what was.
pub async fn write<W: Write>(holdings: &[Holding], tenant: &TenantId, out: W) -> anyhow::Result<(W, Moved)> {
    let before = fingerprint(holdings, tenant).await?;
    let total: u64 = before.iter().map(|print| print.documents).sum();
    if total == 0 {
        bail!("there is no tenant {tenant} here");
    }
    let progress = progress(total, "{bar:32} {pos}/{len} documents, {msg}");
    let mut writer = Writer::begin(out, tenant)?;
    let mut moved = Moved::new();
    for holding in holdings {
        progress.set_message(holding.service);
        let mut count = 0;
        for collection in &holding.collections {
            count += write_collection(&mut writer, holding, collection, tenant, &progress).await?;
        }
        count += write_shared(&mut writer, holding, tenant).await?;
        moved.push((holding.service, count));
    }
    progress.finish_and_clear();
    for (before, after) in before.iter().zip(fingerprint(holdings, tenant).await?) {
        ensure!(
            *before == after,
            "{} of {} changed while they were read: stop the services, or let nobody work in the tenant, and export again",
            after.collection,
            after.service
        );
    }
    Ok((writer.end()?, moved))
}

async fn write_collection<W: Write>(
    writer: &mut Writer<W>,
    holding: &Holding,
    collection: &'static Collection,
    tenant: &TenantId,
    progress: &ProgressBar,
) -> anyhow::Result<u64> {
    let (scope, mut count) = (Scope::from(tenant), 0);
    let mut walk = holding.documents.walk(&scope, collection, READ_AT_ONCE);
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            let entry = Entry::of(holding.service, collection.name, false, document);
            let entry = entry.with_context(|| format!("document {} of {}", document.id, collection.name))?;
            writer.add(&entry)?;
        }
        count += documents.len() as u64;
        progress.inc(documents.len() as u64);
    }
    Ok(count)
}

/// The tenant's own among the documents that a service shares: the account service's list of tenants has one.
async fn write_shared<W: Write>(
    writer: &mut Writer<W>,
    holding: &Holding,
    tenant: &TenantId,
) -> anyhow::Result<u64> {
    let (collection, id) = kugel_account::registration(tenant);
    if holding.service != kugel_account::NAME {
        return Ok(0);
    }
    let store = holding.documents.store();
    let Some(document) = store.get(&Scope::Commons, collection, &id).await? else {
        return Ok(0);
    };
    writer.add(&Entry::of(holding.service, collection.name, true, &document)?)?;
    Ok(1)
}

/// What tells that a collection was written to: how many documents, the newest, and the newest change.
#[derive(Debug, PartialEq)]
struct Print {
    service: &'static str,
    collection: &'static str,
    documents: u64,
    made: Option<Timestamp>,
    changed: Option<Timestamp>,
}

async fn fingerprint(holdings: &[Holding], tenant: &TenantId) -> Result<Vec<Print>, StoreError> {
    let scope = Scope::from(tenant);
    let mut prints = Vec::new();
    for holding in holdings {
        for collection in &holding.collections {
            let (documents, made) = newest(&holding.documents, &scope, collection, "created_at").await?;
            let (_, changed) = newest(&holding.documents, &scope, collection, "updated_at").await?;
            prints.push(Print {
                service: holding.service,
                collection: collection.name,
                documents,
                made,
                changed,
            });
        }
    }
    Ok(prints)
}

/// How many documents there are, and the latest instant in a field of the store's own.
async fn newest(
    documents: &Documents,
    scope: &Scope,
    collection: &'static Collection,
    field: &'static str,
) -> Result<(u64, Option<Timestamp>), StoreError> {
    let query = Query::all()
        .sort((field, Direction::Descending))
        .page(Page { limit: 1, number: 1 });
    let found = documents.store().find(scope, collection, &query).await?;
    let latest = found.documents.first().and_then(|document| match field {
        "created_at" => Some(document.created_at),
        _ => document.updated_at,
    });
    Ok((found.total, latest))
}

/// A bar for work of a known length. Where there is no terminal to draw on, nothing is shown.
pub(crate) fn progress(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
