//! Documents in memory, as coherent as the database itself.
//!
//! The danger is a reader that fetches a document, is overtaken by a writer, and then puts the old one into the cache
//! for good. Revisions alone do not help: a document removed and inserted again starts over at 1. So the keys of a
//! database are spread over stripes, each with a generation: odd while a commit that touches one of its keys is being
//! made durable, raised to the next even number when it is. A reader takes the generation before it reads and fills the
//! cache only if it was even and still is the same. The writer hides keys *before* the commit becomes visible and puts
//! the new documents in after, so nobody can see a new document in the database and then an old one here. Hidden and
//! not removed: what is written all the time, as the stock of an item that sells, would begin as a newcomer each time
//! and be pushed out by documents that are read once.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use quick_cache::{DefaultHashBuilder, Equivalent, Weighter};

use crate::Document;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Known {
    /// Its document.
    Present(Arc<Document>),
    /// That it has none.
    Absent,
}

impl Known {
    /// The document, if there is one.
    pub(super) fn document(self) -> Option<Arc<Document>> {
        match self {
            Self::Present(document) => Some(document),
            Self::Absent => None,
        }
    }
}

impl From<Option<Arc<Document>>> for Known {
    fn from(found: Option<Arc<Document>>) -> Self {
        found.map_or(Self::Absent, Self::Present)
    }
}

/// What a durable commit leaves in the cache under a key.
#[derive(Clone)]
pub(super) enum Trace {
    /// This.
    Kept(Known),
    /// Nothing: the next reader fetches it.
    Forgotten,
}

/// What the cache holds under a key.
#[derive(Clone)]
enum Entry {
    /// As good as absent: a commit of it is under way, or has failed.
    Hidden,
    Known(Known),
}

/// One bit each in the mask of [`Pending`].
const STRIPES: usize = 128;

/// A rough share of an entry that is not text: keys, counters, the document's own fields.
const ENTRY_BYTES: usize = 320;

/// How many documents the limit of memory is about good for: the cache's lists are sized by it.
const DOCUMENT_BYTES: u64 = 8192;

/// The documents of every database of the process, within one limit of memory.
pub(crate) struct Cache {
    documents: quick_cache::sync::Cache<Key, Entry, Weight>,
    next: AtomicU64,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    database: u64,
    collection: &'static str,
    id: Box<str>,
}

/// A key to look up: hashes as [`Key`] does, field by field, without owning its text.
#[derive(Hash)]
struct Lookup<'a> {
    database: u64,
    collection: &'static str,
    id: &'a str,
}

impl Equivalent<Key> for Lookup<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.database == key.database && self.id == &*key.id && self.collection == key.collection
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Entry> for Weight {
    fn weight(&self, key: &Key, entry: &Entry) -> u64 {
        // The typed form takes about twice the room of its text.
        let text = match entry {
            Entry::Known(Known::Present(document)) => document.body.text().len(),
            Entry::Known(Known::Absent) | Entry::Hidden => 0,
        };
        (text * 3 + key.id.len() * 2 + ENTRY_BYTES) as u64
    }
}

impl Cache {
    pub(super) fn new(bytes: u64) -> Self {
        let documents = usize::try_from(bytes / DOCUMENT_BYTES).unwrap_or(usize::MAX);
        Self {
            documents: quick_cache::sync::Cache::with_weighter(documents, bytes, Weight),
            next: AtomicU64::new(0),
        }
    }
}

/// The part of the cache that belongs to one open database. A database that is opened again begins with an empty part.
pub(super) struct View {
    cache: Arc<Cache>,
    database: u64,
    hasher: DefaultHashBuilder,
    stripes: [Mutex<u64>; STRIPES],
}

/// The generation of a stripe before a read.
#[derive(Clone, Copy)]
pub(super) struct Ticket(u64);

/// The stripes that a commit under way has made odd.
pub(super) struct Pending(u128);

impl View {
    pub(super) fn new(cache: Arc<Cache>) -> Self {
        let database = cache.next.fetch_add(1, Ordering::Relaxed);
        Self {
            cache,
            database,
            hasher: DefaultHashBuilder::default(),
            stripes: [const { Mutex::new(0) }; STRIPES],
        }
    }

    /// What is known of a key, if anything is.
    pub(super) fn get(&self, collection: &'static str, id: &str) -> Option<Known> {
        match self.cache.documents.get(&self.lookup(collection, id))? {
            Entry::Known(known) => Some(known),
            Entry::Hidden => None,
        }
    }

    /// Taken before a read of one key, handed to [`View::fill`] after it.
    pub(super) fn ticket(&self, collection: &'static str, id: &str) -> Ticket {
        Ticket(*self.stripes[self.stripe(collection, id)].lock())
    }

    /// Taken before a query, whose keys nobody knows yet.
    pub(super) fn tickets(&self) -> Vec<Ticket> {
        self.stripes.iter().map(|stripe| Ticket(*stripe.lock())).collect()
    }

    /// Keeps what a read found, unless a commit may have overtaken it.
    pub(super) fn fill(&self, collection: &'static str, id: &str, ticket: Ticket, known: Known) {
        let generation = self.stripes[self.stripe(collection, id)].lock();
        if *generation == ticket.0 && ticket.0.is_multiple_of(2) {
            self.keep(collection, id, known);
        }
    }

    /// Keeps a document that a query found.
    pub(super) fn fill_found(&self, collection: &'static str, tickets: &[Ticket], document: &Arc<Document>) {
        let ticket = tickets[self.stripe(collection, &document.id)];
        let known = Known::Present(Arc::clone(document));
        self.fill(collection, &document.id, ticket, known);
    }

    /// Hides keys before a commit of them. To be followed by [`View::settle`], whatever comes of the commit.
    pub(super) fn begin<'a>(&self, keys: impl Iterator<Item = (&'static str, &'a str)>) -> Pending {
        let mut pending = Pending(0);
        for (collection, id) in keys {
            let stripe = self.stripe(collection, id);
            if pending.0 & (1 << stripe) == 0 {
                *self.stripes[stripe].lock() += 1;
                pending.0 |= 1 << stripe;
            }
            // Refused if nothing is kept under the key: then there is nothing to hide.
            let _ = self
                .cache
                .documents
                .replace(self.key(collection, id), Entry::Hidden, true);
        }
        pending
    }

    /// Brings the cache to where a durable commit left its keys. No effects: the commit failed.
    pub(super) fn settle<'a>(
        &self,
        pending: Pending,
        effects: impl Iterator<Item = (&'static str, &'a str, Trace)>,
    ) {
        for (collection, id, trace) in effects {
            match trace {
                Trace::Kept(known) => self.keep(collection, id, known),
                // An earlier change of the same key, in this or another commit of the batch, may have just put it in.
                Trace::Forgotten => {
                    self.cache.documents.remove(&self.lookup(collection, id));
                }
            }
        }
        for (number, stripe) in self.stripes.iter().enumerate() {
            if pending.0 & (1 << number) != 0 {
                *stripe.lock() += 1;
            }
        }
    }

    fn keep(&self, collection: &'static str, id: &str, known: Known) {
        self.cache
            .documents
            .insert(self.key(collection, id), Entry::Known(known));
    }

    fn key(&self, collection: &'static str, id: &str) -> Key {
        Key {
            database: self.database,
            collection,
            id: id.into(),
        }
    }

    fn lookup<'a>(&self, collection: &'static str, id: &'a str) -> Lookup<'a> {
        Lookup {
            database: self.database,
            collection,
            id,
        }
    }

    fn stripe(&self, collection: &'static str, id: &str) -> usize {
        let hash = self.hasher.hash_one((collection, id));
        usize::try_from(hash % STRIPES as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, Revision};

    fn document(revision: i64) -> Known {
        Known::Present(Arc::new(Document {
            id: "1".to_owned(),
            revision: Revision::new(revision),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: None,
            created_by: String::new(),
            updated_by: None,
            body: Body::from_text("{}"),
        }))
    }

    fn view() -> View {
        View::new(Arc::new(Cache::new(1 << 20)))
    }

    #[test]
    fn a_reader_overtaken_by_a_commit_does_not_fill() {
        let view = view();
        let ticket = view.ticket("c", "1");
        let pending = view.begin([("c", "1")].into_iter());
        view.fill("c", "1", ticket, document(1));
        assert_eq!(view.get("c", "1"), None, "while the commit is under way");
        view.settle(pending, [("c", "1", Trace::Kept(document(2)))].into_iter());
        view.fill("c", "1", ticket, document(1));
        assert_eq!(view.get("c", "1"), Some(document(2)), "after it");
    }

    #[test]
    fn a_reader_that_begins_during_a_commit_does_not_fill() {
        let view = view();
        let pending = view.begin([("c", "1")].into_iter());
        let ticket = view.ticket("c", "1");
        view.fill("c", "1", ticket, document(1));
        assert_eq!(view.get("c", "1"), None);
        view.settle(pending, std::iter::empty());
        view.fill("c", "1", ticket, document(1));
        assert_eq!(view.get("c", "1"), None);
    }

    #[test]
    fn a_quiet_read_fills_and_absence_is_known_too() {
        let view = view();
        view.fill("c", "1", view.ticket("c", "1"), Known::Absent);
        assert_eq!(view.get("c", "1"), Some(Known::Absent));
        assert_eq!(view.get("d", "1"), None);
    }

    #[test]
    fn what_is_written_and_read_all_the_time_is_not_pushed_out() {
        let view = view();
        let mut misses = 0;
        for sale in 1..=100 {
            // A commit adds documents beside the one that it changes, then others are read once: each time a fifth of
            // the limit.
            let new: Vec<String> = (0..640).map(|number| format!("new {sale}/{number}")).collect();
            let keys = || new.iter().map(String::as_str).chain(["level"]);
            let pending = view.begin(keys().map(|id| ("c", id)));
            view.settle(pending, keys().map(|id| ("c", id, Trace::Kept(document(sale)))));
            (0..640).for_each(|number| view.keep("c", &format!("read {sale}/{number}"), document(1)));
            misses += u32::from(view.get("c", "level") != Some(document(sale)));
        }
        assert!(misses <= 3, "{misses} times it was gone");
    }
}
