//! What else is derived from the root secret: a key for each purpose, fingerprints of requests, and API keys that can be
//! shown again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::{ApiKey, Tokens};

/// A key for each purpose, so that nothing made for one serves another.
pub(crate) struct Derived {
    fingerprints: [u8; 32],
    api_keys: [u8; 32],
    pub(crate) invitations: [u8; 32],
    pub(crate) temporary_passwords: [u8; 32],
}

impl Derived {
    pub(crate) fn new(root: &[u8]) -> Self {
        Self {
            fingerprints: mac(root, &[b"kugel request fingerprints"]),
            api_keys: mac(root, &[b"kugel api keys"]),
            invitations: mac(root, &[b"kugel invitations"]),
            temporary_passwords: mac(root, &[b"kugel temporary passwords"]),
        }
    }
}

impl Tokens {
    /// A digest of a request, to be kept beside its answer. It is keyed because requests hold passwords and PINs, which
    /// could be guessed from a plain one.
    pub fn fingerprint(&self, method: &str, message: &[u8]) -> String {
        let digest = mac(&self.derived.fingerprints, &[method.as_bytes(), b"\n", message]);
        URL_SAFE_NO_PAD.encode(digest)
    }

    /// The API key that belongs to a seed of 256 random bits. The seed may be kept with the answer of the request that
    /// made the key, which can then show it again; without the root secret the seed tells nothing.
    pub fn api_key(&self, seed: &str, terminal: &str) -> ApiKey {
        let key = mac(
            &self.derived.api_keys,
            &[seed.as_bytes(), b"\n", terminal.as_bytes()],
        );
        ApiKey::from_request(&URL_SAFE_NO_PAD.encode(key))
    }
}

/// HMAC-SHA256 over the parts, one after the other.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Compares in a time that tells nothing.
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kugel_types::SystemClock;

    use crate::{Lifetimes, Tokens};

    #[test]
    fn what_is_derived_hangs_on_the_root_and_on_every_part() {
        let lifetimes = Lifetimes { user: 1, terminal: 1 };
        let [ours, theirs] =
            ["root", "other"].map(|root| Tokens::new(root, lifetimes, Arc::new(SystemClock)));
        let key = |tokens: &Tokens, seed: &str, till: &str| tokens.api_key(seed, till).reveal().to_owned();
        let first = key(&ours, "s", "T-s-1");
        assert_eq!(first.len(), 43);
        assert_eq!(key(&ours, "s", "T-s-1"), first);
        for other in [
            key(&ours, "s", "T-s-2"),
            key(&ours, "t", "T-s-1"),
            key(&theirs, "s", "T-s-1"),
        ] {
            assert_ne!(other, first);
        }
        let digest = ours.fingerprint("Method", b"message");
        assert_eq!(ours.fingerprint("Method", b"message"), digest);
        for other in [
            ours.fingerprint("Method", b"massage"),
            ours.fingerprint("Other", b"message"),
            theirs.fingerprint("Method", b"message"),
        ] {
            assert_ne!(other, digest);
        }
    }
}
