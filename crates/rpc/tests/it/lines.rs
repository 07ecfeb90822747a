//! What clients send stays within the line of the log that tells of it.

use std::io::Write;
use std::sync::Arc;

use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{Channel, LocalService, Parts, Routes, SecurityEntry, write_line};
use kugel_telemetry::Format;
use kugel_types::Clock as _;
use parking_lot::Mutex;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tracing::subscriber::DefaultGuard;

/// A name that ends its line and its quotes, and then looks like a line of its own.
const FORGED: &str = "x\" y=\"\n2026-06-11T05:03:09Z ERROR forged\r\nforged";

/// The log of this thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    pub(crate) fn open(format: Format) -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let lines = kugel_telemetry::lines("debug", format, move || writer.clone()).unwrap();
        (log, tracing::dispatcher::set_default(&lines))
    }

    /// The one line that holds a text.
    pub(crate) fn line(&self, text: &str) -> String {
        let written = String::from_utf8(self.0.lock().clone()).unwrap();
        assert!(!written.contains('\r'), "{written}");
        for line in written.lines() {
            assert!(
                !line.starts_with("2026-06-11T05:03:09Z ERROR forged"),
                "{written}"
            );
            assert!(!line.starts_with("forged"), "{written}");
        }
        let mut found = written.lines().filter(|line| line.contains(text));
        let line = found
            .next()
            .unwrap_or_else(|| panic!("no {text:?} in {written}"))
            .to_owned();
        assert_eq!(found.next(), None, "one line: {written}");
        line
    }
}

#[test]
fn names_cannot_leave_their_line_of_the_security_log() {
    for format in [Format::Text, Format::Json] {
        let (log, _guard) = Log::open(format);
        let entry = SecurityEntry::by_anybody(None, SecurityEventKind::Login, FORGED).of(FORGED);
        let now = kugel_types::SystemClock.now();
        write_line(Some(&"Q7301".parse().unwrap()), &entry.dated(now));
        let line = log.line("security event");
        assert_eq!(
            line.matches("\\n2026-06-11T05:03:09Z ERROR forged").count(),
            2,
            "{line}"
        );
        assert_eq!(
            line.matches("x\\\" y=\\\"").count(),
            2,
            "quotes are escaped: {line}"
        );
    }
}

/// Refuses everybody with the text that they send.
struct Parrot(Refusal);

type Refusal = fn(String) -> Status;

type Stream = futures::stream::Empty<Result<HealthCheckResponse, Status>>;

#[tonic::async_trait]
impl Health for Parrot {
    type WatchStream = Stream;
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Err(self.0(request.into_inner().service))
    }
    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Stream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

fn served(refusal: Refusal) -> LocalService {
    let stand = kugel_stand::Stand::new("cart", "Q7301", "2026-06-11T00:00:00Z");
    stand.stack(&Parts {
        name: "cart",
        routes: Routes::new(HealthServer::new(Parrot(refusal))),
        outboxes: Vec::new(),
        collections: Vec::new(),
        background: Vec::new(),
        closing: Vec::new(),
    })
}

#[tokio::test]
async fn messages_cannot_leave_the_line_of_their_call() {
    let refusals: [(Refusal, &str); 3] = [
        (|text| Status::data_loss(text), "call failed"),
        (|text| Status::unavailable(text), "call not served"),
        (|text| Status::not_found(text), "call refused"),
    ];
    for (refusal, told) in refusals {
        for format in [Format::Text, Format::Json] {
            let channel = Channel::local();
            channel.connect(served(refusal));
            let (log, _guard) = Log::open(format);
            let request = HealthCheckRequest {
                service: FORGED.to_owned(),
            };
            HealthClient::new(channel).check(request).await.unwrap_err();
            let line = log.line(told);
            assert!(line.contains("\\n2026-06-11T05:03:09Z ERROR forged"), "{line}");
            assert!(line.contains("x\\\" y=\\\""), "quotes are escaped: {line}");
        }
    }
}
