//! Create, read, list, change and delete: the same for every master.

use std::sync::Arc;
use std::time::Duration;

use kugel_bus::{Bus, Change, ChangeKind};
use kugel_error::{Error, Result, codes};
use kugel_rpc::Caller;
use kugel_store::{Changes, Documents, Page, Query, Record, Sort, StoreError, Stored, Value};
use kugel_types::Direction;

use crate::domain::records::Item;

/// How often a change is tried again when somebody else changed the same document in between.
const ATTEMPTS: u32 = 8;
/// The pause after the first of them; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(1);

/// A kind of master: the words for it and who must hear of its changes.
pub trait Master: Record {
    /// The word for it in messages.
    const NOUN: &'static str;
    /// The field that a list is sorted by unless told otherwise.
    const KEY: &'static str;
    /// What caches elsewhere call it; `None` if nobody caches it.
    const ANNOUNCED_AS: Option<ChangeKind>;
}

/// The page that a client asks for.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<'a> {
    /// The page, from 1.
    pub page: Option<i32>,
    /// Rows a page.
    pub limit: Option<i32>,
    /// The order, `field:1,field:-1`.
    pub sort: Option<&'a str>,
    /// Rows a page where nothing is asked for.
    pub default_limit: u32,
}

/// A page of a list, and what its metadata shows.
#[derive(Debug)]
pub struct Listed<T> {
    /// The rows of the page.
    pub rows: Vec<T>,
    /// The rows of all pages.
    pub total: u64,
    /// The page that is shown.
    pub page: Page,
    /// The order that was applied.
    pub sort: Sort,
    /// The filters that were applied, the tenant first.
    pub filter: Vec<(&'static str, String)>,
}

/// The masters of all tenants.
#[derive(Clone)]
pub struct Masters {
    documents: Documents,
    bus: Arc<dyn Bus>,
}

impl Masters {
    /// Keeps masters as documents and announces their changes.
    pub fn new(documents: Documents, bus: Arc<dyn Bus>) -> Self {
        Self { documents, bus }
    }

    /// The documents, for what is not common to all masters.
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Makes the tenant's database. Removing what is not there changes nothing, but cannot be done without one: so this
    /// may be repeated, and it fails where masters could not be kept.
    pub async fn set_up(&self, caller: &Caller) -> Result<()> {
        let changes = self.documents.changes(&caller.actor()).delete::<Item>("", None);
        Ok(self.documents.commit(&caller.scope(), changes).await?)
    }

    /// Adds a master, once for each request.
    pub async fn create<T: Master>(&self, caller: &Caller, value: T) -> Result<Stored<T>> {
        let id = value.id();
        let work = async {
            match self.insert(caller, value).await {
                Err(StoreError::Duplicate { .. }) => Err(duplicate::<T>(&id)),
                other => other.map_err(Error::from),
            }
        };
        caller.once(&self.documents, work).await
    }

    /// Adds a master; `Duplicate` if its key is taken.
    pub(super) async fn insert<T: Master>(
        &self,
        caller: &Caller,
        value: T,
    ) -> std::result::Result<Stored<T>, StoreError> {
        let (id, value) = (value.id(), Arc::new(value));
        let changes = self.documents.changes(&caller.actor());
        let stored = changes.inserted(Arc::clone(&value));
        let changes = changes.insert_shared(value).answering(caller.request(), &stored);
        self.commit::<T>(caller, &id, changes).await?;
        Ok(stored)
    }

    /// The master with that key.
    pub async fn get<T: Master>(&self, caller: &Caller, id: &str) -> Result<Stored<T>> {
        self.find(caller, id).await?.ok_or_else(|| missing::<T>(id))
    }

    /// The master with that key, if there is one.
    pub async fn find<T: Master>(&self, caller: &Caller, id: &str) -> Result<Option<Stored<T>>> {
        Ok(self.documents.get(&caller.scope(), id).await?)
    }

    /// A page of the masters that pass the filters.
    pub async fn list<T: Master>(
        &self,
        caller: &Caller,
        request: PageRequest<'_>,
        filters: Vec<(&'static str, Value)>,
    ) -> Result<Listed<Stored<T>>> {
        let (page, sort) = request.parse(T::KEY, |field| T::COLLECTION.kind_of(field).is_some())?;
        let mut filter = vec![("tenant_id", caller.tenant().to_string())];
        let mut query = Query::all().page(page).sort(sort.clone());
        for (field, value) in filters {
            filter.push((field, shown(&value)));
            query = query.eq(field, value);
        }
        let listing = self.documents.find(&caller.scope(), query).await?;
        Ok(Listed {
            rows: listing.rows,
            total: listing.total,
            page,
            sort,
            filter,
        })
    }

    /// Replaces a master by what `edit` makes of it, once for each request. A change that somebody else makes in between
    /// is not overwritten: `edit` then starts from the new state.
    pub async fn change<T: Master>(
        &self,
        caller: &Caller,
        id: &str,
        edit: impl Fn(&T) -> Result<T>,
    ) -> Result<Stored<T>> {
        caller.once(&self.documents, self.replace(caller, id, edit)).await
    }

    async fn replace<T: Master>(
        &self,
        caller: &Caller,
        id: &str,
        edit: impl Fn(&T) -> Result<T>,
    ) -> Result<Stored<T>> {
        for attempt in 0..ATTEMPTS {
            let current = self.get::<T>(caller, id).await?;
            let value = Arc::new(edit(&current)?);
            let changes = self.documents.changes(&caller.actor());
            let stored = changes.replaced(Arc::clone(&value), &current);
            let changes = changes
                .replace_shared(value, current.revision)
                .answering(caller.request(), &stored);
            match self.commit::<T>(caller, id, changes).await {
                Ok(()) => return Ok(stored),
                // Whoever was first may still be committing: on a server far away that takes a while.
                Err(error) if error.is_stale() => tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(contended::<T>(id))
    }

    /// Removes a master, once for each request.
    pub async fn delete<T: Master>(&self, caller: &Caller, id: &str) -> Result<()> {
        caller.once(&self.documents, self.remove::<T>(caller, id)).await
    }

    async fn remove<T: Master>(&self, caller: &Caller, id: &str) -> Result<()> {
        for attempt in 0..ATTEMPTS {
            let current = self.get::<T>(caller, id).await?;
            let changes = self
                .documents
                .changes(&caller.actor())
                .delete::<T>(id, Some(current.revision))
                .answering(caller.request(), &());
            match self.commit::<T>(caller, id, changes).await {
                Ok(()) => return Ok(()),
                // Whoever was first may still be committing: on a server far away that takes a while.
                Err(error) if error.is_stale() => tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(contended::<T>(id))
    }

    /// Makes the changes to one master durable, then tells the caches: before the writer has its answer.
    pub async fn commit<T: Master>(
        &self,
        caller: &Caller,
        id: &str,
        changes: Changes,
    ) -> std::result::Result<(), StoreError> {
        self.documents.commit(&caller.scope(), changes).await?;
        if let Some(kind) = T::ANNOUNCED_AS {
            let change = Change {
                tenant: caller.tenant().clone(),
                kind,
                key: id.to_owned(),
            };
            self.bus.announce(&change);
        }
        Ok(())
    }
}

impl PageRequest<'_> {
    /// Checks page, limit and order. Fields are those that `sortable` knows.
    pub fn parse(self, key: &str, sortable: impl Fn(&str) -> bool) -> Result<(Page, Sort)> {
        let page = Page::new(self.limit, self.page, self.default_limit)?;
        let sort = match self.sort {
            Some(text) => Sort::parse(text)?,
            None => Sort(vec![(key.to_owned(), Direction::Ascending)]),
        };
        match sort.0.iter().find(|(field, _)| !sortable(field)) {
            Some((field, _)) => Err(codes::INVALID_INPUT
                .error(format!("the list cannot be sorted by {field}"))
                .field("sort", format!("{field} is not a field of this list"))),
            None => Ok((page, sort)),
        }
    }
}

/// The error for a key that nothing has.
pub(super) fn missing<T: Master>(id: &str) -> Error {
    codes::NOT_FOUND
        .error(format!("{} {id} is not found", T::NOUN))
        .with("key", id)
}

/// The error for a key that is taken.
pub(super) fn duplicate<T: Master>(id: &str) -> Error {
    codes::DUPLICATE_KEY
        .error(format!("{} {id} exists already", T::NOUN))
        .with("key", id)
}

fn contended<T: Master>(id: &str) -> Error {
    codes::UPDATE_REFUSED
        .error(format!("{} {id} is being changed by others, try again", T::NOUN))
        .with("key", id)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Instant(instant) => instant.to_string(),
    }
}
