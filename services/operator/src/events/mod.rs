//! `kugel events`: lists what has not arrived and why, and sends it again.
//!
//! Events lie in the outboxes of cart, terminal and master data until every consumer has answered; in the mesh, what a consumer cannot
//! process lies in its queue of dead letters besides. Looking changes nothing. Sending again is harmless: every consumer
//! counts an event once, however often it comes.

mod desk;
mod print;
mod replay;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use kugel_bus::{DeadLetter, DeliveryRecord};
use kugel_config::Settings;
use kugel_types::{Clock, EventId, SystemClock, TenantId};

use self::desk::Desk;

/// The arguments of `kugel events`.
#[derive(Debug, Args)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do with events.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List undelivered events and dead letters with their reasons.
    List(List),
    /// Show one event: who has processed it, why others have not, and what it says.
    Show {
        /// The event.
        id: String,
    },
    /// Send again: dead letters to their queue, undelivered events to who has not processed them.
    Replay(Replay),
}

/// `kugel events list`
#[derive(Debug, Args)]
pub struct List {
    /// Only this tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Print a JSON object a line instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `kugel events replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// One event.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub id: Option<String>,
    /// Everything that has not arrived.
    #[arg(long)]
    pub all: bool,
    /// Only of this tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
}

/// An event that some consumer has not processed.
pub(crate) struct Undelivered {
    /// The service that published it.
    pub(crate) producer: &'static str,
    /// Its delivery record.
    pub(crate) record: Arc<DeliveryRecord>,
}

/// Does what `options` ask for. False: what they name is not there, or has not arrived now either.
pub async fn run(settings: Settings, options: Options) -> anyhow::Result<bool> {
    match options.command {
        Command::List(list) => {
            let tenant = tenant_of(list.tenant.as_deref())?;
            let desk = Desk::open(settings).await?;
            let outcome = show_list(&desk, tenant.as_ref(), list.json).await;
            desk.close().await;
            outcome.map(|()| true)
        }
        Command::Show { id } => {
            let id = event_id(&id)?;
            let desk = Desk::open(settings).await?;
            let outcome = show_one(&desk, &id).await;
            desk.close().await;
            outcome
        }
        Command::Replay(options) => {
            let wanted = replay::Wanted {
                id: options.id.as_deref().map(event_id).transpose()?,
                tenant: tenant_of(options.tenant.as_deref())?,
            };
            replay::run(settings, &wanted).await
        }
    }
}

async fn show_list(desk: &Desk, tenant: Option<&TenantId>, as_json: bool) -> anyhow::Result<()> {
    let events = desk.undelivered(tenant).await?;
    let letters: Vec<DeadLetter> = desk
        .dead_letters()
        .await?
        .into_iter()
        .filter(|letter| tenant.is_none() || letter.tenant.as_ref() == tenant)
        .collect();
    if as_json {
        print::json(&events, &letters);
    } else {
        print::table(&events, &letters, desk.has_broker(), now());
    }
    Ok(())
}

async fn show_one(desk: &Desk, id: &EventId) -> anyhow::Result<bool> {
    let event = desk.find(id).await?;
    let letters = desk.dead_letters().await?;
    let letters: Vec<&DeadLetter> = letters
        .iter()
        .filter(|letter| letter.id.as_ref() == Some(id))
        .collect();
    if event.is_none() && letters.is_empty() {
        eprintln!("there is no event {id}, neither in an outbox nor among the dead letters");
        return Ok(false);
    }
    if let Some(event) = &event {
        let says = desk.event(event).await?;
        print::record(event, says.as_ref().map(|event| event.body.text()), now());
    }
    for letter in letters {
        print::letter(letter, event.is_none());
    }
    Ok(true)
}

fn event_id(text: &str) -> anyhow::Result<EventId> {
    text.parse().context("that is no event")
}

fn tenant_of(text: Option<&str>) -> anyhow::Result<Option<TenantId>> {
    text.map(str::parse).transpose().context("that is no tenant")
}

fn now() -> Timestamp {
    SystemClock.now()
}
