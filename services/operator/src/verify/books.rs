//! The documents of a tenant as they lie on the shelves of its services, read a page at a time.

use std::sync::Arc;

use anyhow::Context as _;
use kugel_bus::{Deliveries, Outbox, Topic};
use kugel_host::Holding;
use kugel_store::{Collection, Document, Documents, Page, Query, Record, Scope, StoreError, Stored, Walk};
use kugel_types::TenantId;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Break;
use crate::of;

/// Documents that are read at once. Whatever is held in memory is a multiple of it.
pub(super) const READ_AT_ONCE: u32 = 500;

/// What the services keep of a tenant.
pub(super) struct Books {
    pub(super) cart: Shelf,
    pub(super) terminal: Shelf,
    pub(super) journal: Shelf,
    pub(super) report: Shelf,
    pub(super) stock: Shelf,
    pub(super) master_data: Shelf,
    pub(super) account: Shelf,
    /// What cart, terminal and master data know of the events that carried their logs.
    pub(super) sent: [Deliveries; 3],
}

/// The documents of one service.
#[derive(Clone)]
pub(super) struct Shelf {
    pub(super) service: &'static str,
    documents: Documents,
    scope: Scope,
}

impl Books {
    pub(super) fn of(holdings: &[Holding], tenant: &TenantId) -> anyhow::Result<Self> {
        let shelf = |service| {
            Ok::<_, anyhow::Error>(Shelf {
                service,
                documents: of(holdings, service)?.documents.clone(),
                scope: Scope::from(tenant),
            })
        };
        let sent = |service| {
            let outbox = of(holdings, service)?.outboxes.first();
            let outbox = outbox.with_context(|| format!("{service} publishes nothing"))?;
            Ok::<_, anyhow::Error>(Outbox::deliveries(outbox).clone())
        };
        Ok(Self {
            cart: shelf(kugel_cart::NAME)?,
            terminal: shelf(kugel_terminal::NAME)?,
            journal: shelf(kugel_journal::NAME)?,
            report: shelf(kugel_report::NAME)?,
            stock: shelf(kugel_stock::NAME)?,
            master_data: shelf(kugel_master_data::NAME)?,
            account: shelf(kugel_account::NAME)?,
            sent: [
                sent(kugel_cart::NAME)?,
                sent(kugel_terminal::NAME)?,
                sent(kugel_master_data::NAME)?,
            ],
        })
    }

    /// The transactions.
    pub(super) fn sales(&self) -> &'static Collection {
        self.sent[0].log(Topic::TranlogReport)
    }

    /// The movements of cash.
    pub(super) fn cash(&self) -> &'static Collection {
        self.sent[1].log(Topic::CashlogReport)
    }

    /// The openings and closings.
    pub(super) fn sessions(&self) -> &'static Collection {
        self.sent[1].log(Topic::OpencloselogReport)
    }
}

impl Books {
    /// Where the logs are that a topic's events carry: whose, in which collection, and where the events are written down.
    pub(super) fn origin(&self, topic: Topic) -> (Shelf, &'static Collection, &'static Collection) {
        let (shelf, sent) = match topic {
            Topic::CashlogReport | Topic::OpencloselogReport | Topic::TerminalSecurity => {
                (&self.terminal, &self.sent[1])
            }
            Topic::StaffSecurity => (&self.master_data, &self.sent[2]),
            Topic::TranlogReport | Topic::TranlogStatus => (&self.cart, &self.sent[0]),
        };
        (shelf.clone(), sent.log(topic), sent.collection())
    }
}

impl Shelf {
    /// How a document is named to people.
    pub(super) fn name(&self, collection: &Collection, id: &str) -> String {
        format!("{} {} {id}", self.service, collection.name)
    }

    pub(super) async fn many(
        &self,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
        let store = self.documents.store();
        store.get_many(&self.scope, collection, ids).await
    }

    pub(super) async fn one(
        &self,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Arc<Document>>, StoreError> {
        self.documents.store().get(&self.scope, collection, id).await
    }

    /// A record that the service shares among all tenants.
    pub(super) async fn shared<T: Record>(&self, id: &str) -> Result<Option<Stored<T>>, StoreError> {
        self.documents.get(&Scope::Commons, id).await
    }

    /// The first documents that a query finds, as many as are read at once.
    pub(super) async fn page(
        &self,
        collection: &'static Collection,
        query: Query,
    ) -> Result<Vec<Arc<Document>>, StoreError> {
        let query = query.uncounted().page(first(READ_AT_ONCE));
        let store = self.documents.store();
        Ok(store.find(&self.scope, collection, &query).await?.documents)
    }

    pub(super) async fn count(&self, collection: &'static Collection) -> Result<u64, StoreError> {
        let query = Query::all().page(first(1));
        Ok(self
            .documents
            .store()
            .find(&self.scope, collection, &query)
            .await?
            .total)
    }

    pub(super) fn walk(&self, collection: &'static Collection) -> Walk<'_> {
        self.documents.walk(&self.scope, collection, READ_AT_ONCE)
    }

    /// A document as what it should be.
    pub(super) fn read<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        collection: &Collection,
        document: &Document,
    ) -> Result<Arc<T>, Break> {
        document.body.parse().map_err(|error| Break {
            record: self.name(collection, &document.id),
            equation: format!("cannot be read: {error}"),
        })
    }

    /// Checks that a document is there and says what it should.
    pub(super) fn hold(
        &self,
        collection: &Collection,
        id: &str,
        found: Option<&Document>,
        expected: &str,
        by: &str,
    ) -> Result<(), Break> {
        let broken = |equation| Break {
            record: self.name(collection, id),
            equation,
        };
        let Some(found) = found else {
            return Err(broken(format!("is missing, by {by}")));
        };
        if found.body.text() == expected {
            return Ok(());
        }
        let read = |text| serde_json::from_str::<Value>(text);
        match (read(found.body.text()), read(expected)) {
            (Ok(found), Ok(expected)) => match difference("", &found, &expected) {
                // The same with other blanks.
                None => Ok(()),
                Some((path, found, expected)) => Err(broken(format!(
                    "{path} is {}, {by} it is {}",
                    short(found),
                    short(expected)
                ))),
            },
            _ => Err(broken("is not JSON".to_owned())),
        }
    }

    /// Checks that a document lies under the key that it says itself.
    pub(super) fn hold_key(
        &self,
        collection: &Collection,
        document: &Document,
        key: &str,
    ) -> Result<(), Break> {
        if document.id == key {
            return Ok(());
        }
        Err(Break {
            record: self.name(collection, &document.id),
            equation: format!("is the document {key} by what it says"),
        })
    }
}

fn first(limit: u32) -> Page {
    Page { limit, number: 1 }
}

/// The first place in which two values differ. Null and absent are the same.
fn difference<'v>(path: &str, one: &'v Value, other: &'v Value) -> Option<(String, &'v Value, &'v Value)> {
    match (one, other) {
        (Value::Object(left), Value::Object(right)) => {
            let keys = left
                .keys()
                .chain(right.keys().filter(|key| !left.contains_key(*key)));
            let mut below = keys.map(|key| {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                difference(&path, &one[key], &other[key])
            });
            below.find_map(|found| found)
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut below = left.iter().zip(right).enumerate();
            below.find_map(|(place, (one, other))| difference(&format!("{path}[{place}]"), one, other))
        }
        _ if one == other => None,
        _ => Some((path.to_owned(), one, other)),
    }
}

/// A value as it fits into a line.
fn short(value: &Value) -> String {
    const LENGTH: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named_by_its_path() {
        let path = |one: Value, other: Value| difference("", &one, &other).map(|(path, ..)| path);
        assert_eq!(
            path(json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 3}]})),
            Some("a[1].b".to_owned())
        );
        assert_eq!(
            path(json!({"a": 1}), json!({"a": 1, "b": 2})),
            Some("b".to_owned())
        );
        assert_eq!(path(json!({"a": 1, "b": null}), json!({"a": 1})), None);
        assert_eq!(
            path(json!({"a": [1]}), json!({"a": [1, 2]})),
            Some("a".to_owned())
        );
    }
}
