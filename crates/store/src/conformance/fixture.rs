//! What the conformance tests work on.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use kugel_types::ManualClock;
use serde::{Deserialize, Serialize};

use crate::{Collection, Documents, Field, Index, Query, Record, Scope, Store, Stored};

/// The collection of [`Item`].
pub static ITEMS: Collection = Collection {
    name: "items",
    fields: &[
        Field::text("code"),
        Field::text("group"),
        Field::integer("number"),
        Field::boolean("sold"),
        Field::decimal("price"),
        Field::text("serial"),
        Field::text("place.shelf"),
    ],
    indexes: &[
        Index::on(&["group", "number"]),
        Index::unique(&["serial", "group"]),
    ],
};

/// A record with a field of every kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The key.
    pub code: String,
    /// Text; null if absent.
    pub group: Option<String>,
    /// A number; not there if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// True or false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sold: Option<bool>,
    /// A decimal, as text; not there if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// Unique within the group; not there if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// A nested object.
    #[serde(default)]
    pub place: Place,
}

/// A nested object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Text two levels deep.
    pub shelf: Option<String>,
}

impl Record for Item {
    const COLLECTION: &'static Collection = &ITEMS;
    fn id(&self) -> String {
        self.code.clone()
    }
}

impl Item {
    pub(super) fn new(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            ..Self::default()
        }
    }
    pub(super) fn group(mut self, group: &str) -> Self {
        self.group = Some(group.to_owned());
        self
    }
    pub(super) fn number(mut self, number: i64) -> Self {
        self.number = Some(number);
        self
    }
    pub(super) fn sold(mut self, sold: bool) -> Self {
        self.sold = Some(sold);
        self
    }
    pub(super) fn price(mut self, price: &str) -> Self {
        self.price = Some(price.to_owned());
        self
    }
    pub(super) fn serial(mut self, serial: &str) -> Self {
        self.serial = Some(serial.to_owned());
        self
    }
    pub(super) fn shelf(mut self, shelf: &str) -> Self {
        self.place.shelf = Some(shelf.to_owned());
        self
    }
}

/// An empty store under test, its typed face and its clock.
#[derive(Clone)]
pub struct Subject {
    /// The typed face, which this dereferences to.
    pub documents: Documents,
    /// The clock that dates commits; it stands still until moved.
    pub clock: Arc<ManualClock>,
    /// The store itself.
    pub store: Arc<dyn Store>,
    /// The scope that the tests use.
    pub scope: Scope,
    /// What goes with the last clone, for instance whoever tidies up behind the tests.
    #[allow(dead_code, reason = "it is kept for its end")]
    guard: Option<Arc<dyn Any + Send + Sync>>,
}

impl From<Arc<dyn Store>> for Subject {
    fn from(store: Arc<dyn Store>) -> Self {
        Self::new(store)
    }
}

impl Subject {
    /// Prepares the tests' view of a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let noon: Timestamp = "2026-06-11T12:00:00.123456Z".parse().unwrap();
        let clock = Arc::new(ManualClock::for_test(noon));
        let documents = Documents::new(Arc::clone(&store), Arc::clone(&clock) as Arc<_>);
        Self {
            documents,
            clock,
            store,
            scope: Scope::Tenant("T1".parse().unwrap()),
            guard: None,
        }
    }

    /// Keeps something for as long as the tests take.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self.guard = Some(Arc::new(guard));
        self
    }

    pub(super) async fn insert(&self, items: impl IntoIterator<Item = Item>) {
        let changes = items
            .into_iter()
            .fold(self.changes("tester"), |changes, item| changes.insert(item));
        self.commit(&self.scope, changes).await.unwrap();
    }

    pub(super) async fn item(&self, code: &str) -> Option<Stored<Item>> {
        self.get(&self.scope, code).await.unwrap()
    }

    /// The codes that a query finds, with blanks between them.
    pub(super) async fn codes(&self, query: Query) -> String {
        let rows = self.find::<Item>(&self.scope, query).await.unwrap().rows;
        rows.iter()
            .map(|row| row.code.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl Deref for Subject {
    type Target = Documents;
    fn deref(&self) -> &Documents {
        &self.documents
    }
}
