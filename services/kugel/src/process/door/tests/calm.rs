//! Too many connections, and too many frames.

use super::*;

#[tokio::test]
async fn silent_sockets_leave_room_for_others() {
    let mut door = patient();
    door.places = Places::new(5, 3);
    let places = door.places.clone();
    let address = open(door).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(THERE, address).await;
        goes_on(&mut stream).await;
        silent.push(stream);
    }
    assert_eq!(
        heard(&mut connect(THERE, address).await).await,
        "",
        "its address has too many"
    );
    assert_eq!(asked(HERE, address, "/address").await, HERE);
    let mut others = [connect(HERE, address).await, connect(HERE, address).await];
    goes_on(&mut others[0]).await;
    goes_on(&mut others[1]).await;
    assert_eq!(
        heard(&mut connect(HERE, address).await).await,
        "",
        "there are too many in all"
    );
    drop((silent, others));
    let freed = async {
        let mut all = Vec::new();
        while all.len() < 5 {
            match places.take() {
                Some(place) => all.push(place),
                None => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, freed)
        .await
        .expect("who has gone has left its place");
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// The types and payloads of frames.
fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(9) {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        found.push((head[3], rest[..length].to_vec()));
        bytes = &rest[length..];
    }
    found
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// GET of http://kugel/ by the static table of HPACK.
const HEAD: &[u8] = b"\x82\x84\x86\x41\x05kugel";

/// A name of the flood and its n-th frames.
type Flood = (&'static str, fn(u32) -> Vec<u8>);

const FLOODS: [Flood; 5] = [
    ("pings", |_| frame(0x6, 0, 0, &[0; 8])),
    ("priorities", |_| frame(0x2, 0, 1, &[0, 0, 0, 0, 1])),
    ("settings", |_| frame(0x4, 0, 0, &[])),
    ("unknown frames", |_| frame(0x42, 0, 0, b"what?")),
    ("resets", |number| {
        let stream = 2 * number + 1;
        [
            frame(0x1, 0x5, stream, HEAD),
            frame(0x3, 0, stream, &[0, 0, 0, 8]),
        ]
        .concat()
    }),
];

#[tokio::test]
async fn a_flood_of_frames_ends_its_connection_and_no_other() {
    let mut door = patient();
    door.limits.budget = Some(Budget {
        frames: 20,
        per_second: 0,
    });
    let address = open(door).await;
    let mut neighbour = connect(HERE, address).await;
    goes_on(&mut neighbour).await;
    for (name, nth) in FLOODS {
        let mut stream = connect(HERE, address).await;
        stream.write_all(PREFACE).await.unwrap();
        for number in 0..100 {
            if stream.write_all(&nth(number)).await.is_err() {
                break;
            }
        }
        let mut said = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said)).await;
        let _ = ended.unwrap_or_else(|_| panic!("{name} should have ended the connection"));
    }
    // Who waits for its answer hears why.
    let mut stream = connect(HERE, address).await;
    stream.write_all(PREFACE).await.unwrap();
    let pings: Vec<u8> = (0..20).flat_map(|_| frame(0x6, 0, 0, &[0; 8])).collect();
    stream.write_all(&pings).await.unwrap();
    let mut said = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said))
        .await
        .unwrap()
        .unwrap();
    let last = frames(&said).pop().unwrap();
    assert_eq!(last, (0x7, vec![0, 0, 0, 0, 0, 0, 0, 0xb]), "ENHANCE_YOUR_CALM");
    goes_on(&mut neighbour).await;
}

#[tokio::test]
async fn where_callers_are_known_frames_are_free() {
    let mut door = patient();
    door.limits.budget = None;
    let address = open(door).await;
    let mut stream = connect(HERE, address).await;
    stream.write_all(PREFACE).await.unwrap();
    let pings: Vec<u8> = (0..2000).flat_map(|_| frame(0x6, 0, 0, &[0; 8])).collect();
    stream.write_all(&pings).await.unwrap();
    let mut said = Vec::new();
    while said.len() < 2000 * 17 {
        let length = tokio::time::timeout(PATIENCE, stream.read_buf(&mut said))
            .await
            .unwrap();
        assert_ne!(length.unwrap(), 0, "the connection goes on");
    }
}

#[tokio::test]
async fn heads_have_a_size() {
    let address = open(patient()).await;
    let many = "x: y\r\n".repeat(HEADERS);
    let long = format!("x: {}\r\n", "y".repeat(HEAD_BYTES.into()));
    for headers in [many.as_str(), &long] {
        let request = format!("GET /address HTTP/1.1\r\nhost: kugel\r\n{headers}\r\n");
        let said = say(&mut connect(HERE, address).await, request.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
    let stream = connect(HERE, address).await;
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let mut request = http::Request::get("http://kugel/address");
    for _ in 0..=HEADERS {
        request = request.header("x", "y");
    }
    let (answer, _) = client.send_request(request.body(()).unwrap(), true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 431);
}
