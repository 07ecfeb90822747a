//! What was sent is not sent back at length.

use axum::body::Body;
use http::Method;
use kugel_config::Settings;

use super::rest::send;
use crate::testing::sample_router;

/// A question about the health of a service, as it is framed.
fn question(service: &str) -> Vec<u8> {
    let length = u8::try_from(service.len() % 128 + 128).unwrap();
    let length = [length, u8::try_from(service.len() / 128).unwrap()];
    let message = [&[0x0a][..], &length, service.as_bytes()].concat();
    let framed = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &framed, &message].concat()
}

#[tokio::test]
async fn a_grpc_call_that_goes_nowhere_is_answered_in_brief() {
    let router = sample_router(Settings::for_test());
    let long = "x".repeat(3_000);
    let path = format!("/{long}/Get");
    let health = "/grpc.health.v1.Health/Check";
    for (path, encoding, body, status, said) in [
        (&*path, "identity", Vec::new(), "12", "there is no service"),
        (
            "/kugel.sample/Get",
            &long,
            Vec::new(),
            "12",
            "names no compression",
        ),
        (health, "identity", question(&long), "5", "there is no service"),
        (health, "identity", question(&"y".repeat(128)), "5", "yyyy`"),
    ] {
        for kind in ["application/grpc", "application/grpc-web+proto"] {
            let headers = [
                ("content-type", kind),
                ("grpc-encoding", encoding),
                ("te", "trailers"),
            ];
            let answer = send(&router, Method::POST, path, &headers, Body::from(body.clone())).await;
            let told = |name: &str| match answer.headers.get(name) {
                Some(value) => value.to_str().unwrap().replace("%20", " ").replace("%60", "`"),
                None => answer.text.clone(),
            };
            let message = told("grpc-message");
            assert!(told("grpc-status").contains(status), "{kind} {message}");
            assert!(message.contains(said) && message.len() < 400, "{kind} {message}");
        }
    }
}
