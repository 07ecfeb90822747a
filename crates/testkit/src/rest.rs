//! A REST client that keeps what it was answered.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::Value;

/// Sends JSON and form requests with a credential.
#[derive(Clone)]
pub struct Rest {
    http: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

impl Rest {
    pub(crate) fn new(http: reqwest::Client, base: String) -> Self {
        Self {
            http,
            base,
            headers: HeaderMap::new(),
        }
    }

    /// The same client with another header in every request.
    pub fn header(&self, name: &'static str, value: &str) -> Self {
        let mut other = self.clone();
        let value = HeaderValue::from_str(value).unwrap();
        other.headers.insert(HeaderName::from_static(name), value);
        other
    }

    /// The same client with a bearer token.
    pub fn bearer(&self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Gets.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(&body)).await
    }

    /// Puts JSON.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(&body)).await
    }

    /// Patches with JSON.
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(&body)).await
    }

    /// Deletes.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// Posts a form, `name=value&…`, as OAuth2 wants it.
    pub async fn form(&self, path: &str, form: &str) -> Reply {
        self.raw(
            Method::POST,
            path,
            "application/x-www-form-urlencoded",
            form.to_owned(),
        )
        .await
    }

    /// Sends JSON with any method, or nothing.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        match body {
            Some(body) => self.raw(method, path, "application/json", body.to_string()).await,
            None => self.read(self.request(method, path)).await,
        }
    }

    /// Sends JSON or nothing to a server that may go away.
    pub async fn try_send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<Reply> {
        let request = self.request(method, path);
        Self::try_read(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Sends any text.
    pub async fn raw(&self, method: Method, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Reply {
        let request = self.request(method, path);
        self.read(request.header(header::CONTENT_TYPE, kind).body(body))
            .await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .headers(self.headers.clone())
    }

    async fn read(&self, request: reqwest::RequestBuilder) -> Reply {
        Self::try_read(request).await.unwrap()
    }

    async fn try_read(request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Reply {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        })
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; null if it is none.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Reply {
    /// The data of a success with status 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        self.success(200)
    }

    /// The data of a success with status 201.
    #[track_caller]
    pub fn created(self) -> Value {
        self.success(201)
    }

    /// The data of a success, whose envelope must be whole.
    #[track_caller]
    pub fn success(mut self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.envelope();
        assert_eq!(self.body["success"], true, "{}", self.text);
        assert_eq!(self.body["code"], status, "{}", self.text);
        assert_eq!(self.body["userError"], Value::Null, "{}", self.text);
        self.body["data"].take()
    }

    /// A refusal with this status and six-digit code, whose envelope must be whole; gives it for a closer look.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self.envelope();
        assert_eq!(self.body["success"], false, "{}", self.text);
        assert_eq!(self.body["code"], code, "{}", self.text);
        assert_eq!(self.body["userError"]["code"], code, "{}", self.text);
        assert_eq!(self.body["data"], Value::Null, "{}", self.text);
        self
    }

    /// A refusal of the input that names this field, as JSON spells it.
    #[track_caller]
    pub fn refused_field(self, field: &str) -> Self {
        let reply = self.refused(422, "300001");
        let named: Vec<_> = reply.body["userError"]["fields"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|violation| violation["field"].as_str())
            .collect();
        assert!(named.contains(&field), "{field} is not named: {}", reply.text);
        reply
    }

    /// A response header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Every member of the envelope is there, nulls included, and the body says that it is JSON.
    #[track_caller]
    pub fn envelope(&self) {
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/json"), "{kind}: {}", self.text);
        let mut members: Vec<_> = self
            .body
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        members.sort_unstable();
        // At the endpoints of OAuth2 its error object is there as well, whole.
        let is_oauth = |name: &&str| ["error", "error_description"].contains(name);
        if members.iter().filter(|name| is_oauth(name)).count() == 2 {
            members.retain(|name| !is_oauth(name));
        }
        let expected = [
            "code",
            "data",
            "message",
            "metadata",
            "operation",
            "success",
            "userError",
        ];
        assert_eq!(members, expected, "{}", self.text);
    }
}
