//! `kugel users` and `kugel invite`: people who cannot get in, and those who may come.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::ToSpan as _;
use kugel_account::unlock;
use kugel_config::Settings;
use kugel_host::Host;
use kugel_proto::account::v1::ResetPasswordRequest;
use kugel_proto::account::v1::account_service_client::AccountServiceClient;
use kugel_rpc::{Client as _, outgoing};
use kugel_state::RedisState;
use kugel_types::{Clock as _, SystemClock, TenantId};

use crate::{open, with};

/// The arguments of `kugel users`.
#[derive(Debug, Args)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do for a user.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Give a user a temporary password, which is printed once.
    ///
    /// The user has to change it before the next login (POST /api/v1/accounts/password). Failed logins are forgotten, those
    /// in Redis too where REDIS_URL is set. Nothing else changes: a deactivated user stays deactivated, a superuser stays
    /// one, and tokens that were issued stay good until they expire.
    ResetPassword {
        /// The tenant.
        #[arg(long, value_name = "ID")]
        tenant: String,
        /// The name of the user.
        #[arg(long, value_name = "NAME")]
        username: String,
    },
}

/// The arguments of `kugel invite`.
#[derive(Debug, Args)]
pub struct Invite {
    /// For how many days the code is good.
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub days: u16,
}

/// Does what `options` say on a data folder, or on the MongoDB that the settings name.
pub async fn run(settings: Settings, options: Options) -> anyhow::Result<()> {
    let Command::ResetPassword { tenant, username } = options.command;
    let tenant: TenantId = tenant.parse()?;
    let password = with(open(settings.clone()).await?, async |host| {
        anyhow::ensure!(
            host.tenants().await?.contains(&tenant),
            "there is no tenant {tenant} here"
        );
        reset(host, &tenant, &username).await
    })
    .await?;
    say!("the temporary password of {username} is {password}");
    say!("it is shown once and must be changed before the next login");
    unlock_in_redis(&settings, &tenant, &username)
        .await
        .context("the password is reset, but the account may stay locked for 15 minutes")
}

async fn reset(host: &Host, tenant: &TenantId, username: &str) -> anyhow::Result<String> {
    let mut client = AccountServiceClient::over(host.neighbours().channel(kugel_account::NAME));
    let request = ResetPasswordRequest {
        username: username.to_owned(),
    };
    let request = outgoing(host.tokens(), "users", tenant, request);
    let answer = client.reset_password(request).await;
    let answer = answer.map_err(|status| anyhow::anyhow!("{}", status.message()))?;
    Ok(answer.into_inner().temporary_password)
}

/// Where no Redis is named, failures are in the memory of a process, and end with it.
async fn unlock_in_redis(settings: &Settings, tenant: &TenantId, username: &str) -> anyhow::Result<()> {
    let Some(url) = &settings.redis_url else {
        return Ok(());
    };
    let redis = RedisState::connect(url.reveal(), &settings.namespace)?;
    Ok(unlock(Arc::new(redis), Arc::new(SystemClock), tenant, username).await?)
}

/// Prints an invitation code. Nothing is kept of it: the account service knows its seal, and which ones were used.
pub fn invite(settings: &Settings, options: &Invite) -> anyhow::Result<()> {
    let clock = Arc::new(SystemClock);
    let end = clock.now() + (i64::from(options.days) * 24).hours();
    let keys = kugel_host::keys(settings, clock)?;
    say!("{}", keys.invitation(rand::random(), end));
    Ok(())
}
