//! `kugel secret`: the root secret of a data folder.

use clap::{Args, Subcommand};
use kugel_config::Settings;
use kugel_host::rotate_secret;
use kugel_types::SystemClock;

/// The arguments of `kugel secret`.
#[derive(Debug, Args)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do with the secret.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Change the root secret of the data folder, from which the keys of tokens follow.
    ///
    /// Kugel may be running: it takes the new one up within seconds and refuses no call. What the former one has signed stays
    /// good for as long as the longest token lives, 24 hours at least; invitations that were printed end then too. API keys,
    /// passwords and PINs do not depend on it. Where SECRET_KEY is set, it is changed there, with SECRET_KEYS_ACCEPTED.
    Rotate {
        /// End every access token and invitation at once, for a secret that somebody knows. Clients get others by their
        /// refresh token or key, or log in again.
        #[arg(long)]
        drop_former: bool,
    },
}

/// Does what `options` say on the data folder that the settings name.
pub fn run(settings: &Settings, options: &Options) -> anyhow::Result<()> {
    let Command::Rotate { drop_former } = options.command;
    let end = rotate_secret(settings, &SystemClock, drop_former)?;
    say!("the secret is changed; a running Kugel takes it up within seconds");
    if drop_former {
        say!("what the former one has signed is worth nothing any more");
    } else {
        say!("what the former one has signed is accepted until {end:.0}");
    }
    Ok(())
}
