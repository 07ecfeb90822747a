//! The adapter for the mesh: MongoDB, a database for each service and scope.
//!
//! Several processes use the same databases, so nothing is kept in memory but which collections are known to be as
//! declared. Every write waits until a majority of the replica set has it on disk; reads ask the primary for what a
//! majority has, and so see every commit that was answered.

mod commit;
mod groups;
mod indexes;
mod json;
mod layout;
mod link;
mod orphans;
mod query;
mod statement;
mod sums;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use ::mongodb::bson::{RawDocumentBuf, doc};
use ::mongodb::error::Error;
use ::mongodb::{Cursor, Database};
use async_trait::async_trait;
use parking_lot::RwLock;

use crate::{Collection, Commit, Document, Found, Query, Scope, Store, StoreError, names};
use groups::Groups;
use link::Link;

pub use sums::{DecimalSum, GroupSum};

/// How long a read by key, a commit or a ping may take, repetitions included.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a query may take.
const QUERY_PATIENCE: Duration = Duration::from_secs(30);
/// How long a first writer waits for its collections. A server makes none while it is busy with a checkpoint.
const MAKING_PATIENCE: Duration = Duration::from_secs(60);
/// How long the indexes of one collection may take to build at the start.
const BUILD_PATIENCE: Duration = Duration::from_secs(600);
/// The longest name of a database that MongoDB takes, in bytes.
const LONGEST_NAME: usize = 63;

/// The documents of one service in MongoDB. Cheap to clone.
#[derive(Clone)]
pub struct MongoStore(Arc<Inner>);

struct Inner {
    link: Arc<Link>,
    namespace: String,
    /// What all its databases are called before their scope.
    prefix: String,
    /// Collections that are known to be as declared.
    ready: RwLock<HashMap<Scope, HashSet<&'static str>>>,
    /// Held while one is made, so that of a thousand first writers one makes it.
    making: tokio::sync::Mutex<()>,
    groups: Arc<Groups>,
}

impl MongoStore {
    /// Makes the store of a service in the databases `{namespace}db_{service}_{scope}` of the replica set at `uri`. The
    /// server is not asked before the first use, and need not be there: [`Store::ping`] tells.
    pub fn connect(uri: &str, namespace: &str, service: &str) -> Result<Self, StoreError> {
        check_namespace(namespace)?;
        Ok(Self::over(Arc::new(Link::new(uri)?), namespace, service))
    }

    /// The store of another service of this process, over the same connections.
    #[must_use]
    pub fn beside(&self, service: &str) -> Self {
        Self::over(Arc::clone(&self.0.link), &self.0.namespace, service)
    }

    /// Drops all databases of a namespace, of every service: for tests. The empty namespace, which is everything's, is
    /// refused.
    pub async fn drop_namespace(uri: &str, namespace: &str) -> Result<(), StoreError> {
        check_namespace(namespace)?;
        if namespace.is_empty() {
            return Err(StoreError::Unavailable(
                "the databases without a namespace are nobody's to drop".to_owned(),
            ));
        }
        let link = Link::new(uri)?;
        let failure = |error: Error| link.failure(&error);
        let client = link.client().await?;
        for name in names_like(client, &format!("{namespace}db_"))
            .await
            .map_err(failure)?
        {
            client.database(&name).drop().await.map_err(failure)?;
        }
        Ok(())
    }

    fn over(link: Arc<Link>, namespace: &str, service: &str) -> Self {
        Self(Arc::new(Inner {
            link,
            namespace: namespace.to_owned(),
            prefix: format!("{namespace}{}", names::prefix(service)),
            ready: RwLock::default(),
            making: tokio::sync::Mutex::default(),
            groups: Arc::default(),
        }))
    }
}

impl Inner {
    async fn database(&self, scope: &Scope) -> Result<Database, StoreError> {
        let name = format!("{}{}", self.prefix, names::encode(scope));
        if name.len() > LONGEST_NAME {
            return Err(StoreError::Unavailable(format!(
                "the database {name} of {scope} cannot be: MongoDB takes names of {LONGEST_NAME} bytes at most. Choose a \
                 shorter NAMESPACE, or a tenant id that is shorter or has fewer capitals, which take two bytes each"
            )));
        }
        Ok(self.link.client().await?.database(&name))
    }

    fn is_ready(&self, scope: &Scope, collection: &'static Collection) -> bool {
        let ready = self.ready.read();
        ready
            .get(scope)
            .is_some_and(|names| names.contains(collection.name))
    }

    /// Makes the collection as it is declared, unless that is known.
    async fn make(
        &self,
        scope: &Scope,
        database: &Database,
        collection: &'static Collection,
    ) -> Result<(), StoreError> {
        if self.is_ready(scope, collection) {
            return Ok(());
        }
        indexes::make(database, collection).await.map_err(|error| {
            if indexes::is_broken_rule(&error) {
                return StoreError::Unavailable(format!(
                    "{}: documents of {} break a unique index that is declared now: {}",
                    database.name(),
                    collection.name,
                    error.kind
                ));
            }
            self.link.failure(&error)
        })?;
        self.ready
            .write()
            .entry(scope.clone())
            .or_default()
            .insert(collection.name);
        Ok(())
    }

    async fn commit(&self, scope: &Scope, commit: Commit) -> Result<(), StoreError> {
        let database = self.database(scope).await?;
        let is_ready = |write: &crate::Write| self.is_ready(scope, write.collection);
        if !commit.writes.iter().all(is_ready) {
            // Before the transaction: a collection made within one would make it wait and collide.
            let making = async {
                let _making = self.making.lock().await;
                for write in &commit.writes {
                    self.make(scope, &database, write.collection).await?;
                }
                Ok(())
            };
            self.link.within(MAKING_PATIENCE, making).await?;
        }
        let statements = statement::encode(&commit)?;
        drop(commit);
        let work = self.groups.commit(&self.link, scope, database, statements);
        self.link
            .within(PATIENCE, orphans::clearing(&self.link, work))
            .await
    }

    async fn get_many(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        ids: &[&str],
    ) -> Result<HashMap<String, Arc<Document>>, StoreError> {
        let filter = match ids {
            [id] => doc! { "_id": *id },
            _ => doc! { "_id": { "$in": ids } },
        };
        let documents = self
            .database(scope)
            .await?
            .collection::<RawDocumentBuf>(collection.name);
        let find = documents.find(filter).limit(ids.len() as i64);
        let found = find.batch_size(batch(ids.len())).await;
        let found = self.read(collection, found).await?;
        let by_id = |document: Arc<Document>| (document.id.clone(), document);
        Ok(found.into_iter().map(by_id).collect())
    }

    async fn find(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        query: &Query,
    ) -> Result<Found, StoreError> {
        let collected = self
            .database(scope)
            .await?
            .collection::<RawDocumentBuf>(collection.name);
        let filter = query::filter(query);
        let mut find = collected
            .find(filter.clone())
            .sort(query::order(query))
            .allow_disk_use(true)
            .max_time(QUERY_PATIENCE);
        let (page, limit) = (query.page, query.page.limit as usize);
        if limit > 0 {
            find = find
                .skip(page.skip())
                .limit(i64::from(page.limit))
                .batch_size(batch(limit));
        }
        let found = match query::stages(collection, query) {
            None => find.await,
            Some(stages) => {
                let aggregation = collected.aggregate(stages).allow_disk_use(true);
                aggregation
                    .max_time(QUERY_PATIENCE)
                    .with_type::<RawDocumentBuf>()
                    .await
            }
        };
        let documents = self.read(collection, found).await?;
        let rows = documents.len() as u64;
        let skipped = if limit > 0 { page.skip() } else { 0 };
        // A page that is not full is the last, unless it lies behind it.
        let is_last = limit == 0 || (documents.len() < limit && (rows > 0 || skipped == 0));
        let total = if is_last || !query.counted {
            skipped + rows
        } else {
            let count = collected.count_documents(filter).max_time(QUERY_PATIENCE).await;
            count.map_err(|error| self.link.failure(&error))?
        };
        Ok(Found { documents, total })
    }

    async fn read(
        &self,
        collection: &'static Collection,
        found: Result<Cursor<RawDocumentBuf>, Error>,
    ) -> Result<Vec<Arc<Document>>, StoreError> {
        let failure = |error: Error| self.link.failure(&error);
        let mut cursor = found.map_err(failure)?;
        let mut documents = Vec::new();
        while cursor.advance().await.map_err(failure)? {
            let document =
                layout::document(cursor.current()).map_err(|(id, reason)| StoreError::Malformed {
                    collection: collection.name,
                    id,
                    reason,
                })?;
            documents.push(Arc::new(document));
        }
        Ok(documents)
    }

    async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        let client = self.link.client().await?;
        let names = names_like(client, &self.prefix).await;
        let names = names.map_err(|error| self.link.failure(&error))?;
        let scope = |name: &String| names::decode(name.strip_prefix(self.prefix.as_str())?);
        let mut scopes: Vec<Scope> = names.iter().filter_map(scope).collect();
        scopes.sort();
        Ok(scopes)
    }

    async fn prepare(&self, collections: &[&'static Collection]) -> Result<(), StoreError> {
        // A server without transactions would take single documents and then refuse the first bill.
        self.link.within(PATIENCE, self.link.ping()).await?;
        let scopes = self.link.within(PATIENCE, self.scopes()).await?;
        for scope in &scopes {
            let database = self.database(scope).await?;
            for collection in collections {
                let making = self.make(scope, &database, collection);
                self.link.within(BUILD_PATIENCE, making).await?;
            }
        }
        Ok(())
    }
}

/// The databases whose names begin so. The prefix holds nothing that means something in a pattern.
async fn names_like(client: &::mongodb::Client, prefix: &str) -> Result<Vec<String>, Error> {
    let filter = doc! { "name": { "$regex": format!("^{prefix}") } };
    client.list_database_names().filter(filter).await
}

/// One more than is wanted, so that the server need not be asked whether that was all.
fn batch(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX - 1) + 1
}

/// MongoDB takes no two names that differ by case only, and ours must not be taken for another namespace's.
fn check_namespace(namespace: &str) -> Result<(), StoreError> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    if namespace.bytes().all(allowed) && !namespace.starts_with("db_") {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "the setting `namespace` cannot be {namespace:?}: it becomes part of the names of databases and holds small \
         letters, digits, `_` and `-`, not `db_` at its beginning"
    )))
}

#[async_trait]
impl Store for MongoStore {
    async fn get(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Arc<Document>>, StoreError> {
        let link = &self.0.link;
        let found = link
            .within(PATIENCE, self.0.get_many(scope, collection, &[id]))
            .await?;
        Ok(found.into_values().next())
    }

    async fn get_many(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
        let mut unique: Vec<&str> = ids.iter().map(String::as_str).collect();
        unique.sort_unstable();
        unique.dedup();
        if unique.is_empty() {
            return Ok(Vec::new());
        }
        let link = &self.0.link;
        let found = link
            .within(PATIENCE, self.0.get_many(scope, collection, &unique))
            .await?;
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    async fn find(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        query: &Query,
    ) -> Result<Found, StoreError> {
        query.check(collection)?;
        let link = &self.0.link;
        link.within(QUERY_PATIENCE, self.0.find(scope, collection, query))
            .await
    }

    async fn commit(&self, scope: &Scope, commit: Commit) -> Result<(), StoreError> {
        if commit.writes.is_empty() {
            return Ok(());
        }
        self.0.commit(scope, commit).await
    }

    async fn prepare(&self, collections: &[&'static Collection]) -> Result<(), StoreError> {
        self.0.prepare(collections).await
    }

    async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        self.0.link.within(PATIENCE, self.0.scopes()).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.0.link.within(PATIENCE, self.0.link.ping()).await
    }
}
