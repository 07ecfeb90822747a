//! Instances that come and go.

use std::net::SocketAddr;
use std::time::Duration;

use futures::future::join_all;
use kugel_rpc::REQUEST_ID;
use tokio::net::{TcpSocket, TcpStream};
use tonic::Code;
use tower::ServiceExt as _;

use crate::stand::{BILL, CRASH, READ, Seen, Stand, WATCH, call, cart};

const NO_PAUSE: Duration = Duration::ZERO;

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// A port on which nobody listens.
async fn nowhere() -> SocketAddr {
    Stand::open(NO_PAUSE).await.kill().await.0
}

#[tokio::test]
async fn two_instances_share_the_calls_and_one_takes_over_from_the_other() {
    let (one, two) = (Stand::open(NO_PAUSE).await, Stand::open(NO_PAUSE).await);
    let channel = cart(&format!("{}, {}", url(one.address), url(two.address)));
    for _ in 0..100 {
        call(&channel, BILL, &[]).await.unwrap();
    }
    let shares = [one.count(), two.count()];
    assert_eq!(shares.iter().sum::<usize>(), 100);
    assert!(shares.iter().all(|share| *share >= 40), "{shares:?}");
    one.kill().await;
    for _ in 0..100 {
        call(&channel, READ, &[]).await.unwrap();
    }
    assert_eq!(two.count(), shares[1] + 100);
}

#[tokio::test]
async fn an_address_where_nobody_is_costs_no_call() {
    let stand = Stand::open(NO_PAUSE).await;
    let channel = cart(&format!("{},{}", url(nowhere().await), url(stand.address)));
    for _ in 0..20 {
        call(&channel, BILL, &[]).await.unwrap();
    }
    assert_eq!(stand.count(), 20);
}

/// A machine that is gone answers nobody, not even with a refusal.
#[tokio::test]
async fn a_silent_address_keeps_no_call_waiting_while_another_answers() {
    let stand = Stand::open(NO_PAUSE).await;
    // A queue for connections that is full and that nobody empties.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let silent = silent.listen(0).unwrap();
    let address = silent.local_addr().unwrap();
    let waiting = join_all(
        (0..4).map(|_| tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address))),
    )
    .await;
    assert!(waiting.iter().any(Result::is_err), "the queue is full");
    let channel = cart(&format!("{},{}", url(stand.address), url(address)));
    call(&channel, BILL, &[("grpc-timeout", "5S")]).await.unwrap();
    for _ in 0..50 {
        // Less than a connection may take: a call that had to wait for the silent one would not be in time.
        call(&channel, BILL, &[("grpc-timeout", "900m")]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stand.count(), 51);
}

#[tokio::test]
async fn a_name_is_looked_up() {
    let stand = Stand::open(NO_PAUSE).await;
    let channel = cart(&format!("http://localhost:{}", stand.address.port()));
    call(&channel, BILL, &[]).await.unwrap();
    let unknown = cart("http://nobody.invalid:1");
    let error = call(&unknown, BILL, &[("grpc-timeout", "300m")])
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_restart_is_waited_for() {
    let mut stand = Stand::open(NO_PAUSE).await;
    let channel = cart(&url(stand.address));
    call(&channel, BILL, &[]).await.unwrap();
    for round in 1..=3 {
        let (address, seen) = stand.kill().await;
        let restarted = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            Stand::at(address, NO_PAUSE, seen).await
        };
        let calls = join_all((0..8).map(|_| call(&channel, BILL, &[])));
        let (answers, back) = tokio::join!(calls, restarted);
        answers.into_iter().for_each(Result::unwrap);
        assert_eq!(back.count(), 1 + 8 * round, "each was sent once");
        stand = back;
    }
}

#[tokio::test]
async fn who_stays_away_is_left_alone_until_a_probe_finds_it() {
    let metrics = kugel_telemetry::init("off", kugel_telemetry::Format::Text).unwrap();
    let open = |is_open: bool| {
        let line = format!("kugel_circuit_open{{neighbour=\"cart\"}} {}", u8::from(is_open));
        let shown = metrics.render();
        assert!(shown.contains(&line), "{line} in {shown}");
    };
    let address = nowhere().await;
    let channel = cart(&url(address));
    open(false);
    let patient = [("grpc-timeout", "1600m")];
    for answer in join_all((0..3).map(|_| call(&channel, BILL, &patient))).await {
        let error = answer.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert_eq!(error.message(), "the cart service cannot be reached");
    }
    open(true);
    let stand = Stand::at(address, NO_PAUSE, Seen::default()).await;
    call(&channel, READ, &patient).await.unwrap_err();
    assert_eq!(stand.count(), 0);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    call(&channel, BILL, &[]).await.unwrap();
    call(&channel, BILL, &[]).await.unwrap();
    open(false);
}

#[tokio::test]
async fn a_call_whose_connection_breaks_is_sent_again_only_if_it_may() {
    let stand = Stand::open(NO_PAUSE).await;
    let channel = cart(&url(stand.address));
    let error = call(&channel, CRASH, &[]).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.message(), "the connection to the cart service broke");
    assert_eq!(stand.count(), 1);
    call(&channel, BILL, &[]).await.unwrap();
    call(&channel, CRASH, &[(REQUEST_ID, "r-1")]).await.unwrap_err();
    assert!(stand.count() > 3, "{} calls", stand.count());
}

/// Calls all the time while an instance is killed and started again: what carries a request id meets no failure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeatable_commands_survive_the_kills_of_their_service() {
    let mut stand = Stand::open(Duration::from_millis(2)).await;
    let channel = cart(&url(stand.address));
    let tills = (0..8).map(|till| {
        let channel = channel.clone();
        tokio::spawn(async move {
            for number in 0..150 {
                let key = format!("{till}-{number}");
                call(&channel, BILL, &[(REQUEST_ID, &key)]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    });
    let tills: Vec<_> = tills.collect();
    for kill in 1..=5 {
        while stand.count() < kill * 150 && tills.iter().any(|till| !till.is_finished()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let (address, seen) = stand.kill().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        stand = Stand::at(address, Duration::from_millis(2), seen).await;
    }
    join_all(tills).await.into_iter().for_each(Result::unwrap);
}

/// The same while instances stop gracefully: nothing at all fails, and nothing is sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graceful_stop_loses_no_call() {
    let pause = Duration::from_millis(3);
    let (one, two) = (Stand::open(pause).await, Stand::open(pause).await);
    let (first, second) = (one.seen.clone(), two.seen.clone());
    let channel = cart(&format!("{},{}", url(one.address), url(two.address)));
    let tills = (0..8).map(|_| {
        let channel = channel.clone();
        tokio::spawn(async move {
            for _ in 0..100 {
                call(&channel, BILL, &[]).await.unwrap();
            }
        })
    });
    let tills: Vec<_> = tills.collect();
    while first.lock().len() < 100 && tills.iter().any(|till| !till.is_finished()) {
        tokio::time::sleep(pause).await;
    }
    one.stop().await;
    join_all(tills).await.into_iter().for_each(Result::unwrap);
    assert_eq!(first.lock().len() + second.lock().len(), 800);
}

#[tokio::test]
async fn watchers_leave_room_for_calls() {
    let stand = Stand::open(NO_PAUSE).await;
    let channel = cart(&url(stand.address));
    let mut watched = Vec::new();
    for _ in 0..250 {
        let mut request = http::Request::new(tonic::body::Body::empty());
        *request.uri_mut() = WATCH.parse().unwrap();
        let answer = channel.clone().oneshot(request);
        watched.push(
            tokio::time::timeout(Duration::from_secs(5), answer)
                .await
                .unwrap()
                .unwrap(),
        );
    }
    call(&channel, BILL, &[("grpc-timeout", "2S")]).await.unwrap();
    drop(watched);
    call(&channel, BILL, &[]).await.unwrap();
}
