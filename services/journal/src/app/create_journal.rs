//! Adds an entry that a report or a person wrote.

use kugel_auth::Principal;
use kugel_error::Error;
use kugel_rpc::Caller;
use kugel_types::TerminalId;

use super::App;
use crate::records::{Entry, JOURNALS};

impl App {
    /// Stores the entry unless it is there already, and answers what is stored.
    pub(crate) async fn create_journal(&self, caller: &Caller, entry: Entry) -> Result<Entry, Error> {
        let terminal = TerminalId {
            tenant: caller.tenant().clone(),
            store: entry.store_code.clone(),
            number: entry.terminal_no,
        };
        // A service speaks of terminals that it knows, some of which may be gone.
        if !matches!(caller.principal(), Principal::Service { .. }) {
            self.terminals.check(&terminal).await?;
        }
        let (documents, scope, request) = (&self.documents, caller.scope(), caller.request());
        let work = async {
            let changes = documents
                .changes(&caller.actor())
                .insert(entry.clone())
                .answering(request, &entry);
            match documents.commit(&scope, changes).await {
                Ok(()) => Ok(entry),
                Err(error) if error.is_duplicate_in(JOURNALS.name) => {
                    let stored = documents.get::<Entry>(&scope, &entry.key).await?;
                    Ok(stored.map_or(entry, |stored| (*stored.value).clone()))
                }
                Err(error) => Err(error.into()),
            }
        };
        documents.once(&scope, request, work).await
    }
}
