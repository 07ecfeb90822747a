//! What is repeated, what opens the circuit, and how the deadline travels.

use futures::future::join_all;
use parking_lot::Mutex;

use super::*;

const READ: &str = "/kugel.cart.v1.CartService/GetCart";
const BILL: &str = "/kugel.cart.v1.CartService/BillCart";
const LIMITS: Limits = Limits {
    time: Duration::from_secs(30),
    bytes: 1 << 20,
    calls: 2_000,
};

#[derive(Clone, Copy)]
enum Ending {
    Answer(Code),
    /// An answer of the service itself.
    Opinion,
    /// The same after it has waited for something itself.
    SlowOpinion,
    Unsent(Duration),
    Broken {
        is_news: bool,
    },
    Silence,
}

/// A neighbour whose calls end as told. Keeps the deadlines that it is given.
#[derive(Clone)]
struct Stage(Ending, Arc<Mutex<Vec<String>>>);

impl Transport for Stage {
    async fn call(&self, parts: &Parts, _: &Bytes, patience: Duration) -> Result<Response<Body>, Failure> {
        let timeout = parts.headers["grpc-timeout"].to_str().unwrap().to_owned();
        self.1.lock().push(timeout);
        match self.0 {
            Ending::Answer(code) => Ok(Status::new(code, "as told").into_http()),
            Ending::Opinion => Ok(refuse(codes::OVERLOADED.error("busy"))),
            Ending::SlowOpinion => {
                tokio::time::sleep(FAIR_TIME).await;
                Ok(refuse(
                    codes::DATABASE_FAILED.error("the database does not answer"),
                ))
            }
            Ending::Unsent(after) => {
                tokio::time::sleep(after.min(patience)).await;
                Err(Failure::Unsent("nobody is there".into()))
            }
            Ending::Broken { is_news } => Err(Failure::Broken {
                cause: "reset".into(),
                is_news,
            }),
            Ending::Silence => std::future::pending().await,
        }
    }
}

fn remote(ending: Ending) -> (Remote<Stage>, Arc<Mutex<Vec<String>>>) {
    let calls = Arc::<Mutex<Vec<String>>>::default();
    (Remote::new("cart", Stage(ending, calls.clone()), LIMITS), calls)
}

fn request(path: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

/// How often a call is tried.
async fn tries(path: &str, headers: &[(&'static str, &str)], ending: Ending) -> usize {
    let (remote, calls) = remote(ending);
    remote.send(request(path, headers)).await;
    calls.lock().len()
}

/// How many of ten calls in a row reach the neighbour.
async fn reached(ending: Ending, headers: &[(&'static str, &str)]) -> usize {
    let (remote, calls) = remote(ending);
    for _ in 0..10 {
        remote.send(request(BILL, headers)).await;
    }
    calls.lock().len()
}

#[tokio::test(start_paused = true)]
async fn only_what_can_be_repeated_is_repeated() {
    let key = [(REQUEST_ID, "r-1")];
    for ending in [Ending::Opinion, Ending::Broken { is_news: false }] {
        assert_eq!(tries(READ, &[], ending).await, 5);
        assert_eq!(tries(BILL, &[], ending).await, 1);
        assert_eq!(tries(BILL, &key, ending).await, 5);
    }
    for ending in [
        Ending::Answer(Code::NotFound),
        Ending::Answer(Code::Internal),
        Ending::SlowOpinion,
        Ending::Unsent(PATIENCE),
        Ending::Silence,
    ] {
        assert_eq!(tries(READ, &[], ending).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn three_outages_open_the_circuit_and_an_opinion_does_not() {
    assert_eq!(reached(Ending::Answer(Code::Unavailable), &[]).await, 3);
    assert_eq!(reached(Ending::Unsent(PATIENCE), &[]).await, 3);
    assert_eq!(reached(Ending::Broken { is_news: true }, &[]).await, 3);
    assert_eq!(reached(Ending::Silence, &[]).await, 3);
    assert_eq!(reached(Ending::Opinion, &[]).await, 10);
    assert_eq!(reached(Ending::Answer(Code::NotFound), &[]).await, 10);
    assert_eq!(reached(Ending::Broken { is_news: false }, &[]).await, 10);
}

#[tokio::test(start_paused = true)]
async fn an_impatient_caller_does_not_open_it_for_the_others() {
    let impatient = [("grpc-timeout", "5m")];
    assert_eq!(reached(Ending::Silence, &impatient).await, 10);
    assert_eq!(reached(Ending::Unsent(PATIENCE), &impatient).await, 10);
}

#[tokio::test(start_paused = true)]
async fn each_try_has_what_is_left_of_the_time() {
    let (remote, calls) = remote(Ending::Opinion);
    let answer = remote.send(request(READ, &[("grpc-timeout", "200m")])).await;
    assert_eq!(code(&answer), Some(Code::Unavailable));
    // The second pause is a binary fraction longer than 100 ms.
    assert_eq!(*calls.lock(), ["200m", "150m", "49m"]);
    let (remote, calls) = self::remote(Ending::Silence);
    let begun = Instant::now();
    let answer = remote.send(request(READ, &[])).await;
    assert_eq!(code(&answer), Some(Code::DeadlineExceeded));
    assert_eq!(
        (begun.elapsed(), calls.lock()[0].as_str()),
        (LIMITS.time, "30000m")
    );
}

#[tokio::test(start_paused = true)]
async fn retries_are_a_fifth_of_the_calls_and_a_reserve() {
    let (remote, calls) = remote(Ending::Opinion);
    let count = 1000;
    join_all((0..count).map(|_| remote.send(request(READ, &[])))).await;
    let retries = calls.lock().len() - count;
    assert!((count / 5..=count / 5 + 150).contains(&retries), "{retries}");
}

#[tokio::test(start_paused = true)]
async fn too_much_at_once_is_refused_before_it_is_sent() {
    let (remote, calls) = remote(Ending::Silence);
    let sent = (0..LIMITS.calls + 5).map(|_| remote.send(request(BILL, &[])));
    let answers = join_all(sent).await;
    let busy = answers
        .iter()
        .filter(|answer| code(answer) == Some(Code::Unavailable));
    assert_eq!((busy.count(), calls.lock().len()), (5, LIMITS.calls));
    let mut large = request(BILL, &[]);
    *large.body_mut() = Body::new(http_body_util::Full::from(vec![0; LIMITS.bytes + 1]));
    let answer = remote.send(large).await;
    assert_eq!(code(&answer), Some(Code::ResourceExhausted));
    assert_eq!(calls.lock().len(), LIMITS.calls);
}

#[tokio::test(start_paused = true)]
async fn why_a_request_was_given_up_is_told() {
    let (remote, calls) = remote(Ending::Answer(Code::Ok));
    let late = Status::from(codes::REQUEST_TOO_SLOW.error("late"));
    for (error, expected) in [
        (late, &codes::REQUEST_TOO_SLOW),
        (Status::unknown("torn"), &codes::INVALID_INPUT),
    ] {
        let mut given_up = request(BILL, &[]);
        let pieces = futures::stream::iter([
            Ok(http_body::Frame::data(Bytes::from_static(b"half"))),
            Err(error),
        ]);
        *given_up.body_mut() = Body::new(http_body_util::StreamBody::new(pieces));
        let answer = remote.send(given_up).await;
        let status = Status::from_header_map(answer.headers()).unwrap();
        assert_eq!(kugel_error::reason_of(&status), Some(expected));
    }
    assert!(calls.lock().is_empty(), "half of a request is sent to nobody");
}
