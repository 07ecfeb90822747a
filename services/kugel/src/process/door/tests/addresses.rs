//! Where clients are, with and without proxies.

use kugel_config::Settings;

use super::*;

/// A door whose trusted proxy is [`HERE`].
fn behind_a_proxy(speaks_first: bool) -> Door {
    let mut settings = Settings::for_test();
    HERE.clone_into(&mut settings.trusted_proxies);
    settings.proxy_protocol = speaks_first;
    Door {
        proxies: Proxies::of(&settings).unwrap(),
        ..patient()
    }
}

async fn asked_with(from: &str, to: SocketAddr, before: &[u8], headers: &str) -> String {
    let request = format!("GET /address HTTP/1.1\r\nhost: kugel\r\nconnection: close\r\n{headers}\r\n");
    say(
        &mut connect(from, to).await,
        &[before, request.as_bytes()].concat(),
    )
    .await
}

const FORWARDED: &str = "x-forwarded-for: 198.51.100.9, 203.0.113.5\r\n";
const LINE: &[u8] = b"PROXY TCP4 203.0.113.5 10.0.0.1 4711 80\r\n";
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x05\x0a\0\0\x01\x12\x34\0\x50";

#[tokio::test]
async fn a_proxys_word_counts_and_a_clients_does_not() {
    let address = open(behind_a_proxy(false)).await;
    for (from, headers, expected) in [
        (HERE, "", "0.0.0.0"),
        (HERE, "x-forwarded-for: 203.0.113.5, unknown\r\n", "0.0.0.0"),
        (HERE, FORWARDED, "203.0.113.5"),
        (HERE, "x-forwarded-for: 203.0.113.5, 127.0.0.1\r\n", "203.0.113.5"),
        (THERE, FORWARDED, THERE),
    ] {
        let said = asked_with(from, address, b"", headers).await;
        assert!(
            said.ends_with(&format!("\r\n\r\n{expected}")),
            "{from} {headers}: {said}"
        );
    }
    // Nobody has said that the proxy speaks this.
    let said = asked_with(HERE, address, LINE, "").await;
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
}

#[tokio::test]
async fn without_trusted_proxies_the_connection_alone_counts() {
    let address = open(patient()).await;
    let said = asked_with(HERE, address, b"", FORWARDED).await;
    assert!(said.ends_with(&format!("\r\n\r\n{HERE}")), "{said}");
}

#[tokio::test]
async fn a_proxy_that_speaks_first_has_to_and_nobody_else_may() {
    let address = open(behind_a_proxy(true)).await;
    for (before, headers, expected) in [
        (LINE, "", "203.0.113.5"),
        (BINARY, "", "203.0.113.5"),
        (LINE, "x-forwarded-for: 198.51.100.9\r\n", "203.0.113.5"),
        (b"PROXY UNKNOWN\r\n", "", "0.0.0.0"),
        (b"PROXY TCP4 127.0.0.2 127.0.0.1 4711 80\r\n", "", "0.0.0.0"),
        (b"PROXY UNKNOWN\r\n", FORWARDED, "203.0.113.5"),
    ] {
        let said = asked_with(HERE, address, before, headers).await;
        assert!(
            said.ends_with(&format!("\r\n\r\n{expected}")),
            "{headers}: {said}"
        );
    }
    assert_eq!(
        asked_with(HERE, address, b"", "").await,
        "",
        "it has not said for whom it speaks"
    );
    let said = asked_with(THERE, address, b"", "").await;
    assert!(said.ends_with(&format!("\r\n\r\n{THERE}")), "{said}");
    for before in [LINE, BINARY] {
        let said = asked_with(THERE, address, before, "").await;
        assert!(
            !said.contains("203.0.113.5") && !said.contains("200 OK"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_proxys_clients_are_counted_one_by_one() {
    let mut door = behind_a_proxy(true);
    door.places = Places::new(10, 1);
    let address = open(door).await;
    let mut clients = Vec::new();
    for number in 1..=3 {
        let mut stream = connect(HERE, address).await;
        let line = format!("PROXY TCP4 203.0.113.{number} 10.0.0.1 4711 80\r\n");
        stream.write_all(line.as_bytes()).await.unwrap();
        goes_on(&mut stream).await;
        clients.push(stream);
    }
    let said = asked_with(HERE, address, b"PROXY TCP4 203.0.113.2 10.0.0.1 4712 80\r\n", "").await;
    assert_eq!(said, "", "it has its connection");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let options = crate::certificate::Options::for_test(folder.path());
    crate::certificate::make(&options).unwrap();
    let mut settings = Settings::for_test();
    settings.https_certificate_file = Some(folder.path().join("certificate.pem"));
    settings.https_key_file = Some(folder.path().join("key.pem"));
    let mut door = patient();
    let tls = Tls::https(&settings).unwrap().unwrap();
    (door.tls, door.limits.handshake) = (Some(tls.clone()), SOON);
    let address = open(door).await;
    let mut silent = connect(HERE, address).await;
    let stream = connect(HERE, address).await;
    let mut stream = tls.connect("localhost", stream).await.unwrap();
    stream.write_all(&get("/address")).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert!(said.ends_with(HERE), "{said}");
    assert_eq!(heard(&mut silent).await, "");
    let said = asked_with(HERE, address, b"", "").await;
    assert!(!said.contains("HTTP/"), "plain text is not served: {said}");
}
