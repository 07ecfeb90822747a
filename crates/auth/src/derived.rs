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
    /// Tells the root secret from others, in what is kept.
    id: String,
    fingerprints: [u8; 32],
    api_keys: [u8; 32],
    service_keys: [u8; 32],
    pub(crate) invitations: [u8; 32],
    pub(crate) temporary_passwords: [u8; 32],
}

impl Derived {
    pub(crate) fn new(root: &[u8]) -> Self {
        let id = mac(root, &[b"kugel root secret"]);
        Self {
            id: URL_SAFE_NO_PAD.encode(&id[..6]),
            fingerprints: mac(root, &[b"kugel request fingerprints"]),
            api_keys: mac(root, &[b"kugel api keys"]),
            service_keys: mac(root, &[b"kugel service account keys"]),
            invitations: mac(root, &[b"kugel invitations"]),
            temporary_passwords: mac(root, &[b"kugel temporary passwords"]),
        }
    }

    fn fingerprint(&self, method: &str, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(mac(&self.fingerprints, &[method.as_bytes(), b"\n", message]))
    }
}

impl Tokens {
    /// A digest of a request, to be kept beside its answer. It is keyed because requests hold passwords and PINs, which
    /// could be guessed from a plain one.
    pub fn fingerprint(&self, method: &str, message: &[u8]) -> String {
        self.ring().signing.derived.fingerprint(method, message)
    }

    /// The same digest as it was or will be kept under the other root secrets that are accepted.
    pub fn other_fingerprints(&self, method: &str, message: &[u8]) -> Vec<String> {
        let ring = self.ring();
        let others = ring.roots(self.now()).skip(1);
        others
            .map(|(root, _)| root.derived.fingerprint(method, message))
            .collect()
    }

    /// What a key or a password is derived from: 256 random bits, and the name of the root secret that belongs to them. It
    /// may be kept with the answer of the request that made it, which can then show the key again; without the root secret
    /// it tells nothing.
    pub fn seed(&self) -> String {
        let bits = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        format!("{}.{bits}", self.ring().signing.derived.id)
    }

    /// What follows for `seed` from the root secret that it names. One that is no longer accepted is named by nothing that
    /// is still shown, and earlier versions named none.
    pub(crate) fn derived<T>(&self, seed: &str, work: impl FnOnce(&Derived) -> T) -> T {
        let id = seed.split_once('.').map_or("", |(id, _)| id);
        let ring = self.ring();
        let named = ring.roots(self.now()).find(|(root, _)| root.derived.id == id);
        work(&named.map_or(&ring.signing, |(root, _)| root).derived)
    }

    /// The key of a service account that belongs to a seed. Its beginning says what it is, to whoever finds one where it
    /// should not be.
    pub fn service_key(&self, seed: &str, tenant: &str, account: &str) -> ApiKey {
        let parts = [seed, "\n", tenant, "\n", account].map(str::as_bytes);
        let key = self.derived(seed, |derived| mac(&derived.service_keys, &parts));
        ApiKey::from_request(&format!("ksa_{}", URL_SAFE_NO_PAD.encode(key)))
    }

    /// The API key that belongs to a seed.
    pub fn api_key(&self, seed: &str, terminal: &str) -> ApiKey {
        let parts = [seed.as_bytes(), b"\n", terminal.as_bytes()];
        let key = self.derived(seed, |derived| mac(&derived.api_keys, &parts));
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
        let seeds = [ours.seed(), ours.seed()];
        assert_ne!(seeds[0], seeds[1]);
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
        assert!(ours.other_fingerprints("Method", b"message").is_empty());
        for other in [
            ours.fingerprint("Method", b"massage"),
            ours.fingerprint("Other", b"message"),
            theirs.fingerprint("Method", b"message"),
        ] {
            assert_ne!(other, digest);
        }
    }
}
