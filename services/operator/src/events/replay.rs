//! Sends again: dead letters back into their queues, undelivered events to those who have not processed them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kugel_bus::{Bus as _, DeadLetter, RabbitBus};
use kugel_config::{Secret, Settings};
use kugel_types::{EventId, TenantId};

use super::desk::{Desk, reasons};
use super::{Undelivered, print};

/// How long a broker may take to answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// How long the services of a data folder may take to process what is sent again.
const WORK_LIMIT: Duration = Duration::from_secs(300);

/// What is sent again.
pub(super) struct Wanted {
    /// One event, or all.
    pub(super) id: Option<EventId>,
    /// Of this tenant only.
    pub(super) tenant: Option<TenantId>,
}

impl Wanted {
    fn has_event(&self, event: &Undelivered) -> bool {
        let id = self.id.as_ref();
        id.is_none_or(|id| id.as_str() == event.record.event_id)
    }

    fn has_letter(&self, letter: &DeadLetter) -> bool {
        let is_meant = self.id.is_none() || letter.id == self.id;
        is_meant && (self.tenant.is_none() || letter.tenant == self.tenant)
    }
}

/// Sends again what is wanted. False: it is not there, or it has not arrived now either.
pub(super) async fn run(settings: Settings, wanted: &Wanted) -> anyhow::Result<bool> {
    let (url, namespace) = (settings.amqp_url.clone(), settings.namespace.clone());
    let desk = Desk::open(settings).await?;
    let outcome = match &url {
        Some(url) => through_the_broker(&desk, url, &namespace, wanted).await,
        None => within_this_process(&desk, wanted).await,
    };
    desk.close().await;
    outcome
}

async fn through_the_broker(
    desk: &Desk,
    url: &Secret,
    namespace: &str,
    wanted: &Wanted,
) -> anyhow::Result<bool> {
    let letters = match desk.letters() {
        Some(letters) => letters.replay(|letter| wanted.has_letter(letter)).await?,
        None => Vec::new(),
    };
    for letter in &letters {
        let id = letter.id.as_ref().map_or("?", EventId::as_str);
        say!("{id} is back in {}", print::queue(letter));
    }
    let mut events = desk.undelivered(wanted.tenant.as_ref()).await?;
    events.retain(|event| wanted.has_event(event));
    if events.is_empty() && letters.is_empty() {
        return Ok(nothing(wanted));
    }
    let bus = RabbitBus::start(url.reveal(), namespace, "kugel events")?;
    let outcome = publish(&bus, desk, &events, &letters).await;
    // Returns when the broker has confirmed everything.
    bus.close().await;
    outcome
}

/// False if one of them cannot be sent.
async fn publish(
    bus: &RabbitBus,
    desk: &Desk,
    events: &[Undelivered],
    letters: &[DeadLetter],
) -> anyhow::Result<bool> {
    let connected = async {
        while bus.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(CONNECT_LIMIT, connected)
        .await
        .context("the broker does not answer: see the warnings above")?;
    let mut are_sent = true;
    for undelivered in events {
        let record = &undelivered.record;
        // Its dead letter is on its way already.
        let is_letter = |service: &str| {
            letters.iter().any(|letter| {
                let id = letter.id.as_ref().map(EventId::as_str);
                id == Some(&record.event_id) && letter.service == service
            })
        };
        let mut services = record.undelivered();
        services.retain(|service| !is_letter(service));
        if services.is_empty() {
            continue;
        }
        let Some(event) = desk.event(undelivered).await? else {
            are_sent = false;
            say!("{} cannot be sent again: its log is gone", record.event_id);
            continue;
        };
        bus.publish_to(Arc::new(event), &services).await?;
        say!("{} is sent again to {}", record.event_id, services.join(", "));
    }
    Ok(are_sent)
}

/// Lets the services work in this process until they are done with everything that waits.
async fn within_this_process(desk: &Desk, wanted: &Wanted) -> anyhow::Result<bool> {
    // Services at work send by themselves what they may, so what is wanted is found before they begin.
    let mut events = desk.undelivered(wanted.tenant.as_ref()).await?;
    events.retain(|event| wanted.has_event(event));
    if events.is_empty() {
        return Ok(nothing(wanted));
    }
    desk.host().work();
    deliver(desk, &events).await
}

async fn deliver(desk: &Desk, events: &[Undelivered]) -> anyhow::Result<bool> {
    let outboxes = desk.outboxes();
    let of = |event: &Undelivered| outboxes.iter().find(|(producer, _)| *producer == event.producer);
    for event in events {
        if let Some((_, outbox)) = of(event) {
            let (tenant, id) = key(event)?;
            // Its neighbours are sent all the same, and below it has not arrived.
            if let Err(error) = outbox.replay(&tenant, &id).await {
                say!("{id} cannot be sent again: {error}");
            }
        }
    }
    tokio::time::timeout(WORK_LIMIT, desk.host().settled())
        .await
        .context("the services are still at work: run this again")?;
    let mut have_arrived = true;
    for event in events {
        let (tenant, id) = key(event)?;
        let record = match of(event) {
            Some((_, outbox)) => outbox.deliveries().get(&tenant, &id).await?,
            None => None,
        };
        match record {
            Some(record) if !record.undelivered().is_empty() => {
                have_arrived = false;
                say!("{id} has not arrived: {}", reasons(&record));
            }
            _ => say!("{id} has arrived everywhere"),
        }
    }
    Ok(have_arrived)
}

fn key(event: &Undelivered) -> anyhow::Result<(TenantId, EventId)> {
    Ok((event.record.tenant_id.parse()?, event.record.event_id.parse()?))
}

/// Nothing to do is what a person who asks for everything hopes for.
fn nothing(wanted: &Wanted) -> bool {
    match &wanted.id {
        Some(id) => {
            eprintln!(
                "there is no event {id} that has not arrived, neither in an outbox nor among the dead letters"
            );
            false
        }
        None => {
            say!("every event has arrived everywhere");
            true
        }
    }
}
