//! Removing a master.

use kugel_error::Result;
use kugel_rpc::Caller;
use kugel_store::retry;

use super::{App, Done};
use crate::records::Master;

impl App {
    /// Removes a master, once for each request.
    pub async fn delete<T: Master>(&self, caller: &Caller, id: &str) -> Result<()> {
        let work = self.remove::<T>(caller, id, |_| Ok(()));
        caller.once(&self.documents, work).await
    }

    /// Removes a master if `may` allows it for the state that is removed.
    pub(super) async fn remove<T: Master>(
        &self,
        caller: &Caller,
        id: &str,
        may: impl Fn(&T) -> Result<()>,
    ) -> Result<()> {
        retry(T::NOUN, id, || async {
            let current = self.get::<T>(caller, id).await?;
            may(&current)?;
            let changes = self
                .documents
                .changes(&caller.actor())
                .delete::<T>(id, Some(current.revision))
                .answering(caller.request(), &());
            Ok(self.commit::<T>(caller, id, Done::Deleted, changes).await?)
        })
        .await
    }
}
