//! Adding a master.

use std::sync::Arc;

use kugel_error::{Error, Result};
use kugel_rpc::Caller;
use kugel_store::{StoreError, Stored};

use super::{App, Done, duplicate};
use crate::records::Master;

impl App {
    /// Adds a master, once for each request.
    pub async fn create<T: Master>(&self, caller: &Caller, value: T) -> Result<Stored<T>> {
        let id = value.id();
        let work = async {
            match self.insert(caller, value).await {
                Err(StoreError::Duplicate { .. }) => {
                    let holder = self.find::<T>(caller, &id).await?;
                    Err(duplicate(&id, holder.as_deref()))
                }
                other => other.map_err(Error::from),
            }
        };
        caller.once(&self.documents, work).await
    }

    /// Adds a master; `Duplicate` if its key is taken.
    pub(super) async fn insert<T: Master>(
        &self,
        caller: &Caller,
        value: T,
    ) -> std::result::Result<Stored<T>, StoreError> {
        let (id, value) = (value.id(), Arc::new(value));
        let changes = self.documents.changes(&caller.actor());
        let stored = changes.inserted(Arc::clone(&value));
        let changes = changes.insert_shared(value).answering(caller.request(), &stored);
        self.commit::<T>(caller, &id, Done::Created, changes).await?;
        Ok(stored)
    }
}
