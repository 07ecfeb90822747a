//! What a file with a secret must be.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

/// Why a file is not believed to be secret. Displayed after the file's name.
#[derive(Debug, thiserror::Error)]
pub enum NotPrivate {
    /// The file cannot be looked at.
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    /// Others on this machine may read or change it.
    #[error("everybody on this machine can use it: keep it to its owner (chmod 600)")]
    Open,
    /// Somebody else has written it.
    #[error(
        "belongs to another user, who knows it: take it over (chown) if that is right, or make a new one"
    )]
    Foreign,
}

/// Refuses a file that somebody knows who is neither root nor the user of this process nor in the file's group, which may
/// be that of a volume.
pub fn check_private(file: &Path) -> Result<(), NotPrivate> {
    let metadata = fs::metadata(file)?;
    // There is no safe call for the own user; the kernel says whose this process is.
    let own = fs::metadata("/proc/self")?.uid();
    judge(metadata.permissions().mode(), metadata.uid(), own)
}

fn judge(mode: u32, owner: u32, own: u32) -> Result<(), NotPrivate> {
    if mode & 0o007 != 0 {
        return Err(NotPrivate::Open);
    }
    if ![0, own].contains(&owner) {
        return Err(NotPrivate::Foreign);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_and_the_group_may_know_it_and_nobody_else() {
        let (own, other) = (10_001, 10_002);
        for (mode, owner) in [
            (0o100_600, own),
            (0o100_400, own),
            (0o100_640, own),
            (0o100_440, 0),
            (0o100_600, 0),
        ] {
            judge(mode, owner, own).expect("private");
        }
        for mode in [0o604, 0o602, 0o601, 0o644, 0o666, 0o777] {
            for owner in [own, 0, other] {
                assert!(
                    matches!(judge(mode, owner, own), Err(NotPrivate::Open)),
                    "{mode:o}"
                );
            }
        }
        for mode in [0o600, 0o640] {
            assert!(matches!(judge(mode, other, own), Err(NotPrivate::Foreign)));
            assert!(matches!(judge(mode, other, 0), Err(NotPrivate::Foreign)));
        }
    }

    #[test]
    fn a_file_is_judged_by_what_the_disk_says() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("key");
        assert!(matches!(check_private(&file), Err(NotPrivate::Unreadable(_))));
        fs::write(&file, "secret").expect("file");
        for (mode, is_private) in [(0o600, true), (0o640, true), (0o644, false), (0o602, false)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("mode");
            assert_eq!(check_private(&file).is_ok(), is_private, "{mode:o}");
        }
        // Only root gives files away.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("mode");
        match std::os::unix::fs::chown(&file, Some(10_002), None) {
            Ok(()) => assert!(matches!(check_private(&file), Err(NotPrivate::Foreign))),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied),
        }
    }
}
