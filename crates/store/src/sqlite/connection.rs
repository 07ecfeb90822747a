//! Opening database files, reading rows, and telling what an error of SQLite means.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::types::Type;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, ffi};

use crate::{Body, Collection, Document, Revision, StoreError};

use super::decimal;
use super::inspect::corrupt;
use super::opening::pragmas;
use super::registry::Identity;
use super::sql;

/// Statements kept prepared per connection: more than any service has.
const STATEMENTS: usize = 256;

/// Makes a database file that holds its identity and nothing else. A file of no length may be there.
pub(super) fn make(path: &Path, identity: Identity) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let statements = format!(
        "pragma synchronous = full; begin immediate; {} commit;",
        pragmas(identity)
    );
    open(path, flags, &statements).map(|_| ())
}

/// Opens the connection that writes.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    // The log is copied between batches (see `log`), not within whichever commit makes it too long. `full` makes every
    // commit wait for the disk: an answered commit survives a power cut.
    let connection = open(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE,
        "pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 0;",
    )?;
    // The log goes when the list says that it may: see `Writer`.
    let kept = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    kept.map_err(|error| failure(path, &error))?;
    if connection
        .is_readonly("main")
        .map_err(|error| failure(path, &error))?
    {
        return Err(StoreError::Full(format!(
            "{}: check its owner and permissions",
            path.display()
        )));
    }
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, "pragma query_only = on;")
}

fn open(path: &Path, flags: OpenFlags, statements: &str) -> Result<Connection, StoreError> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        // Pages are read and not mapped: a page that cannot be read, or lies behind the end of a file cut short, is an error
        // of its database then, and not the end of the process by a signal.
        connection.execute_batch(
            "pragma busy_timeout = 5000; pragma mmap_size = 0; pragma cell_size_check = on;",
        )?;
        connection.execute_batch(statements)?;
        decimal::teach(&connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Opening reads nothing yet; this reads the schema and so finds a file that is none of ours.
        connection.query_row("select count(*) from sqlite_master", (), |_| Ok(()))?;
        Ok(connection)
    };
    open().map_err(|error| failure(path, &error))
}

/// What an error of SQLite means for the caller.
pub(super) fn failure(path: &Path, error: &rusqlite::Error) -> StoreError {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, SqliteFailure, Utf8Error,
    };
    let text = || format!("{}: {error}", path.display());
    let code = match error {
        SqliteFailure(code, _) => code,
        // A row that nobody here has written.
        FromSqlConversionFailure(..)
        | IntegralValueOutOfRange(..)
        | InvalidColumnType(..)
        | Utf8Error(..) => {
            return corrupt(path, error);
        }
        _ => return StoreError::Unavailable(text()),
    };
    match (code.code, code.extended_code) {
        (ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt, _) => corrupt(path, error),
        // Pages that should be there are behind the end of the file.
        (_, ffi::SQLITE_IOERR_SHORT_READ) => corrupt(path, error),
        // After a failed flush the system takes what it could not write for written: the next flush may succeed falsely.
        (_, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => StoreError::Unflushed(text()),
        (ErrorCode::DiskFull | ErrorCode::ReadOnly, _) => StoreError::Full(text()),
        // A quota, a limit of the process, a file system that was made read-only.
        (_, ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_TRUNCATE | ffi::SQLITE_IOERR_SHMSIZE) => {
            StoreError::Full(text())
        }
        _ => StoreError::Unavailable(text()),
    }
}

/// The rule that a refused write has broken, as `Duplicate` names it; `None` if the error is of another kind.
pub(super) fn broken_rule(collection: &Collection, error: &rusqlite::Error) -> Option<String> {
    let rusqlite::Error::SqliteFailure(code, message) = error else {
        return None;
    };
    match code.extended_code {
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY => Some("id".to_owned()),
        ffi::SQLITE_CONSTRAINT_UNIQUE => {
            // The message is "UNIQUE constraint failed: table.column, table.column".
            let columns = message
                .as_deref()
                .and_then(|text| text.split_once(": "))
                .map(|(_, columns)| columns)
                .unwrap_or_default();
            let index = collection
                .indexes
                .iter()
                .find(|index| sql::unique_columns(collection, index) == columns);
            Some(index.map_or_else(|| columns.to_owned(), crate::Index::label))
        }
        _ => None,
    }
}

/// Reads a row of `sql::COLUMNS`.
pub(super) fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        id: row.get(0)?,
        revision: Revision::new(row.get(1)?),
        created_at: instant(row.get(2)?, 2)?,
        updated_at: row
            .get::<_, Option<i64>>(3)?
            .map(|microseconds| instant(microseconds, 3))
            .transpose()?,
        created_by: row.get(4)?,
        updated_by: row.get(5)?,
        body: Body::from_text(row.get_ref(6)?.as_str()?),
    })
}

/// Reads a column of microseconds since 1970.
pub(super) fn instant(microseconds: i64, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error)))
}
