//! The token endpoint over a service that knows one user.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kugel_config::Settings;
use kugel_error::codes;
use kugel_proto::account::v1::{IssueTokenRequest, IssueTokenResponse};
use kugel_rpc::{Channel, LocalService};
use prost::Message;
use serde_json::{Value, json};
use tonic::Status;
use tower::{ServiceExt, service_fn};

use crate::testing::{answer, router};

async fn issue_token(request: Request<tonic::body::Body>) -> Response<tonic::body::Body> {
    let frame = request.into_body().collect().await.unwrap().to_bytes();
    let form = IssueTokenRequest::decode(&frame[5..]).unwrap();
    if (
        form.username.as_str(),
        form.password.as_str(),
        form.client_id.as_str(),
    ) != ("hq", "plum tree", "Q7301")
    {
        return Status::from(codes::UNAUTHENTICATED.error("name or password is wrong")).into_http();
    }
    let token = IssueTokenResponse {
        access_token: "a.b.c".to_owned(),
        token_type: "bearer".to_owned(),
        expires_in: 1800,
        refresh_token: None,
    };
    answer(&token.encode_to_vec())
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Sends a body to the endpoint, with the headers that are given.
async fn send(headers: &[(&str, &str)], body: &str) -> (StatusCode, HeaderMap, Value) {
    let channel = Channel::local();
    channel.connect(LocalService::new(service_fn(|call| async {
        Ok::<_, Infallible>(issue_token(call).await)
    })));
    let channels = BTreeMap::from([("account".to_owned(), channel)]);
    let router = router(Settings::for_test(), channels);
    let request = Request::post("/api/v1/accounts/token");
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status,
        parts.headers,
        serde_json::from_slice(&body).unwrap(),
    )
}

#[tokio::test]
async fn what_the_api_page_sends_is_exchanged_for_a_token() {
    // As Swagger UI's dialog *Authorize* does it, with the tenant as client id and no secret.
    let basic = format!("Basic {}", STANDARD.encode("Q7301:"));
    let headers = [
        ("content-type", FORM),
        ("accept", "application/json, text/plain, */*"),
        ("x-requested-with", "XMLHttpRequest"),
        ("authorization", &basic),
    ];
    let form = "grant_type=password&username=hq&password=plum+tree";
    let (status, headers, body) = send(&headers, form).await;
    let expected = json!({"access_token": "a.b.c", "token_type": "bearer", "expires_in": 1800});
    assert_eq!((status, body), (StatusCode::OK, expected));
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["pragma"], "no-cache");
}

#[tokio::test]
async fn a_form_of_any_kind_is_exchanged_for_a_token() {
    let json = r#"{"username": "hq", "password": "plum tree", "clientId": "Q7301", "grantType": "password"}"#;
    for (kind, body) in [
        (FORM, "username=hq&password=plum+tree&client_id=Q7301"),
        ("application/json", json),
    ] {
        let (status, _, body) = send(&[("content-type", kind)], body).await;
        assert_eq!((status, &body["access_token"]), (StatusCode::OK, &json!("a.b.c")));
    }
}

#[tokio::test]
async fn a_refusal_is_read_by_clients_of_either_kind() {
    for (form, status, code, error) in [
        (
            "username=hq&password=wrong&client_id=Q7301",
            401,
            "200001",
            "invalid_grant",
        ),
        ("username=hq&password=plum+tree", 401, "200001", "invalid_grant"),
        ("username=a&username=b", 422, "300001", "invalid_request"),
        (
            "username=hq&password=x&grant_type=code",
            422,
            "300001",
            "unsupported_grant_type",
        ),
    ] {
        let (answered, headers, body) = send(&[("content-type", FORM)], form).await;
        assert_eq!(
            (answered.as_u16(), &body["code"], &body["error"]),
            (status, &json!(code), &json!(error)),
            "{form}"
        );
        assert_eq!(body["userError"]["code"], code, "{form}");
        let description = body["error_description"].as_str().unwrap();
        assert_eq!(description, body["message"].as_str().unwrap(), "{form}");
        assert_eq!(headers["cache-control"], "no-store");
    }
    let headers = [("content-type", FORM), ("authorization", "Basic ?")];
    let (status, headers, body) = send(&headers, "username=hq").await;
    assert_eq!((status.as_u16(), &body["error"]), (401, &json!("invalid_client")));
    assert_eq!(headers["www-authenticate"], r#"Basic realm="kugel""#);
}
