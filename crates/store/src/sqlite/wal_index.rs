//! What SQLite's own index of a write-ahead log tells of it after a crash: how many frames were committed.
//!
//! A commit enters the index after its frames are flushed. So the index of a killed process is exact, and a power cut can leave
//! it behind the log but never ahead. SQLite ignores the old index when it opens the database, and writes a new one.
//!
//! The format is that of <https://sqlite.org/walformat.html#the_wal_index_file_format>, in the byte order of the machine.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::wal::Checksum;

/// Bytes of one copy of the header. The second follows the first.
const HEADER: usize = 48;
const VERSION: u32 = 3_007_000;

/// The last commit that an index knows.
pub(super) struct LastCommit {
    /// Frames in the log up to it.
    pub(super) frames: u64,
    /// The salts of the log's round, as they stand in its header.
    pub(super) salts: [u8; 8],
}

/// Reads an index; `None` if there is none, or none that is whole: nothing can be asked of the log then.
pub(super) fn last_commit(path: &Path) -> Option<LastCommit> {
    let mut copies = [0; 2 * HEADER];
    File::open(path).ok()?.read_exact(&mut copies).ok()?;
    let (header, second) = copies.split_at(HEADER);
    let number = |at: usize| u32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let sum = Checksum::start(cfg!(target_endian = "big")).add(&header[..40]);
    let is_whole =
        header == second && number(0) == VERSION && header[12] == 1 && sum.sums() == (number(40), number(44));
    is_whole.then(|| LastCommit {
        frames: u64::from(number(16)),
        salts: std::array::from_fn(|at| header[32 + at]),
    })
}
