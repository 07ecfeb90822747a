//! Clients that take their time.

use h2::client::SendRequest;
use tokio::task::JoinHandle;

use super::*;

fn limited(change: impl FnOnce(&mut Limits)) -> Door {
    let mut door = patient();
    change(&mut door.limits);
    door
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_its_connection_alone() {
    let address = open(limited(|limits| limits.head = SOON)).await;
    let mut resting = connect(HERE, address).await;
    goes_on(&mut resting).await;
    for beginning in [
        "",
        "G",
        "GET /address HTTP/1.1\r\nhost:",
        "PRI * HTTP/2.0\r\n",
        "PRI",
    ] {
        let mut slow = connect(HERE, address).await;
        assert_eq!(say(&mut slow, beginning.as_bytes()).await, "", "{beginning:?}");
    }
    // Half of a HEADERS frame, after the preface and empty settings.
    let mut slow = connect(HERE, address).await;
    let begun = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x20\x01\x04\0\0\0\x01half";
    say(&mut slow, begun).await;
    goes_on(&mut resting).await;
}

#[tokio::test]
async fn who_rests_too_long_has_to_connect_again() {
    let address = open(limited(|limits| limits.idle = SOON)).await;
    let mut stream = connect(HERE, address).await;
    goes_on(&mut stream).await;
    assert_eq!(heard(&mut stream).await, "");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408_and_ends_its_connection() {
    let address = open(limited(|limits| limits.body = SOON)).await;
    for beginning in [
        "content-length: 10\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let mut slow = connect(HERE, address).await;
        let request = format!("POST /echo HTTP/1.1\r\nhost: kugel\r\n{beginning}");
        let said = say(&mut slow, request.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
        assert!(said.ends_with("the body did not arrive in time"), "{said}");
    }
}

#[tokio::test]
async fn what_has_come_of_a_body_earns_it_time() {
    let address = open(limited(|limits| {
        (limits.body, limits.bytes_per_second) = (SOON, 1)
    }))
    .await;
    let head = b"POST /echo HTTP/1.1\r\nhost: kugel\r\nconnection: close\r\ncontent-length: 60\r\n\r\n";
    let mut first = connect(HERE, address).await;
    first.write_all(&[&head[..], &[b'a'; 50]].concat()).await.unwrap();
    // Begun later, and over when its time is.
    let said = say(&mut connect(HERE, address).await, head).await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    let said = say(&mut first, &[b'a'; 10]).await;
    assert!(said.ends_with(&"a".repeat(60)), "{said}");
}

/// A client of HTTP/2 that gives each answer so much room, and the task that ends with its connection.
async fn http2(address: SocketAddr, window: u32) -> (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>) {
    let mut builder = h2::client::Builder::new();
    let stream = connect(HERE, address).await;
    let (client, connection) = builder
        .initial_window_size(window)
        .handshake(stream)
        .await
        .unwrap();
    (client.ready().await.unwrap(), tokio::spawn(connection))
}

fn request(path: &str) -> http::Request<()> {
    http::Request::post(format!("http://kugel{path}"))
        .body(())
        .unwrap()
}

#[tokio::test]
async fn by_http_2_only_the_call_ends_and_a_stream_of_requests_may_be_silent() {
    let address = open(limited(|limits| limits.body = SOON)).await;
    let (mut client, _connection) = http2(address, 65_535).await;
    let (silent, mut talk) = client
        .send_request(request("/grpc.reflection.v1.Talk"), false)
        .unwrap();
    let (slow, _body) = client.send_request(request("/echo"), false).unwrap();
    assert_eq!(slow.await.unwrap().status(), 408);
    talk.send_data(Bytes::from_static(b"word"), true).unwrap();
    let mut answer = silent.await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.body_mut().data().await.unwrap().unwrap(), "word");
}

#[tokio::test]
async fn what_the_clients_system_does_not_take_ends_the_connection() {
    let mut door = limited(|limits| limits.stalled = SOON);
    door.places = Places::new(1, 1);
    let address = open(door).await;
    let mut unread = connect(HERE, address).await;
    unread.write_all(&get("/large")).await.unwrap();
    // Its place is free when it has ended.
    let again = async {
        while asked(HERE, address, "/address").await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn what_a_client_of_http_2_does_not_take_ends_its_connection_alone() {
    let address = open(limited(|limits| limits.unread = SOON)).await;
    let (mut watcher, _connection) = http2(address, 0).await;
    let (watch, _) = watcher.send_request(request("/silent"), true).unwrap();
    let _watch = watch.await.unwrap();
    // No room at all, or room for a part of what is handed over whole.
    for (window, path) in [(0, "/piece"), (0, "/large"), (1, "/piece"), (1, "/large")] {
        let (mut client, connection) = http2(address, window).await;
        let (answer, _) = client.send_request(request(path), true).unwrap();
        let _unread = answer.await.unwrap();
        let ended = tokio::time::timeout(PATIENCE, connection).await;
        assert!(ended.is_ok(), "{path} lies in a window of {window}");
    }
    let (mut reader, _connection) = http2(address, 65_535).await;
    let (answer, _) = reader.send_request(request("/piece"), true).unwrap();
    assert_eq!(
        answer
            .await
            .unwrap()
            .into_body()
            .data()
            .await
            .unwrap()
            .unwrap()
            .len(),
        100
    );
    let (again, _) = watcher.send_request(request("/silent"), true).unwrap();
    assert_eq!(
        again.await.unwrap().status(),
        200,
        "who watches in silence goes on"
    );
}

#[tokio::test]
async fn large_answers_arrive_whole() {
    let address = open(patient()).await;
    let by_http_1 = asked(HERE, address, "/large").await;
    assert_eq!(by_http_1.len(), 32 << 20);
    let (mut client, _connection) = http2(address, 65_535).await;
    let (answer, _) = client.send_request(request("/large"), true).unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(answer.headers()["content-length"], (32 << 20).to_string());
    let mut body = answer.into_body();
    let mut length = 0;
    while let Some(data) = body.data().await {
        length += data.as_ref().unwrap().len();
        body.flow_control().release_capacity(data.unwrap().len()).unwrap();
    }
    assert_eq!(length, 32 << 20);
}
