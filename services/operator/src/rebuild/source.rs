//! The events of the past, made again from the logs of cart and terminal.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use anyhow::Context as _;
use futures::future::try_join_all;
use jiff::Timestamp;
use kugel_bus::{Deliveries, Event, Outbox, Topic};
use kugel_host::Holding;
use kugel_store::{Collection, Direction, Document, Page, Query, Scope};
use kugel_types::{EventId, TenantId, TerminalNo};
use serde::Deserialize;

/// Logs that are read at once.
const READ_AT_ONCE: u32 = 200;

/// Where the logs of a tenant are.
pub(super) struct Source<'a> {
    tenant: &'a TenantId,
    scope: Scope,
    cart: Logs<'a>,
    terminal: Logs<'a>,
}

/// The logs of one producer.
struct Logs<'a> {
    holding: &'a Holding,
    /// What its delivery records say of the events: above all when they occurred.
    deliveries: &'a Deliveries,
}

/// What all logs say of themselves.
#[derive(Deserialize)]
struct Head {
    event_id: String,
    store_code: String,
    terminal_no: i64,
    generate_date_time: Timestamp,
}

/// A terminal that has taken numbers.
#[derive(Deserialize)]
struct Counter {
    store_code: String,
    terminal_no: i64,
}

impl<'a> Source<'a> {
    pub(super) fn new(holdings: &'a [Holding], tenant: &'a TenantId) -> anyhow::Result<Self> {
        Ok(Self {
            tenant,
            scope: Scope::from(tenant),
            cart: Logs::of(holdings, "cart")?,
            terminal: Logs::of(holdings, "terminal")?,
        })
    }

    /// The next drawer movements behind the key `last`; `None` at the end.
    pub(super) async fn cash(&self, last: &mut String) -> anyhow::Result<Option<Vec<Arc<Event>>>> {
        self.following(last, "log_cash_in_out", Topic::CashlogReport)
            .await
    }

    /// The next openings and closings behind the key `last`; `None` at the end.
    pub(super) async fn openings_and_closings(
        &self,
        last: &mut String,
    ) -> anyhow::Result<Option<Vec<Arc<Event>>>> {
        self.following(last, "log_open_close", Topic::OpencloselogReport)
            .await
    }

    async fn following(
        &self,
        last: &mut String,
        collection: &str,
        topic: Topic,
    ) -> anyhow::Result<Option<Vec<Arc<Event>>>> {
        let logs = &self.terminal;
        let (documents, collection) = (&logs.holding.documents, logs.collection(collection)?);
        let found = documents
            .following(&self.scope, collection, last, READ_AT_ONCE)
            .await?;
        let Some(document) = found.last() else {
            return Ok(None);
        };
        last.clone_from(&document.id);
        Ok(Some(logs.events(self.tenant, topic, &found).await?))
    }

    /// The stores with sales, each with its tills.
    pub(super) async fn stores(&self) -> anyhow::Result<BTreeMap<String, Vec<i64>>> {
        let collection = self.cart.collection("info_terminal_counter")?;
        let (mut stores, mut last) = (BTreeMap::<String, Vec<i64>>::new(), String::new());
        loop {
            let documents = &self.cart.holding.documents;
            let found = documents
                .following(&self.scope, collection, &last, READ_AT_ONCE)
                .await?;
            let Some(document) = found.last() else {
                return Ok(stores);
            };
            last.clone_from(&document.id);
            for document in &found {
                let counter: Counter = serde_json::from_str(document.body.text())
                    .with_context(|| format!("the counter of terminal {}", document.id))?;
                stores
                    .entry(counter.store_code)
                    .or_default()
                    .push(counter.terminal_no);
            }
        }
    }

    /// The transactions of a store in the order in which they happened, those of a till in the order of their numbers.
    pub(super) fn sales<'s>(&'s self, store: &'s str, tills: &[i64]) -> Sales<'s, 'a> {
        let till = |number: &i64| Till {
            number: *number,
            last: 0,
            read: VecDeque::new(),
            is_read: false,
        };
        Sales {
            source: self,
            store,
            tills: tills.iter().map(till).collect(),
        }
    }
}

/// The transactions of a store.
pub(super) struct Sales<'s, 'a> {
    source: &'s Source<'a>,
    store: &'s str,
    tills: Vec<Till>,
}

/// The transactions of one till: those read and not yet handed out.
struct Till {
    number: i64,
    last: i64,
    read: VecDeque<Arc<Event>>,
    /// True if there are no more to read.
    is_read: bool,
}

impl Sales<'_, '_> {
    /// The next ones, at most `limit`; none at the end.
    pub(super) async fn next(&mut self, limit: usize) -> anyhow::Result<Vec<Arc<Event>>> {
        let mut events = Vec::new();
        while events.len() < limit {
            for till in &mut self.tills {
                till.fill(self.source, self.store).await?;
            }
            let earliest = self
                .tills
                .iter_mut()
                .filter(|till| !till.read.is_empty())
                .min_by_key(|till| till.read.front().map(|event| event.occurred_at));
            match earliest.and_then(|till| till.read.pop_front()) {
                Some(event) => events.push(event),
                None => break,
            }
        }
        Ok(events)
    }
}

impl Till {
    async fn fill(&mut self, source: &Source<'_>, store: &str) -> anyhow::Result<()> {
        if self.is_read || !self.read.is_empty() {
            return Ok(());
        }
        let logs = &source.cart;
        let query = Query::all()
            .eq("store_code", store)
            .eq("terminal_no", self.number)
            .greater("transaction_no", self.last)
            .sort(("transaction_no", Direction::Ascending))
            .uncounted()
            .page(Page {
                limit: READ_AT_ONCE,
                number: 1,
            });
        let collection = logs.collection("log_tran")?;
        let store = logs.holding.documents.store();
        let found = store.find(&source.scope, collection, &query).await?.documents;
        match found.last() {
            Some(document) => self.last = number_of(document)?,
            None => self.is_read = true,
        }
        self.read = logs
            .events(source.tenant, Topic::TranlogReport, &found)
            .await?
            .into();
        Ok(())
    }
}

impl<'a> Logs<'a> {
    fn of(holdings: &'a [Holding], service: &str) -> anyhow::Result<Self> {
        let holding = holdings.iter().find(|holding| holding.service == service);
        let holding = holding.with_context(|| format!("{service} is not here"))?;
        let outbox = holding.outboxes.first().map(Outbox::deliveries);
        Ok(Self {
            holding,
            deliveries: outbox.with_context(|| format!("{service} publishes nothing"))?,
        })
    }

    fn collection(&self, name: &str) -> anyhow::Result<&'static Collection> {
        let mut collections = self.holding.collections.iter().copied();
        collections
            .find(|collection| collection.name == name)
            .with_context(|| format!("{} keeps no {name}", self.holding.service))
    }

    /// The events that carried the logs: the body is the log as it lies there.
    async fn events(
        &self,
        tenant: &TenantId,
        topic: Topic,
        logs: &[Arc<Document>],
    ) -> anyhow::Result<Vec<Arc<Event>>> {
        try_join_all(logs.iter().map(|log| self.event(tenant, topic, log))).await
    }

    async fn event(&self, tenant: &TenantId, topic: Topic, log: &Document) -> anyhow::Result<Arc<Event>> {
        let place = || format!("log {} of {}", log.id, self.holding.service);
        let head: Head = serde_json::from_str(log.body.text()).with_context(place)?;
        let id: EventId = head.event_id.parse().with_context(place)?;
        let sent = self.deliveries.get(tenant, &id).await?;
        Ok(Arc::new(Event {
            id,
            topic,
            tenant: tenant.clone(),
            store: head.store_code.parse().with_context(place)?,
            terminal: TerminalNo::new(head.terminal_no).with_context(place)?,
            occurred_at: sent
                .as_ref()
                .map_or(head.generate_date_time, |record| record.published_at),
            schema_version: sent
                .as_ref()
                .map_or(Event::SCHEMA_VERSION, |record| record.schema_version),
            traceparent: sent.and_then(|record| record.traceparent.clone()),
            body: log.body.clone(),
        }))
    }
}

fn number_of(log: &Document) -> anyhow::Result<i64> {
    #[derive(Deserialize)]
    struct Numbered {
        transaction_no: i64,
    }
    let numbered: Numbered =
        serde_json::from_str(log.body.text()).with_context(|| format!("log {}", log.id))?;
    Ok(numbered.transaction_no)
}
