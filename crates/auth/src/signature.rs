//! The cryptography of tokens: Ed25519 by ring, which TLS brings along anyway. What the library of tokens would bring
//! itself has RSA and curves that nobody here signs with.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

use crate::derived::{equal, mac};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has tokens signed and checked by what is here. The library takes the first provider of the process, and every other one
/// is this one too.
pub(crate) fn provide() {
    let _taken_before = PROVIDER.install_default();
}

/// An Ed25519 key pair from its 32 bytes (RFC 8032, 5.1.5).
pub(crate) fn pair(seed: &[u8]) -> Option<Ed25519KeyPair> {
    Ed25519KeyPair::from_seed_unchecked(seed).ok()
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match algorithm {
        Algorithm::EdDSA => {
            let pair = pair(key.as_bytes()).ok_or(ErrorKind::InvalidEddsaKey)?;
            Ok(Box::new(Signing(pair)))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    let bytes = key.try_get_as_bytes()?.to_vec();
    match algorithm {
        Algorithm::EdDSA => Ok(Box::new(Checking(UnparsedPublicKey::new(&ED25519, bytes)))),
        Algorithm::HS256 => Ok(Box::new(Sealed(bytes))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct Signing(Ed25519KeyPair);

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Signing {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Checking(UnparsedPublicKey<Vec<u8>>);

impl Verifier<Vec<u8>> for Checking {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        self.0.verify(message, signature).map_err(|_| Error::new())
    }
}

impl JwtVerifier for Checking {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

/// The key of tokens of earlier versions, HMAC-SHA256.
struct Sealed(Vec<u8>);

impl Verifier<Vec<u8>> for Sealed {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        if equal(&mac(&self.0, &[message]), signature) {
            Ok(())
        } else {
            Err(Error::new())
        }
    }
}

impl JwtVerifier for Sealed {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits = text.as_bytes().chunks(2);
        let digits = digits.map(|pair| std::str::from_utf8(pair).expect("ASCII"));
        digits
            .map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal"))
            .collect()
    }

    /// The example of RFC 8037, appendix A.
    #[test]
    fn the_published_example_is_signed_and_checked_alike() {
        provide();
        let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signed = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let key = EncodingKey::from_ed_der(&seed);
        let by_us = jsonwebtoken::crypto::sign(message, &key, Algorithm::EdDSA);
        assert_eq!(by_us.as_deref(), Ok(signed));
        let public = DecodingKey::from_ed_components("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        let public = public.expect("a public key");
        let check = |signature: &str, message: &[u8]| {
            jsonwebtoken::crypto::verify(signature, message, &public, Algorithm::EdDSA)
        };
        assert_eq!(check(signed, message), Ok(true));
        assert_eq!(check(signed, b"another"), Ok(false));
        assert_eq!(check(&signed[..40], message), Ok(false));
    }

    /// A public key is no secret: who signs with it, as if it were one, is told from who holds the private half.
    #[test]
    fn an_algorithm_takes_its_own_keys_alone() {
        provide();
        let (secret, public) = (
            DecodingKey::from_secret(&[7; 32]),
            DecodingKey::from_ed_der(&[7; 32]),
        );
        let check = |key: &DecodingKey, algorithm| jsonwebtoken::crypto::verify("AAAA", b"m", key, algorithm);
        assert_eq!(check(&secret, Algorithm::HS256), Ok(false));
        assert_eq!(check(&public, Algorithm::EdDSA), Ok(false));
        for (key, algorithm) in [
            (&public, Algorithm::HS256),
            (&secret, Algorithm::EdDSA),
            (&secret, Algorithm::HS512),
            (&public, Algorithm::ES256),
        ] {
            assert!(check(key, algorithm).is_err(), "{algorithm:?}");
        }
        let signing = EncodingKey::from_secret(&[7; 32]);
        assert!(jsonwebtoken::crypto::sign(b"m", &signing, Algorithm::HS256).is_err());
    }
}
