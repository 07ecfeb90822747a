//! `kugel rebuild`: makes the journal, the stock or the reports of a tenant anew from the logs.
//!
//! The service itself does the work, by the same code that handles events; [`source`] only makes events of the past
//! again. Marks are made along, so that an event that is still on its way counts once.

mod source;

use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};
use kugel_bus::{Event, Failure, Rebuild, Topic};
use kugel_config::Settings;
use kugel_host::Host;
use kugel_store::Documents;
use kugel_types::TenantId;

use self::source::Source;
use crate::{export, open, verify, with};

/// Events that are folded in one commit.
const FOLDED_AT_ONCE: usize = 256;
/// How long a service that should be stopped may take to prove that it is not.
const KNOCK: Duration = Duration::from_secs(1);

/// What a service makes its documents anew with.
type Begin = fn(Documents) -> Arc<dyn Rebuild>;

/// What `kugel rebuild` is told.
#[derive(Debug, Args)]
pub struct Options {
    /// What to make anew.
    pub service: Folding,
    /// The tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: String,
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
    /// The service's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Stock => "stock",
            Self::Report => "report",
        }
    }
}

/// What came of a rebuild.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Events that were folded.
    pub events: usize,
    /// Events that the service would not take, each with its reason.
    pub refused: Vec<String>,
}

/// Rebuilds what `options` name, and verifies the tenant before and after. True: everything is conserved afterwards.
pub async fn run(settings: Settings, options: Options) -> anyhow::Result<bool> {
    let tenant: TenantId = options.tenant.parse()?;
    let service = options.service.name();
    if settings.mongodb_uri.is_some() {
        ensure_stopped(&settings, options.service).await?;
    }
    with(open(settings).await?, async |host| {
        rebuild_and_compare(host, service, &tenant).await
    })
    .await
}

async fn rebuild_and_compare(host: &Host, service: &str, tenant: &TenantId) -> anyhow::Result<bool> {
    let known = host.tenants().await?;
    ensure!(known.contains(tenant), "there is no tenant {tenant} here");
    let before = verify::look_at(host, tenant).await?;
    println!("before\n{before}");
    println!("rebuilding {service}: if this is cut off, run it again before {service} serves");
    let folded = rebuild(host, service, tenant).await?;
    println!("{} events are folded", folded.events);
    for refused in &folded.refused {
        println!("  refused {refused}");
    }
    let after = verify::look_at(host, tenant).await?;
    println!("after\n{after}");
    Ok(after.is_clean() && folded.refused.is_empty())
}

/// Makes the documents of a service anew.
pub async fn rebuild(host: &Host, service: &str, tenant: &TenantId) -> anyhow::Result<Folded> {
    let begin: Begin = match service {
        "journal" => kugel_journal::rebuild,
        "stock" => kugel_stock::rebuild,
        "report" => kugel_report::rebuild,
        other => bail!("{other} is not made of events"),
    };
    let holdings = export::holdings(host)?;
    let own = holdings
        .iter()
        .find(|holding| holding.service == service)
        .with_context(|| format!("{service} is not here"))?;
    let fold = begin(own.documents.clone());
    let source = Source::new(&holdings, tenant)?;
    let mut folded = Folded::default();
    fold.begin(tenant).await?;
    if fold.topics().contains(&Topic::CashlogReport) {
        let mut last = String::new();
        while let Some(events) = source.cash(&mut last).await? {
            folded.add(&*fold, tenant, &events).await?;
        }
    }
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
    if fold.topics().contains(&Topic::OpencloselogReport) {
        let mut last = String::new();
        while let Some(events) = source.openings_and_closings(&mut last).await? {
            folded.add(&*fold, tenant, &events).await?;
        }
    }
    fold.finish(tenant).await?;
    Ok(folded)
}

impl Folded {
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
