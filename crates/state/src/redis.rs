//! State in Redis, shared by the processes of the mesh.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, IntoConnectionInfo, RedisError, Script};

use crate::{State, StateError};

/// What a call may cost. A copy that comes later is slower than what it copies.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long a new connection may take, greeting included.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// Pauses between tries to connect: from the first to the second, growing.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// A connection whose bytes nobody acknowledges for so long is given up.
const SILENCE_LIMIT: Duration = Duration::from_secs(5);

/// Sets the value of a key if it is the expected one.
const SWAP: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then \
                    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 else return 0 end";

/// The adapter for Redis. It shares one connection among all calls and reconnects by itself.
pub struct RedisState {
    client: Client,
    connection: ConnectionManager,
    namespace: String,
    swap: Script,
}

impl RedisState {
    /// State at `url`, with `namespace` before every key. Waits for nobody: [`State::ping`] tells whether it is there.
    /// Must be called within a runtime.
    pub fn connect(url: &str, namespace: &str) -> Result<Self, StateError> {
        // The driver's errors name the part that is wrong and never the password.
        let malformed = |error: RedisError| {
            StateError(format!(
                "setting `redis_url`: {error}; expected redis://[user:password@]host[:port][/database], or rediss:// for TLS"
            ))
        };
        let tcp = TcpSettings::default()
            .set_nodelay(true)
            .set_user_timeout(SILENCE_LIMIT);
        let info = url.into_connection_info().map_err(malformed)?;
        let client = Client::open(info.set_tcp_settings(tcp)).map_err(malformed)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_response_timeout(Some(CONNECT_LIMIT))
            // It goes on trying for ever, so that who asks again meets a connection and not an old refusal.
            .set_number_of_retries(usize::MAX)
            .set_min_delay(PAUSES.0)
            .set_max_delay(PAUSES.1);
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)
            .map_err(|error| StateError(format!("Redis cannot be used: {error}")))?;
        Ok(Self {
            client,
            connection,
            namespace: namespace.to_owned(),
            swap: Script::new(SWAP),
        })
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.namespace)
    }

    fn failed(&self, what: impl std::fmt::Display) -> StateError {
        StateError(format!(
            "Redis at {}: {what}",
            self.client.get_connection_info().addr()
        ))
    }

    async fn answer<T>(
        &self,
        call: impl Future<Output = Result<T, RedisError>> + Send,
    ) -> Result<T, StateError> {
        match tokio::time::timeout(PATIENCE, call).await {
            Ok(answer) => answer.map_err(|error| self.failed(error)),
            Err(_) => Err(self.failed(format_args!("no answer within {PATIENCE:?}"))),
        }
    }

    async fn ask<T: FromRedisValue + Send>(&self, command: &Cmd) -> Result<T, StateError> {
        let mut connection = self.connection.clone();
        self.answer(command.query_async(&mut connection)).await
    }
}

/// Redis knows no lifetime of nothing.
fn milliseconds(lifetime: Duration) -> u64 {
    u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[async_trait]
impl State for RedisState {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, StateError> {
        let value: Option<Vec<u8>> = self.ask(Cmd::new().arg("GET").arg(self.key(key))).await?;
        Ok(value.map(Bytes::from))
    }

    async fn set(&self, key: &str, value: Bytes, lifetime: Duration) -> Result<(), StateError> {
        let mut command = Cmd::new();
        command.arg("SET").arg(self.key(key)).arg(&*value);
        self.ask(command.arg("PX").arg(milliseconds(lifetime))).await
    }

    async fn delete(&self, key: &str) -> Result<(), StateError> {
        self.ask(Cmd::new().arg("DEL").arg(self.key(key))).await
    }

    async fn compare_and_set(
        &self,
        key: &str,
        expected: Option<&Bytes>,
        value: Bytes,
        lifetime: Duration,
    ) -> Result<bool, StateError> {
        let lifetime = milliseconds(lifetime);
        let Some(expected) = expected else {
            let mut command = Cmd::new();
            command.arg("SET").arg(self.key(key)).arg(&*value);
            return self.ask(command.arg("PX").arg(lifetime).arg("NX")).await;
        };
        let mut swap = self.swap.key(self.key(key));
        swap.arg(&**expected).arg(&*value).arg(lifetime);
        let mut connection = self.connection.clone();
        self.answer(swap.invoke_async(&mut connection)).await
    }

    /// Says why if there is no answer: the shared connection only says that it is not there yet.
    async fn ping(&self) -> Result<(), StateError> {
        let Err(silence) = self.ask::<()>(&redis::cmd("PING")).await else {
            return Ok(());
        };
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_LIMIT));
        match self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await
        {
            Ok(_) => Err(silence),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn is_local(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
