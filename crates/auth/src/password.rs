//! Passwords: argon2id for new hashes, bcrypt accepted on verification, hashing in a bounded pool.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

/// Hashes and verifies. At most `workers` at a time, so that a flood of logins cannot take every core and all memory.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    slots: Arc<Semaphore>,
    /// A hash of nothing, so that an unknown user costs as much time as a wrong password. Made when it is first
    /// needed: a start has better things to do.
    nobody: Arc<OnceLock<String>>,
}

impl Passwords {
    /// A pool of `workers` with argon2id at `memory_kib` (two passes, one lane, the OWASP minimum at 19456).
    pub fn new(memory_kib: u32, workers: usize) -> Self {
        let params =
            Params::new(memory_kib.max(8), 2, 1, None).expect("two passes over at least 8 KiB are valid");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Self {
            argon2,
            slots: Arc::new(Semaphore::new(workers.max(1))),
            nobody: Arc::default(),
        }
    }

    /// The hash of a new password, a PHC string.
    pub async fn hash(&self, password: &str) -> String {
        let (argon2, password) = (self.argon2.clone(), password.to_owned());
        self.run(move || hashed(&argon2, password.as_bytes())).await
    }

    /// True if `password` belongs to `hash`. `None` is for an unknown user: false, after the same time.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> bool {
        let known = hash.is_some();
        let (argon2, password) = (self.argon2.clone(), password.to_owned());
        let (hash, nobody) = (hash.map(str::to_owned), self.nobody.clone());
        let verify = move || {
            let hash = hash
                .as_ref()
                .unwrap_or_else(|| nobody.get_or_init(|| hashed(&argon2, b"")));
            if hash.starts_with("$2") {
                return bcrypt::verify(password.as_bytes(), hash).unwrap_or(false);
            }
            PasswordHash::new(hash)
                .is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
        };
        self.run(verify).await && known
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work)
            .await
            .expect("hashing does not panic")
    }
}

fn hashed(argon2: &Argon2<'_>, password: &[u8]) -> String {
    let hash = argon2
        .hash_password(password)
        .expect("hashing with a random salt cannot fail");
    hash.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_kinds_of_hash_verify() {
        let passwords = Passwords::new(8, 1);
        let hash = passwords.hash("plum-Tree-9").await;
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify("plum-Tree-9", Some(&hash)).await);
        assert!(!passwords.verify("plum-Tree-8", Some(&hash)).await);
        let old = bcrypt::hash("owl4", 4).expect("bcrypt");
        assert!(passwords.verify("owl4", Some(&old)).await && !passwords.verify("owl5", Some(&old)).await);
        assert!(
            !passwords.verify("", None).await,
            "nobody cannot log in, not even with nobody's password"
        );
        assert!(!passwords.verify("x", Some("no hash")).await);
    }
}
