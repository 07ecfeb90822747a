//! Two processes that remember how users stand, and an account service that revokes.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::FutureExt as _;
use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use kugel_auth::Lifetimes;
use kugel_bus::{Change, InProcessBus};
use kugel_proto::account::v1::{GetUserStandingResponse, UserStanding as Standing};
use kugel_types::SystemClock;
use parking_lot::Mutex;
use prost::Message as _;
use tonic::Status;
use tonic::body::Body;

use super::*;
use crate::LocalService;

/// An account service that knows one user, and counts how often it is asked.
#[derive(Clone, Default)]
struct Accounts {
    /// Nothing where the service is away.
    standing: Arc<Mutex<Option<GetUserStandingResponse>>>,
    asked: Arc<AtomicUsize>,
}

impl Accounts {
    fn say(&self, generation: i64, ended: &[&str]) {
        let standing = Standing {
            generation,
            ended_sessions: ended.iter().map(|id| (*id).to_owned()).collect(),
        };
        let standing = Some(standing);
        *self.standing.lock() = Some(GetUserStandingResponse { standing });
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn channel(&self) -> Channel {
        let this = self.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let this = this.clone();
            async move {
                let mut message = request.into_body().collect().await.unwrap().to_bytes();
                let asked = GetUserStandingRequest::decode(message.split_off(5)).unwrap();
                assert_eq!(asked.username, "clerk");
                this.asked.fetch_add(1, Ordering::SeqCst);
                let standing = this.standing.lock().clone();
                Ok(standing.map_or_else(|| Status::unavailable("away").into_http(), |one| answer(&one)))
            }
        });
        let channel = Channel::local();
        channel.connect(LocalService::new(service));
        channel
    }
}

fn answer(message: &GetUserStandingResponse) -> Response<Body> {
    let message = message.encode_to_vec();
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

fn process(accounts: &Accounts, bus: &InProcessBus) -> Standings {
    let lifetimes = Lifetimes {
        user: 60,
        terminal: 60,
    };
    let root = "0123456789abcdef0123456789abcdef";
    let tokens = Tokens::new(root, lifetimes, Arc::new(SystemClock));
    Standings::new(accounts.channel(), Channel::local(), Arc::new(tokens), bus)
}

fn clerk(generation: i64, session: &str) -> Arc<Principal> {
    Arc::new(Principal::User(UserClaims {
        generation,
        session: Some(session.to_owned()),
        ..UserClaims::superuser("Q7301".parse().unwrap(), "clerk")
    }))
}

fn changed(tenant: &str, key: &str) -> Change {
    Change {
        tenant: tenant.parse().unwrap(),
        kind: ChangeKind::User,
        key: key.to_owned(),
    }
}

#[tokio::test]
async fn what_is_revoked_is_refused_by_every_process_as_soon_as_it_is_announced() {
    let (accounts, bus) = (Accounts::default(), InProcessBus::default());
    let processes = [(); 2].map(|()| process(&accounts, &bus));
    accounts.say(7, &[]);
    for _ in 0..3 {
        for process in &processes {
            assert!(process.of(clerk(7, "a")).await.is_ok());
        }
    }
    assert_eq!(accounts.asked(), 2, "each remembers");
    accounts.say(7, &["a"]);
    bus.announce(&changed("Q7302", "clerk"));
    bus.announce(&changed("Q7301", "other"));
    assert!(processes[0].of(clerk(7, "a")).await.is_ok(), "somebody else's");
    bus.announce(&changed("Q7301", "clerk"));
    for process in &processes {
        let refused = process.of(clerk(7, "a")).await.unwrap_err();
        assert!(refused.is(&codes::UNAUTHENTICATED));
        assert!(process.of(clerk(7, "b")).await.is_ok(), "another session");
    }
    accounts.say(8, &[]);
    bus.announce(&changed("Q7301", "clerk"));
    for process in &processes {
        for (generation, session) in [(7, "a"), (7, "b"), (0, "b")] {
            assert!(process.of(clerk(generation, session)).await.is_err());
        }
        assert!(process.of(clerk(8, "c")).await.is_ok());
    }
}

#[tokio::test]
async fn a_token_that_is_newer_than_what_is_remembered_is_let_in_at_once() {
    let (accounts, bus) = (Accounts::default(), InProcessBus::default());
    let standings = process(&accounts, &bus);
    accounts.say(7, &[]);
    assert!(standings.of(clerk(7, "a")).await.is_ok());
    // Nothing is announced: the broker is away.
    accounts.say(8, &[]);
    assert!(standings.of(clerk(8, "b")).await.is_ok());
    assert!(standings.of(clerk(7, "a")).await.is_err());
    assert_eq!(accounts.asked(), 2);
}

#[tokio::test]
async fn nobody_is_let_in_by_a_service_that_does_not_answer_or_does_not_know_him() {
    let (accounts, bus) = (Accounts::default(), InProcessBus::default());
    let standings = process(&accounts, &bus);
    let error = standings.of(clerk(7, "a")).await.unwrap_err();
    assert!(error.is(&codes::NEIGHBOUR_FAILED));
    *accounts.standing.lock() = Some(GetUserStandingResponse { standing: None });
    let error = standings.of(clerk(7, "a")).await.unwrap_err();
    assert!(error.is(&codes::UNAUTHENTICATED));
    accounts.say(7, &[]);
    assert!(standings.of(clerk(7, "a")).await.is_ok(), "made again");
}

#[tokio::test]
async fn who_waits_for_the_end_of_a_credential_is_told_of_it() {
    let (accounts, bus) = (Accounts::default(), InProcessBus::default());
    let standings = process(&accounts, &bus);
    accounts.say(7, &[]);
    let mut ends = Box::pin(standings.end_of(clerk(7, "a")));
    assert!(ends.as_mut().now_or_never().is_none());
    bus.announce(&changed("Q7301", "clerk"));
    assert!(ends.as_mut().now_or_never().is_none(), "it still holds");
    *accounts.standing.lock() = None;
    bus.announce(&changed("Q7301", "clerk"));
    assert!(ends.as_mut().now_or_never().is_none(), "nobody can say");
    accounts.say(7, &["a"]);
    bus.announce(&changed("Q7301", "clerk"));
    assert!(ends.await.is(&codes::UNAUTHENTICATED));
}
