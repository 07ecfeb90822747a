//! A neighbour: in this process, or across the network.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Request, Response};
use kugel_auth::Tokens;
use kugel_config::Settings;
use kugel_types::TenantId;
use tonic::body::Body;
use tonic::metadata::MetadataValue;
use tower::Service;

use super::balance::Balance;
use super::origin::Origin;
use super::remote::{Limits, Remote};
use crate::call::{hand_on_origin, message_limit};
use crate::{LocalService, Misconfiguration, Tls};

/// The connection to a service. Cheap to clone; generated clients take it as their transport.
#[derive(Clone)]
pub struct Channel(Inner);

#[derive(Clone)]
enum Inner {
    /// Set once the service is built: services know each other before all of them exist.
    Local(Arc<OnceLock<LocalService>>),
    Network(Arc<Remote<Arc<Balance>>>),
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Channel {
    /// A service of this process that is still to be built.
    pub fn local() -> Self {
        Self(Inner::Local(Arc::default()))
    }
    /// A service at the other end of connections, which are made when they are first used.
    fn network(
        neighbour: &'static str,
        setting: &str,
        addresses: &str,
        tls: Option<&Tls>,
        limits: Limits,
    ) -> Result<Self, Misconfiguration> {
        let origins = Origin::read(setting, addresses)?;
        if tls.is_none() && origins.iter().any(|origin| origin.is_tls) {
            return Err(Misconfiguration(format!(
                "setting `{setting}`: https needs `tls_certificate_file`, `tls_key_file` and `tls_authority_file`"
            )));
        }
        let balance = Balance::new(neighbour, origins, tls.cloned());
        Ok(Self(Inner::Network(Arc::new(Remote::new(
            neighbour, balance, limits,
        )))))
    }
    /// Connects a local channel with its service, once.
    pub fn connect(&self, service: LocalService) {
        if let Inner::Local(slot) = &self.0 {
            // The first service stays: connecting twice would be a mistake of the composition, not of a request.
            let _ = slot.set(service);
        }
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match &mut self.0 {
            Inner::Local(slot) => match slot.get() {
                Some(service) => {
                    // Whose call this one belongs to is known here and now; time runs for both alike.
                    hand_on_origin(request.headers_mut());
                    Box::pin(service.answer(request).map(Ok))
                }
                None => Box::pin(async { Err("the service is not started".into()) }),
            },
            Inner::Network(remote) => {
                let remote = remote.clone();
                Box::pin(async move { Ok(remote.send(request).await) })
            }
        }
    }
}

/// The services that can be called, by name.
#[derive(Clone, Default)]
pub struct Neighbours(Arc<BTreeMap<&'static str, Channel>>);

impl Neighbours {
    /// The names of the seven, in the order of their ports.
    pub const NAMES: [&'static str; 7] = [
        "account",
        "terminal",
        "master-data",
        "cart",
        "report",
        "journal",
        "stock",
    ];

    /// All services of this process, still to be connected.
    pub fn local() -> Self {
        Self::new(Self::NAMES.map(|name| (name, Channel::local())))
    }
    /// All services where the settings `account_url` … `stock_url` say they are, but `own`, which is still to be
    /// connected as one of this process. Reads the certificates, and waits for nobody.
    pub fn network(settings: &Settings, own: Option<&str>) -> Result<Self, Misconfiguration> {
        let tls = Tls::read(settings)?;
        let limits = Limits {
            time: Duration::from_secs(settings.request_timeout_seconds),
            bytes: usize::try_from(message_limit(settings)).unwrap_or(usize::MAX),
            calls: settings.concurrency_limit,
        };
        let addresses = [
            ("account", "account_url", &settings.account_url),
            ("terminal", "terminal_url", &settings.terminal_url),
            ("master-data", "master_data_url", &settings.master_data_url),
            ("cart", "cart_url", &settings.cart_url),
            ("report", "report_url", &settings.report_url),
            ("journal", "journal_url", &settings.journal_url),
            ("stock", "stock_url", &settings.stock_url),
        ];
        let channels = addresses.map(|(name, setting, addresses)| {
            let channel = if own == Some(name) {
                Channel::local()
            } else {
                Channel::network(name, setting, addresses, tls.as_ref(), limits)?
            };
            Ok((name, channel))
        });
        Ok(Self::new(channels.into_iter().collect::<Result<Vec<_>, _>>()?))
    }
    /// The given connections.
    pub fn new(channels: impl IntoIterator<Item = (&'static str, Channel)>) -> Self {
        Self(Arc::new(channels.into_iter().collect()))
    }
    /// The connection to a service. One that was not given answers every call with *unavailable*.
    pub fn channel(&self, name: &str) -> Channel {
        self.0.get(name).cloned().unwrap_or_else(Channel::local)
    }
}

/// A request in the name of service `name`, acting within one tenant.
pub fn outgoing<T>(tokens: &Tokens, name: &'static str, tenant: &TenantId, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let token = MetadataValue::try_from(format!("Bearer {}", tokens.service(name, tenant)));
    request
        .metadata_mut()
        .insert("authorization", token.expect("a token is visible ASCII"));
    request
}
