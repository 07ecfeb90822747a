//! The events of the past, made again from the logs of cart and terminal.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use futures::future::try_join_all;
use kugel_bus::{Deliveries, Event, Outbox, Topic};
use kugel_cart::TerminalCounter;
use kugel_host::Holding;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Body, Direction, Document, Page, Query, Record as _, Scope, Walk};
use kugel_types::{EventId, TenantId, TerminalNo};

use crate::of;

/// Logs that are read at once.
const READ_AT_ONCE: u32 = 200;

/// Where the logs of a tenant are.
pub(super) struct Source<'a> {
    pub(super) tenant: &'a TenantId,
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
struct Head {
    event_id: String,
    store_code: String,
    terminal_no: i32,
    generate_date_time: String,
}

impl Head {
    /// Parsed as the consumers will ask for it, so that it is parsed once.
    fn of(topic: Topic, log: &Body) -> anyhow::Result<Self> {
        macro_rules! read {
            ($message:ty) => {{
                let log = log.parse::<$message>()?;
                Ok(Self {
                    event_id: log.event_id.clone(),
                    store_code: log.store_code.clone(),
                    terminal_no: log.terminal_no,
                    generate_date_time: log.generate_date_time.clone(),
                })
            }};
        }
        match topic {
            Topic::TranlogReport => read!(TransactionLog),
            Topic::CashlogReport => read!(CashLog),
            Topic::OpencloselogReport => read!(OpenCloseLog),
            Topic::TranlogStatus | Topic::TerminalSecurity | Topic::StaffSecurity => {
                bail!("nothing is made again of {}", topic.name())
            }
        }
    }
}

impl<'a> Source<'a> {
    pub(super) fn new(holdings: &'a [Holding], tenant: &'a TenantId) -> anyhow::Result<Self> {
        Ok(Self {
            tenant,
            scope: Scope::from(tenant),
            cart: Logs::of(holdings, kugel_cart::NAME)?,
            terminal: Logs::of(holdings, kugel_terminal::NAME)?,
        })
    }

    /// The terminal service's logs of a topic.
    pub(super) fn logs(&self, topic: Topic) -> Walk<'_> {
        let logs = &self.terminal;
        let collection = logs.deliveries.log(topic);
        logs.holding.documents.walk(&self.scope, collection, READ_AT_ONCE)
    }

    /// The events that carried logs of the terminal service.
    pub(super) async fn events(
        &self,
        topic: Topic,
        logs: &[Arc<Document>],
    ) -> anyhow::Result<Vec<Arc<Event>>> {
        self.terminal.events(self.tenant, topic, logs).await
    }

    /// The stores with sales, each with its tills.
    pub(super) async fn stores(&self) -> anyhow::Result<BTreeMap<String, Vec<i32>>> {
        let mut stores = BTreeMap::<String, Vec<i32>>::new();
        let documents = &self.cart.holding.documents;
        let mut walk = documents.walk(&self.scope, TerminalCounter::COLLECTION, READ_AT_ONCE);
        while let Some(found) = walk.next().await? {
            for document in &found {
                let counter = document
                    .body
                    .parse::<TerminalCounter>()
                    .with_context(|| format!("the counter of terminal {}", document.id))?;
                stores
                    .entry(counter.store_code.clone())
                    .or_default()
                    .push(counter.terminal_no);
            }
        }
        Ok(stores)
    }

    /// The transactions of a store in the order in which they happened, those of a till in the order of their numbers.
    pub(super) fn sales<'s>(&'s self, store: &'s str, tills: &[i32]) -> Sales<'s, 'a> {
        let till = |number: &i32| Till {
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
    number: i32,
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
            .eq("terminal_no", i64::from(self.number))
            .greater("transaction_no", self.last)
            .sort(("transaction_no", Direction::Ascending))
            .uncounted()
            .page(Page {
                limit: READ_AT_ONCE,
                number: 1,
            });
        let collection = logs.deliveries.log(Topic::TranlogReport);
        let store = logs.holding.documents.store();
        let found = store.find(&source.scope, collection, &query).await?.documents;
        match found.last() {
            Some(document) => {
                let log = document.body.parse::<TransactionLog>();
                self.last = log
                    .with_context(|| format!("log {}", document.id))?
                    .transaction_no;
            }
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
        let holding = of(holdings, service)?;
        let outbox = holding.outboxes.first().map(Outbox::deliveries);
        Ok(Self {
            holding,
            deliveries: outbox.with_context(|| format!("{service} publishes nothing"))?,
        })
    }

    /// The events that carried the logs. Their body is the log, word for word.
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
        let head = Head::of(topic, &log.body).with_context(place)?;
        let id: EventId = head.event_id.parse().with_context(place)?;
        let sent = self.deliveries.get(tenant, &id).await?;
        Ok(Arc::new(Event {
            id,
            topic,
            tenant: tenant.clone(),
            store: Some(head.store_code.parse().with_context(place)?),
            terminal: Some(TerminalNo::new(head.terminal_no.into()).with_context(place)?),
            occurred_at: match &sent {
                Some(record) => record.published_at,
                None => head.generate_date_time.parse().with_context(place)?,
            },
            schema_version: sent
                .as_ref()
                .map_or(Event::SCHEMA_VERSION, |record| record.schema_version),
            traceparent: sent.and_then(|record| record.traceparent.clone()),
            body: log.body.clone(),
        }))
    }
}
