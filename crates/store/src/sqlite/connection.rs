//! Opening database files, reading rows, and telling what an error of SQLite means.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, ffi};

use crate::{Body, Collection, Document, Revision, StoreError};

use super::sql;

/// What every SQLite file begins with.
const HEADER: &[u8; 16] = b"SQLite format 3\0";

/// Statements kept prepared per connection: more than any service has.
const STATEMENTS: usize = 256;

/// Opens the connection that writes, creating the file if need be.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    check_header(path)?;
    // The log is copied between batches (see `log`), not within whichever commit makes it too long. `full` makes every
    // commit wait for the disk: an answered commit survives a power cut.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    open(
        path,
        flags,
        "pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 0;",
    )
}

/// Opens a connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, "pragma query_only = on;")
}

fn open(path: &Path, flags: OpenFlags, pragmas: &str) -> Result<Connection, StoreError> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.execute_batch("pragma busy_timeout = 5000; pragma mmap_size = 268435456;")?;
        connection.execute_batch(pragmas)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Opening reads nothing yet; this reads the schema and so finds a file that is none of ours.
        connection.query_row("select count(*) from sqlite_master", (), |_| Ok(()))?;
        Ok(connection)
    };
    open().map_err(|error| failure(path, &error))
}

/// Looks at the file before SQLite does. Never while a connection has it open: closing any handle of a file gives up the
/// locks that the process holds on it.
pub(super) fn check_header(path: &Path) -> Result<(), StoreError> {
    let mut start = [0; HEADER.len()];
    match File::open(path).and_then(|mut file| file.read_exact(&mut start)) {
        Ok(()) if &start == HEADER => Ok(()),
        Ok(()) => Err(corrupt(path, "it is not an SQLite database")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        // An empty file is a database that was never written to; a process may have been killed right then.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => match path.metadata() {
            Ok(metadata) if metadata.len() == 0 => Ok(()),
            _ => Err(corrupt(path, "it is too short for an SQLite database")),
        },
        Err(error) => Err(StoreError::Unavailable(format!(
            "{} cannot be read: {error}",
            path.display()
        ))),
    }
}

fn corrupt(path: &Path, reason: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!(
        "{} cannot be used: {reason}. Stop the process, move the file and those beside it that end in -wal and -shm \
         away, and put the last backup in their place (`sqlite3 FILE .recover` may save what it still holds)",
        path.display()
    ))
}

/// What an error of SQLite means for the caller.
pub(super) fn failure(path: &Path, error: &rusqlite::Error) -> StoreError {
    let code = error.sqlite_error_code();
    match code {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => corrupt(path, error),
        Some(ErrorCode::DiskFull) => StoreError::Unavailable(format!("{}: the disk is full", path.display())),
        _ if matches!(error, rusqlite::Error::FromSqlConversionFailure(..)) => corrupt(path, error),
        _ => StoreError::Unavailable(format!("{}: {error}", path.display())),
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
