//! `kugel import`: a tenant's file into the store that the settings name.
//!
//! The file is read twice: once to see that it is whole, then to bring the documents in. A marker among the account
//! service's shared documents says that an import is under way, and goes in the commit that registers the tenant; so a
//! tenant that is only half here is never taken for one, and an import that was cut off is repeated or taken back.

mod file;
mod marker;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use indicatif::ProgressBar;
use kugel_config::Settings;
use kugel_host::{Holding, Host};
use kugel_store::{Action, Collection, Commit, Document, Page, Query, Scope, StoreError, Write};
use kugel_terminal::index_keys;
use kugel_types::{Clock as _, SystemClock, TenantId};

pub use self::file::Checked;
use self::file::Content;
use self::marker::Marker;
use crate::{export, of, open_or_create, with};

/// The arguments of `kugel import`.
#[derive(Debug, Args)]
pub struct Options {
    /// The file that `kugel export` wrote.
    #[arg(value_name = "FILE", required_unless_present = "take_back")]
    pub file: Option<PathBuf>,
    /// Instead: remove what an import of this tenant left behind that was cut off.
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    pub take_back: Option<String>,
}

/// Documents of one commit.
const WRITTEN_AT_ONCE: usize = 500;
/// Text of one commit, in bytes: what a transaction of a database takes easily.
const TEXT_AT_ONCE: usize = 4 << 20;

/// Imports the file that `options` name, or takes back what an import left behind.
pub async fn run(settings: Settings, options: Options) -> anyhow::Result<()> {
    let checked = options.file.as_deref().map(Checked::read).transpose()?;
    with(open_or_create(settings).await?, async |host| {
        match (&checked, &options.take_back) {
            (Some(checked), _) => import(host, checked).await,
            (None, Some(tenant)) => take_back(host, tenant).await,
            (None, None) => Ok(()),
        }
    })
    .await
}

async fn import(host: &Host, checked: &Checked) -> anyhow::Result<()> {
    let holdings = export::holdings(host)?;
    let moved = write(&holdings, checked).await?;
    let tenant = &checked.tenant;
    // Where services are at work, nobody starts one that would do it.
    index_keys(&of(&holdings, kugel_terminal::NAME)?.documents, tenant).await?;
    say!("tenant {tenant} is imported");
    for (service, documents) in moved {
        say!("  {service}: {documents} documents");
    }
    say!(
        "Next: `kugel verify --tenant {tenant}` here prints the same totals and the same digest as where it came from."
    );
    say!(
        "Passwords and API keys work as before; tokens are worth nothing unless both places share SECRET_KEY."
    );
    Ok(())
}

/// Brings the documents of a checked file in.
pub async fn write(holdings: &[Holding], checked: &Checked) -> anyhow::Result<export::Moved> {
    let account = of(holdings, kugel_account::NAME)?;
    let tenant = &checked.tenant;
    ensure!(
        !is_registered(account, tenant).await?,
        "tenant {tenant} exists here already: an import needs a place without it"
    );
    match Marker::find(account, tenant).await? {
        Some(marker) if marker.sha256 != checked.sha256 => bail!(
            "an import of another file of tenant {tenant} was cut off here: repeat it with that file, or take back what \
             it left with `kugel import --take-back {tenant}`"
        ),
        Some(_) => {}
        None => {
            ensure_empty(holdings, tenant).await?;
            Marker::set(account, tenant, &checked.sha256).await?;
        }
    }
    let place = Place::new(holdings, tenant);
    let registration = place.fill(checked).await?;
    place.compare(checked).await?;
    register(account, tenant, registration).await?;
    Ok(place.count(checked))
}

/// Removes what an import left behind that was cut off.
async fn take_back(host: &Host, tenant: &str) -> anyhow::Result<()> {
    let tenant: TenantId = tenant.parse()?;
    let holdings = export::holdings(host)?;
    remove(&holdings, &tenant).await?;
    say!("what the import of tenant {tenant} left is removed");
    Ok(())
}

/// Removes the documents of a tenant whose import was cut off, and of no other.
pub async fn remove(holdings: &[Holding], tenant: &TenantId) -> anyhow::Result<()> {
    let account = of(holdings, kugel_account::NAME)?;
    ensure!(
        Marker::find(account, tenant).await?.is_some(),
        "no import of tenant {tenant} was cut off here: there is nothing to take back"
    );
    let scope = Scope::from(tenant);
    // What lets callers in goes first.
    for holding in holdings.iter().rev() {
        for collection in holding.collections.iter().rev() {
            holding.documents.retain(&scope, collection, |_| false).await?;
        }
    }
    let removal = Marker::removal(tenant);
    Ok(commit(account, &Scope::Commons, vec![removal]).await?)
}

async fn is_registered(account: &Holding, tenant: &TenantId) -> Result<bool, StoreError> {
    let (collection, id) = kugel_account::registration(tenant);
    let store = account.documents.store();
    Ok(store.get(&Scope::Commons, collection, &id).await?.is_some())
}

async fn ensure_empty(holdings: &[Holding], tenant: &TenantId) -> anyhow::Result<()> {
    let scope = Scope::from(tenant);
    for holding in holdings {
        for collection in &holding.collections {
            let found = holding.documents.following(&scope, collection, "", 1).await?;
            ensure!(
                found.is_empty(),
                "tenant {tenant} has documents here already, in {} of {}: an import needs a place without it",
                collection.name,
                holding.service
            );
        }
    }
    Ok(())
}

/// Registers the tenant and takes the marker away, in one commit: now the tenant is here.
async fn register(
    account: &Holding,
    tenant: &TenantId,
    registration: Option<Document>,
) -> Result<(), StoreError> {
    let mut writes = vec![Marker::removal(tenant)];
    if let Some(document) = registration {
        let (collection, id) = kugel_account::registration(tenant);
        writes.push(Write {
            collection,
            id,
            action: Action::Restore(Arc::new(document)),
        });
    }
    commit(account, &Scope::Commons, writes).await
}

async fn commit(holding: &Holding, scope: &Scope, writes: Vec<Write>) -> Result<(), StoreError> {
    let commit = Commit::new("import", SystemClock.now(), writes);
    holding.documents.store().commit(scope, commit).await
}

/// Where the documents go.
struct Place<'a> {
    scope: Scope,
    /// Collections by service and name.
    collections: BTreeMap<(&'static str, &'static str), (&'a Holding, &'static Collection)>,
}

/// Documents that are written in one commit of one service.
#[derive(Default)]
struct Batch<'a> {
    holding: Option<&'a Holding>,
    writes: Vec<Write>,
    text: usize,
}

impl<'a> Place<'a> {
    fn new(holdings: &'a [Holding], tenant: &TenantId) -> Self {
        let all = holdings.iter().flat_map(|holding| {
            let collections = holding.collections.iter();
            collections.map(move |collection| ((holding.service, collection.name), (holding, *collection)))
        });
        Self {
            scope: Scope::from(tenant),
            collections: all.collect(),
        }
    }

    fn find(&self, content: &Content) -> anyhow::Result<(&'a Holding, &'static Collection)> {
        let place = self
            .collections
            .get(&(content.service.as_str(), content.collection.as_str()));
        place.copied().with_context(|| {
            format!(
                "the file holds {} of {}, which this Kugel does not know: import it with the Kugel that wrote it",
                content.collection, content.service
            )
        })
    }

    /// Writes all documents but the registration, which is given back. Whatever is there is replaced by itself.
    async fn fill(&self, checked: &Checked) -> anyhow::Result<Option<Document>> {
        for content in checked.contents.keys() {
            self.find(content)?;
        }
        let progress = export::progress(checked.length, "{bar:32} {bytes}/{total_bytes}, {msg}");
        let (mut batch, mut registration) = (Batch::default(), None);
        let mut reader = checked.reopen()?;
        while let Some((content, document)) = file::next(&mut reader)? {
            if content.shared {
                registration = Some(document);
                continue;
            }
            let (holding, collection) = self.find(&content)?;
            let is_same = batch
                .holding
                .is_some_and(|other| other.service == holding.service);
            if !is_same || batch.is_full() {
                self.flush(&mut batch, &progress, reader.position).await?;
            }
            batch.add(holding, collection, document);
        }
        self.flush(&mut batch, &progress, reader.position).await?;
        ensure!(
            reader.sha256() == checked.sha256,
            "the file was changed while it was imported"
        );
        progress.finish_and_clear();
        Ok(registration)
    }

    async fn flush(
        &self,
        batch: &mut Batch<'a>,
        progress: &ProgressBar,
        position: u64,
    ) -> anyhow::Result<()> {
        let batch = std::mem::take(batch);
        if let Some(holding) = batch.holding {
            progress.set_message(holding.service);
            let written = commit(holding, &self.scope, batch.writes).await;
            written.with_context(|| {
                format!(
                    "documents of {} cannot be written: repeat the import",
                    holding.service
                )
            })?;
        }
        progress.set_position(position);
        Ok(())
    }

    /// Makes sure that every document is where it was sent to.
    async fn compare(&self, checked: &Checked) -> anyhow::Result<()> {
        for (content, documents) in checked.contents.iter().filter(|(content, _)| !content.shared) {
            let (holding, collection) = self.find(content)?;
            let query = Query::all().page(Page { limit: 1, number: 1 });
            let found = holding
                .documents
                .store()
                .find(&self.scope, collection, &query)
                .await?;
            ensure!(
                found.total >= *documents,
                "only {} of {documents} documents of {} are in {}: repeat the import",
                found.total,
                content.collection,
                content.service
            );
        }
        Ok(())
    }

    /// What the file held, by service.
    fn count(&self, checked: &Checked) -> export::Moved {
        let mut moved = export::Moved::new();
        for ((service, _), (holding, _)) in &self.collections {
            if moved.iter().any(|(counted, _)| counted == service) {
                continue;
            }
            let own = checked
                .contents
                .iter()
                .filter(|(content, _)| content.service == *service);
            moved.push((holding.service, own.map(|(_, documents)| documents).sum()));
        }
        moved
    }
}

impl<'a> Batch<'a> {
    fn is_full(&self) -> bool {
        self.writes.len() >= WRITTEN_AT_ONCE || self.text >= TEXT_AT_ONCE
    }

    fn add(&mut self, holding: &'a Holding, collection: &'static Collection, document: Document) {
        self.holding = Some(holding);
        self.text += document.body.text().len();
        self.writes.push(Write {
            collection,
            id: document.id.clone(),
            action: Action::Restore(Arc::new(document)),
        });
    }
}
