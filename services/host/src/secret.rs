//! The root secret of an installation that was given none, and those that it had before.
//!
//! They are kept in the file `secret` of the data folder: the one that signs in the first line, below it each former one
//! with the moment at which it was replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use kugel_auth::{Lifetimes, Secrets, Tokens};
use kugel_config::{Settings, check_private, secret_mistake};
use kugel_store::ANSWERS_KEPT;
use kugel_types::Clock;
use tokio_util::sync::CancellationToken;

use crate::lifetimes;

/// Former secrets that may still be accepted when the secret is changed once more.
const FORMER_MAX: usize = 4;

/// Characters of a secret that is made here.
const GENERATED: usize = 64;

/// Time between two looks at the file.
const LOOK: Duration = Duration::from_secs(1);

/// What the file holds.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    current: String,
    /// The newest first.
    former: Vec<(String, Timestamp)>,
}

impl Kept {
    fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("secret");
        let name = path.display().to_string();
        ensure!(
            path.exists(),
            "there is no {name}: name the data folder with --data-dir, or set SECRET_KEY as the processes have it"
        );
        check_private(&path).context(name.clone())?;
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        Self::parse(&text).with_context(|| {
            format!("{name} is damaged: delete it to make a new one (everybody has to log in again)")
        })
    }

    /// Nothing of a text that was cut short, which shows at its end: there is none of the last line. Earlier versions wrote
    /// none, after a secret of this length.
    fn parse(text: &str) -> Option<Self> {
        let is_whole = |secret: &str| secret.len() >= 32 && !secret.contains(char::is_whitespace);
        if !text.ends_with('\n') && text.len() != GENERATED {
            return None;
        }
        let mut lines = text.trim().lines();
        let current = lines.next().filter(|secret| is_whole(secret))?.to_owned();
        let former = lines.map(|line| {
            let (secret, replaced) = line.split_once(' ').filter(|(secret, _)| is_whole(secret))?;
            Some((secret.to_owned(), replaced.trim().parse().ok()?))
        });
        Some(Self {
            current,
            former: former.collect::<Option<_>>()?,
        })
    }

    fn new() -> Self {
        Self {
            current: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 48]>()),
            former: Vec::new(),
        }
    }

    /// Refuses secrets that somebody has written into the file and that others could think up as well.
    fn check(&self, settings: &Settings, folder: &Path) -> anyhow::Result<()> {
        let former = self.former.iter().map(|(secret, _)| secret);
        let mut mistakes = [&self.current].into_iter().chain(former);
        let mistake = mistakes.find_map(|secret| secret_mistake(secret, settings.development));
        let name = folder.join("secret");
        mistake.map_or(Ok(()), |why| {
            bail!(
                "{}: one of its secrets {why}, or let `kugel secret rotate --drop-former` make a new one",
                name.display()
            )
        })
    }

    /// Written aside and renamed: who is cut off leaves no half secret behind. The file stays its owner's.
    fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let (path, draft) = (folder.join("secret"), folder.join("secret.new"));
        let name = path.display().to_string();
        let before = match fs::metadata(&path) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).context(name),
        };
        let former = self.former.iter();
        let former: String = former
            .map(|(secret, replaced)| format!("{secret} {replaced}\n"))
            .collect();
        let work = || {
            // An earlier draft may be somebody else's, or open to others.
            if draft.exists() {
                fs::remove_file(&draft)?;
            }
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(&draft)?;
            if let Some(before) = before {
                fchown(&file, Some(before.uid()), Some(before.gid()))?;
                file.set_permissions(before.permissions())?;
            }
            write!(file, "{}\n{former}", self.current)?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            File::open(folder)?.sync_all()
        };
        work().context(name)
    }

    /// As processes work with them. A former one is accepted until nothing that it has signed is good any more.
    fn secrets(&self, overlap: SignedDuration) -> Secrets {
        let start = Secrets::from(&*self.current);
        self.former.iter().fold(start, |secrets, (secret, replaced)| {
            secrets.accepting(secret, Some(*replaced + overlap))
        })
    }
}

/// How long a former secret is accepted: the life of the longest token, and of the answers that are kept for whoever sends
/// a request again.
fn overlap(lifetimes: Lifetimes) -> SignedDuration {
    let longest = lifetimes.user.max(lifetimes.terminal);
    SignedDuration::from_secs(longest).max(ANSWERS_KEPT)
}

/// Besides those in the folder, if that has any, what the settings accept.
fn with_settings(secrets: Secrets, settings: &Settings) -> Secrets {
    let accepted = settings.accepted_secrets();
    accepted.fold(secrets, |secrets, secret| secrets.accepting(secret, None))
}

/// The secrets of the installation that `settings` name. Where they name none, they are the folder's, which is given one
/// with its first start: no two installations share a secret, so that none starts with a known one.
pub(crate) fn load_or_create(settings: &Settings, folder: &Path) -> anyhow::Result<Secrets> {
    if settings.secret_key.is_none() && !folder.join("secret").exists() {
        Kept::new().write(folder)?;
    }
    load(settings, folder)
}

/// The same, of an installation that has begun.
pub(crate) fn load(settings: &Settings, folder: &Path) -> anyhow::Result<Secrets> {
    let secrets = match &settings.secret_key {
        Some(secret) => Secrets::from(secret.reveal()),
        None => {
            let kept = Kept::read(folder)?;
            kept.check(settings, folder)?;
            kept.secrets(overlap(lifetimes(settings)))
        }
    };
    Ok(with_settings(secrets, settings))
}

/// Changes the secret of the data folder. Gives when the former one is no longer accepted: now if `drops_former`, and else
/// when nothing that it has signed is good any more. Whoever serves the folder takes it up.
pub fn rotate_secret(
    settings: &Settings,
    clock: &dyn Clock,
    drops_former: bool,
) -> anyhow::Result<Timestamp> {
    ensure!(
        settings.secret_key.is_none(),
        "SECRET_KEY is set, and changed where it is set: see *Changing the secret* in the README"
    );
    let folder = &settings.data_dir;
    let name = || folder.display().to_string();
    // Of two that are at it at once, one would lose the other's secret. The lock goes with the handle.
    let lock = File::open(folder).with_context(name)?;
    lock.lock().with_context(name)?;
    let (before, now) = (Kept::read(folder)?, clock.now());
    let overlap = overlap(lifetimes(settings));
    let mut kept = Kept::new();
    if !drops_former {
        let accepted = |(_, replaced): &(String, Timestamp)| *replaced + overlap > now;
        kept.former.push((before.current, now));
        kept.former.extend(before.former.into_iter().filter(accepted));
        ensure!(
            kept.former.len() <= FORMER_MAX,
            "{FORMER_MAX} former secrets are still accepted: wait, or end them with --drop-former"
        );
    }
    kept.write(folder)?;
    Ok(if drops_former { now } else { now + overlap })
}

/// Takes up the secrets of a folder whenever they were changed, until the process stops.
pub(crate) async fn follow(
    settings: Arc<Settings>,
    folder: PathBuf,
    tokens: Arc<Tokens>,
    stop: CancellationToken,
) {
    let mut seen = None;
    while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        let found = mark(&folder.join("secret"));
        if found == seen {
            continue;
        }
        seen = found;
        match load(&settings, &folder) {
            Ok(secrets) => tokens.take_up(secrets),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(
                    error,
                    "the changed secret cannot be taken up, the one before goes on"
                );
            }
        }
    }
}

/// What tells a file from the one that was there before.
fn mark(path: &Path) -> Option<(u64, SystemTime, u64)> {
    let metadata = path.metadata().ok()?;
    Some((metadata.ino(), metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests;
