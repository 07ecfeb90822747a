//! The list of a data folder's databases: it tells a tenant that was never here from one whose file is lost.
//!
//! A text of lines `cart/db_cart_t1.sqlite 5a3f90b1c2d4e6f7 closed`, of which the last of a name counts: the identity that
//! the file carries in its header, and whether a log has to lie beside it. A database is made, listed and only then
//! written to, so a process may be killed in between: what is there and not listed holds nothing, or is of an earlier
//! version, and is listed at the next start.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use parking_lot::Mutex;

use super::condition::unwritten;
use crate::StoreError;

/// The list's name in the data folder.
pub(super) const LIST_FILE: &str = "kugel-databases";
/// Its first line.
const TITLE: &str = "kugel-databases 1";
/// Lines that were overtaken by later ones, up to which the list is not written anew.
const OVERTAKEN: usize = 4096;

/// Tells one database from every other. A copy has its original's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64);

impl Identity {
    /// That of a file of an earlier version, until it is opened.
    pub(super) const NONE: Self = Self(0);

    /// One that no other database has.
    pub(super) fn random() -> Self {
        Self(rand::random::<u64>() | (1 << 32))
    }

    /// As two of the numbers that SQLite keeps in a header for its users: `application_id` and `user_version`.
    pub(super) fn numbers(self) -> (u32, u32) {
        let [a, b, c, d, e, f, g, h] = self.0.to_be_bytes();
        (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
    }

    /// The identity of a header's numbers.
    pub(super) fn of(application_id: u32, user_version: u32) -> Self {
        Self(u64::from(application_id) << 32 | u64::from(user_version))
    }
}

/// A listed database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) identity: Identity,
    /// True if a log with commits lies beside the file.
    pub(super) is_open: bool,
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_open { "open" } else { "closed" };
        write!(formatter, "{:016x} {state}", self.identity.0)
    }
}

impl FromStr for Entry {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (identity, state) = text.split_once(' ').ok_or(())?;
        Ok(Self {
            identity: Identity(u64::from_str_radix(identity, 16).map_err(|_| ())?),
            is_open: match state {
                "open" => true,
                "closed" => false,
                _ => return Err(()),
            },
        })
    }
}

/// Why a list cannot be used.
#[derive(Debug)]
pub(super) enum Unlisted {
    /// It is not there.
    Gone,
    /// This line is none of ours.
    Unreadable(usize),
    Io(io::Error),
}

impl From<io::Error> for Unlisted {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The list, open.
pub(super) struct Registry {
    path: PathBuf,
    list: Mutex<List>,
}

struct List {
    file: File,
    /// Up to where the file holds whole lines.
    length: u64,
    lines: usize,
    known: BTreeMap<String, Entry>,
    /// True after a failed flush: what the file holds from then on is not known.
    is_broken: bool,
}

impl Registry {
    /// Reads the list of a folder. Makes an empty one where none is `expected` and there is none.
    pub(super) fn open(folder: &Path, expected: bool) -> Result<Self, Unlisted> {
        let path = folder.join(LIST_FILE);
        let list = match fs::read(&path) {
            Ok(bytes) => List::read(&path, &bytes)?,
            Err(error) if error.kind() == ErrorKind::NotFound && !expected => {
                List::write(&path, BTreeMap::new())?
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Unlisted::Gone),
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            path,
            list: Mutex::new(list),
        })
    }

    /// What is listed under a name.
    pub(super) fn get(&self, name: &str) -> Option<Entry> {
        self.list.lock().known.get(name).copied()
    }

    /// The name under which an identity is listed.
    pub(super) fn name_of(&self, identity: Identity) -> Option<String> {
        if identity == Identity::NONE {
            return None;
        }
        let list = self.list.lock();
        let mut known = list.known.iter();
        let found = known.find(|(_, entry)| entry.identity == identity);
        found.map(|(name, _)| name.clone())
    }

    /// The names of a service's databases and what is listed under them.
    pub(super) fn of_service(&self, service: &str) -> Vec<(String, Entry)> {
        let prefix = format!("{service}/");
        let list = self.list.lock();
        let known = list.known.range(prefix.clone()..);
        known
            .take_while(|(name, _)| name.starts_with(&prefix))
            .map(|(name, entry)| (name.clone(), *entry))
            .collect()
    }

    /// Lists databases, and flushes the list.
    pub(super) fn put(&self, entries: &[(String, Entry)]) -> Result<(), StoreError> {
        let mut list = self.list.lock();
        if list.is_broken {
            return Err(StoreError::Unflushed(format!(
                "{}: an earlier flush failed",
                self.path.display()
            )));
        }
        let text: String = entries
            .iter()
            .map(|(name, entry)| format!("{name} {entry}\n"))
            .collect();
        let at = list.length;
        if let Err(error) = list.file.write_all_at(text.as_bytes(), at) {
            let _ = list.file.set_len(at);
            return Err(unwritten(&self.path, &error));
        }
        if let Err(error) = list.file.sync_data() {
            list.is_broken = true;
            return Err(StoreError::Unflushed(format!("{}: {error}", self.path.display())));
        }
        list.length += text.len() as u64;
        list.lines += entries.len();
        list.known.extend(entries.iter().cloned());
        if list.lines > list.known.len() + OVERTAKEN {
            // Nothing is lost if that fails: the list only grows until the next try.
            if let Ok(shorter) = List::write(&self.path, list.known.clone()) {
                *list = shorter;
            }
        }
        Ok(())
    }
}

impl List {
    fn read(path: &Path, bytes: &[u8]) -> Result<Self, Unlisted> {
        // A line without its end was being written when the process was killed: nobody has relied on it.
        let length = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |last| last + 1);
        let text = str::from_utf8(&bytes[..length]).map_err(|_| Unlisted::Unreadable(1))?;
        let mut lines = text.lines();
        if lines.next() != Some(TITLE) {
            return Err(Unlisted::Unreadable(1));
        }
        let mut known = BTreeMap::new();
        for (number, line) in (2..).zip(lines) {
            let entry = line
                .split_once(' ')
                .and_then(|(name, entry)| Some((name, entry.parse().ok()?)));
            let (name, entry) = entry.ok_or(Unlisted::Unreadable(number))?;
            known.insert(name.to_owned(), entry);
        }
        let file = OpenOptions::new().write(true).open(path)?;
        if length < bytes.len() {
            file.set_len(length as u64)?;
        }
        Ok(Self {
            file,
            length: length as u64,
            lines: text.lines().count() - 1,
            known,
            is_broken: false,
        })
    }

    /// Writes a list of these alone, aside and renamed: a crash in between leaves the former.
    fn write(path: &Path, known: BTreeMap<String, Entry>) -> io::Result<Self> {
        let draft = path.with_extension("new");
        let mut text = format!("{TITLE}\n");
        text.extend(known.iter().map(|(name, entry)| format!("{name} {entry}\n")));
        let mut file = File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        if let Some(folder) = path.parent() {
            flush_folder(folder)?;
        }
        Ok(Self {
            file,
            length: text.len() as u64,
            lines: known.len(),
            known,
            is_broken: false,
        })
    }
}

/// Makes the names in a folder as durable as the files.
pub(super) fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
