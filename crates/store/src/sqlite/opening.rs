//! Opening the database of a name, which is made only if it never was.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::StoreError;

use super::condition::unwritten;
use super::connection::{failure, make, open_writer};
use super::inspect;
use super::registry::{Entry, Identity, Registry, flush_folder};

/// Where a database lies, and what it is called in the list.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) name: String,
}

/// Opens a database for writing; `None` if there is none and none is to be made. Blocks.
pub(super) fn open(
    place: &Place,
    registry: &Registry,
    create: bool,
) -> Result<Option<Connection>, StoreError> {
    let Place { path, name } = place;
    let listed = registry.get(name);
    let identity = match listed {
        Some(entry) => {
            inspect::check_listed(path, name, entry, registry)?;
            entry.identity
        }
        None => match inspect::unlisted(path, registry)? {
            Some(identity) => identity,
            None if create => make_new(path)?,
            None => return Ok(None),
        },
    };
    let connection = open_writer(path)?;
    let identity = match identity {
        Identity::NONE => mark(&connection).map_err(|error| failure(path, &error))?,
        identity => identity,
    };
    if listed.is_none_or(|entry| entry.identity != identity) {
        let is_open = listed.is_some_and(|entry| entry.is_open);
        registry.put(&[(name.clone(), Entry { identity, is_open })])?;
    }
    Ok(Some(connection))
}

/// Makes a database with an identity. It is on disk, under its name, when this returns.
fn make_new(path: &Path) -> Result<Identity, StoreError> {
    let identity = Identity::random();
    make(path, identity)?;
    let mut folders = path.ancestors().skip(1).take(2);
    let flushed = folders.try_for_each(flush_folder);
    flushed.map_err(|error| unwritten(path, &error))?;
    Ok(identity)
}

/// Gives a database of an earlier version its identity, in the file itself.
fn mark(connection: &Connection) -> rusqlite::Result<Identity> {
    let number = |name: &str| connection.query_row(&format!("pragma {name}"), (), |row| row.get::<_, i32>(0));
    let found = Identity::of(
        number("application_id")?.cast_unsigned(),
        number("user_version")?.cast_unsigned(),
    );
    let identity = if found == Identity::NONE {
        Identity::random()
    } else {
        found
    };
    connection.execute_batch(&format!("begin immediate; {} commit;", pragmas(identity)))?;
    connection.query_row("pragma wal_checkpoint(full)", (), |_| Ok(()))?;
    Ok(identity)
}

/// The statements that write an identity.
pub(super) fn pragmas(identity: Identity) -> String {
    let (application_id, user_version) = identity.numbers();
    format!(
        "pragma application_id = {}; pragma user_version = {};",
        application_id.cast_signed(),
        user_version.cast_signed()
    )
}
