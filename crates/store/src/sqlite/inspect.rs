//! What can be told of a database file without opening it, for hundreds of files in a moment.
//!
//! Never while a connection has the file open: closing any handle of a file gives up the locks that the process holds on
//! it.

use std::fmt::Display;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use crate::StoreError;

use super::condition::unwritten;
use super::registry::{Entry, Identity, Registry};
use super::wal;

/// What every SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Bytes of a header.
const HEADER: usize = 100;

/// A file that can be a database.
#[derive(Debug, Clone, Copy)]
struct Header {
    identity: Identity,
    page_bytes: u32,
    /// The pages that the file should have, if it says so.
    pages: Option<u32>,
}

/// What lies under a name.
enum Found {
    Nothing,
    Empty,
    File(Header, u64),
}

/// Makes sure that a listed database is there, whole as far as its length, header and log tell, and the one that was made
/// here.
pub(super) fn check_listed(
    path: &Path,
    name: &str,
    entry: Entry,
    registry: &Registry,
) -> Result<(), StoreError> {
    let (header, length) = match look(path)? {
        Found::Nothing => return Err(corrupt(path, "it is gone")),
        Found::Empty => return Err(corrupt(path, "it is empty")),
        Found::File(header, length) => (header, length),
    };
    if header.identity != entry.identity {
        if let Some(other) = registry.name_of(header.identity).filter(|other| other != name) {
            return Err(corrupt(path, format_args!("it is a copy of {other}")));
        }
        if entry.identity != Identity::NONE {
            return Err(corrupt(
                path,
                "it is another database than the one that was made here",
            ));
        }
    }
    let has_commits = wal::check(&log_of(path), &beside(path, "-shm"), entry, header.page_bytes)?;
    let bytes = header
        .pages
        .map(|pages| u64::from(pages) * u64::from(header.page_bytes));
    if !has_commits && bytes.is_some_and(|bytes| length < bytes) {
        return Err(corrupt(path, "it is shorter than its header says"));
    }
    Ok(())
}

/// The identity of a file that is not listed; `None` if there is no database. A copy of a listed one is refused.
pub(super) fn unlisted(path: &Path, registry: &Registry) -> Result<Option<Identity>, StoreError> {
    // An empty file is a database that was never written to: a process was killed right then.
    let Found::File(header, _) = look(path)? else {
        return Ok(None);
    };
    match registry.name_of(header.identity) {
        Some(other) => Err(corrupt(path, format_args!("it is a copy of {other}"))),
        None => Ok(Some(header.identity)),
    }
}

/// The write-ahead log of a database.
pub(super) fn log_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A file that only a person can mend.
pub(super) fn corrupt(path: &Path, reason: impl Display) -> StoreError {
    StoreError::Corrupt(format!(
        "{} cannot be used: {reason}. Stop Kugel and put the last backup of the whole data folder in place, or see \"A lost \
         or damaged database\" in the README",
        path.display()
    ))
}

fn look(path: &Path) -> Result<Found, StoreError> {
    let read = || -> io::Result<(Vec<u8>, u64)> {
        // Opened for writing too: a file that cannot be written is found here, where an operator is looking.
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut start = Vec::with_capacity(HEADER);
        let length = file.metadata()?.len();
        file.take(HEADER as u64).read_to_end(&mut start)?;
        Ok((start, length))
    };
    match read() {
        Ok((start, _)) if start.is_empty() => Ok(Found::Empty),
        Ok((start, length)) => match Header::read(&start) {
            Ok(header) => Ok(Found::File(header, length)),
            Err(reason) => Err(corrupt(path, reason)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Found::Nothing),
        Err(error) => Err(unwritten(path, &error)),
    }
}

impl Header {
    fn read(start: &[u8]) -> Result<Self, &'static str> {
        let Ok(header) = <&[u8; HEADER]>::try_from(start) else {
            return Err("it is too short for an SQLite database");
        };
        if !header.starts_with(MAGIC) {
            return Err("it is not an SQLite database");
        }
        let number =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let page_bytes = match u32::from(u16::from_be_bytes([header[16], header[17]])) {
            1 => 65536,
            bytes => bytes,
        };
        // Versions of the file format, shares of a page, format of the schema, text encoding, and the room kept for later.
        let is_sound = page_bytes.is_power_of_two()
            && page_bytes >= 512
            && matches!(header[18..=20], [1 | 2, 1 | 2, 0])
            && header[21..24] == [64, 32, 32]
            && number(44) <= 4
            && number(56) <= 3
            && header[72..92].iter().all(|byte| *byte == 0);
        if !is_sound {
            return Err("its header is damaged");
        }
        Ok(Self {
            identity: Identity::of(number(68), number(60)),
            page_bytes,
            pages: (number(24) == number(92) && number(28) > 0).then(|| number(28)),
        })
    }
}

/// Succeeds if a folder takes a file of a few pages.
pub(super) fn try_writing(folder: &Path) -> Result<(), StoreError> {
    let path = folder.join("kugel-room");
    let written = fs::write(&path, [0; 65536]);
    let removed = fs::remove_file(&path);
    written.and(removed).map_err(|error| unwritten(folder, &error))
}
