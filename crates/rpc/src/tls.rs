//! TLS between the processes of the mesh: both ends show a certificate of the mesh's authority.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kugel_config::Settings;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// A connection of a caller who has shown a certificate.
pub type TlsStream = server::TlsStream<TcpStream>;

/// How long a caller may take to show its certificate.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
/// Handshakes at the same time: they are the costly part of a connection.
const HANDSHAKES_MAX: usize = 64;
/// Pause after the system had no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// A setting that cannot be used, in one sentence that names it and says what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misconfiguration(pub(crate) String);

/// The certificates of this process, as its files have them now: each handshake first checks whether they were renewed.
/// Cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    files: Files,
    known: Mutex<Known>,
}

/// What was read, and what the files looked like just before.
struct Known {
    sides: Sides,
    marks: Marks,
}

/// Both sides of a connection.
#[derive(Clone)]
struct Sides {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

/// Where certificate, key and authority are.
struct Files([PathBuf; 3]);

/// When each file was written last, and its length; `None` for one that is not there.
type Marks = [Option<(SystemTime, u64)>; 3];

impl Tls {
    /// Reads what `tls_certificate_file`, `tls_key_file` and `tls_authority_file` name: all three, or none for plaintext.
    pub fn read(settings: &Settings) -> Result<Option<Self>, Misconfiguration> {
        let Some(files) = Files::named(settings)? else {
            return Ok(None);
        };
        let marks = files.marks();
        let sides = files.read()?;
        let known = Mutex::new(Known { sides, marks });
        Ok(Some(Self(Arc::new(Inner { files, known }))))
    }

    /// Shakes hands with whoever is called `host`.
    pub(crate) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> std::io::Result<client::TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
        let connector = TlsConnector::from(self.sides().client);
        connector.connect(name, stream).await
    }

    /// Both sides by the files as they are. A look takes a few microseconds, a handshake a millisecond.
    fn sides(&self) -> Sides {
        let mut known = self.0.known.lock();
        let marks = self.0.files.marks();
        if marks != known.marks {
            match self.0.files.read() {
                Ok(sides) => {
                    *known = Known { sides, marks };
                    tracing::info!("the renewed certificate is shown from now on");
                }
                // Whoever renews them may not have finished: the next handshake looks again.
                Err(error) => tracing::warn!(%error, "the certificate of before is still shown"),
            }
        }
        known.sides.clone()
    }
}

impl Files {
    fn named(settings: &Settings) -> Result<Option<Self>, Misconfiguration> {
        let files = [
            ("tls_certificate_file", &settings.tls_certificate_file),
            ("tls_key_file", &settings.tls_key_file),
            ("tls_authority_file", &settings.tls_authority_file),
        ];
        if files.iter().all(|(_, file)| file.is_none()) {
            return Ok(None);
        }
        let [certificate, key, authority] = files.map(|(setting, file)| {
            file.clone().ok_or_else(|| {
                Misconfiguration(format!(
                    "setting `{setting}` is missing: certificate, key and authority belong together"
                ))
            })
        });
        Ok(Some(Self([certificate?, key?, authority?])))
    }

    fn marks(&self) -> Marks {
        let mark = |file: &PathBuf| {
            let metadata = file.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        self.0.each_ref().map(mark)
    }

    fn read(&self) -> Result<Sides, Misconfiguration> {
        let [certificate, key, authority] = &self.0;
        let chain = certificates("tls_certificate_file", certificate)?;
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| wrong("tls_key_file", key, format_args!("no private key (PEM): {error}")))?;
        let mut roots = RootCertStore::empty();
        for root in certificates("tls_authority_file", authority)? {
            roots
                .add(root)
                .map_err(|error| wrong("tls_authority_file", authority, error))?;
        }
        Sides::new(chain, private, Arc::new(roots))
            .map_err(|error| wrong("tls_certificate_file", certificate, error))
    }
}

impl Sides {
    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        roots: Arc<RootCertStore>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
        let callers =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider)).build()?;
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(callers)
            .with_single_cert(chain.clone(), key.clone_key())?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)?;
        client.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            client: Arc::new(client),
            server: Arc::new(server),
        })
    }
}

fn certificates(setting: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, Misconfiguration> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| wrong(setting, file, error))?;
    if found.is_empty() {
        return Err(wrong(setting, file, "no certificate (PEM)"));
    }
    Ok(found)
}

fn wrong(setting: &str, file: &Path, what: impl std::fmt::Display) -> Misconfiguration {
    Misconfiguration(format!("setting `{setting}`: {}: {what}", file.display()))
}

/// Accepts callers who show a certificate of the mesh. Others, and those who speak plaintext, never get in; a slow
/// handshake keeps nobody else waiting.
///
/// `axum::serve` takes it as its listener with `accept` and `local_addr` passed on.
pub struct TlsListener {
    accepted: mpsc::Receiver<(TlsStream, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    /// Listens until it is dropped. Must be called within a runtime.
    pub fn new(listener: TcpListener, tls: Tls) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let (accept, accepted) = mpsc::channel(HANDSHAKES_MAX);
        tokio::spawn(async move {
            let slots = Arc::new(Semaphore::new(HANDSHAKES_MAX));
            tokio::select! {
                () = accept.closed() => {}
                () = listen(&listener, &tls, &slots, &accept) => {}
            }
        });
        Ok(Self { accepted, address })
    }

    /// The next caller. Waits for ever when there are no more.
    pub async fn accept(&mut self) -> (TlsStream, SocketAddr) {
        match self.accepted.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

async fn listen(
    listener: &TcpListener,
    tls: &Tls,
    slots: &Arc<Semaphore>,
    accept: &mpsc::Sender<(TlsStream, SocketAddr)>,
) {
    while let Ok(slot) = Arc::clone(slots).acquire_owned().await {
        let (stream, caller) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (acceptor, accept) = (TlsAcceptor::from(tls.sides().server), accept.clone());
        tokio::spawn(async move {
            // Answers are small: waiting to fill a packet would only delay them.
            let _ = stream.set_nodelay(true);
            match tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await {
                // Nobody is left to take it if the listener was dropped meanwhile.
                Ok(Ok(stream)) => drop(accept.send((stream, caller)).await),
                Ok(Err(error)) => {
                    tracing::warn!(%caller, %error, "a caller was refused: no good certificate")
                }
                Err(_) => tracing::warn!(%caller, "a caller was refused: no certificate in time"),
            }
            drop(slot);
        });
    }
}
