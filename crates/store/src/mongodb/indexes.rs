//! Collections, their rule and their indexes as they are declared.

use std::collections::HashSet;

use ::mongodb::bson::{Bson, Document, doc};
use ::mongodb::error::{Error, ErrorKind, Result};
use ::mongodb::options::{CreateCollectionOptions, IndexOptions, ValidationAction, ValidationLevel};
use ::mongodb::{Database, IndexModel};

use crate::{Collection, FieldKind, Index};

use super::layout::{path, rule};

/// The server's answers that mean that somebody else was quicker, or that there is nothing to do.
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

/// Makes the collection, its rule and its indexes if they are not there, and drops indexes no longer declared: an old
/// unique one would go on refusing documents. Several processes may do so at once.
pub(super) async fn make(database: &Database, collection: &'static Collection) -> Result<()> {
    let found = if make_collection(database, collection).await? {
        HashSet::new()
    } else {
        drop_surplus(database, collection).await?
    };
    let missing = collection
        .indexes
        .iter()
        .filter(|index| !found.contains(&name(index)));
    let missing: Vec<IndexModel> = missing.map(|index| model(collection, index)).collect();
    if !missing.is_empty() {
        let documents = database.collection::<Document>(collection.name);
        documents.create_indexes(missing).await?;
    }
    Ok(())
}

/// Makes the collection with its rule. True if it is new and has no indexes yet.
async fn make_collection(database: &Database, collection: &Collection) -> Result<bool> {
    let named = doc! { "name": collection.name };
    let mut found = database.list_collections().filter(named).await?;
    if found.advance().await? {
        if !has_rule(&found.deserialize_current()?.options) {
            // Somebody removed it, or an earlier build made none. What lacks `claimed` gets it by its next change.
            let change = doc! {
                "collMod": collection.name,
                "validator": rule(),
                "validationLevel": "strict",
                "validationAction": "error",
            };
            database.run_command(change).await?;
        }
        return Ok(false);
    }
    match database
        .create_collection(collection.name)
        .validator(rule())
        .await
    {
        Ok(()) => Ok(true),
        Err(error) if is(&error, NAMESPACE_EXISTS) => Ok(false),
        Err(error) => Err(error),
    }
}

/// True if the server refuses whatever breaks the rule, as it does unless it is told otherwise.
fn has_rule(options: &CreateCollectionOptions) -> bool {
    options.validator == Some(rule())
        && matches!(options.validation_level, None | Some(ValidationLevel::Strict))
        && matches!(options.validation_action, None | Some(ValidationAction::Error))
}

/// Drops indexes that are not declared and gives the names of the others.
async fn drop_surplus(database: &Database, collection: &Collection) -> Result<HashSet<String>> {
    let documents = database.collection::<Document>(collection.name);
    let declared: HashSet<String> = collection.indexes.iter().map(name).collect();
    let found = documents.list_index_names().await?.into_iter();
    let (kept, surplus): (HashSet<String>, HashSet<String>) =
        found.partition(|name| name == KEY || declared.contains(name));
    for surplus in surplus {
        match documents.drop_index(surplus).await {
            Err(error) if !is(&error, INDEX_NOT_FOUND) => return Err(error),
            _ => {}
        }
    }
    Ok(kept)
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
        Some(FieldKind::Text | FieldKind::Decimal) | None => Bson::String(String::new()),
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
