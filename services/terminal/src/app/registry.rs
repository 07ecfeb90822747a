//! The register of terminals.

use std::sync::Arc;

use kugel_auth::ApiKey;
use kugel_bus::ChangeKind;
use kugel_error::{Error, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{Caller, SecurityEntry};
use kugel_store::{Direction, Listing, Missed, Page, Query, Scope, Sort, StoreError, Stored, retry};
use kugel_types::{StoreCode, TenantId, TerminalId};

use super::App;
use crate::domain::{FunctionMode, Place, Terminal};
use crate::records::{OpenCloseLogDocument, TerminalDocument};

/// A terminal to enter.
#[derive(Debug, Clone)]
pub struct NewTerminal {
    /// Who it will be.
    pub id: TerminalId,
    /// What people call it.
    pub description: String,
}

impl App {
    /// Enters a terminal and makes its key.
    pub async fn create_terminal(
        &self,
        caller: &Caller,
        new: NewTerminal,
    ) -> Result<(Stored<TerminalDocument>, ApiKey), Error> {
        let seed = self.tokens.seed();
        let work = retry("store", &new.id.store, || {
            self.insert_terminal(caller, &new.id, new.description.clone(), seed.clone())
        });
        let (stored, seed) = caller.once(&self.documents, work).await?;
        Ok((stored, self.key(&new.id, &seed)))
    }

    /// Gives the terminal and the seed of its key. The commit replaces the store by itself: a store that is deleted or
    /// changes its currency meanwhile knows all its terminals.
    async fn insert_terminal(
        &self,
        caller: &Caller,
        id: &TerminalId,
        description: String,
        seed: String,
    ) -> Result<(Stored<TerminalDocument>, String), Missed> {
        let store = self.load_store(&id.tenant, &id.store).await?;
        let scope = Scope::from(&id.tenant);
        let known: Option<Stored<TerminalDocument>> = self.documents.get(&scope, &id.to_string()).await?;
        if known.is_some() {
            return Err(exists(id).into());
        }
        let hash = self.key(id, &seed).hash();
        let mut terminal = Terminal::new(id.clone(), description, hash.clone());
        self.resume_counters(&mut terminal).await?;
        self.note_owner(&caller.actor(), id, hash).await?;
        let document = Arc::new(TerminalDocument::from(terminal));
        let changes = self.documents.changes(&caller.actor());
        let answer = (changes.inserted(Arc::clone(&document)), seed);
        let changes = changes
            .insert_shared(document)
            .replace_shared(store.value, store.revision)
            .answering(caller.request(), &answer);
        let entry = SecurityEntry::by(caller, SecurityEventKind::TerminalCreated, id).at(id);
        match self.commit(&id.tenant, changes, Vec::new(), &[entry]).await {
            Ok(()) => {}
            Err(StoreError::Duplicate { .. }) => return Err(exists(id).into()),
            Err(error) => return Err(error.into()),
        }
        self.announce(&id.tenant, ChangeKind::Terminal, id.to_string());
        Ok(answer)
    }

    /// The key that belongs to a seed. What is kept with an answer is the seed: the key itself is kept nowhere.
    fn key(&self, id: &TerminalId, seed: &str) -> ApiKey {
        self.tokens.api_key(seed, &id.to_string())
    }

    /// Lets a terminal that was deleted and is entered again count on from its last log. If it began again, its
    /// sessions would have the keys of sessions that are in the books already.
    async fn resume_counters(&self, terminal: &mut Terminal) -> Result<(), Error> {
        let newest = Sort(vec![("business_counter".to_owned(), Direction::Descending)]);
        let query = Query::all()
            .eq("store_code", &terminal.id.store)
            .eq("terminal_no", terminal.id.number)
            .sort(newest);
        let scope = Scope::from(&terminal.id.tenant);
        if let Some(last) = self
            .documents
            .first::<OpenCloseLogDocument>(&scope, query)
            .await?
        {
            terminal.business_date = last.0.business_date.parse().ok();
            terminal.open_counter = last.0.open_counter;
            terminal.business_counter = last.0.business_counter;
        }
        Ok(())
    }

    /// One terminal.
    pub async fn terminal(&self, id: &TerminalId) -> Result<Stored<TerminalDocument>, Error> {
        self.load(id).await
    }

    /// A page of terminals, of one store or of all.
    pub async fn list_terminals(
        &self,
        tenant: &TenantId,
        store: Option<&StoreCode>,
        sort: Sort,
        page: Page,
    ) -> Result<Listing<TerminalDocument>, Error> {
        let query = Query::all()
            .given(store, |query, store| query.eq("store_code", store))
            .sort(sort)
            .page(page);
        Ok(self.documents.find(&Scope::from(tenant), query).await?)
    }

    /// Deletes a terminal that is in no session. Its logs stay.
    pub async fn delete_terminal(&self, caller: &Caller, id: &TerminalId) -> Result<(), Error> {
        let work = retry("terminal", id, || async {
            let stored = self.load(id).await?;
            stored.terminal.check_deletable().map_err(Error::from)?;
            let changes = self
                .documents
                .changes(&caller.actor())
                .delete::<TerminalDocument>(&id.to_string(), Some(stored.revision))
                .answering(caller.request(), &());
            let entry = SecurityEntry::by(caller, SecurityEventKind::TerminalDeleted, id).at(id);
            self.commit(&id.tenant, changes, Vec::new(), &[entry]).await?;
            self.announce(&id.tenant, ChangeKind::Terminal, id.to_string());
            Ok(())
        });
        caller.once(&self.documents, work).await
    }

    /// Makes a new key; the former one is void at once.
    pub async fn rotate_api_key(
        &self,
        caller: &Caller,
        id: &TerminalId,
    ) -> Result<(Stored<TerminalDocument>, ApiKey), Error> {
        let seed = self.tokens.seed();
        let hash = self.key(id, &seed).hash();
        let step = |terminal: &mut Terminal, _: &Place, _| {
            terminal.api_key_hash = hash.clone();
            Ok((Vec::new(), seed.clone()))
        };
        let work = async {
            self.load(id).await?;
            self.note_owner(&caller.actor(), id, hash.clone()).await?;
            let entry = SecurityEntry::by(caller, SecurityEventKind::ApiKeyRotated, id).at(id);
            self.change(caller, id, |_| Some(entry.clone()), step).await
        };
        let rotated = caller.once(&self.documents, work).await?;
        let key = self.key(id, &rotated.note);
        Ok((rotated.terminal, key))
    }

    /// Changes what people call the terminal.
    pub async fn describe_terminal(
        &self,
        caller: &Caller,
        id: &TerminalId,
        description: String,
    ) -> Result<Stored<TerminalDocument>, Error> {
        self.change_once(caller, id, |terminal| {
            terminal.description.clone_from(&description);
            Ok(())
        })
        .await
    }

    /// Moves the terminal to another screen.
    pub async fn enter_mode(
        &self,
        caller: &Caller,
        id: &TerminalId,
        mode: FunctionMode,
    ) -> Result<Stored<TerminalDocument>, Error> {
        self.change_once(caller, id, |terminal| Ok(terminal.enter(mode)?))
            .await
    }
}

fn exists(id: &TerminalId) -> Error {
    codes::TERMINAL_EXISTS.error(format!("terminal {id} exists already"))
}
