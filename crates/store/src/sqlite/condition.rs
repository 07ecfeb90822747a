//! Whether a database may be used, and what an error says about that.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::StoreError;

use super::inspect;

/// The condition of one open database. What is broken stays so until the process starts again.
pub(super) struct Condition {
    path: PathBuf,
    broken: OnceLock<StoreError>,
    /// True while nothing can be written.
    is_full: AtomicBool,
    /// The file and its log.
    seats: [Seat; 2],
}

/// A file as it was when it was opened.
struct Seat {
    path: PathBuf,
    file: (u64, u64),
}

impl Condition {
    /// That of a database which was opened just now.
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let seat = |path: PathBuf| {
            Seat::of(path.clone())
                .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))
        };
        Ok(Self {
            broken: OnceLock::new(),
            is_full: AtomicBool::new(false),
            seats: [seat(path.to_owned())?, seat(inspect::log_of(path))?],
            path: path.to_owned(),
        })
    }

    /// Refuses whatever is asked of a broken database, from memory too.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.broken.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.get().is_some()
    }

    pub(super) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    /// Draws the conclusion from an outcome, and says so once.
    pub(super) fn judge<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &outcome {
            if error.is_final() && self.broken.set(error.clone()).is_ok() {
                report(&self.path, error);
            }
            if matches!(error, StoreError::Full(_)) && !self.is_full.swap(true, Ordering::Relaxed) {
                tracing::error!(database.path = %self.path.display(), %error, "the disk takes no more");
            }
        }
        outcome
    }

    /// A commit has gone through.
    pub(super) fn has_written(&self) {
        if self.is_full.load(Ordering::Relaxed) && self.is_full.swap(false, Ordering::Relaxed) {
            tracing::info!(database.path = %self.path.display(), "the disk takes commits again");
        }
    }

    /// Refuses if the files were removed or exchanged under their names: what is written to them nobody finds again.
    pub(super) fn is_in_place(&self) -> Result<(), StoreError> {
        let moved = self.seats.iter().find(|seat| {
            let now = Seat::of(seat.path.clone());
            !now.is_ok_and(|now| now.file == seat.file)
        });
        moved.map_or(Ok(()), |seat| {
            Err(inspect::corrupt(
                &seat.path,
                "it was removed or exchanged while it was in use",
            ))
        })
    }
}

impl Seat {
    fn of(path: PathBuf) -> io::Result<Self> {
        let metadata = fs::metadata(&path)?;
        Ok(Self {
            path,
            file: (metadata.dev(), metadata.ino()),
        })
    }
}

/// Says that a database serves nobody any more.
pub(super) fn report(path: &Path, error: &StoreError) {
    tracing::error!(database.path = %path.display(), %error, "a database is out of use until Kugel starts again");
}

/// What it means that something could not be written.
pub(super) fn unwritten(path: &Path, error: &io::Error) -> StoreError {
    let text = format!("{}: {error}", path.display());
    match error.kind() {
        ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded
        | ErrorKind::FileTooLarge
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::PermissionDenied => StoreError::Full(text),
        _ => StoreError::Unavailable(text),
    }
}
