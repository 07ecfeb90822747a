//! What pages of other origins may do.

use axum::body::Body;
use http::Method;
use kugel_config::{AllowedOrigins, Settings};

use super::rest::send;
use crate::testing::sample_router;

#[tokio::test]
async fn only_listed_origins_are_told_that_they_may_call() {
    let mut settings = Settings::for_test();
    settings.allowed_origins = AllowedOrigins::Listed(vec!["https://till.example".to_owned()]);
    let router = sample_router(settings);
    for (origin, told) in [("https://till.example", true), ("https://evil.example", false)] {
        let asked = [("origin", origin), ("access-control-request-method", "POST")];
        let preflight = send(&router, Method::OPTIONS, "/api/v1/things", &asked, Body::empty()).await;
        let allowed = preflight.headers.get("access-control-allow-origin");
        assert_eq!(
            allowed.map(|value| value == origin),
            told.then_some(true),
            "{origin}"
        );
    }
}

#[tokio::test]
async fn browsers_of_any_origin_may_call() {
    let router = sample_router(Settings::for_test());
    let asked = [
        ("origin", "https://till.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,x-api-key"),
    ];
    let preflight = send(&router, Method::OPTIONS, "/api/v1/things", &asked, Body::empty()).await;
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.headers["access-control-allow-origin"], "*");
    assert_eq!(
        preflight.headers["access-control-allow-headers"],
        "authorization,x-api-key"
    );
    let answer = send(
        &router,
        Method::GET,
        "/api/v1/things/a",
        &asked[..1],
        Body::empty(),
    )
    .await;
    let exposed = answer.headers["access-control-expose-headers"].to_str().unwrap();
    assert!(exposed.contains("retry-after"), "{exposed}");
    assert!(
        exposed.contains("grpc-status-details-bin") && exposed.contains("x-new-token"),
        "{exposed}"
    );
}
