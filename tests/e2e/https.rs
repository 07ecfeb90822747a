//! HTTPS at the gateway's own port, with a certificate that `kugel certificate` makes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use kugel_testkit::World;
use tokio::process::Command;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::crash::PROGRAM;

async fn kugel(arguments: &[&str], environment: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(PROGRAM);
    let output = command
        .args(arguments)
        .envs(environment.iter().copied())
        .kill_on_drop(true)
        .output();
    output.await.unwrap()
}

/// Makes certificate and key in `folder`, as an operator does.
async fn make(folder: &Path, more: &[&str]) -> Output {
    let folder = folder.to_str().unwrap();
    let names = [
        "certificate",
        "--name",
        "localhost",
        "--ip",
        "127.0.0.1",
        "--out",
        folder,
    ];
    kugel(&[&names[..], more].concat(), &[]).await
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What REST answers to a client that trusts one certificate; nothing if it does not trust whom it finds.
async fn rest(url: &str, trusted: &Path) -> Option<String> {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--fail", "--noproxy", "*", "--cacert"])
        .arg(trusted)
        .arg(url);
    let output = curl.output().await.unwrap();
    output.status.success().then(|| text(&output.stdout))
}

/// A gRPC client that trusts one certificate and has shaken hands.
async fn grpc(port: u16, trusted: &Path) -> Result<HealthClient<Channel>, tonic::transport::Error> {
    let authority = Certificate::from_pem(std::fs::read(trusted).unwrap());
    let tls = ClientTlsConfig::new().ca_certificate(authority);
    let endpoint = Endpoint::from_shared(format!("https://localhost:{port}"))?.tls_config(tls)?;
    endpoint.connect().await.map(HealthClient::new)
}

async fn is_serving(client: &mut HealthClient<Channel>) -> bool {
    let answer = client.check(HealthCheckRequest::default()).await.unwrap();
    answer.get_ref().status() == ServingStatus::Serving
}

#[tokio::test]
async fn the_port_speaks_https_and_shows_renewed_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (certificate, key, old) = (file("certificate.pem"), file("key.pem"), file("old.pem"));
    assert!(make(folder.path(), &[]).await.status.success());
    let world = World::start_with(|settings| {
        settings.https_certificate_file = Some(certificate.clone());
        settings.https_key_file = Some(key.clone());
    })
    .await;
    let address = world.url().strip_prefix("http://").unwrap();
    let port: u16 = address.rsplit(':').next().unwrap().parse().unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let said = rest(&format!("https://{host}:{port}/health"), &certificate).await;
        assert!(said.is_some_and(|said| said.contains("\"healthy\"")), "{host}");
    }
    let mut before = grpc(port, &certificate).await.unwrap();
    assert!(is_serving(&mut before).await);
    let plain = world.root().try_send(http::Method::GET, "/health", None).await;
    assert!(plain.is_err(), "no plain text");
    let settings = [
        ("LISTEN", Path::new(address)),
        ("HTTPS_CERTIFICATE_FILE", &certificate),
        ("HTTPS_KEY_FILE", &key),
    ];
    let ready = kugel(&["ready"], &settings).await;
    assert!(ready.status.success(), "{}", text(&ready.stderr));
    std::fs::copy(&certificate, &old).unwrap();
    assert!(make(folder.path(), &["--renew"]).await.status.success());
    let url = format!("https://localhost:{port}/");
    assert!(
        rest(&url, &certificate).await.is_some(),
        "the renewed one is shown"
    );
    assert!(rest(&url, &old).await.is_none());
    assert!(is_serving(&mut grpc(port, &certificate).await.unwrap()).await);
    assert!(grpc(port, &old).await.is_err());
    assert!(is_serving(&mut before).await, "connections of before go on");
}

#[tokio::test]
async fn a_certificate_is_made_by_one_command_and_none_is_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let made = make(folder.path(), &[]).await;
    assert!(made.status.success(), "{}", text(&made.stderr));
    let said = text(&made.stdout);
    for part in [
        "HTTPS_CERTIFICATE_FILE=",
        "HTTPS_KEY_FILE=",
        "--cacert",
        "fingerprint",
        "--renew",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let mode = |name: &str| std::fs::metadata(file(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("key.pem"), mode("certificate.pem")), (0o600, 0o644));
    let key = std::fs::read_to_string(file("key.pem")).unwrap();
    let again = make(folder.path(), &[]).await;
    assert!(!again.status.success());
    assert!(
        text(&again.stderr).contains("is there already"),
        "{}",
        text(&again.stderr)
    );
    assert_eq!(std::fs::read_to_string(file("key.pem")).unwrap(), key);
    assert!(make(folder.path(), &["--renew"]).await.status.success());
    assert_ne!(std::fs::read_to_string(file("key.pem")).unwrap(), key);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        2,
        "no draft is left"
    );
}
