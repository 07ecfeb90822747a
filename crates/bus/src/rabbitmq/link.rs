//! A connection that is made again for ever.

use std::time::Duration;

use async_trait::async_trait;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use futures::StreamExt as _;
use lapin::{Connection, ConnectionProperties, Error};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::address::{Address, advice};

/// Between two connections. No two pauses are alike, so that the processes of a mesh do not come back all at once.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_millis(1500))
    .without_max_times()
    .with_jitter();
/// How long a connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long a good-bye may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// How often a connection is checked.
const LOOK: Duration = Duration::from_secs(1);
/// A connection that lived so long was a good one: the next pause is the first again.
const GOOD_LIFE: Duration = Duration::from_secs(5);

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error(transparent)]
    Broker(#[from] Error),
    /// The connection is whole, but starts over: what is declared at its beginning may be missing.
    #[error("{0}")]
    Disturbed(String),
}

impl Lost {
    fn advice(&self) -> &'static str {
        match self {
            Self::Broker(error) => advice(error),
            Self::Disturbed(_) => "nothing: queues are declared again and events are sent again",
        }
    }
}

/// What is done with a connection while it lasts.
#[async_trait]
pub(super) trait Session: Send {
    /// What the connection is for, as broker and logs show it.
    const PURPOSE: &'static str;

    /// Works until something is lost, or until `stop`: then finishes what is in hand. It is dropped when the connection
    /// is gone, wherever it stands.
    async fn run(&mut self, connection: &Connection, stop: &CancellationToken) -> Result<(), Lost>;

    /// The connection is gone.
    fn ended(&mut self) {}
}

/// Connects, works and connects again until `stop`.
pub(super) async fn keep<S: Session>(
    address: Address,
    name: String,
    mut session: S,
    stop: CancellationToken,
) {
    let mut pauses = PAUSES.build();
    let connected = metrics::gauge!("kugel_broker_connected", "purpose" => S::PURPOSE);
    loop {
        connected.set(0);
        let properties =
            ConnectionProperties::default().with_connection_name(format!("{name}: {}", S::PURPOSE).into());
        let connection = tokio::select! {
            connection = connect(&address, properties) => connection,
            () = stop.cancelled() => return,
        };
        let begun = Instant::now();
        let outcome = match connection {
            Ok(connection) => {
                tracing::debug!(broker = address.place(), purpose = S::PURPOSE, "connected");
                connected.set(1);
                let outcome = tokio::select! {
                    outcome = session.run(&connection, &stop) => outcome,
                    lost = gone(&connection) => Err(lost),
                };
                session.ended();
                // A lost connection is closed already and says so, or will never answer.
                let _ = tokio::time::timeout(CLOSE_LIMIT, connection.close(200, "OK".into())).await;
                outcome
            }
            Err(error) => Err(error.into()),
        };
        connected.set(0);
        let Err(lost) = outcome else {
            return;
        };
        if stop.is_cancelled() {
            return;
        }
        if begun.elapsed() >= GOOD_LIFE {
            pauses = PAUSES.build();
        }
        tracing::warn!(
            broker = address.place(),
            purpose = S::PURPOSE,
            reason = %lost,
            advice = lost.advice(),
            "no connection to the broker, trying again"
        );
        let pause = pauses.next().expect("the pauses have no end");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Returns when the connection has failed. A call that was under way then may wait for its answer for ever, and a failure
/// from before anybody listened is never reported, so the connection is checked as well.
async fn gone(connection: &Connection) -> Lost {
    let mut events = connection.events_listener();
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(lapin::Event::Error(error)) => return Lost::Broker(error),
                Some(_) => {}
                None => return Lost::Disturbed("the connection has ended".to_owned()),
            },
            _ = looks.tick() => {
                if !connection.status().connected() {
                    return Lost::Disturbed("the connection has ended".to_owned());
                }
            }
        }
    }
}

/// Connects, or says that nobody answers.
pub(super) async fn connect(
    address: &Address,
    properties: ConnectionProperties,
) -> Result<Connection, Error> {
    let connection = Connection::connect_uri(address.uri(), properties);
    tokio::time::timeout(CONNECT_LIMIT, connection)
        .await
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}
