//! Changing a master.

use std::sync::Arc;

use kugel_error::Result;
use kugel_rpc::Caller;
use kugel_store::{Stored, retry};

use super::{App, Done};
use crate::records::Master;

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
        retry(T::NOUN, id, || async {
            let current = self.get::<T>(caller, id).await?;
            let value = Arc::new(edit(&current)?);
            let changes = self.documents.changes(&caller.actor());
            let stored = changes.replaced(Arc::clone(&value), &current);
            let changes = changes
                .replace_shared(value, current.revision)
                .answering(caller.request(), &stored);
            self.commit::<T>(caller, id, Done::Changed, changes).await?;
            Ok(stored)
        })
        .await
    }
}
