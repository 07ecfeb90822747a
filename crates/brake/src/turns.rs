//! One account's tries take turns within a process: a hundred right ones at once all pass, and of a hundred wrong ones
//! the first few are compared.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, Semaphore};

/// Tries of all accounts together that may wait for a turn. An account of which nothing is tried waits for nobody, so
/// whoever fills these keeps nobody else out.
const WAITING: usize = 512;
/// Accounts in the table before those of which nothing is tried any more are taken out.
const TIDY_AT: usize = 1024;

/// The turns of the accounts of which something is tried at the moment.
pub(crate) struct Turns {
    accounts: Mutex<HashMap<String, Weak<Turn<()>>>>,
    waiting: Semaphore,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            accounts: Mutex::default(),
            waiting: Semaphore::new(WAITING),
        }
    }
}

impl Turns {
    /// The account's turn, which ends with the guard. `None`: too many wait already.
    pub(crate) async fn wait(&self, account: &str) -> Option<OwnedMutexGuard<()>> {
        let turn = self.of(account);
        if let Ok(guard) = Arc::clone(&turn).try_lock_owned() {
            return Some(guard);
        }
        let _place = self.waiting.try_acquire().ok()?;
        Some(turn.lock_owned().await)
    }

    fn of(&self, account: &str) -> Arc<Turn<()>> {
        let mut accounts = self.accounts.lock();
        if let Some(turn) = accounts.get(account).and_then(Weak::upgrade) {
            return turn;
        }
        if accounts.len() >= TIDY_AT {
            accounts.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::<Turn<()>>::default();
        accounts.insert(account.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accounts_wait_for_themselves_alone_and_only_so_many() {
        let turns = Turns::default();
        let held = turns.wait("attacked").await;
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(turns.wait("attacked"))).collect();
        for wait in &mut waiting {
            assert!(futures::poll!(wait).is_pending());
        }
        assert!(turns.wait("attacked").await.is_none(), "all places are taken");
        assert!(turns.wait("other").await.is_some(), "which is nothing to others");
        drop(held);
        assert!(waiting.swap_remove(0).await.is_some());
        assert!(turns.wait("third").await.is_some());
    }

    #[tokio::test]
    async fn what_is_not_tried_any_more_is_forgotten() {
        let turns = Turns::default();
        for number in 0..10 * TIDY_AT {
            drop(turns.wait(&number.to_string()).await);
        }
        assert!(turns.accounts.lock().len() <= TIDY_AT);
    }
}
