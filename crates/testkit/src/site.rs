//! An address that Kugel answers at.

use crate::{Door, Grpc, Rest, Tenant};

/// A running Kugel, wherever it runs.
#[derive(Clone)]
pub struct Site {
    url: String,
    http: reqwest::Client,
}

impl Site {
    /// The Kugel at `url`, e.g. `http://127.0.0.1:8080`.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            http: reqwest::Client::new(),
        }
    }

    /// Its address without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A REST client without a credential, for paths below `/api/v1`.
    pub fn rest(&self) -> Rest {
        Rest::new(self.http.clone(), format!("{}/api/v1", self.url))
    }

    /// A REST client without a credential, for any path.
    pub fn root(&self) -> Rest {
        Rest::new(self.http.clone(), self.url.clone())
    }

    /// A gRPC client without a credential.
    pub fn grpc(&self, door: Door) -> Grpc {
        Grpc::connect(&self.url, door)
    }

    /// A new tenant that is set up: its owner logged in, payment methods and a cashier entered.
    pub async fn tenant(&self) -> Tenant {
        Tenant::found(self.clone()).await
    }
}
