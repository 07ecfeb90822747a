//! What a process may do, and who may read what it writes.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

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
