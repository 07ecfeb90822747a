//! API keys of terminals.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A key in the clear: 43 characters, shown once when it is made.
#[derive(Clone)]
pub struct ApiKey(String);

/// What is kept of a key. A fast hash is enough for 256 random bits: there is nothing to guess.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiKeyHash(String);

impl ApiKey {
    /// Takes a key from a request.
    pub fn from_request(text: &str) -> Self {
        Self(text.to_owned())
    }
    /// The key, for the answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
    /// What is kept of it.
    pub fn hash(&self) -> ApiKeyHash {
        ApiKeyHash(URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.as_bytes())))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

impl ApiKeyHash {
    /// The text for a document.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Tells the key from others of the terminal and nothing of itself: the beginning of the hash of 256 random bits.
    pub fn id(&self) -> String {
        self.0.chars().take(12).collect()
    }
    /// True if `key` is the one; takes the same time either way.
    pub fn matches(&self, key: &ApiKey) -> bool {
        self.0.as_bytes().ct_eq(key.hash().0.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_matches_its_hash() {
        let key = ApiKey("a".repeat(43));
        let hash = key.hash();
        assert!(hash.matches(&ApiKey::from_request(key.reveal())));
        assert!(!hash.matches(&ApiKey("a".repeat(42))) && !hash.matches(&ApiKey::from_request("")));
        assert_eq!(format!("{key:?}"), "ApiKey(…)");
    }
}
