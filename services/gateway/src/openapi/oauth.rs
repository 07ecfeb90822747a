//! What the document says of OAuth2: the one scheme and the one path that are no method of the contract.

use serde_json::{Map, Value, json};

use crate::oauth;

/// How a user logs in. The API page asks for a client id besides, and sends it by HTTP Basic.
pub(super) fn scheme() -> Value {
    json!({
        "type": "oauth2",
        "description": "A user's name and password. The client id is the tenant; there is no client secret.",
        "flows": {"password": {"tokenUrl": oauth::TOKEN, "scopes": {}}},
    })
}

/// The paths that are served by hand, with their operations.
pub(super) fn paths() -> [(&'static str, Map<String, Value>); 1] {
    [(oauth::TOKEN, Map::from_iter([("post".to_owned(), token())]))]
}

fn token() -> Value {
    let text = json!({"type": "string"});
    let form = json!({
        "type": "object",
        "required": ["username", "password"],
        "properties": {
            "grant_type": {"const": "password"},
            "username": text,
            "password": {"type": "string", "format": "password"},
            "client_id": {"type": "string", "description": "The tenant, here or by HTTP Basic."},
            "client_secret": {"type": "string", "description": "Ignored."},
            "scope": {"type": "string", "description": "Ignored."},
        },
    });
    let answer = json!({
        "type": "object",
        "required": ["access_token", "token_type", "expires_in"],
        "properties": {
            "access_token": text,
            "token_type": {"const": "bearer"},
            "expires_in": {"type": "integer", "format": "int64", "description": "Seconds."},
        },
    });
    operation(
        ("account_issue_token", "Logs a user in"),
        "OAuth2's token endpoint (RFC 6749). The client is the tenant: `client_id`, or the user part of HTTP Basic.",
        &form,
        &answer,
    )
}

/// An operation that takes a form of any kind.
fn operation((id, summary): (&str, &str), description: &str, form: &Value, answer: &Value) -> Value {
    let failure = json!({"$ref": "#/components/responses/OauthFailure"});
    let form = json!({"schema": form});
    json!({
        "tags": ["account"],
        "operationId": id,
        "summary": summary,
        "description": description,
        "security": [],
        "requestBody": {"required": true, "content": {
            "application/x-www-form-urlencoded": form,
            "multipart/form-data": form,
            "application/json": form,
        }},
        "responses": {
            "200": {"description": "Success", "content": {"application/json": {"schema": answer}}},
            "401": failure, "422": failure, "default": failure,
        },
    })
}

/// The answer of a failure: the envelope and the error object of RFC 6749 at once.
pub(super) fn failure() -> Value {
    let error = json!({
        "type": "object",
        "required": ["error", "error_description"],
        "properties": {
            "error": {"type": "string", "enum": [
                "invalid_request", "invalid_client", "invalid_grant", "unsupported_grant_type",
                "temporarily_unavailable", "server_error",
            ]},
            "error_description": {"type": "string", "description": "`message`, in the characters of RFC 6749."},
        },
    });
    let schema = json!({"allOf": [{"$ref": "#/components/schemas/Failure"}, error]});
    json!({"description": "The request failed.", "content": {"application/json": {"schema": schema}}})
}
