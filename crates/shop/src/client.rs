//! A connection with a credential.

use std::error::Error;

use http::{Request, Response};
use kugel_rpc::NEW_TOKEN;
use tonic::Status;
use tonic::body::Body;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt as _};

use crate::Failure;

/// A connection that generated clients take.
pub type Transport = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

type BoxError = Box<dyn Error + Send + Sync>;

/// Makes a transport of a connection.
pub fn transport<S>(connection: S) -> Transport
where
    S: Service<Request<Body>, Response = Response<Body>, Error: Into<BoxError>>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    BoxCloneSyncService::new(connection.map_err(|error| Status::from_error(error.into())))
}

/// A connection that carries a bearer token once it has one.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    token: Option<MetadataValue<Ascii>>,
}

impl Client {
    pub(crate) fn new(transport: Transport) -> Self {
        let token = None;
        Self { transport, token }
    }

    /// The connection, for a generated client.
    pub fn transport(&self) -> Transport {
        self.transport.clone()
    }

    /// The token; empty before there is one.
    pub fn token(&self) -> &str {
        let bearer = self.token.as_ref().and_then(|value| value.to_str().ok());
        bearer
            .and_then(|text| text.strip_prefix("Bearer "))
            .unwrap_or_default()
    }

    /// A request with the token.
    pub fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        request
    }

    /// Sends this token from now on.
    pub(crate) fn authorize(&mut self, token: &str) -> Result<(), Failure> {
        let bearer = format!("Bearer {token}").parse();
        self.token = Some(bearer.map_err(|_| Failure::lacking("log in", "a token that can be sent"))?);
        Ok(())
    }

    /// Sends the fresh token of an answer from now on, if it came with one: it says how the terminal stands now.
    pub(crate) fn renew(&mut self, answer: &MetadataMap) -> Result<(), Failure> {
        match answer.get(NEW_TOKEN) {
            Some(token) => self.authorize(token.to_str().unwrap_or_default()),
            None => Ok(()),
        }
    }
}
