//! Who may read a data folder: its owner alone. An upgrade or a restored backup may have left it open to others.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::data_dir::DataDirError;

/// What a folder of a volume has: its group may read what is in it.
const GROUP_INHERITED: u32 = 0o2000;
const GROUP: u32 = 0o070;
const OTHERS: u32 = 0o007;

/// So many changes are named in the log.
const NAMED: usize = 4;

/// Takes the folder and what Kugel keeps in it away from everybody but its owner, and from everybody but its group where it is
/// a volume's. A volume's own folder may be another user's: then that is said. The root secret is judged where it is read.
pub(super) fn keep_to_owner(folder: &Path) -> Result<(), DataDirError> {
    let unreadable = |source| DataDirError::Io {
        path: folder.to_owned(),
        source,
    };
    let metadata = folder.metadata().map_err(unreadable)?;
    let is_volume = metadata.permissions().mode() & GROUP_INHERITED != 0;
    let taken = if is_volume { OTHERS } else { OTHERS | GROUP };
    let mut changed = Vec::new();
    match take(folder, &metadata, taken) {
        Ok(true) => changed.push(folder.to_owned()),
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(path = %folder.display(), %error, "others can read or write the data folder");
        }
    }
    for path in own(folder).map_err(unreadable)? {
        let took = path.metadata().and_then(|metadata| take(&path, &metadata, taken));
        match took {
            Ok(true) => changed.push(path),
            Ok(false) => {}
            // A log goes with its last user.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(DataDirError::Exposed { path, source }),
        }
    }
    if !changed.is_empty() {
        let named: Vec<_> = changed
            .iter()
            .take(NAMED)
            .map(|path| path.display().to_string())
            .collect();
        let (changed, paths) = (changed.len(), named.join(", "));
        tracing::warn!(
            changed,
            paths,
            "others could read what is in the data folder: it is kept to its owner now"
        );
    }
    Ok(())
}

/// Takes those rights away. False if nobody had them.
fn take(path: &Path, metadata: &Metadata, rights: u32) -> io::Result<bool> {
    let mode = metadata.permissions().mode();
    if mode & rights == 0 {
        return Ok(false);
    }
    fs::set_permissions(path, Permissions::from_mode(mode & !rights)).map(|()| true)
}

/// Kugel's own: its notes, and the services' folders with their databases. A volume holds what belongs to its system as well.
fn own(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_file() && entry.file_name().to_string_lossy().starts_with("kugel") {
            found.push(path);
        } else if kind.is_dir() {
            let files = match fs::read_dir(&path) {
                Ok(files) => files.collect::<Result<Vec<_>, _>>()?,
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => continue,
                Err(error) => return Err(error),
            };
            let databases = files.into_iter().filter(|file| {
                let is_file = file.file_type().is_ok_and(|kind| kind.is_file());
                is_file && file.file_name().to_string_lossy().contains(".sqlite")
            });
            let before = found.len();
            found.extend(databases.map(|file| file.path()));
            if found.len() > before {
                found.push(path);
            }
        }
    }
    Ok(found)
}
