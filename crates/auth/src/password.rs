//! Passwords: argon2id for new hashes, bcrypt accepted on verification, hashing in a bounded pool.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use kugel_error::{Error, codes};
use tokio::sync::Semaphore;

/// Refused at once: as much as may wait is waiting already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct Busy;

impl From<Busy> for Error {
    fn from(busy: Busy) -> Self {
        codes::OVERLOADED
            .error(format!("{busy}, try again in a moment"))
            .retry_after(Duration::from_secs(1))
    }
}

/// Hashes and verifies. At most `workers` at a time, so that a flood of logins cannot take every core and all memory, and
/// no more than a queue waits for them.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    /// One for each job at work.
    slots: Arc<Semaphore>,
    /// One for each job at work or waiting.
    places: Arc<Semaphore>,
    /// A hash of nothing, so that an unknown user costs as much time as a wrong password. Made when it is first
    /// needed: a start has better things to do.
    nobody: Arc<OnceLock<String>>,
}

impl Passwords {
    /// A pool of `workers`, for which `queue` jobs may wait, with argon2id at `memory_kib` (two passes, one lane, the OWASP
    /// minimum at 19456).
    pub fn new(memory_kib: u32, workers: usize, queue: usize) -> Self {
        let params =
            Params::new(memory_kib.max(8), 2, 1, None).expect("two passes over at least 8 KiB are valid");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Self {
            argon2,
            slots: Arc::new(Semaphore::new(workers.max(1))),
            places: Arc::new(Semaphore::new(workers.max(1) + queue)),
            nobody: Arc::default(),
        }
    }

    /// The hash of a new password, a PHC string.
    pub async fn hash(&self, password: &str) -> Result<String, Busy> {
        let (argon2, password) = (self.argon2.clone(), password.to_owned());
        self.run(move || hashed(&argon2, password.as_bytes())).await
    }

    /// True if `password` belongs to `hash`. `None` is for an unknown user: false, after the same time.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Busy> {
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
        Ok(self.run(verify).await? && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = slot.expect("the semaphore is never closed");
        // Both belong to the job: who hangs up leaves the queue, but frees no slot while the job is at work.
        let job = move || {
            let _held = (place, slot);
            work()
        };
        let done = tokio::task::spawn_blocking(job).await;
        Ok(done.expect("hashing does not panic"))
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
        let passwords = Passwords::new(8, 1, 0);
        let hash = passwords.hash("plum-Tree-9").await.expect("a free worker");
        assert!(hash.starts_with("$argon2id$"));
        let verify = async |password: &str, hash| passwords.verify(password, hash).await == Ok(true);
        assert!(verify("plum-Tree-9", Some(&*hash)).await);
        assert!(!verify("plum-Tree-8", Some(&*hash)).await);
        let old = bcrypt::hash("owl4", 4).expect("bcrypt");
        assert!(verify("owl4", Some(&*old)).await && !verify("owl5", Some(&*old)).await);
        assert!(
            !verify("", None).await,
            "nobody cannot log in, not even with nobody's password"
        );
        assert!(!verify("x", Some("no hash")).await);
    }

    #[tokio::test]
    async fn who_hangs_up_leaves_the_queue_but_no_second_job_at_work() {
        let passwords = Passwords::new(8, 1, 1);
        let (started, begun) = std::sync::mpsc::channel();
        let (finish, end) = std::sync::mpsc::channel::<()>();
        let at_work = passwords.run(move || {
            started.send(()).expect("the test listens");
            end.recv().expect("the test says when");
        });
        // Hung up on as soon as it is at work.
        tokio::select! {
            biased;
            _ = at_work => panic!("the job ends only when the test says so"),
            () = async { while begun.try_recv().is_err() { tokio::task::yield_now().await } } => {}
        }
        let mut waiting = Box::pin(passwords.hash("first in the queue"));
        assert!(poll_once(&mut waiting).await.is_none(), "the only worker is busy");
        assert_eq!(passwords.hash("second").await, Err(Busy));
        drop(waiting);
        let mut waiting = Box::pin(passwords.hash("first again"));
        assert!(
            poll_once(&mut waiting).await.is_none(),
            "who waited has left its place"
        );
        finish.send(()).expect("the job is still at work");
        assert!(waiting.await.is_ok());
    }

    /// Polls once.
    async fn poll_once<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
                std::task::Poll::Ready(value) => Some(value),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
