//! A client of the port: a connection with a credential, and the server's refusals as sentences.

use anyhow::{Context as _, anyhow};
use kugel_rpc::NEW_TOKEN;
use rust_decimal::Decimal;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

/// A connection that carries a bearer token once it has one.
#[derive(Debug, Clone)]
pub(super) struct Client {
    channel: Channel,
    token: Option<MetadataValue<Ascii>>,
}

impl Client {
    /// Connects, so that a wrong address shows at once.
    pub(super) async fn connect(url: &str) -> anyhow::Result<Self> {
        let endpoint = Endpoint::from_shared(url.to_owned())
            .with_context(|| format!("{url} is no address: write http://host:port"))?;
        anyhow::ensure!(
            endpoint.uri().scheme_str() == Some("http"),
            "{url} cannot be reached: the demo speaks plain http://"
        );
        let channel = endpoint
            .tcp_nodelay(true)
            .connect()
            .await
            .map_err(|_| anyhow!("nobody answers on {url}: start Kugel there or leave --server out"))?;
        Ok(Self { channel, token: None })
    }

    /// The connection, for a generated client.
    pub(super) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// A request with the token.
    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        request
    }

    /// Sends this token from now on.
    pub(super) fn authorize(&mut self, token: &str) -> anyhow::Result<()> {
        self.token = Some(
            format!("Bearer {token}")
                .parse()
                .context("the token is no token")?,
        );
        Ok(())
    }

    /// Sends the fresh token of an answer from now on, if it came with one: it says how the terminal stands now.
    pub(super) fn renew(&mut self, answer: &MetadataMap) -> anyhow::Result<()> {
        match answer.get(NEW_TOKEN).map(|token| token.to_str()) {
            Some(token) => self.authorize(token.context("the fresh token is no text")?),
            None => Ok(()),
        }
    }
}

/// A call that did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server understood and said no: the next call may well succeed.
    Refused(String),
    /// Nothing can be expected of the next call.
    Broken(anyhow::Error),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::InvalidArgument | Code::FailedPrecondition | Code::NotFound | Code::OutOfRange => {
                Self::Refused(said(&status))
            }
            _ => Self::Broken(error(&status)),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

impl From<Failure> for anyhow::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(message) => anyhow!(message),
            Failure::Broken(error) => error,
        }
    }
}

/// Says what was being done when the server refused.
pub(super) fn while_doing(what: &str) -> impl Fn(Status) -> anyhow::Error {
    move |status| error(&status).context(format!("cannot {what}"))
}

/// An amount of an answer.
pub(super) fn amount(wire: Option<&kugel_proto::Decimal>) -> anyhow::Result<Decimal> {
    Ok(wire.context("the answer lacks an amount")?.exact()?)
}

fn error(status: &Status) -> anyhow::Error {
    match (kugel_error::reason_of(status), status.code()) {
        // No answer of Kugel: the connection is gone.
        (None, Code::Unavailable | Code::Unknown | Code::Cancelled) => {
            anyhow!("the server does not answer any more ({})", status.message())
        }
        _ => anyhow!(said(status)),
    }
}

fn said(status: &Status) -> String {
    match kugel_error::reason_of(status) {
        Some(spec) => format!("{} ({})", status.message(), spec.code),
        None => status.message().to_owned(),
    }
}
