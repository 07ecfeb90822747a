//! Keys that two processes remember, and that the terminal service takes back.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use kugel_auth::Lifetimes;
use kugel_bus::{Change, InProcessBus};
use kugel_proto::terminal::v1::{AuthenticateTerminalResponse, Terminal};
use kugel_types::SystemClock;
use parking_lot::Mutex;
use prost::Message as _;
use tonic::Status;
use tonic::body::Body;

use super::*;
use crate::LocalService;

const TERMINAL: &str = "t1-s1-1";

/// A terminal service that knows one key, and counts how often it is asked.
#[derive(Clone, Default)]
struct StandIn {
    key: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl StandIn {
    fn channel(&self) -> Channel {
        let this = self.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let this = this.clone();
            async move {
                let mut message = request.into_body().collect().await.unwrap().to_bytes();
                let asked = AuthenticateTerminalRequest::decode(message.split_off(5)).unwrap();
                this.asked.fetch_add(1, Ordering::SeqCst);
                if *this.key.lock() != asked.api_key {
                    return Ok(Status::unauthenticated("not its key").into_http());
                }
                Ok(answer(asked.terminal_id))
            }
        });
        let channel = Channel::local();
        channel.connect(LocalService::new(service));
        channel
    }
}

fn answer(terminal_id: String) -> Response<Body> {
    let terminal = Terminal {
        terminal_id,
        status: "Opened".to_owned(),
        ..Terminal::default()
    };
    let message = AuthenticateTerminalResponse {
        standing: Some(TerminalStanding {
            terminal: Some(terminal),
            ..TerminalStanding::default()
        }),
    }
    .encode_to_vec();
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let trailers =
        HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), "0".parse().unwrap())]);
    let frames = [Frame::data(Bytes::from(frame)), Frame::trailers(trailers)].map(Ok::<_, Status>);
    let mut answer = Response::new(Body::new(StreamBody::new(futures::stream::iter(frames))));
    answer
        .headers_mut()
        .insert("content-type", "application/grpc".parse().unwrap());
    answer
}

fn process(terminals: &StandIn, bus: &InProcessBus, settings: &Settings) -> ApiKeys {
    let lifetimes = Lifetimes {
        user: 60,
        terminal: 60,
    };
    let tokens = Tokens::new(
        "0123456789abcdef0123456789abcdef",
        lifetimes,
        Arc::new(SystemClock),
    );
    ApiKeys::new(terminals.channel(), Arc::new(tokens), bus, settings)
}

#[tokio::test]
async fn a_key_that_was_taken_back_is_refused_by_every_process() {
    let (terminals, bus) = (StandIn::default(), InProcessBus::default());
    let settings = Settings::for_test();
    let processes = [(); 2].map(|()| process(&terminals, &bus, &settings));
    *terminals.key.lock() = "old".to_owned();
    for keys in &processes {
        for _ in 0..3 {
            keys.verify(TERMINAL, "old").await.unwrap();
        }
    }
    assert_eq!(
        terminals.asked.load(Ordering::SeqCst),
        2,
        "each asks once and remembers"
    );
    *terminals.key.lock() = "new".to_owned();
    bus.announce(&Change {
        tenant: "t1".parse().unwrap(),
        kind: ChangeKind::Terminal,
        key: "t1-s1-2".to_owned(),
    });
    for keys in &processes {
        keys.verify(TERMINAL, "old")
            .await
            .expect("another terminal was changed");
    }
    bus.announce(&Change {
        tenant: "t1".parse().unwrap(),
        kind: ChangeKind::Terminal,
        key: TERMINAL.to_owned(),
    });
    for keys in &processes {
        assert!(
            keys.verify(TERMINAL, "old")
                .await
                .unwrap_err()
                .is(&codes::UNAUTHENTICATED)
        );
        keys.verify(TERMINAL, "new").await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_remembered_for_longer_than_the_setting_says() {
    let (terminals, bus) = (StandIn::default(), InProcessBus::default());
    let mut settings = Settings::for_test();
    settings.use_terminal_cache = false;
    let keys = process(&terminals, &bus, &settings);
    keys.verify(TERMINAL, "").await.unwrap();
    keys.verify(TERMINAL, "").await.unwrap();
    assert_eq!(terminals.asked.load(Ordering::SeqCst), 2);
}
