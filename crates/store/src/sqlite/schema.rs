//! Tables, columns and indexes, as collections declare them.

use rusqlite::Connection;

use super::{fields, sql};
use crate::Collection;

/// Makes a collection's table, columns and indexes as far as they are not there, and drops what is declared no longer.
pub(super) fn make(connection: &mut Connection, collection: &Collection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(&sql::create_table(collection))?;
    let declared: Vec<String> = collection
        .indexes
        .iter()
        .map(|index| sql::index_name(collection, index))
        .collect();
    let found: Vec<String> = transaction
        .prepare("select name from sqlite_master where type = 'index' and tbl_name = ?1 and sql is not null")?
        .query_map([collection.name], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for name in found.iter().filter(|name| !declared.contains(name)) {
        transaction.execute_batch(&format!("drop index \"{name}\""))?;
    }
    let (wanted, there) = (fields::indexed(collection), columns_of(&transaction, collection)?);
    for field in wanted.iter().filter(|field| !there.iter().any(|it| it == *field)) {
        transaction.execute_batch(&sql::add_column(collection, field))?;
    }
    for field in there.iter().filter(|field| !wanted.contains(&field.as_str())) {
        transaction.execute_batch(&sql::drop_column(collection, field))?;
    }
    for index in collection.indexes {
        transaction.execute_batch(&sql::create_index(collection, index))?;
    }
    transaction.commit()
}

/// True if a collection has its table.
pub(super) fn is_made(connection: &Connection, collection: &Collection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("select 1 from sqlite_master where type = 'table' and name = ?1")?
        .exists([collection.name])
}

/// The fields for which a table has columns.
fn columns_of(connection: &Connection, collection: &Collection) -> rusqlite::Result<Vec<String>> {
    let mut names = connection.prepare("select name from pragma_table_info(?1)")?;
    let names = names.query_map([collection.name], |row| row.get::<_, String>(0))?;
    names
        .filter_map(|name| {
            name.map(|name| name.strip_prefix("body.").map(str::to_owned))
                .transpose()
        })
        .collect()
}
