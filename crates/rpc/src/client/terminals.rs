//! Whether a terminal exists, for services that are told of one by a caller.

use kugel_error::{Error, codes};
use kugel_proto::terminal::v1::GetTerminalRequest;
use kugel_proto::terminal::v1::terminal_service_client::TerminalServiceClient;
use kugel_types::TerminalId;

use super::neighbour::Neighbour;
use crate::Client as _;

/// The terminal service, asked whether it knows a terminal.
#[derive(Clone)]
pub struct KnownTerminals(Neighbour);

impl KnownTerminals {
    /// Asks the terminal service.
    pub fn new(terminal_service: Neighbour) -> Self {
        Self(terminal_service)
    }

    /// `NOT_FOUND` unless the terminal is known.
    pub async fn check(&self, id: &TerminalId) -> Result<(), Error> {
        let message = GetTerminalRequest {
            terminal_id: id.to_string(),
        };
        let mut client = TerminalServiceClient::over(self.0.channel());
        let answer = client.get_terminal(self.0.request(&id.tenant, message)).await;
        match self.0.found(answer)? {
            Some(_) => Ok(()),
            None => Err(codes::NOT_FOUND
                .error(format!("terminal {id} is not found"))
                .with("terminal_id", id)),
        }
    }
}
