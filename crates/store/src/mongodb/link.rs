//! The connections to the server, how long it may take, and what its errors mean.

use std::fmt::Display;
use std::time::Duration;

use ::mongodb::Client;
use ::mongodb::error::{Error, ErrorKind};
use ::mongodb::options::{
    Acknowledgment, ClientOptions, ConnectionString, HostInfo, ReadConcern, ServerMonitoringMode,
    WriteConcern,
};
use tokio::sync::OnceCell;

use crate::StoreError;

/// What connections are called at the server, unless the URI says otherwise.
const APPLICATION: &str = "kugel";
/// How long a server is looked for before it counts as absent.
const SELECTION: Duration = Duration::from_secs(2);
/// Connections a process opens at most; they are opened as they are needed.
const CONNECTIONS: u32 = 32;
/// How long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(60);

/// The server's answer to a transaction where there is no replica set.
const ILLEGAL_OPERATION: i32 = 20;
const UNAUTHORIZED: i32 = 13;

/// The connections of a process, opened when they are first needed.
pub(super) struct Link {
    uri: ConnectionString,
    /// The hosts, for messages: the URI itself holds a password.
    place: String,
    client: OnceCell<Client>,
    /// Held by the one who looks for dead writers.
    pub(super) clearing: tokio::sync::Mutex<()>,
}

impl Link {
    /// Reads the setting. Nothing of it but the hosts is ever repeated.
    pub(super) fn new(uri: &str) -> Result<Self, StoreError> {
        let uri = ConnectionString::parse(uri).map_err(|_| {
            StoreError::Unavailable(
                "the setting `mongodb_uri` is malformed: it has the form \
                 mongodb://USER:PASSWORD@HOST:PORT/?replicaSet=NAME, with other signs than letters and digits of USER \
                 and PASSWORD written as %XX"
                    .to_owned(),
            )
        })?;
        let place = match &uri.host_info {
            HostInfo::HostIdentifiers(hosts) => join(hosts),
            HostInfo::DnsRecord(name) => name.clone(),
            _ => String::new(),
        };
        let client = OnceCell::new();
        Ok(Self {
            uri,
            place,
            client,
            clearing: tokio::sync::Mutex::default(),
        })
    }

    /// How its connections are called at the server.
    pub(super) fn application(&self) -> &str {
        self.uri.app_name.as_deref().unwrap_or(APPLICATION)
    }

    /// The client. Making it asks no server.
    pub(super) async fn client(&self) -> Result<&Client, StoreError> {
        let make = || async {
            let mut options = ClientOptions::parse(self.uri.clone()).await?;
            options.app_name.get_or_insert(APPLICATION.to_owned());
            options.server_selection_timeout.get_or_insert(SELECTION);
            options.connect_timeout.get_or_insert(SELECTION);
            options.max_pool_size.get_or_insert(CONNECTIONS);
            options.max_idle_time.get_or_insert(IDLE);
            // One connection per server to watch it by, instead of two.
            options.server_monitoring_mode = Some(ServerMonitoringMode::Poll);
            // What the port promises is not for a URI to change. Without the driver's own repetition, an insert whose
            // answer was lost would be refused as its own duplicate.
            options.retry_writes = Some(true);
            options.retry_reads = Some(true);
            options.write_concern = Some(durable());
            options.read_concern = Some(ReadConcern::majority());
            options.selection_criteria = None;
            Client::with_options(options)
        };
        self.client
            .get_or_try_init(make)
            .await
            .map_err(|error| self.failure(&error))
    }

    /// Does work that must come to an end.
    pub(super) async fn within<T>(
        &self,
        patience: Duration,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        tokio::time::timeout(patience, work).await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable(format!(
                "MongoDB at {} did not finish within {} s: look whether it hangs or is overloaded",
                self.place,
                patience.as_secs()
            )))
        })
    }

    /// What an error means for the caller.
    pub(super) fn failure(&self, error: &Error) -> StoreError {
        let place = &self.place;
        StoreError::Unavailable(match &*error.kind {
            ErrorKind::ServerSelection { .. } | ErrorKind::DnsResolve { .. } | ErrorKind::Io(_) => format!(
                "MongoDB at {place} cannot be reached ({}): start it, or correct the setting `mongodb_uri`",
                error.kind
            ),
            ErrorKind::Authentication { .. } => format!(
                "MongoDB at {place} refuses the user or the password of the setting `mongodb_uri`: {}",
                error.kind
            ),
            ErrorKind::Command(command) if command.code == ILLEGAL_OPERATION => no_replica_set(place),
            ErrorKind::Command(command) if command.code == UNAUTHORIZED => format!(
                "MongoDB at {place} forbids it ({}): the user of `mongodb_uri` needs the role readWriteAnyDatabase",
                command.message
            ),
            other => format!("MongoDB at {place}: {other}"),
        })
    }

    /// Succeeds if the server answers and can do what is needed of it.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        let admin = self.client().await?.database("admin");
        let hello = admin.run_command(::mongodb::bson::doc! { "hello": 1 }).await;
        let hello = hello.map_err(|error| self.failure(&error))?;
        if hello.contains_key("setName") || hello.get_str("msg").is_ok_and(|text| text == "isdbgrid") {
            return Ok(());
        }
        Err(StoreError::Unavailable(no_replica_set(&self.place)))
    }
}

/// A majority of the servers has it on disk.
pub(super) fn durable() -> WriteConcern {
    WriteConcern::builder()
        .w(Acknowledgment::Majority)
        .journal(true)
        .build()
}

fn no_replica_set(place: &str) -> String {
    format!(
        "MongoDB at {place} is no replica set, and without one it has no transactions: start it with --replSet rs0 and \
         run rs.initiate() once"
    )
}

fn join(hosts: &[impl Display]) -> String {
    hosts
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}
