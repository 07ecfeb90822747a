//! Collections and their indexes as they are declared.

use std::collections::HashSet;

use ::mongodb::bson::{Bson, Document, doc};
use ::mongodb::error::{Error, ErrorKind, Result};
use ::mongodb::options::IndexOptions;
use ::mongodb::{Database, IndexModel};

use crate::{Collection, FieldKind, Index};

use super::layout::path;

/// The server's answers that mean that somebody else was quicker, or that there is nothing to do.
const NAMESPACE_NOT_FOUND: i32 = 26;
const INDEX_NOT_FOUND: i32 = 27;
const NAMESPACE_EXISTS: i32 = 48;
/// Documents that agree in a unique index.
const DUPLICATE_KEY: i32 = 11000;

/// The index of the key, which MongoDB makes itself.
const KEY: &str = "_id_";

/// The name says what the index is, so another declaration is another index.
pub(super) fn name(index: &Index) -> String {
    let kind = if index.unique { "unique" } else { "index" };
    format!("{}:{kind}", index.fields.join("+"))
}

/// What [`crate::StoreError::Duplicate`] calls the index that the server names.
pub(super) fn label(collection: &Collection, found: &str) -> String {
    if found == KEY {
        return "id".to_owned();
    }
    let index = collection.indexes.iter().find(|index| name(index) == found);
    index.map_or_else(|| found.to_owned(), Index::label)
}

/// Makes the collection and its indexes if they are not there, and drops indexes no longer declared: an old unique one
/// would go on refusing documents. Several processes may do so at once.
pub(super) async fn make(database: &Database, collection: &'static Collection) -> Result<()> {
    let documents = database.collection::<Document>(collection.name);
    let found = match documents.list_index_names().await {
        Ok(names) => Some(names),
        Err(error) if is(&error, NAMESPACE_NOT_FOUND) => None,
        Err(error) => return Err(error),
    };
    let is_there = found.is_some();
    let found: HashSet<String> = found.into_iter().flatten().collect();
    let declared: HashSet<String> = collection.indexes.iter().map(name).collect();
    for surplus in found
        .iter()
        .filter(|name| *name != KEY && !declared.contains(*name))
    {
        match documents.drop_index(surplus).await {
            Err(error) if !is(&error, INDEX_NOT_FOUND) => return Err(error),
            _ => {}
        }
    }
    let missing = collection
        .indexes
        .iter()
        .filter(|index| !found.contains(&name(index)));
    let missing: Vec<IndexModel> = missing.map(|index| model(collection, index)).collect();
    if !missing.is_empty() {
        // Makes the collection too.
        documents.create_indexes(missing).await?;
    } else if !is_there {
        match database.create_collection(collection.name).await {
            Err(error) if !is(&error, NAMESPACE_EXISTS) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn model(collection: &Collection, index: &Index) -> IndexModel {
    let mut keys: Document = index
        .fields
        .iter()
        .map(|field| (path(field), Bson::Int32(1)))
        .collect();
    let mut options = IndexOptions::default();
    options.name = Some(name(index));
    if index.unique {
        options.unique = Some(true);
        options.partial_filter_expression = Some(present(collection, index));
    } else {
        // The tie-breaker of every order, so that the index serves the whole order.
        keys.insert("_id", 1);
    }
    IndexModel::builder().keys(keys).options(options).build()
}

/// Holds for documents that have all the fields: others agree with none. Bounds, rather than types, because from a
/// query's own comparison the server can tell that it asks for such documents only, and use the index.
fn present(collection: &Collection, index: &Index) -> Document {
    let least = |field: &str| match collection.kind_of(field) {
        Some(FieldKind::Integer | FieldKind::Instant) => Bson::Int64(i64::MIN),
        Some(FieldKind::Boolean) => Bson::Boolean(false),
        Some(FieldKind::Text) | None => Bson::String(String::new()),
    };
    index
        .fields
        .iter()
        .map(|field| (path(field), Bson::Document(doc! { "$gte": least(field) })))
        .collect()
}

fn is(error: &Error, code: i32) -> bool {
    matches!(&*error.kind, ErrorKind::Command(command) if command.code == code)
}

/// True if documents that are there agree in a unique index that is to be made.
pub(super) fn is_broken_rule(error: &Error) -> bool {
    is(error, DUPLICATE_KEY)
}
