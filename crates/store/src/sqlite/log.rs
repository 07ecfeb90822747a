//! Care for the write-ahead log, between batches and after their answers, so that no caller waits for it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// Frames that may wait to be copied into the database file, 8 KB each. SQLite's own rule would copy them within the
/// commit that reaches the limit, before its answer.
const FRAMES_WAITING: i64 = 1000;
/// A page and the header of its frame.
const FRAME_BYTES: u64 = 8192 + 24;
/// What the log is lengthened by at a time, and up to where. After the first copy it is overwritten from its start.
const STEP_BYTES: usize = 1 << 20;
const LENGTH_MAX: u64 = (FRAMES_WAITING as u64 + 256) * FRAME_BYTES;
/// Frames that lie ready ahead of the writer.
const FRAMES_AHEAD: u64 = 64;
/// Below it the database is not busy enough for its log to be lengthened.
const FRAMES_BUSY: u64 = 32;

/// The log of one database.
pub(super) struct Log {
    path: PathBuf,
    /// Its length where this program has lengthened it; SQLite may have gone beyond.
    length: u64,
}

impl Log {
    pub(super) fn of(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        Self {
            path: path.into(),
            length: 0,
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
        let frames = |mode: &str| -> rusqlite::Result<(i64, i64)> {
            let mut checkpoint = connection.prepare_cached(&format!("pragma wal_checkpoint({mode})"))?;
            checkpoint.query_row((), |row| Ok((row.get(1)?, row.get(2)?)))
        };
        let (written, copied) = frames("noop")?;
        if written - copied >= FRAMES_WAITING {
            frames("passive")?;
        }
        Ok(self.keep_room(u64::try_from(written).unwrap_or(0))?)
    }

    /// Lengthens the file by zeros before SQLite gets to its end: a commit that makes a file longer waits for the file
    /// system's journal too, which nearly doubles its time. SQLite takes frames of zeros for the end of the log.
    fn keep_room(&mut self, written: u64) -> io::Result<()> {
        let needed = (written + FRAMES_AHEAD) * FRAME_BYTES;
        if written < FRAMES_BUSY || needed <= self.length || self.length >= LENGTH_MAX {
            return Ok(());
        }
        let mut file = OpenOptions::new().append(true).open(&self.path)?;
        self.length = file.metadata()?.len();
        while self.length < needed {
            file.write_all(&vec![0; STEP_BYTES])?;
            self.length += STEP_BYTES as u64;
        }
        file.sync_data()
    }
}
