//! The keys that tokens are signed with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::signature::KeyPair as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::TokenError;
use crate::derived::mac;
use crate::signature::pair;

/// Characters of a thumbprint that tell a key from all others of an installation: 48 bits.
const PRINT: usize = 8;

/// The public half of a key, for whoever checks tokens without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What tokens name in their header: the kind, and the beginning of the key's thumbprint (RFC 7638).
    pub id: String,
    /// The Ed25519 key in base64url: `x` of RFC 8037.
    pub x: String,
}

/// The kinds of token, each with keys and an audience of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Terminal,
    Service,
    /// What one person at a till approves of another: no credential.
    Approval,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::User, Self::Terminal, Self::Service, Self::Approval];

    /// How the id of its keys begins.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Terminal => "terminal",
            Self::Service => "service",
            Self::Approval => "approval",
        }
    }

    pub(crate) fn audience(self) -> String {
        format!("kugel:{}", self.name())
    }
}

/// What signs and checks the tokens of one kind.
pub(crate) struct Key {
    kind: Kind,
    public: PublicKey,
    sign: EncodingKey,
    check: DecodingKey,
    /// What tokens of earlier versions were sealed with, HS256. Their header names the kind alone.
    sealed: DecodingKey,
}

impl Key {
    pub(crate) fn derive(root: &[u8], kind: Kind) -> Self {
        // Each use has a label of its own: of a published key nothing follows for another one.
        let key = |label: &[u8]| mac(root, &[label, kind.name().as_bytes()]);
        let seed = key(b"kugel signing key: ");
        let pair = pair(&seed).expect("any 32 bytes are the seed of a pair");
        let public = pair.public_key().as_ref();
        let x = URL_SAFE_NO_PAD.encode(public);
        let print = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        let print = URL_SAFE_NO_PAD.encode(print);
        Self {
            kind,
            public: PublicKey {
                id: format!("{}-{}", kind.name(), &print[..PRINT]),
                x,
            },
            sign: EncodingKey::from_ed_der(&seed),
            check: DecodingKey::from_ed_der(public),
            sealed: DecodingKey::from_secret(&key(b"kugel token key: ")),
        }
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn sign(&self, claims: &impl Serialize) -> String {
        let header = Header {
            kid: Some(self.public.id.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, claims, &self.sign).expect("plain claims serialise")
    }

    /// The claims of a token whose header names `kid`; nothing if that is another key.
    pub(crate) fn check<T: DeserializeOwned>(&self, token: &str, kid: &str) -> Option<Result<T, TokenError>> {
        let (algorithm, key) = if kid == self.public.id {
            (Algorithm::EdDSA, &self.check)
        } else if kid == self.kind.name() {
            (Algorithm::HS256, &self.sealed)
        } else {
            return None;
        };
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[self.kind.audience()]);
        // Expiry is compared with our own clock, for tokens too that were checked before.
        validation.validate_exp = false;
        let token = jsonwebtoken::decode(token, key, &validation).map(|data| data.claims);
        Some(token.map_err(|error| TokenError::Invalid(error.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use crate::UserClaims;
    use std::sync::Arc;

    use kugel_types::{Clock as _, ManualClock};
    use serde_json::{Value, json};

    use super::*;
    use crate::{Lifetimes, Tokens};

    fn tokens() -> (Tokens, Arc<ManualClock>) {
        let now = "2026-06-11T00:00:00Z".parse().expect("an instant");
        let clock = Arc::new(ManualClock::for_test(now));
        let lifetimes = Lifetimes {
            user: 1800,
            terminal: 1800,
        };
        (Tokens::new("root", lifetimes, clock.clone()), clock)
    }

    /// A token with a seal of HMAC-SHA256 under `key`.
    fn sealed(kid: &str, claims: &Value, key: &[u8]) -> String {
        let header = json!({"typ": "JWT", "alg": "HS256", "kid": kid});
        let [header, claims] = [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let seal = mac(key, &[format!("{header}.{claims}").as_bytes()]);
        format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(seal))
    }

    fn claims(now: i64) -> Value {
        json!({
            "sub": "hq-owner", "tenant_id": "Q7301", "is_superuser": true, "is_service_account": false,
            "aud": "kugel:user", "iat": now, "exp": now + 1800,
        })
    }

    #[test]
    fn tokens_of_earlier_versions_are_good_until_they_expire() {
        let (tokens, clock) = tokens();
        let claims = claims(clock.now().as_second());
        let key = mac(b"root", &[b"kugel token key: user"]);
        let token = sealed("user", &claims, &key);
        assert_eq!(tokens.verify(&token).expect("good").actor(), "hq-owner");
        for (kid, key) in [
            ("terminal", key),
            ("service", key),
            ("user", mac(b"other", &[b"kugel token key: user"])),
        ] {
            let forged = tokens.verify(&sealed(kid, &claims, &key));
            assert!(matches!(forged, Err(TokenError::Invalid(_))), "{kid}: {forged:?}");
        }
        clock.advance(1800);
        assert_eq!(tokens.verify(&token), Err(TokenError::Expired));
    }

    #[test]
    fn a_published_key_seals_nothing() {
        let (tokens, clock) = tokens();
        let claims = claims(clock.now().as_second());
        for PublicKey { id, x } in tokens.public_keys() {
            let bytes = URL_SAFE_NO_PAD.decode(&x).expect("base64url");
            let kind = &id[..id.find('-').expect("a dash")];
            for (kid, key) in [
                (&*id, &*bytes),
                (&id, x.as_bytes()),
                (kind, &bytes),
                (kind, x.as_bytes()),
            ] {
                let forged = tokens.verify(&sealed(kid, &claims, key));
                assert!(matches!(forged, Err(TokenError::Invalid(_))), "{kid}: {forged:?}");
            }
        }
        let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), claims);
        assert!(tokens.verify(&unsigned).is_err());
    }

    #[test]
    fn who_has_the_published_keys_checks_tokens() {
        let (tokens, _) = tokens();
        let token = tokens.issue_user(&UserClaims::superuser(
            "Q7301".parse().expect("valid"),
            "hq-owner",
        ));
        let header = jsonwebtoken::decode_header(&token).expect("a header");
        let published = tokens.public_keys();
        assert_eq!(published.len(), 4);
        let known = published.iter().find(|key| Some(&key.id) == header.kid.as_ref());
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": known.expect("published").x});
        let jwk = serde_json::from_value(jwk).expect("a JSON Web Key");
        let key = DecodingKey::from_jwk(&jwk).expect("a key");
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&["kugel:user"]);
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation)
            .expect("good")
            .claims;
        assert_eq!(claims["sub"], "hq-owner");
        validation.set_audience(&["kugel:terminal"]);
        assert!(jsonwebtoken::decode::<Value>(&token, &key, &validation).is_err());
    }

    #[test]
    fn a_key_is_named_after_its_kind_and_its_thumbprint() {
        let key = Key::derive(b"root", Kind::User);
        let Key { public, .. } = &key;
        assert_eq!(Key::derive(b"root", Kind::User).public(), public);
        let bytes = URL_SAFE_NO_PAD.decode(&public.x).expect("base64url");
        assert_eq!(bytes.len(), 32);
        assert!(
            public.id.starts_with("user-") && public.id.len() == 13,
            "{}",
            public.id
        );
        for (root, kind) in [("root", Kind::Terminal), ("other", Kind::User)] {
            let other = Key::derive(root.as_bytes(), kind);
            assert_ne!(other.public().x, public.x);
            assert_ne!(other.public().id[kind.name().len()..], public.id[4..]);
        }
    }
}
