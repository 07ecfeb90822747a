//! Who shows no certificate of the mesh's authority gets no word in.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use kugel_config::Settings;
use kugel_rpc::{Channel, LocalService, Neighbours, Tls};
use kugel_telemetry::Format;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use crate::certificates::Authority;
use crate::lines::Log;
use crate::stand::{self, BILL, call};

/// A service that answers everything, behind the certificate of `settings`.
async fn served(settings: &Settings) -> SocketAddr {
    let tls = Tls::read(settings).unwrap().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = tower::service_fn(|_| std::future::ready(Ok(Status::ok("").into_http())));
    let service = LocalService::new(service);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (tls, service) = (tls.clone(), service.clone());
            tokio::spawn(async move {
                if let Ok(stream) = tls.accept(stream).await {
                    stand::serve(stream, service, CancellationToken::new()).await;
                }
            });
        }
    });
    address
}

fn cart(mut settings: Settings, url: String) -> Channel {
    settings.cart_url = url;
    Neighbours::network(&settings, None).unwrap().channel("cart")
}

/// Whether a call gets through within a second.
async fn gets_through(channel: &Channel) -> bool {
    match call(channel, BILL, &[("grpc-timeout", "1S")]).await {
        Ok(()) => true,
        Err(status) => {
            assert_eq!(status.code(), Code::Unavailable, "{status:?}");
            false
        }
    }
}

#[tokio::test]
async fn both_ends_show_a_certificate_of_their_authority() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (
        Authority::new(folder.path(), "ours"),
        Authority::new(folder.path(), "theirs"),
    );
    let address = served(&ours.settings(&ours)).await;
    let port = address.port();
    let url = |host: &str| format!("https://{host}:{port}");
    assert!(gets_through(&cart(ours.settings(&ours), url("localhost"))).await);
    assert!(gets_through(&cart(ours.settings(&ours), url("127.0.0.1"))).await);
    // Somebody else's certificate, though it trusts ours.
    assert!(!gets_through(&cart(theirs.settings(&ours), url("localhost"))).await);
    // Our certificate, but it trusts somebody else.
    assert!(!gets_through(&cart(ours.settings(&theirs), url("localhost"))).await);
    // The right authority under a name that the certificate does not have.
    assert!(!gets_through(&cart(ours.settings(&ours), url("127.0.0.2"))).await);
    // Plaintext.
    let plain = cart(Settings::for_test(), format!("http://127.0.0.1:{port}"));
    assert!(!gets_through(&plain).await);
    // And none of them disturbs the others.
    assert!(gets_through(&cart(ours.settings(&ours), url("localhost"))).await);
}

#[tokio::test]
async fn who_shows_no_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ours");
    let settings = ours.settings(&ours);
    let address = served(&settings).await;
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_file(settings.tls_authority_file.clone().unwrap()).unwrap();
    roots.add(root).unwrap();
    let bare = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(bare));
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    // The refusal may come with the handshake or with the first byte.
    let said = async {
        let mut stream = connector.connect(name, stream).await?;
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?;
        stream.read(&mut [0; 64]).await
    };
    let said = tokio::time::timeout(Duration::from_secs(5), said).await.unwrap();
    assert!(said.is_err(), "{said:?}");
    let known = cart(settings, format!("https://localhost:{}", address.port()));
    assert!(gets_through(&known).await);
}

#[tokio::test]
async fn renewed_certificates_are_shown_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (used, next) = (
        Authority::new(folder.path(), "used"),
        Authority::new(folder.path(), "next"),
    );
    let address = served(&used.settings(&used)).await;
    let url = || format!("https://localhost:{}", address.port());
    let [before, during, after] = [(); 3].map(|()| cart(used.settings(&used), url()));
    let stranger = || cart(next.settings(&next), url());
    assert!(gets_through(&before).await);
    assert!(!gets_through(&stranger()).await);
    // Half done, with a key that does not fit: both ends keep what they have.
    used.take(&next, &["key.pem"]);
    assert!(gets_through(&during).await);
    assert!(!gets_through(&stranger()).await);
    used.take(&next, &["certificate.pem", "authority.pem"]);
    assert!(gets_through(&stranger()).await, "the listener shows the new one");
    assert!(gets_through(&after).await, "and so does the caller");
    assert!(gets_through(&before).await, "connections of before go on");
}

#[tokio::test]
async fn a_renewed_pair_that_is_not_good_is_not_taken_and_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let (used, next) = (
        Authority::new(folder.path(), "used"),
        Authority::new(folder.path(), "next"),
    );
    let address = served(&used.settings(&used)).await;
    let by = |authority: &Authority| {
        let url = format!("https://localhost:{}", address.port());
        cart(authority.settings(authority), url)
    };
    let (log, _guard) = Log::open(Format::Text);
    used.take(&next, &["certificate.pem", "authority.pem"]);
    let old = Authority::new(folder.path(), "old");
    for _ in 0..3 {
        assert!(!gets_through(&by(&next)).await, "the key is still the old one");
        assert!(!gets_through(&by(&old)).await);
    }
    let line = log.line("is still shown");
    assert!(
        line.contains("ERROR") && line.contains("is not the key of"),
        "{line}"
    );
    // The right key, but open to all: a file that is copied keeps its rights.
    let key = next.settings(&next).tls_key_file.unwrap();
    std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    used.take(&next, &["key.pem"]);
    let shown = used.settings(&used).tls_key_file.unwrap();
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    assert!(!gets_through(&by(&next)).await, "everybody can read the new key");
    assert!(log.line("chmod 600").contains("ERROR"));
    std::fs::set_permissions(&shown, Permissions::from_mode(0o600)).unwrap();
    assert!(gets_through(&by(&next)).await);
}

#[test]
fn what_is_wrong_is_named_by_its_setting_and_file() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ours");
    let theirs = Authority::new(folder.path(), "theirs");
    let said = |change: &dyn Fn(&mut Settings)| {
        let mut settings = ours.settings(&ours);
        change(&mut settings);
        Neighbours::network(&settings, Some("cart"))
            .err()
            .expect("refused")
            .to_string()
    };
    let absent = folder.path().join("absent.pem");
    let garbage = folder.path().join("garbage.pem");
    std::fs::write(&garbage, "no certificate").unwrap();
    let missing = said(&|settings| settings.tls_key_file = None);
    assert!(
        missing.starts_with("setting `tls_key_file` is missing"),
        "{missing}"
    );
    for file in [&absent, &garbage] {
        let path = file.display().to_string();
        for (setting, text) in [
            (
                "tls_certificate_file",
                said(&|s| s.tls_certificate_file = Some(file.clone())),
            ),
            ("tls_key_file", said(&|s| s.tls_key_file = Some(file.clone()))),
            (
                "tls_authority_file",
                said(&|s| s.tls_authority_file = Some(file.clone())),
            ),
        ] {
            assert!(
                text.contains(&format!("`{setting}`")) && text.contains(&path),
                "{text}"
            );
        }
    }
    let foreign_key = theirs.settings(&theirs).tls_key_file;
    let mixed = said(&|settings| settings.tls_key_file.clone_from(&foreign_key));
    assert!(
        mixed.starts_with("setting `tls_key_file`: ") && mixed.contains("is not the key of"),
        "{mixed}"
    );
    let open = folder.path().join("open.pem");
    std::fs::copy(ours.settings(&ours).tls_key_file.unwrap(), &open).unwrap();
    for (mode, is_private) in [(0o640, true), (0o604, false), (0o602, false)] {
        std::fs::set_permissions(&open, Permissions::from_mode(mode)).unwrap();
        let mut settings = ours.settings(&ours);
        settings.tls_key_file = Some(open.clone());
        assert_eq!(Tls::read(&settings).is_ok(), is_private, "{mode:o}");
    }
    let said_of_open = said(&|settings| settings.tls_key_file = Some(open.clone()));
    assert!(
        said_of_open.starts_with("setting `tls_key_file`: ") && said_of_open.contains("chmod 600"),
        "{said_of_open}"
    );
    let mut plain = Settings::for_test();
    plain.stock_url = "https://localhost:1".to_owned();
    let said = Neighbours::network(&plain, None).err().unwrap().to_string();
    assert!(
        said.contains("`stock_url`") && said.contains("tls_certificate_file"),
        "{said}"
    );
    assert!(Tls::read(&Settings::for_test()).unwrap().is_none());
}
