//! A neighbour, as one service calls it.

use std::sync::Arc;

use kugel_auth::Tokens;
use kugel_error::{Error, codes::ErrorSpec};
use kugel_types::TenantId;
use tonic::{Code, Request, Status};

use super::channel::{Channel, Neighbours, outgoing};

/// A neighbour that can be called, and what the caller answers if it cannot. Cheap to clone.
///
/// ```ignore
/// let terminals = Neighbour::new("cart", "terminal", &neighbours, tokens, &codes::CART_NEIGHBOUR_FAILED);
/// let mut client = TerminalServiceClient::over(terminals.channel());
/// let answer = client.get_terminal(terminals.request(&tenant, message)).await;
/// let Some(answer) = terminals.found(answer)? else { return Ok(None) };
/// let terminal = answer.terminal.ok_or_else(|| terminals.unusable("a terminal"))?;
/// ```
#[derive(Clone)]
pub struct Neighbour {
    own: &'static str,
    name: &'static str,
    channel: Channel,
    tokens: Arc<Tokens>,
    failed: &'static ErrorSpec,
}

impl Neighbour {
    /// The neighbour `name`, called in the name of the service `own`, which answers `failed` when it does not do its part.
    pub fn new(
        own: &'static str,
        name: &'static str,
        neighbours: &Neighbours,
        tokens: Arc<Tokens>,
        failed: &'static ErrorSpec,
    ) -> Self {
        Self {
            own,
            name,
            channel: neighbours.channel(name),
            tokens,
            failed,
        }
    }

    /// The connection, for a generated client.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// A request that acts within one tenant.
    pub fn request<T>(&self, tenant: &TenantId, message: T) -> Request<T> {
        outgoing(&self.tokens, self.own, tenant, message)
    }

    /// The message of an answer; [`Neighbour::failed`] if there is none.
    pub fn answered<T>(&self, answer: Result<tonic::Response<T>, Status>) -> Result<T, Error> {
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| self.failed(status))
    }

    /// The same where *not found* is an answer: `None`.
    pub fn found<T>(&self, answer: Result<tonic::Response<T>, Status>) -> Result<Option<T>, Error> {
        match answer {
            Err(status) if status.code() == Code::NotFound => Ok(None),
            answer => self.answered(answer).map(Some),
        }
    }

    /// The answer when the neighbour refused or did not answer. What it said is for the log.
    pub fn failed(&self, status: Status) -> Error {
        self.failed
            .error(format!("the {} service did not do its part", self.name))
            .with("service", self.name)
            .caused_by(status)
    }

    /// The answer when what the neighbour says cannot be used.
    pub fn unusable(&self, what: &str) -> Error {
        let name = self.name;
        self.failed
            .error(format!("the {name} service gave {what} that cannot be used"))
            .with("service", name)
    }
}

#[cfg(test)]
mod tests {
    use kugel_auth::Lifetimes;
    use kugel_error::codes;
    use kugel_types::SystemClock;

    use super::*;

    #[test]
    fn not_found_is_an_answer_only_where_it_is_asked_for() {
        let lifetimes = Lifetimes { user: 1, terminal: 1 };
        let tokens = Arc::new(Tokens::new("root", lifetimes, Arc::new(SystemClock)));
        let spec = &codes::CART_NEIGHBOUR_FAILED;
        let terminals = Neighbour::new("cart", "terminal", &Neighbours::default(), tokens, spec);
        let nobody = || Err::<tonic::Response<()>, _>(Status::not_found("nobody"));
        assert_eq!(terminals.found(nobody()).unwrap(), None);
        let error = terminals.answered(nobody()).unwrap_err();
        assert!(error.is(spec));
        assert_eq!(error.message(), "the terminal service did not do its part");
        assert!(
            terminals
                .found(Err::<tonic::Response<()>, _>(Status::internal("x")))
                .is_err()
        );
        let request = terminals.request(&"t1".parse().unwrap(), ());
        assert!(request.metadata().contains_key("authorization"));
    }
}
