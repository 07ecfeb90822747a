//! What a process may do, and who may read what it writes.

use std::io;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit, umask};
use tokio::signal::unix::{SignalKind, signal};

/// Keeps whatever is written from now on to its owner: folders are made 0700, files 0600.
pub fn keep_to_owner() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Opens as many descriptors as the system allows: each till, browser and neighbour holds one, and the usual 1,024 are few.
/// Where they cannot be had the process goes on with what it has.
pub fn take_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// A file that would grow beyond the limit of this process (`ulimit -f`) is to be an error of whoever writes it, as a full
/// disk is: the signal that comes with it would end the process.
pub fn outlive_file_limit() -> io::Result<()> {
    // Being listened for once is enough: the system's own answer never returns.
    signal(SignalKind::from_raw(Signal::XFSZ.as_raw())).map(drop)
}
