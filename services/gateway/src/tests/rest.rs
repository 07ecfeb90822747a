//! REST, gRPC and gRPC-Web over the sample contract and its echoing service.

use crate::Edge;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use kugel_config::{ErrorCodeStyle, Settings};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::testing::{router, sample_router};

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

pub(super) async fn send(
    router: &Edge,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router
        .clone()
        .oneshot(request.body(body.into()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text,
    }
}

async fn get(path: &str) -> Answer {
    send(
        &sample_router(Settings::for_test()),
        Method::GET,
        path,
        &[],
        Body::empty(),
    )
    .await
}

async fn post(path: &str, body: &str) -> Answer {
    send(
        &sample_router(Settings::for_test()),
        Method::POST,
        path,
        &[],
        body.to_owned(),
    )
    .await
}

#[tokio::test]
async fn a_get_fills_path_query_and_metadata() {
    let headers = [
        ("authorization", "Bearer t"),
        ("idempotency-key", "k"),
        ("x-request-id", "r1"),
    ];
    let path = "/api/v1/terminals/T-S-1/things/a%2Fb?fields=x&fields=y&filter.minAmount=1.50&page=2&other=1";
    let answer = send(
        &sample_router(Settings::for_test()),
        Method::GET,
        path,
        &headers,
        Body::empty(),
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["data"]["thingId"], "a/b");
    assert_eq!(body["data"]["tagNames"], json!(["x", "y"]));
    assert_eq!(body["data"]["remark"], "T-S-1,k,Bearer t");
    assert!(answer.text.contains(r#""unitPrice":1.50"#), "{}", answer.text);
    assert_eq!(
        (&body["operation"], &body["code"], &body["userError"]),
        (&json!("get_thing"), &json!(200), &Value::Null)
    );
    assert_eq!(answer.headers["x-request-id"], "r1");
    assert_eq!(answer.headers["x-new-token"], "fresh");
    assert_eq!(
        get("/api/v1/things/a?terminal_id=T-S-9").await.json()["data"]["remark"],
        "T-S-9"
    );
}

#[tokio::test]
async fn bodies_go_where_the_rule_says() {
    let created = post("/api/v1/things", r#"{"thing_id": "a", "unitPrice": "12.340"}"#).await;
    assert_eq!(created.status, 201);
    assert!(created.text.contains(r#""unitPrice":12.340"#));
    assert_eq!(
        post("/api/v1/baskets/7/things", "[{}, {\"thingId\": \"b\"}]")
            .await
            .json()["data"],
        json!({"count": 2})
    );
    for nothing in ["", "null", " null\n"] {
        let refused = post("/api/v1/baskets/7/things", nothing).await;
        assert_eq!(refused.status, 422, "{nothing:?}");
        assert_eq!(refused.json()["userError"]["fields"][0]["field"], "body");
        assert_eq!(
            post("/api/v1/things", nothing).await.status,
            201,
            "nothing in it is required"
        );
    }
    let router = sample_router(Settings::for_test());
    let bare = send(&router, Method::PUT, "/api/v1/token", &[], r#"{"userName": "u"}"#).await;
    assert_eq!(bare.json(), json!({"access_token": "u"}));
    assert_eq!(bare.headers["cache-control"], "public, max-age=60");
    let refused = send(&router, Method::PUT, "/api/v1/token", &[], "{").await;
    assert_eq!(refused.headers["cache-control"], "no-store");
    let deleted = send(&router, Method::DELETE, "/api/v1/things/a", &[], Body::empty()).await;
    assert_eq!(
        (deleted.json()["data"].clone(), deleted.json()["success"].clone()),
        (Value::Null, json!(true))
    );
    let list = get("/api/v1/things?isActive=yes").await.json();
    assert_eq!((&list["data"], &list["metadata"]), (&json!([]), &Value::Null));
    assert_eq!(
        send(&router, Method::HEAD, "/api/v1/things/a", &[], Body::empty())
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn failures_wear_the_envelope() {
    let missing = get("/api/v1/things/missing").await;
    assert_eq!(missing.status, 404);
    insta::assert_snapshot!(missing.text, @r#"{"success":false,"code":"401002","message":"thing missing is not found","userError":{"code":"401002","message":"カートが見つかりません"},"data":null,"metadata":null,"operation":"get_thing"}"#);
    let mut settings = Settings::for_test();
    settings.error_code_style = ErrorCodeStyle::Http;
    let english = [("accept-language", "en")];
    let bad = send(
        &sample_router(settings),
        Method::GET,
        "/api/v1/things/bad",
        &english,
        Body::empty(),
    )
    .await;
    insta::assert_snapshot!(bad.text, @r#"{"success":false,"code":422,"message":"refused: filter.minAmount: must be above zero","userError":{"code":"300001","message":"The input is not valid","fields":[{"field":"filter.minAmount","message":"must be above zero"}]},"data":null,"metadata":null,"operation":"get_thing"}"#);
    let busy = get("/api/v1/things/busy").await;
    assert_eq!(
        (
            busy.status.as_u16(),
            busy.headers["retry-after"].to_str().unwrap()
        ),
        (503, "2")
    );
    let bare = get("/api/v1/things/bare").await;
    assert_eq!(
        (bare.status.as_u16(), &bare.json()["code"]),
        (404, &json!("100001"))
    );
}

#[tokio::test]
async fn bad_requests_are_refused_here() {
    for (answer, status, code, message) in [
        (
            get("/api/v1/nothing").await,
            404,
            "100001",
            "there is nothing at /api/v1/nothing",
        ),
        (
            get("/api/v1/things/a?page=x").await,
            422,
            "300001",
            "request validation failed: page: must be a whole number",
        ),
        (
            get("/api/v1/things/%ff").await,
            422,
            "300001",
            "the path is not UTF-8",
        ),
        (
            post("/api/v1/things", "{\"thingId\": 5}").await,
            422,
            "300001",
            "request validation failed: thingId: must be text",
        ),
        (
            post("/api/v1/things", "{").await,
            422,
            "300001",
            "the body is not valid JSON: EOF while parsing an object at line 1 column 1",
        ),
    ] {
        let body = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &body["code"], &body["message"]),
            (status, &json!(code), &json!(message))
        );
        assert_eq!(body["success"], false);
    }
    let wrong = send(
        &sample_router(Settings::for_test()),
        Method::PATCH,
        "/api/v1/things/a",
        &[],
        Body::empty(),
    )
    .await;
    assert_eq!(
        (wrong.status.as_u16(), &wrong.headers["allow"]),
        (405, &"DELETE, GET".parse().unwrap())
    );
    let mut settings = Settings::for_test();
    settings.body_limit_bytes = 10;
    let large = send(
        &sample_router(settings),
        Method::POST,
        "/api/v1/things",
        &[],
        "{\"thingId\": \"a\"}",
    )
    .await;
    assert_eq!(
        (large.status.as_u16(), &large.json()["code"]),
        (413, &json!("100003"))
    );
}

#[tokio::test]
async fn why_a_body_was_given_up_is_told() {
    let router = sample_router(Settings::for_test());
    let late = tonic::Status::from(kugel_error::codes::REQUEST_TOO_SLOW.error("late"));
    let torn = std::io::Error::other("torn");
    for (error, expected) in [
        (axum::Error::new(late), (408, json!("100006"))),
        (axum::Error::new(torn), (422, json!("300001"))),
    ] {
        let pieces = [Ok(bytes::Bytes::from_static(b"{")), Err(error)];
        let body = Body::from_stream(futures::stream::iter(pieces));
        let kind = [("content-type", "application/json")];
        let answer = send(&router, Method::POST, "/api/v1/things", &kind, body).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].clone()), expected);
    }
}

#[tokio::test]
async fn an_absent_service_is_unavailable() {
    let router = router(Settings::for_test(), std::collections::BTreeMap::new());
    let answer = send(&router, Method::GET, "/api/v1/things/a", &[], Body::empty()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["code"]),
        (503, &json!("100004"))
    );
    assert_eq!(
        send(&router, Method::GET, "/health", &[], Body::empty())
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn services_are_named_by_header_or_host() {
    let router = sample_router(Settings::for_test());
    let status = async |header: (&'static str, &'static str)| {
        send(&router, Method::GET, "/api/v1/things/a", &[header], Body::empty())
            .await
            .status
            .as_u16()
    };
    assert_eq!(status(("x-kugel-service", "sample")).await, 200);
    assert_eq!(status(("x-kugel-service", "other")).await, 404);
    assert_eq!(status(("host", "sample.example.com")).await, 200);
}

#[tokio::test]
async fn the_fixed_paths_answer() {
    let health = get("/health").await;
    assert_eq!(health.status, 200);
    let body = health.json();
    assert_eq!(
        (&body["status"], &body["timestamp"]),
        (&json!("healthy"), &json!("2026-06-11T05:03:09.512345Z"))
    );
    assert_eq!(body["checks"]["sample"]["status"], "healthy");
    assert_eq!(get("/openapi.json").await.json()["openapi"], "3.1.0");
    assert!(get("/docs/").await.text.contains("swagger"));
    assert_eq!(get("/docs").await.status, 308);
    assert_eq!(get("/docsx").await.status, 404);
    assert!(get("/").await.json()["message"].is_string());
    let router = sample_router(Settings::for_test());
    let metrics = async |router| send(router, Method::GET, "/metrics", &[], Body::empty()).await;
    assert_eq!(metrics(&router).await.status, 404);
    assert_eq!(metrics(&router.for_operations()).await.text, "kugel_up 1\n");
    let refused = send(&router, Method::GET, "/api/v1/accounts/token", &[], Body::empty()).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.headers["allow"]),
        (405, &"POST".parse().unwrap())
    );
}

#[tokio::test]
async fn grpc_and_grpc_web_pass_through() {
    let router = sample_router(Settings::for_test());
    let frame = [&[0, 0, 0, 0, 3, 10, 1][..], b"a"].concat();
    let path = "/kugel.sample.v1.SampleService/GetThing";
    for (kind, version) in [
        ("application/grpc", http::Version::HTTP_2),
        ("application/grpc-web+proto", http::Version::HTTP_11),
    ] {
        let request = Request::post(path).version(version).header("content-type", kind);
        let response = router
            .clone()
            .oneshot(request.body(Body::from(frame.clone())).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        let collected = response.into_body().collect().await.unwrap();
        let in_trailers = collected
            .trailers()
            .is_some_and(|trailers| trailers["grpc-status"] == "0");
        let body = collected.to_bytes();
        assert_eq!(&body[7..10], [10, 1, b'a'], "{kind}");
        assert!(
            in_trailers || body.windows(13).any(|part| part == b"grpc-status:0"),
            "{kind}"
        );
    }
    let status = async |path: &str| {
        let request = Request::post(path)
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc");
        router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
            .headers()["grpc-status"]
            .clone()
    };
    assert_eq!(status("/kugel.none.v1.None/Call").await, "12");
    assert_eq!(status("/grpc.none.v1.None/Call").await, "12");
}
