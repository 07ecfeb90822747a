//! Redis as it is, and as it is when it is not there.

use std::net::SocketAddr;
use std::process::id;
use std::sync::Arc;
use std::time::Instant;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::Guarded;

/// The server that tests may use. Without one they say so, except where one is promised.
#[allow(
    clippy::disallowed_methods,
    reason = "a test's server is no setting of the product"
)]
fn server() -> Option<String> {
    let url = std::env::var("REDIS_URL").ok();
    if url.is_none() {
        assert!(
            std::env::var("CI").is_err(),
            "CI has servers: REDIS_URL must be set"
        );
        eprintln!("SKIPPED: what needs Redis was not tested, set REDIS_URL");
    }
    url
}

/// Removes what a test left.
async fn clean(state: &RedisState) {
    let keys: Vec<String> = state
        .ask(redis::cmd("KEYS").arg(format!("{}*", state.namespace)))
        .await
        .unwrap();
    if !keys.is_empty() {
        state.ask::<()>(redis::cmd("DEL").arg(keys)).await.unwrap();
    }
}

#[tokio::test]
async fn conforms() {
    let Some(url) = server() else { return };
    let state = RedisState::connect(&url, &format!("conform-{}-", id())).unwrap();
    state.ping().await.unwrap();
    assert!(!state.is_local());
    crate::conformance::run(&state, "redis").await;
    let other = RedisState::connect(&url, &format!("other-{}-", id())).unwrap();
    let value = Bytes::from_static(b"\0\xff\r\n");
    state
        .set("binary", value.clone(), Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(state.get("binary").await.unwrap(), Some(value));
    assert_eq!(other.get("binary").await.unwrap(), None, "another namespace");
    clean(&state).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_wins_a_swap() {
    let Some(url) = server() else { return };
    let state = Arc::new(RedisState::connect(&url, &format!("swap-{}-", id())).unwrap());
    let lifetime = Duration::from_secs(60);
    state.set("n", Bytes::from_static(b"0"), lifetime).await.unwrap();
    let racers = (0..16).map(|_| {
        let state = state.clone();
        tokio::spawn(async move {
            let zero = Bytes::from_static(b"0");
            state
                .compare_and_set("n", Some(&zero), Bytes::from_static(b"1"), lifetime)
                .await
                .unwrap()
        })
    });
    let winners = futures::future::join_all(racers).await;
    assert_eq!(
        winners
            .into_iter()
            .filter(|winner| *winner.as_ref().unwrap())
            .count(),
        1
    );
    clean(&state).await;
}

/// Passes bytes on to the server until it is dropped.
fn relay(listener: TcpListener, server: String) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            let server = server.clone();
            connections.spawn(async move {
                let mut far = TcpStream::connect(server).await.unwrap();
                let _ = copy_bidirectional(&mut near, &mut far).await;
            });
        }
    })
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again() {
    let Some(url) = server() else { return };
    let address = Client::open(url)
        .unwrap()
        .get_connection_info()
        .addr()
        .to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place: SocketAddr = listener.local_addr().unwrap();
    let state = RedisState::connect(&format!("redis://{place}/"), &format!("back-{}-", id())).unwrap();
    let relayed = relay(listener, address.clone());
    state
        .set("k", Bytes::from_static(b"v"), Duration::from_secs(60))
        .await
        .unwrap();
    relayed.abort();
    let _ = relayed.await;
    for _ in 0..5 {
        assert!(state.get("k").await.is_err(), "nobody is there");
    }
    let relayed = relay(TcpListener::bind(place).await.unwrap(), address);
    let found = async {
        while state.get("k").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), found)
        .await
        .unwrap();
    clean(&state).await;
    relayed.abort();
}

#[tokio::test]
async fn an_absent_or_silent_server_costs_little() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let absent = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    for address in [silent.local_addr().unwrap(), absent] {
        let state = RedisState::connect(&format!("redis://{address}/"), "").unwrap();
        let guarded = Guarded::new("redis", Arc::new(state));
        let begun = Instant::now();
        for _ in 0..1000 {
            assert!(guarded.get("k").await.is_err());
        }
        assert!(begun.elapsed() < PATIENCE * 10, "{:?}", begun.elapsed());
        let said = guarded.ping().await.unwrap_err().to_string();
        assert!(said.contains(&address.to_string()), "{said}");
    }
}

#[tokio::test]
async fn a_malformed_address_is_named_by_its_setting_and_shows_no_password() {
    for url in [
        "",
        "nonsense",
        "http://:pw-7@host/",
        "redis://:pw-7@",
        "redis://:pw-7@host:port/",
        "redis://:pw-7@host/x",
    ] {
        let error = RedisState::connect(url, "").err().expect(url).to_string();
        assert!(error.contains("setting `redis_url`"), "{error}");
        assert!(!error.contains("pw-7"), "{error}");
    }
}
