//! TLS: between the processes of the mesh, where both ends show a certificate of the mesh's authority, and at a gateway's
//! own port, where callers show none.

use std::sync::Arc;

use kugel_config::{Settings, check_private};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use tokio_rustls::rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, InconsistentKeys, RootCertStore,
    ServerConfig, SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use self::files::{Files, Marks, certificates, wrong};

mod files;

/// A connection whose handshake is done, as the port sees it.
pub type TlsStream<S> = server::TlsStream<S>;

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
    /// How the files looked when they were refused last: said once.
    refused: Option<Marks>,
}

/// Both sides of a connection.
#[derive(Clone)]
struct Sides {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Tls {
    /// Reads what `tls_certificate_file`, `tls_key_file` and `tls_authority_file` name: all three, or none for plaintext.
    pub fn read(settings: &Settings) -> Result<Option<Self>, Misconfiguration> {
        Self::of(&[
            ("tls_certificate_file", &settings.tls_certificate_file),
            ("tls_key_file", &settings.tls_key_file),
            ("tls_authority_file", &settings.tls_authority_file),
        ])
    }

    /// Reads what `https_certificate_file` and `https_key_file` name: both, or none for plaintext. Callers show no
    /// certificate; this process itself, when it calls its own port, trusts the one that it shows and no other.
    pub fn https(settings: &Settings) -> Result<Option<Self>, Misconfiguration> {
        Self::of(&[
            ("https_certificate_file", &settings.https_certificate_file),
            ("https_key_file", &settings.https_key_file),
        ])
    }

    fn of(named: &[files::Named<'_>]) -> Result<Option<Self>, Misconfiguration> {
        let Some(files) = Files::named(named)? else {
            return Ok(None);
        };
        let marks = files.marks();
        let sides = Sides::read(&files)?;
        let known = Mutex::new(Known {
            sides,
            marks,
            refused: None,
        });
        Ok(Some(Self(Arc::new(Inner { files, known }))))
    }

    /// Shakes hands with a caller. How long that may take is for whoever accepts it to say.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> std::io::Result<TlsStream<S>> {
        TlsAcceptor::from(self.sides().server).accept(stream).await
    }

    /// Shakes hands with whoever is called `host`.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &str,
        stream: S,
    ) -> std::io::Result<client::TlsStream<S>> {
        let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
        let connector = TlsConnector::from(self.sides().client);
        connector.connect(name, stream).await
    }

    /// Both sides by the files as they are. A look takes a few microseconds, a handshake a millisecond.
    fn sides(&self) -> Sides {
        let mut known = self.0.known.lock();
        let marks = self.0.files.marks();
        if marks != known.marks {
            match Sides::read(&self.0.files) {
                Ok(sides) => {
                    *known = Known {
                        sides,
                        marks,
                        refused: None,
                    };
                    tracing::info!("the renewed certificate is shown from now on");
                }
                // Whoever renews them may not have finished: the next handshake looks again.
                Err(error) => {
                    let marks = Some(marks);
                    if known.refused != marks {
                        known.refused = marks;
                        tracing::error!(%error, "the certificate of before is still shown");
                    }
                }
            }
        }
        known.sides.clone()
    }
}

impl Sides {
    fn read(files: &Files) -> Result<Self, Misconfiguration> {
        let [certificate, key, authority @ ..] = files.all() else {
            unreachable!("a certificate has its key");
        };
        let chain = certificates(certificate)?;
        check_private(&key.path).map_err(|error| wrong(key, error))?;
        let private = PrivateKeyDer::from_pem_file(&key.path)
            .map_err(|error| wrong(key, format_args!("no private key (PEM): {error}")))?;
        let sides = match authority.first() {
            None => Self::of_a_port(chain, private),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                for root in certificates(authority)? {
                    roots.add(root).map_err(|error| wrong(authority, error))?;
                }
                Self::of_the_mesh(chain, private, Arc::new(roots))
            }
        };
        sides.map_err(|error| match error.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => wrong(
                key,
                format_args!("is not the key of {}", certificate.path.display()),
            ),
            _ => wrong(certificate, error),
        })
    }

    fn of_the_mesh(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        roots: Arc<RootCertStore>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
        let callers =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider)).build()?;
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(callers)
            .with_single_cert(chain.clone(), key.clone_key())?;
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)?;
        Ok(Self::new(client, server))
    }

    fn of_a_port(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
        let own = Arc::new(Own {
            certificate: chain[0].clone(),
            algorithms: provider.signature_verification_algorithms,
        });
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(own)
            .with_no_client_auth();
        Ok(Self::new(client, server))
    }

    fn new(mut client: ClientConfig, mut server: ServerConfig) -> Self {
        client.alpn_protocols = vec![b"h2".to_vec()];
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self {
            client: Arc::new(client),
            server: Arc::new(server),
        }
    }
}

/// Trusts one certificate, whatever names it has: that of the process itself, which it has on disk.
#[derive(Debug)]
struct Own {
    certificate: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Own {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, tokio_rustls::rustls::Error> {
        if *shown == self.certificate {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, tokio_rustls::rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, tokio_rustls::rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
