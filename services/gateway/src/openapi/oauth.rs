//! What the document says of OAuth2: its scheme, and its paths, which no method of the contract is bound to.

use serde_json::{Map, Value, json};

use crate::oauth;

/// How a user logs in, and how a service account gets a token. The API page asks for a client id besides, and sends it by
/// HTTP Basic.
pub(super) fn scheme() -> Value {
    json!({
        "type": "oauth2",
        "description": "A user's name and password: the client id is the tenant, there is no client secret. Or a service \
                        account's client id, with a key of its as the client secret.",
        "flows": {
            "password": {"tokenUrl": oauth::TOKEN, "refreshUrl": oauth::TOKEN, "scopes": {}},
            "clientCredentials": {"tokenUrl": oauth::TOKEN, "scopes": {}},
        },
    })
}

/// The paths that are served by hand, with their operations.
pub(super) fn paths() -> [(&'static str, Map<String, Value>); 3] {
    [
        (oauth::TOKEN, token()),
        (oauth::REVOKE, revoke()),
        (oauth::INTROSPECT, introspect()),
    ]
    .map(|(path, operation)| (path, Map::from_iter([("post".to_owned(), operation)])))
}

fn token() -> Value {
    let text = json!({"type": "string"});
    let form = json!({
        "type": "object",
        "properties": {
            "grant_type": {"enum": ["password", "refresh_token", "client_credentials"], "default": "password"},
            "username": text,
            "password": {"type": "string", "format": "password"},
            "refresh_token": {"type": "string", "description": "Of the last answer, for the grant `refresh_token`."},
            "client_id": {
                "type": "string",
                "description": "The tenant, or a service account as `{tenant_id}.{name}`, here or by HTTP Basic.",
            },
            "client_secret": {"type": "string", "description": "A service account's key. Ignored otherwise."},
            "scope": {
                "type": "string",
                "description": "Permissions with blanks between them, if a service account's token should have fewer. Ignored \
                                otherwise.",
            },
        },
    });
    let answer = json!({
        "type": "object",
        "required": ["access_token", "token_type", "expires_in"],
        "properties": {
            "access_token": text,
            "token_type": {"const": "bearer"},
            "expires_in": {"type": "integer", "format": "int64", "description": "Seconds."},
            "refresh_token": {"type": "string", "description": "Good for one exchange. It brings the next one."},
            "scope": {"type": "string", "description": "What a service account's token permits anywhere."},
        },
    });
    let text = "OAuth2's token endpoint (RFC 6749): by name and password, or by the refresh token of the last answer: the \
                client is the tenant, `client_id` or the user part of HTTP Basic. Or by a service account's key: the client \
                is the account, and the key its secret.";
    let about = (
        "account_issue_token",
        "Logs a user or a service account in, or goes on with a login",
        text,
    );
    operation(about, &form, &answer, &json!([]))
}

fn revoke() -> Value {
    let form = json!({
        "type": "object",
        "properties": {
            "token": {"type": "string", "description": "Absent for the token in `Authorization`."},
            "token_type_hint": {"type": "string", "description": "Ignored."},
        },
    });
    let text = "OAuth2's revocation (RFC 7009): ends the session of an access or refresh token. All its tokens are good \
                for nothing from then on. A token that is good for nothing already is no error.";
    let about = ("account_revoke_token", "Logs out", text);
    operation(about, &form, &json!({"type": "object"}), &json!([]))
}

fn introspect() -> Value {
    let text = json!({"type": "string"});
    let form = json!({
        "type": "object",
        "required": ["token"],
        "properties": {
            "token": text,
            "token_type_hint": {"type": "string", "description": "Ignored."},
        },
    });
    let answer = json!({
        "type": "object",
        "required": ["active"],
        "properties": {
            "active": {"type": "boolean"},
            "kind": {"enum": ["user", "service_account", "terminal", "service", "refresh"]},
            "token_type": {"const": "bearer"},
            "sub": text,
            "username": text,
            "client_id": {"type": "string", "description": "The tenant."},
            "exp": {"type": "integer", "format": "int64", "description": "Seconds since 1970."},
            "sid": {"type": "string", "description": "The session that it belongs to."},
        },
    });
    let text = "OAuth2's introspection (RFC 7662): whether a token of the caller's tenant is good now, and whose it is. Of \
                one that is not, nothing else is told.";
    let about = ("account_introspect_token", "Tells what a token is worth", text);
    let security = json!([{"bearer": []}, {"login": []}, {"apiKey": []}]);
    operation(about, &form, &answer, &security)
}

/// An operation that takes a form of any kind.
fn operation(
    (id, summary, description): (&str, &str, &str),
    form: &Value,
    answer: &Value,
    security: &Value,
) -> Value {
    let failure = json!({"$ref": "#/components/responses/OauthFailure"});
    let form = json!({"schema": form});
    json!({
        "tags": ["account"],
        "operationId": id,
        "summary": summary,
        "description": description,
        "security": security,
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
                "unsupported_token_type", "invalid_token", "invalid_scope", "temporarily_unavailable", "server_error",
            ]},
            "error_description": {"type": "string", "description": "`message`, in the characters of RFC 6749."},
        },
    });
    let schema = json!({"allOf": [{"$ref": "#/components/schemas/Failure"}, error]});
    json!({"description": "The request failed.", "content": {"application/json": {"schema": schema}}})
}
