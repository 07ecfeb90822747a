//! `kugel books`: the sessions that hold a daily report up, and how they are mended.
//!
//! A session settles when everything that its terminal announced at the close has arrived. The report service does the
//! work, by the methods that superusers call while it serves.

#[cfg(test)]
mod tests;

use clap::{Args, Subcommand};
use kugel_config::Settings;
use kugel_host::Host;
use kugel_proto::report::v1 as pb;
use kugel_proto::report::v1::books_service_client::BooksServiceClient;
use kugel_rpc::{Channel, Client as _, outgoing};
use kugel_types::TenantId;

use crate::{open, with};

/// The arguments of `kugel books`.
#[derive(Debug, Args)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do with sessions that do not settle.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the sessions that hold a daily report up, and what is missing.
    List {
        /// The tenant.
        #[arg(long, value_name = "ID")]
        tenant: String,
        /// Only this store.
        #[arg(long, value_name = "CODE")]
        store: Option<String>,
    },
    /// Read a session's logs again from where they were made, and count its sums again.
    Mend(Session),
    /// Settle a session of which a log is lost for good. The remark stands in the journal and on every report.
    Settle {
        /// The session.
        #[command(flatten)]
        session: Session,
        /// Why it is settled although a log is missing.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Who settles it.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

/// A session of a terminal.
#[derive(Debug, Args)]
pub struct Session {
    /// The tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: String,
    /// The store.
    #[arg(long, value_name = "CODE")]
    pub store: String,
    /// The terminal.
    #[arg(long, value_name = "NUMBER")]
    pub terminal: i32,
    /// The business date.
    #[arg(long, value_name = "YYYYMMDD")]
    pub date: String,
    /// The opening of that day.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub session: i32,
}

impl Command {
    fn tenant(&self) -> &str {
        match self {
            Self::List { tenant, .. } => tenant,
            Self::Mend(session) | Self::Settle { session, .. } => &session.tenant,
        }
    }
}

/// Does what `options` say on a data folder, or on the MongoDB that the settings name. False: something is missing still.
pub async fn run(settings: Settings, options: Options) -> anyhow::Result<bool> {
    with(open(settings).await?, async |host| {
        host.work();
        host.settled().await;
        let tenant = options.command.tenant();
        let known = host.tenants().await?;
        anyhow::ensure!(
            known.iter().any(|known| known.as_str() == tenant),
            "there is no tenant {tenant} here"
        );
        match options.command {
            Command::List { tenant, store } => list(host, &tenant, store).await,
            Command::Mend(session) => mend(host, &session).await,
            Command::Settle { session, reason, by } => settle(host, &session, reason, by).await,
        }
    })
    .await
}

fn client(host: &Host) -> BooksServiceClient<Channel> {
    BooksServiceClient::over(host.neighbours().channel(kugel_report::NAME))
}

fn request<T>(host: &Host, tenant: &str, message: T) -> anyhow::Result<tonic::Request<T>> {
    let tenant: TenantId = tenant.parse()?;
    Ok(outgoing(host.tokens(), "books", &tenant, message))
}

async fn list(host: &Host, tenant: &str, store_code: Option<String>) -> anyhow::Result<bool> {
    let message = pb::ListUnsettledSessionsRequest {
        tenant_id: tenant.to_owned(),
        store_code,
    };
    let answer = client(host)
        .list_unsettled_sessions(request(host, tenant, message)?)
        .await?;
    let sessions = answer.into_inner().sessions;
    for session in &sessions {
        say!(
            "store {} terminal {} date {} session {}: {}",
            session.store_code,
            session.terminal_no,
            session.business_date,
            session.open_counter,
            session.missing
        );
    }
    say!("{} session(s) do not settle", sessions.len());
    Ok(sessions.is_empty())
}

async fn mend(host: &Host, session: &Session) -> anyhow::Result<bool> {
    let message = pb::MendSessionRequest {
        tenant_id: session.tenant.clone(),
        store_code: session.store.clone(),
        terminal_no: session.terminal,
        business_date: session.date.clone(),
        open_counter: session.session,
    };
    let answer = client(host)
        .mend_session(request(host, &session.tenant, message)?)
        .await?;
    let mended = answer.into_inner();
    say!("{} logs were read again", mended.logs_read);
    if mended.is_repaired {
        say!("the sums were not those of the logs, and are now");
    }
    match &mended.missing {
        None => say!("the session settles"),
        Some(missing) => say!("it does not settle: {missing}; if that is lost for good, settle it"),
    }
    Ok(mended.missing.is_none())
}

async fn settle(host: &Host, session: &Session, reason: String, by: String) -> anyhow::Result<bool> {
    let message = pb::SettleSessionRequest {
        tenant_id: session.tenant.clone(),
        store_code: session.store.clone(),
        terminal_no: session.terminal,
        business_date: session.date.clone(),
        open_counter: session.session,
        reason,
        made_by: Some(by),
    };
    let answer = client(host)
        .settle_session(request(host, &session.tenant, message)?)
        .await?;
    if let Some(remark) = answer.into_inner().remark {
        say!(
            "settled by {} at {}: {}",
            remark.made_by,
            remark.made_at,
            remark.missing
        );
    }
    Ok(true)
}
