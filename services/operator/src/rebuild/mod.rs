//! `kugel rebuild`: makes the journal, the stock or the reports of a tenant again from the logs.
//!
//! The service itself does the work, by the same code that handles events; [`source`] turns the logs back into events.
//! The service marks them as processed, so that an event that is still on its way counts once.

mod source;

use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use kugel_bus::{Event, Failure, Rebuild, Topic};
use kugel_config::Settings;
use kugel_host::Host;
use kugel_types::TenantId;

use self::source::Source;
use crate::{of, open, verify, with};

/// Events that are folded in one commit.
const FOLDED_AT_ONCE: usize = 256;
/// How long a service that should be stopped may take to prove that it is not.
const KNOCK: Duration = Duration::from_secs(1);

/// The arguments of `kugel rebuild`.
#[derive(Debug, Args)]
pub struct Options {
    /// What to make again.
    pub service: Folding,
    /// The tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: String,
    /// Drop what was posted, not made at a till, for good. Without it, it stays.
    #[arg(long)]
    pub drop_posted: bool,
}

/// The services whose documents are made of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Folding {
    /// The electronic journal.
    Journal,
    /// Levels and history of stock.
    Stock,
    /// The sums that reports are made of.
    Report,
}

impl Folding {
    fn name(self) -> &'static str {
        match self {
            Self::Journal => kugel_journal::NAME,
            Self::Stock => kugel_stock::NAME,
            Self::Report => kugel_report::NAME,
        }
    }
}

/// What came of a rebuild.
#[derive(Default)]
struct Folded {
    events: usize,
    /// Events that the service would not take, each with its reason.
    refused: Vec<String>,
}

/// Rebuilds what `options` name, and verifies the tenant before and after. True: everything is conserved afterwards.
pub async fn run(settings: Settings, options: Options) -> anyhow::Result<bool> {
    let tenant: TenantId = options.tenant.parse()?;
    if settings.mongodb_uri.is_some() {
        ensure_stopped(&settings, options.service).await?;
    }
    with(open(settings).await?, async |host| {
        rebuild_and_compare(host, &options, &tenant).await
    })
    .await
}

async fn rebuild_and_compare(host: &Host, options: &Options, tenant: &TenantId) -> anyhow::Result<bool> {
    let known = host.tenants().await?;
    ensure!(known.contains(tenant), "there is no tenant {tenant} here");
    let before = verify::look_at(host, tenant).await?;
    say!("before\n{before}");
    let name = options.service.name();
    say!("rebuilding {name}: if this is cut off, run it again before {name} serves");
    let folded = rebuild(host, options, tenant).await?;
    say!("{} events are folded", folded.events);
    for refused in &folded.refused {
        say!("  refused {refused}");
    }
    let after = verify::look_at(host, tenant).await?;
    say!("after\n{after}");
    Ok(after.is_clean() && folded.refused.is_empty())
}

async fn rebuild(host: &Host, options: &Options, tenant: &TenantId) -> anyhow::Result<Folded> {
    let service = options.service;
    let holdings = host.holdings();
    let own = of(&holdings, service.name())?;
    let begin = match service {
        Folding::Journal => kugel_journal::rebuild,
        Folding::Stock => kugel_stock::rebuild,
        Folding::Report => kugel_report::rebuild,
    };
    let fold = begin(own.documents.clone());
    let source = Source::new(&holdings, tenant)?;
    let mut folded = Folded::default();
    if options.drop_posted {
        fold.drop_posted(tenant).await?;
    }
    fold.begin(tenant).await?;
    folded.add_logs(&*fold, &source, Topic::CashlogReport).await?;
    for (store, tills) in source.stores().await? {
        let mut sales = source.sales(&store, &tills);
        loop {
            let events = sales.next(FOLDED_AT_ONCE).await?;
            if events.is_empty() {
                break;
            }
            folded.add(&*fold, tenant, &events).await?;
        }
    }
    // Last, because a close lets what came before it be put together.
    folded
        .add_logs(&*fold, &source, Topic::OpencloselogReport)
        .await?;
    fold.finish(tenant).await?;
    Ok(folded)
}

impl Folded {
    /// Folds the events of the terminal service, if this fold is made of them.
    async fn add_logs(
        &mut self,
        fold: &dyn Rebuild,
        source: &Source<'_>,
        topic: Topic,
    ) -> anyhow::Result<()> {
        if fold.topics().contains(&topic) {
            let mut walk = source.logs(topic);
            while let Some(logs) = walk.next().await? {
                let events = source.events(topic, &logs).await?;
                self.add(fold, source.tenant, &events).await?;
            }
        }
        Ok(())
    }

    /// Folds events as the bus does: together, or one by one where together it does not go.
    async fn add(
        &mut self,
        fold: &dyn Rebuild,
        tenant: &TenantId,
        events: &[Arc<Event>],
    ) -> anyhow::Result<()> {
        self.events += events.len();
        if fold.handle(tenant, events).await.is_ok() {
            return Ok(());
        }
        for event in events {
            match fold.handle(tenant, std::slice::from_ref(event)).await {
                Ok(()) => {}
                Err(Failure::Malformed(reason)) => self.refused.push(format!("event {}: {reason}", event.id)),
                Err(Failure::Transient(reason)) => bail!("event {}: {reason}", event.id),
            }
        }
        Ok(())
    }
}

/// Refuses if the service answers where the settings say that it is: two that fold at the same time would count twice.
async fn ensure_stopped(settings: &Settings, service: Folding) -> anyhow::Result<()> {
    let urls = match service {
        Folding::Journal => &settings.journal_url,
        Folding::Stock => &settings.stock_url,
        Folding::Report => &settings.report_url,
    };
    for url in urls.split(',') {
        let address = url.trim().trim_end_matches('/');
        let address = address.split_once("://").map_or(address, |(_, rest)| rest);
        let Ok(addresses) = address.to_socket_addrs() else {
            continue;
        };
        for address in addresses {
            let knock = tokio::net::TcpStream::connect(address);
            if let Ok(Ok(_)) = tokio::time::timeout(KNOCK, knock).await {
                bail!(
                    "{} answers on {address}: stop it first, all of its processes",
                    service.name()
                );
            }
        }
    }
    Ok(())
}
