//! The root secrets of an installation, and the keys that follow from them: one that signs, and others whose work is still
//! or already accepted.

use std::sync::Arc;

use jiff::Timestamp;
use kugel_types::TenantId;
use moka::sync::Cache;
use serde::de::DeserializeOwned;

use crate::derived::Derived;
use crate::key::{Key, Kind, PublicKey};
use crate::{Principal, TokenError, Tokens};

/// The root secrets of an installation.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// What signs, and what all that is new is derived from.
    current: String,
    /// What is accepted besides, and until when, if that is known.
    accepted: Vec<(String, Option<Timestamp>)>,
}

impl Secrets {
    /// Accepts what another secret has signed and sealed, until an end if there is one. Of two ends of one secret the
    /// first that is given counts.
    #[must_use]
    pub fn accepting(mut self, secret: &str, end: Option<Timestamp>) -> Self {
        let known = |(known, _): &(String, _)| known == secret;
        if secret != self.current && !self.accepted.iter().any(known) {
            self.accepted.push((secret.to_owned(), end));
        }
        self
    }
}

impl From<&str> for Secrets {
    fn from(current: &str) -> Self {
        Self {
            current: current.to_owned(),
            accepted: Vec::new(),
        }
    }
}

/// What follows from one root secret.
pub(crate) struct Root {
    keys: [Key; 4],
    pub(crate) derived: Derived,
}

impl Root {
    fn new(secret: &str) -> Self {
        Self {
            keys: Kind::ALL.map(|kind| Key::derive(secret.as_bytes(), kind)),
            derived: Derived::new(secret.as_bytes()),
        }
    }

    pub(crate) fn key(&self, kind: Kind) -> &Key {
        &self.keys[kind as usize]
    }
}

/// Everything that hangs on the secrets, exchanged as a whole: what was checked under a secret that is dropped is checked
/// again.
pub(crate) struct Keyring {
    secrets: Secrets,
    pub(crate) signing: Root,
    accepted: Vec<(Root, i64)>,
    pub(crate) verified: Cache<String, (Arc<Principal>, i64)>,
    pub(crate) issued: Cache<(TenantId, &'static str), (Arc<str>, i64)>,
}

impl Keyring {
    pub(crate) fn new(secrets: Secrets) -> Self {
        let end = |end: &Option<Timestamp>| end.map_or(i64::MAX, Timestamp::as_second);
        let accepted = secrets.accepted.iter();
        Self {
            signing: Root::new(&secrets.current),
            accepted: accepted
                .map(|(secret, until)| (Root::new(secret), end(until)))
                .collect(),
            verified: Cache::new(10_000),
            issued: Cache::new(1_000),
            secrets,
        }
    }

    /// The roots whose work is good at `now`, with the second in which that ends: first the one that signs.
    pub(crate) fn roots(&self, now: i64) -> impl Iterator<Item = (&Root, i64)> {
        let accepted = self.accepted.iter().filter(move |(_, end)| *end > now);
        std::iter::once((&self.signing, i64::MAX)).chain(accepted.map(|(root, end)| (root, *end)))
    }

    /// The claims of a token whose header names `kid`, and when its key is no longer accepted.
    pub(crate) fn check<T: DeserializeOwned>(
        &self,
        kind: Kind,
        token: &str,
        kid: &str,
        now: i64,
    ) -> Result<(T, i64), TokenError> {
        let mut refusal = TokenError::Invalid("unknown key".to_owned());
        for (root, end) in self.roots(now) {
            let Some(checked) = root.key(kind).check(token, kid) else {
                continue;
            };
            match checked {
                Ok(claims) => return Ok((claims, end)),
                // Tokens of earlier versions do not tell whose they are.
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

impl Tokens {
    /// Goes on with other secrets. Whoever is at work finishes with those from before.
    pub fn take_up(&self, secrets: Secrets) {
        if self.ring().secrets != secrets {
            *self.keyring.write() = Arc::new(Keyring::new(secrets));
        }
    }

    /// The public halves of the keys that tokens are signed with, or may still or already be.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        let ring = self.ring();
        let roots = ring.roots(self.now());
        roots
            .flat_map(|(root, _)| Kind::ALL.map(|kind| root.key(kind).public().clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use kugel_types::{Clock as _, ManualClock};

    use super::*;
    use crate::{Lifetimes, UserClaims};

    const HOUR: i64 = 3_600;

    fn start() -> Arc<ManualClock> {
        let now = "2026-06-11T00:00:00Z".parse().expect("an instant");
        Arc::new(ManualClock::for_test(now))
    }

    fn tokens(secrets: impl Into<Secrets>, clock: &Arc<ManualClock>) -> Tokens {
        let lifetimes = Lifetimes {
            user: HOUR,
            terminal: HOUR,
        };
        Tokens::new(secrets, lifetimes, clock.clone())
    }

    fn tenant() -> TenantId {
        "Q7301".parse().expect("valid")
    }

    fn both(current: &str, accepted: &str) -> Secrets {
        Secrets::from(current).accepting(accepted, None)
    }

    /// A token, a code, a key's seed and a request, as a process makes them.
    struct Made {
        token: String,
        invitation: String,
        seed: String,
        key: String,
        password: String,
        fingerprint: String,
    }

    impl Made {
        fn by(tokens: &Tokens) -> Self {
            let seed = tokens.seed();
            let end = "2026-06-12T00:00:00Z".parse().expect("an instant");
            Self {
                token: tokens.issue_user(&UserClaims::superuser(tenant(), "hq-owner")),
                invitation: tokens.invitation([7; 10], end),
                key: tokens.api_key(&seed, "Q7301-tk01-1").reveal().to_owned(),
                password: tokens.temporary_password(&seed, "Q7301", "clerk"),
                seed,
                fingerprint: tokens.fingerprint("Method", b"message"),
            }
        }

        /// What `tokens` take as their own.
        fn known_to(&self, tokens: &Tokens) -> [bool; 5] {
            let now = "2026-06-11T00:00:00Z".parse().expect("an instant");
            [
                tokens.verify(&self.token).is_ok(),
                tokens.invited_by(&self.invitation, now).is_some(),
                tokens.api_key(&self.seed, "Q7301-tk01-1").reveal() == self.key,
                tokens.temporary_password(&self.seed, "Q7301", "clerk") == self.password,
                std::iter::once(tokens.fingerprint("Method", b"message"))
                    .chain(tokens.other_fingerprints("Method", b"message"))
                    .any(|fingerprint| fingerprint == self.fingerprint),
            ]
        }
    }

    /// The three phases of a mesh, each beside the one before: while processes are replaced, both are at work.
    #[test]
    fn neighbours_with_other_settings_know_each_others_work() {
        let clock = start();
        let phases = [
            Secrets::from("old"),
            both("old", "new"),
            both("new", "old"),
            Secrets::from("new"),
        ];
        let phases = phases.map(|secrets| tokens(secrets, &clock));
        for pair in phases.windows(2) {
            for (one, other) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
                assert_eq!(Made::by(one).known_to(other), [true; 5]);
            }
        }
        for (one, other) in [(&phases[0], &phases[3]), (&phases[3], &phases[0])] {
            assert_eq!(Made::by(one).known_to(other), [false; 5]);
        }
    }

    #[test]
    fn a_former_secret_is_accepted_until_its_end() {
        let clock = start();
        let ours = tokens("old", &clock);
        let before = Made::by(&ours);
        let end = clock.now() + jiff::SignedDuration::from_secs(HOUR / 2);
        ours.take_up(Secrets::from("new").accepting("old", Some(end)));
        let after = Made::by(&ours);
        for made in [&before, &after] {
            assert_eq!(made.known_to(&ours), [true; 5]);
        }
        assert_ne!(before.token, after.token);
        assert_eq!(ours.public_keys().len(), 8);
        clock.advance(HOUR / 2 - 1);
        assert_eq!(before.known_to(&ours), [true; 5]);
        clock.advance(1);
        assert_eq!(before.known_to(&ours), [false; 5], "also what was checked before");
        assert_eq!(after.known_to(&ours), [true; 5]);
        assert_eq!(ours.public_keys(), tokens("new", &clock).public_keys());
    }

    #[test]
    fn what_was_checked_under_a_dropped_secret_is_checked_again() {
        let clock = start();
        let ours = tokens("old", &clock);
        let service = ours.service("cart", &tenant());
        ours.verify(&service).expect("good");
        ours.take_up(Secrets::from("new"));
        assert!(matches!(ours.verify(&service), Err(TokenError::Invalid(_))));
        ours.verify(&ours.service("cart", &tenant())).expect("a new one");
    }

    #[test]
    fn a_secret_is_there_once() {
        let secrets = Secrets::from("a").accepting("a", None).accepting("b", None);
        let secrets = secrets.accepting("b", Some(Timestamp::UNIX_EPOCH));
        assert!(secrets == both("a", "b"));
        assert_eq!(tokens(secrets, &start()).public_keys().len(), 8);
    }
}
