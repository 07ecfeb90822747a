//! The OAuth2 form over a service that knows one user.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::Body;
use http::{Request, Response, StatusCode};
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
    };
    answer(&token.encode_to_vec())
}

async fn log_in(form: &str) -> (StatusCode, Value) {
    let channel = Channel::local();
    channel.connect(LocalService::new(service_fn(|call| async {
        Ok::<_, Infallible>(issue_token(call).await)
    })));
    let router = router(
        Settings::for_test(),
        BTreeMap::from([("account".to_owned(), channel)]),
    );
    let request =
        Request::post("/api/v1/accounts/token").header("content-type", "application/x-www-form-urlencoded");
    let response = router
        .oneshot(request.body(Body::from(form.to_owned())).unwrap())
        .await
        .unwrap();
    let status = response.status();
    (
        status,
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap(),
    )
}

#[tokio::test]
async fn a_form_is_exchanged_for_a_token() {
    let (status, body) = log_in("username=hq&password=plum+tree&client_id=Q7301&grant_type=password").await;
    assert_eq!(
        (status, body),
        (
            StatusCode::OK,
            json!({"access_token": "a.b.c", "token_type": "bearer"})
        )
    );
}

#[tokio::test]
async fn wrong_forms_are_refused() {
    for (form, status, code) in [
        ("username=hq&password=wrong&client_id=Q7301", 401, "200001"),
        ("username=hq&password=plum+tree", 401, "200001"),
        ("username=hq", 422, "300001"),
        ("username=hq&password=x&grant_type=code", 422, "300001"),
    ] {
        let (answered, body) = log_in(form).await;
        assert_eq!(
            (answered.as_u16(), &body["code"]),
            (status, &json!(code)),
            "{form}"
        );
    }
}
