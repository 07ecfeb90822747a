//! Where the broker is, and what a person can do when it does not answer.

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Error, ErrorKind};

/// Seconds between heartbeats: a connection that was cut silently is noticed after two.
const HEARTBEAT: u16 = 5;
/// Longest frame. The client keeps buffers of 32 frames each way, which are most of what an idle connection costs.
const FRAME_LIMIT: u32 = 32_768;

/// Settings that no broker can be reached with.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RabbitError(pub(super) String);

/// A broker's address.
#[derive(Debug, Clone)]
pub(super) struct Address {
    uri: AMQPUri,
    place: String,
}

impl Address {
    /// Reads a URL. What the URL leaves open is set so that an idle connection is cheap and a dead one is noticed.
    pub(super) fn parse(url: &str) -> Result<Self, RabbitError> {
        let mut uri: AMQPUri = url.parse().map_err(|reason| {
            RabbitError(format!(
                "setting `amqp_url` is no broker's address: {reason}; write amqp://user:password@host:5672/%2f"
            ))
        })?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        uri.query.frame_max.get_or_insert(FRAME_LIMIT);
        let scheme = match uri.scheme {
            AMQPScheme::AMQP => "amqp",
            AMQPScheme::AMQPS => "amqps",
        };
        // Without user and password: this is what logs show.
        let place = format!(
            "{scheme}://{}:{} (virtual host {:?})",
            uri.authority.host, uri.authority.port, uri.vhost
        );
        Ok(Self { uri, place })
    }

    /// For the driver.
    pub(super) fn uri(&self) -> AMQPUri {
        self.uri.clone()
    }

    /// For people: no user, no password.
    pub(super) fn place(&self) -> &str {
        &self.place
    }
}

/// What to do about an error, in words for whoever reads the log.
pub(super) fn advice(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::ProtocolError(refusal) => match refusal.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => {
                "check user and password in AMQP_URL, and that the user may configure, write and read"
            }
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => {
                "a queue or exchange of this name was declared with other properties: empty it, delete it, and it is declared again"
            }
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED | AMQPHardError::INVALIDPATH) => {
                "create the virtual host that AMQP_URL names, or name another"
            }
            AMQPErrorKind::Hard(AMQPHardError::CONNECTIONFORCED) => {
                "the broker is stopping or was told to hang up"
            }
            _ => "look into the broker's log",
        },
        _ => "check that RabbitMQ runs there and that AMQP_URL is right",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_shows_no_password() {
        let address = Address::parse("amqp://till:hush-hush@broker.example:5673/shop").unwrap();
        assert_eq!(
            address.place(),
            "amqp://broker.example:5673 (virtual host \"shop\")"
        );
        for url in [
            "http://till:hush-hush@broker",
            "hush-hush",
            "amqp://till:hush-hush@broker:port",
        ] {
            let error = Address::parse(url).unwrap_err().to_string();
            assert!(error.contains("amqp_url"), "{error}");
            assert!(!error.contains("hush-hush"), "{error}");
        }
    }
}
