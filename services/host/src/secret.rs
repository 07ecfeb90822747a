//! The root secret of an installation that was given none.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kugel_config::check_private;

/// The secret kept in the data folder; made on the first start. Nobody but the owner may read the file, and no two
/// installations share a secret, so that none starts with a known one.
pub(crate) fn load_or_create(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("secret");
    let name = path.display().to_string();
    if !path.exists() {
        let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 48]>());
        // Written aside and renamed: a start that is cut off leaves no half secret behind.
        let draft = folder.join("secret.new");
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)
            .context(name.clone())?;
        file.write_all(secret.as_bytes()).context(name.clone())?;
        file.sync_all().context(name.clone())?;
        fs::rename(&draft, &path).context(name)?;
    }
    load(folder)
}

/// The secret kept in the data folder. Fails if there is none.
pub(crate) fn load(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("secret");
    let name = path.display().to_string();
    ensure!(
        path.exists(),
        "there is no {name}: name the data folder with --data-dir, or set SECRET_KEY as the processes have it"
    );
    check_private(&path).context(name.clone())?;
    let secret = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
    let secret = secret.trim().to_owned();
    ensure!(
        secret.len() >= 32,
        "{name} is damaged: delete it to make a new one (everybody has to log in again)"
    );
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_kept_to_its_owner() {
        let folder = tempfile::tempdir().expect("folder");
        let error = load(folder.path()).expect_err("none yet").to_string();
        assert!(
            error.contains("--data-dir") && error.contains("SECRET_KEY"),
            "{error}"
        );
        let secret = load_or_create(folder.path()).expect("made");
        assert!(secret.len() >= 64);
        assert_eq!(load_or_create(folder.path()).expect("kept"), secret);
        let mode = fs::metadata(folder.path().join("secret"))
            .expect("file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0);
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(folder.path().join("secret"), open).expect("opened");
        let refusal = format!("{:#}", load_or_create(folder.path()).expect_err("open to all"));
        assert!(
            refusal.contains("secret") && refusal.contains("chmod 600"),
            "{refusal}"
        );
        fs::set_permissions(folder.path().join("secret"), fs::Permissions::from_mode(0o640)).expect("closed");
        // Only root gives files away.
        let path = folder.path().join("secret");
        if std::os::unix::fs::chown(&path, Some(10_002), None).is_ok() {
            let refusal = format!(
                "{:#}",
                load_or_create(folder.path()).expect_err("somebody else's")
            );
            assert!(refusal.contains("belongs to another user"), "{refusal}");
            std::os::unix::fs::chown(&path, Some(0), None).expect("taken back");
        }
        fs::write(folder.path().join("secret"), "short").expect("damage");
        assert!(
            load_or_create(folder.path())
                .expect_err("damaged")
                .to_string()
                .contains("damaged")
        );
    }
}
