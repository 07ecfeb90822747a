//! Care for the write-ahead log, between batches and after their answers, so that no caller waits for it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::StoreError;

use super::condition::unwritten;
use super::connection::failure;
use super::inspect::log_of;

/// Frames that may wait to be copied into the database file, 4 KB each. SQLite's own rule would copy them within the
/// commit that reaches the limit, before its answer.
const FRAMES_WAITING: u64 = 2000;
/// A page and the header of its frame.
const FRAME_BYTES: u64 = 4096 + 24;
/// What the log is lengthened by at a time, and up to where. After the first copy it is overwritten from its start.
const STEP_BYTES: usize = 1 << 20;
const LENGTH_MAX: u64 = (FRAMES_WAITING + 512) * FRAME_BYTES;
/// Frames that lie ready ahead of the writer.
const FRAMES_AHEAD: u64 = 64;
/// Below it the database is not busy enough for its log to be lengthened.
const FRAMES_BUSY: u64 = 32;
/// Batches from one look at a quiet database's log to the next: a look takes as long as writing a page does.
const BATCHES_UNSEEN: u32 = 8;

/// The log of one database.
pub(super) struct Log {
    database: PathBuf,
    path: PathBuf,
    /// Its length where this program has lengthened it; SQLite may have gone beyond.
    length: u64,
    /// Batches since [`Log::is_due`] looked.
    unseen: u32,
    /// True if it could not be tended the last time.
    is_neglected: bool,
}

impl Log {
    pub(super) fn of(database: &Path) -> Self {
        Self {
            database: database.to_owned(),
            path: log_of(database),
            length: 0,
            unseen: 0,
            is_neglected: false,
        }
    }

    /// Copies the log into the database if much has gathered, and keeps room in it. To be called by the writer, outside
    /// a transaction: nobody else may write to the log meanwhile. The error is one that ends the use of the database.
    pub(super) fn tend(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let tended = self.try_tend(connection);
        let was_neglected = mem::replace(&mut self.is_neglected, tended.is_err());
        match tended {
            Err(error) if error.is_final() => Err(error),
            // Nothing is lost: the log only grows until the next try.
            Err(error) if !was_neglected => {
                tracing::warn!(log.path = %self.path.display(), %error, "the write-ahead log cannot be tended");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn try_tend(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let wrong = |error: rusqlite::Error| failure(&self.database, &error);
        let (written, copied) = frames(connection, "noop").map_err(wrong)?;
        if written.saturating_sub(copied) >= FRAMES_WAITING {
            frames(connection, "passive").map_err(wrong)?;
        }
        self.keep_room(written)
    }

    /// Copies all of it, before the database is closed.
    pub(super) fn copy_all(&self, connection: &Connection) -> Result<(), StoreError> {
        match frames(connection, "passive").map_err(|error| failure(&self.database, &error))? {
            (written, copied) if written == copied => Ok(()),
            _ => Err(StoreError::Unavailable(format!(
                "{} is still read",
                self.path.display()
            ))),
        }
    }

    /// True if [`Log::tend`] would do something, as far as is known: to be asked after each batch, whose answers wait for
    /// it, it looks at every eighth.
    pub(super) fn is_due(&mut self, connection: &Connection) -> bool {
        self.unseen = (self.unseen + 1) % BATCHES_UNSEEN;
        if self.unseen != 0 {
            return false;
        }
        frames(connection, "noop").is_ok_and(|(written, copied)| {
            written.saturating_sub(copied) >= FRAMES_WAITING || self.lacks_room(written)
        })
    }

    fn lacks_room(&self, written: u64) -> bool {
        written >= FRAMES_BUSY && needed(written) > self.length && self.length < LENGTH_MAX
    }

    /// Lengthens the file by zeros before SQLite gets to its end: a commit that makes a file longer waits for the file
    /// system's journal too, which nearly doubles its time. SQLite takes frames of zeros for the end of the log.
    fn keep_room(&mut self, written: u64) -> Result<(), StoreError> {
        if !self.lacks_room(written) {
            return Ok(());
        }
        let file = self
            .lengthen(written)
            .map_err(|error| unwritten(&self.path, &error))?;
        let flushed = file.sync_data();
        flushed.map_err(|error| StoreError::Unflushed(format!("{}: {error}", self.path.display())))
    }

    fn lengthen(&mut self, written: u64) -> io::Result<File> {
        let mut file = OpenOptions::new().append(true).open(&self.path)?;
        self.length = file.metadata()?.len();
        while self.length < needed(written) {
            file.write_all(&vec![0; STEP_BYTES])?;
            self.length += STEP_BYTES as u64;
        }
        Ok(file)
    }
}

/// The frames in the log, and those of them that are copied.
fn frames(connection: &Connection, mode: &str) -> rusqlite::Result<(u64, u64)> {
    let mut checkpoint = connection.prepare_cached(&format!("pragma wal_checkpoint({mode})"))?;
    let number = |count: i64| u64::try_from(count).unwrap_or(0);
    checkpoint.query_row((), |row| Ok((number(row.get(1)?), number(row.get(2)?))))
}

fn needed(written: u64) -> u64 {
    (written + FRAMES_AHEAD) * FRAME_BYTES
}
