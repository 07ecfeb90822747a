//! Care for the write-ahead log, between batches and after their answers, so that no caller waits for it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

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
    path: PathBuf,
    /// Its length where this program has lengthened it; SQLite may have gone beyond.
    length: u64,
    /// Batches since [`Log::is_due`] looked.
    unseen: u32,
}

impl Log {
    pub(super) fn of(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self {
            path: path.into(),
            length: 0,
            unseen: 0,
        }
    }

    /// Copies the log into the database if much has gathered, and keeps room in it. To be called by the writer, outside
    /// a transaction: nobody else may write to the log meanwhile.
    pub(super) fn tend(&mut self, connection: &Connection) {
        if let Err(error) = self.try_tend(connection) {
            // Nothing is lost: the log only grows until the next try.
            tracing::warn!(log.path = %self.path.display(), %error, "the write-ahead log could not be tended");
        }
    }

    fn try_tend(&mut self, connection: &Connection) -> Result<(), Box<dyn std::error::Error>> {
        let (written, copied) = frames(connection, "noop")?;
        if written.saturating_sub(copied) >= FRAMES_WAITING {
            frames(connection, "passive")?;
        }
        Ok(self.keep_room(written)?)
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
    fn keep_room(&mut self, written: u64) -> io::Result<()> {
        if !self.lacks_room(written) {
            return Ok(());
        }
        let mut file = OpenOptions::new().append(true).open(&self.path)?;
        self.length = file.metadata()?.len();
        while self.length < needed(written) {
            file.write_all(&vec![0; STEP_BYTES])?;
            self.length += STEP_BYTES as u64;
        }
        file.sync_data()
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
