//! A text that must not be seen.

use std::fmt;

use serde::Deserialize;

use crate::entropy::could_be_random;

/// The default of the older system, printed in its documents.
const KNOWN: &str = "test-secret-key-for-development-only";

/// A secret: its `Debug` prints nothing, and it cannot be displayed or serialised.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Why a root secret cannot be used, if there is a reason.
pub fn secret_mistake(secret: &str, development: bool) -> Option<&'static str> {
    if secret.len() < 32 {
        return Some("needs at least 32 characters, e.g. the output of `openssl rand -hex 32`");
    }
    if development {
        None
    } else if secret == KNOWN {
        Some("is the well-known one of the older system; choose your own")
    } else if !could_be_random(secret) {
        Some(
            "could be guessed: it repeats itself or is made of words; take the output of `openssl rand -hex 32`",
        )
    } else {
        None
    }
}
