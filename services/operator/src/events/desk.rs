//! The outboxes and the dead letters of a Kugel that may be at work.

use kugel_bus::{DeadLetter, DeadLetters, DeliveryRecord, Event, Outbox};
use kugel_config::Settings;
use kugel_host::Host;
use kugel_store::StoreError;
use kugel_types::{EventId, TenantId};

use super::Undelivered;
use crate::open;

/// Looks and changes nothing.
pub(super) struct Desk {
    host: Host,
    letters: Option<DeadLetters>,
}

impl Desk {
    /// Opens the documents that the settings name, and the broker if they name one.
    pub(super) async fn open(settings: Settings) -> anyhow::Result<Self> {
        let letters = match &settings.amqp_url {
            Some(url) => Some(DeadLetters::connect(url.reveal(), &settings.namespace).await?),
            None => None,
        };
        let host = open(settings).await?;
        Ok(Self { host, letters })
    }

    /// True if there may be dead letters.
    pub(super) fn has_broker(&self) -> bool {
        self.letters.is_some()
    }

    /// The services, idle.
    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    /// The outboxes, each with the service that publishes by it.
    pub(super) fn outboxes(&self) -> Vec<(&'static str, Outbox)> {
        let holdings = self.host.holdings().into_iter();
        let outboxes = holdings.map(|holding| (holding.service, holding.outboxes));
        outboxes
            .flat_map(|(service, outboxes)| outboxes.into_iter().map(move |outbox| (service, outbox)))
            .collect()
    }

    /// The dead letters' keeper, if there is one.
    pub(super) fn letters(&self) -> Option<&DeadLetters> {
        self.letters.as_ref()
    }

    /// What some consumer has not processed, of one tenant or of all, oldest first.
    pub(super) async fn undelivered(
        &self,
        tenant: Option<&TenantId>,
    ) -> Result<Vec<Undelivered>, StoreError> {
        let mut found = Vec::new();
        for (producer, outbox) in self.outboxes() {
            let deliveries = outbox.deliveries();
            for owner in deliveries.tenants().await? {
                if tenant.is_none_or(|tenant| *tenant == owner) {
                    let records = deliveries.undelivered(&owner).await?;
                    found.extend(records.into_iter().map(|record| Undelivered { producer, record }));
                }
            }
        }
        found.sort_by_key(|event| event.record.published_at);
        Ok(found)
    }

    /// The record of an event, delivered or not.
    pub(super) async fn find(&self, id: &EventId) -> Result<Option<Undelivered>, StoreError> {
        for (producer, outbox) in self.outboxes() {
            let deliveries = outbox.deliveries();
            for tenant in deliveries.tenants().await? {
                if let Some(record) = deliveries.get(&tenant, id).await? {
                    return Ok(Some(Undelivered { producer, record }));
                }
            }
        }
        Ok(None)
    }

    /// The event of a record. `None`: its log is gone.
    pub(super) async fn event(&self, undelivered: &Undelivered) -> anyhow::Result<Option<Event>> {
        let Undelivered { producer, record } = undelivered;
        let tenant = record.tenant_id.parse()?;
        let outboxes = self.outboxes().into_iter();
        for (_, outbox) in outboxes.filter(|(name, _)| name == producer) {
            let deliveries = outbox.deliveries();
            let found = deliveries.events(&tenant, std::slice::from_ref(record)).await?;
            if let Some(event) = found.into_iter().next().flatten() {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// All dead letters.
    pub(super) async fn dead_letters(&self) -> anyhow::Result<Vec<DeadLetter>> {
        match &self.letters {
            Some(letters) => Ok(letters.list().await?),
            None => Ok(Vec::new()),
        }
    }

    /// Lets go of everything.
    pub(super) async fn close(self) {
        if let Some(letters) = self.letters {
            letters.close().await;
        }
        self.host.stop().await;
    }
}

/// Why an event has not arrived, consumer by consumer.
pub(super) fn reasons(record: &DeliveryRecord) -> String {
    let waiting = record
        .services
        .iter()
        .filter(|service| record.undelivered().contains(&service.service_name.as_str()));
    let reasons: Vec<String> = waiting
        .map(|service| {
            let name = &service.service_name;
            match (&service.error_message, service.is_parked) {
                (Some(reason), true) => format!("{name} has laid it aside: {reason}"),
                (Some(reason), false) => format!("{name} failed: {reason}"),
                (None, _) => format!("{name} has not answered"),
            }
        })
        .collect();
    reasons.join("; ")
}
