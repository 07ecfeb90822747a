//! Refresh tokens: `krt_{tenant}.{family}.{secret}`, opaque to clients.
//!
//! The family is 128 random bits that all tokens of one login share; the secret is 256 bits, others in each. Of both only
//! digests are kept, so what is stored lets nobody in. Whoever knows the family holds, or held, one of its tokens: an
//! outdated secret beside it is a reuse, and a stranger's guess is none.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kugel_types::TenantId;
use sha2::{Digest as _, Sha256};

use crate::derived::mac;

/// What a token begins with, so that one that lies about is known for what it is.
const PREFIX: &str = "krt_";
/// Bytes of a family and of what it is called.
const FAMILY: usize = 16;

/// A refresh token in the clear.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    tenant: TenantId,
    family: [u8; FAMILY],
    secret: [u8; 32],
}

impl RefreshToken {
    /// The first token of a login.
    pub fn first(tenant: &TenantId) -> Self {
        Self {
            tenant: tenant.clone(),
            family: rand::random(),
            secret: rand::random(),
        }
    }

    /// Takes a token from a request, if it looks like one.
    pub fn from_request(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.split('.');
        let (tenant, family, secret) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        Some(Self {
            tenant: tenant.parse().ok()?,
            family: bytes(family)?.try_into().ok()?,
            secret: bytes(secret)?.try_into().ok()?,
        })
    }

    /// A random number that makes the next token out of one.
    pub fn seed() -> String {
        URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
    }

    /// The token that follows this one. It takes both this one and the seed: who has the seed alone, which is kept so that
    /// a lost answer can be given again, cannot make it.
    #[must_use]
    pub fn next(&self, seed: &str) -> Self {
        Self {
            secret: mac(&self.secret, &[b"kugel refresh token", seed.as_bytes()]),
            ..self.clone()
        }
    }

    /// Whose it is, by its own word.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// What its login is called.
    pub fn session(&self) -> String {
        URL_SAFE_NO_PAD.encode(&Sha256::digest(self.family)[..FAMILY])
    }

    /// What is kept of it.
    pub fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.secret))
    }

    /// The token, for the answer that shows it.
    pub fn reveal(&self) -> String {
        let [family, secret] = [&self.family[..], &self.secret].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{PREFIX}{}.{family}.{secret}", self.tenant)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RefreshToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> RefreshToken {
        RefreshToken::first(&"Q7301".parse().expect("valid"))
    }

    #[test]
    fn a_token_reads_back_and_shows_itself_nowhere_else() {
        let token = first();
        let text = token.reveal();
        assert!(
            text.starts_with("krt_Q7301.") && text.len() == 10 + 22 + 1 + 43,
            "{text}"
        );
        assert_eq!(RefreshToken::from_request(&text), Some(token.clone()));
        assert_eq!(token.tenant().as_str(), "Q7301");
        assert_eq!(format!("{token:?}"), "RefreshToken(…)");
        let parts: Vec<&str> = text.split('.').collect();
        assert!(!parts.contains(&&*token.session()) && !parts.contains(&&*token.hash()));
        for bad in [
            "",
            "a.b.c",
            &text[4..],
            &text[..text.len() - 1],
            &format!("{text}.x"),
        ] {
            assert_eq!(RefreshToken::from_request(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_next_token_is_of_the_same_login_and_takes_both_the_last_and_the_seed() {
        let token = first();
        let next = token.next("s");
        assert_eq!(next, token.next("s"));
        assert_eq!(next.session(), token.session());
        for other in [token.clone(), token.next("t"), next.next("s"), first().next("s")] {
            assert_ne!(next.hash(), other.hash());
        }
        assert_ne!(first().session(), token.session());
    }
}
