//! Removing a master.

use kugel_error::Result;
use kugel_rpc::Caller;

use super::App;
use super::change::{ATTEMPTS, PAUSE, contended};
use crate::records::Master;

impl App {
    /// Removes a master, once for each request.
    pub async fn delete<T: Master>(&self, caller: &Caller, id: &str) -> Result<()> {
        caller.once(&self.documents, self.remove::<T>(caller, id)).await
    }

    async fn remove<T: Master>(&self, caller: &Caller, id: &str) -> Result<()> {
        for attempt in 0..ATTEMPTS {
            let current = self.get::<T>(caller, id).await?;
            let changes = self
                .documents
                .changes(&caller.actor())
                .delete::<T>(id, Some(current.revision))
                .answering(caller.request(), &());
            match self.commit::<T>(caller, id, changes).await {
                Ok(()) => return Ok(()),
                // Whoever was first may still be committing: on a server far away that takes a while.
                Err(error) if error.is_stale() => tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(contended::<T>(id))
    }
}
