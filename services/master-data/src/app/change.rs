//! Changing a master.

use std::sync::Arc;
use std::time::Duration;

use kugel_error::{Error, Result, codes};
use kugel_rpc::Caller;
use kugel_store::Stored;

use super::App;
use crate::records::Master;

/// How often a change is tried again when somebody else changed the same document in between.
pub(super) const ATTEMPTS: u32 = 8;
/// The pause after the first of them; each is twice as long as the one before.
pub(super) const PAUSE: Duration = Duration::from_millis(1);

impl App {
    /// Replaces the master with the key of `value`, once for each request.
    pub async fn replace<T: Master + Clone>(&self, caller: &Caller, value: T) -> Result<Stored<T>> {
        self.change(caller, &value.id(), |_| Ok(value.clone())).await
    }

    /// Replaces a master by what `edit` makes of it, once for each request. A change that somebody else makes in between
    /// is not overwritten: `edit` then starts from the new state.
    pub async fn change<T: Master>(
        &self,
        caller: &Caller,
        id: &str,
        edit: impl Fn(&T) -> Result<T>,
    ) -> Result<Stored<T>> {
        caller.once(&self.documents, self.edited(caller, id, edit)).await
    }

    async fn edited<T: Master>(
        &self,
        caller: &Caller,
        id: &str,
        edit: impl Fn(&T) -> Result<T>,
    ) -> Result<Stored<T>> {
        for attempt in 0..ATTEMPTS {
            let current = self.get::<T>(caller, id).await?;
            let value = Arc::new(edit(&current)?);
            let changes = self.documents.changes(&caller.actor());
            let stored = changes.replaced(Arc::clone(&value), &current);
            let changes = changes
                .replace_shared(value, current.revision)
                .answering(caller.request(), &stored);
            match self.commit::<T>(caller, id, changes).await {
                Ok(()) => return Ok(stored),
                // Whoever was first may still be committing: on a server far away that takes a while.
                Err(error) if error.is_stale() => tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(contended::<T>(id))
    }
}

/// The error for a master that others were always faster to change.
pub(super) fn contended<T: Master>(id: &str) -> Error {
    codes::UPDATE_REFUSED
        .error(format!("{} {id} is being changed by others, try again", T::NOUN))
        .with("key", id)
}
