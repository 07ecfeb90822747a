//! What can be told of a write-ahead log before SQLite reads it: SQLite itself takes the first frame that is not sound for
//! the end of the log, and whatever was committed behind it for never written.
//! Frames that were cut off leave no trace in the log itself; the index beside it tells of them.
//!
//! The format is that of <https://sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use crate::StoreError;

use super::inspect::corrupt;
use super::registry::{Entry, Identity};
use super::wal_index::{self, LastCommit};

const MAGIC: u32 = 0x377f_0682;
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Makes sure that a log holds what its database needs of it, as far as that can be told. Gives whether it holds commits.
pub(super) fn check(path: &Path, index: &Path, entry: Entry, page_bytes: u32) -> Result<bool, StoreError> {
    let scanned = match File::open(path) {
        Ok(file) => scan(BufReader::new(file), page_bytes).map_err(|error| {
            StoreError::Unavailable(format!("{} cannot be read: {error}", path.display()))
        })?,
        Err(error) if error.kind() == ErrorKind::NotFound && entry.is_open => {
            return Err(corrupt(path, "it is gone, and with it the last commits"));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            return Err(StoreError::Unavailable(format!(
                "{} cannot be read: {error}",
                path.display()
            )));
        }
    };
    let Some(scanned) = scanned else {
        return match entry.is_open {
            true => Err(corrupt(
                path,
                "its header is damaged, and the last commits are behind it",
            )),
            false => Ok(false),
        };
    };
    // A power cut tears the commit that was under way, of which nobody has heard, and no other.
    if scanned.commits_behind > 1 {
        return Err(corrupt(path, "a frame is damaged, and commits are behind it"));
    }
    if wal_index::last_commit(index).is_some_and(|last| scanned.lacks(&last)) {
        return Err(corrupt(
            path,
            "it is cut short, and with it the last commits are gone",
        ));
    }
    let is_foreign = |found: Identity| entry.identity != Identity::NONE && found != entry.identity;
    if scanned.identity.is_some_and(is_foreign) {
        return Err(corrupt(path, "it is the log of another database"));
    }
    Ok(scanned.commits > 0)
}

/// What a log holds.
#[derive(Default)]
struct Scanned {
    /// Commits up to the first frame that is not sound.
    commits: u64,
    /// Commits of the same round from there on.
    commits_behind: u64,
    /// Frames up to the last commit that is sound.
    frames: u64,
    /// Random numbers that tell the round: the first is one more in each.
    salts: [u8; 8],
    /// The identity in the last copy of the database's header.
    identity: Option<Identity>,
}

impl Scanned {
    /// True if the log ends before a commit that was in it.
    fn lacks(&self, last: &LastCommit) -> bool {
        if self.salts == last.salts {
            return self.frames < last.frames;
        }
        // A log of a later round than its index is what a power cut leaves: the index is flushed when the system likes.
        let rounds_behind = number(&last.salts, 0).wrapping_sub(number(&self.salts, 0));
        last.frames > 0 && rounds_behind.cast_signed() >= 0
    }
}

/// The sum over everything up to a frame.
#[derive(Clone, Copy)]
pub(super) struct Checksum {
    sums: (u32, u32),
    is_big_endian: bool,
}

impl Checksum {
    pub(super) fn start(is_big_endian: bool) -> Self {
        Self {
            sums: (0, 0),
            is_big_endian,
        }
    }

    pub(super) fn sums(self) -> (u32, u32) {
        self.sums
    }

    pub(super) fn add(mut self, bytes: &[u8]) -> Self {
        let word = |bytes: &[u8]| {
            let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
            match self.is_big_endian {
                true => u32::from_be_bytes(bytes),
                false => u32::from_le_bytes(bytes),
            }
        };
        for pair in bytes.chunks_exact(8) {
            self.sums.0 = self.sums.0.wrapping_add(word(pair)).wrapping_add(self.sums.1);
            self.sums.1 = self
                .sums
                .1
                .wrapping_add(word(&pair[4..]))
                .wrapping_add(self.sums.0);
        }
        self
    }

    fn is(self, bytes: &[u8]) -> bool {
        self.sums == (number(bytes, 0), number(bytes, 4))
    }
}

/// Reads a log to its end; `None` if it does not begin as one.
fn scan(mut log: impl Read, page_bytes: u32) -> io::Result<Option<Scanned>> {
    let mut header = [0; HEADER];
    if !fill(&mut log, &mut header)? {
        return Ok(None);
    }
    let mut sum = Checksum::start(number(&header, 0) & 1 == 1).add(&header[..24]);
    if number(&header, 0) & !1 != MAGIC || number(&header, 8) != page_bytes || !sum.is(&header[24..]) {
        return Ok(None);
    }
    let mut frame = vec![0; FRAME_HEADER + page_bytes as usize];
    let mut scanned = Scanned {
        salts: std::array::from_fn(|at| header[16 + at]),
        ..Scanned::default()
    };
    let (mut frames, mut is_sound) = (0, true);
    while fill(&mut log, &mut frame)? {
        let (head, page) = frame.split_at(FRAME_HEADER);
        // Frames of an earlier round, and room kept ahead, carry other salts.
        let is_of_round = head[8..16] == header[16..24];
        let is_commit = is_of_round && number(head, 4) > 0;
        sum = sum.add(&head[..8]).add(page);
        is_sound &= is_of_round && sum.is(&head[16..]);
        frames += 1;
        if is_sound {
            if is_commit {
                scanned.commits += 1;
                scanned.frames = frames;
            }
            if number(head, 0) == 1 {
                scanned.identity = Some(Identity::of(number(page, 68), number(page, 60)));
            }
        } else {
            scanned.commits_behind += u64::from(is_commit);
        }
    }
    Ok(Some(scanned))
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// False if the log ends before the buffer is full.
fn fill(log: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
