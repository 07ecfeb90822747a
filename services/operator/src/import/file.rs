//! The file before it is believed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use kugel_store::Document;
use kugel_types::TenantId;

use crate::export::format::{Reader, Unreadable};

/// Where documents of a file belong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Content {
    pub(super) service: String,
    pub(super) collection: String,
    pub(super) shared: bool,
}

/// A file that is whole: every line can be read, and its checksum is right.
#[derive(Debug)]
pub struct Checked {
    path: PathBuf,
    /// Whose documents it holds.
    pub(super) tenant: TenantId,
    /// What tells it from every other file.
    pub(super) sha256: String,
    /// Its size in bytes.
    pub(super) length: u64,
    /// How many documents of each collection it holds.
    pub(super) contents: BTreeMap<Content, u64>,
}

impl Checked {
    /// Reads the whole file.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
        let unusable = || format!("{name} cannot be imported");
        let (mut reader, tenant) = Reader::begin(BufReader::new(file)).with_context(unusable)?;
        let mut contents = BTreeMap::new();
        while let Some((content, document)) = next(&mut reader).with_context(unusable)? {
            if content.shared {
                check_shared(&content, &document, &tenant).with_context(unusable)?;
            }
            *contents.entry(content).or_default() += 1;
        }
        Ok(Self {
            path: path.to_owned(),
            tenant,
            sha256: reader.sha256(),
            length: reader.position,
            contents,
        })
    }

    /// Begins to read the file once more.
    pub(super) fn reopen(&self) -> anyhow::Result<Reader<BufReader<File>>> {
        let name = self.path.display();
        let file = File::open(&self.path).with_context(|| format!("cannot open {name}"))?;
        Ok(Reader::begin(BufReader::new(file))?.0)
    }
}

/// The next document and where it belongs.
pub(super) fn next(reader: &mut Reader<BufReader<File>>) -> Result<Option<(Content, Document)>, Unreadable> {
    let Some(entry) = reader.next_entry()? else {
        return Ok(None);
    };
    let content = Content {
        service: entry.service.to_string(),
        collection: entry.collection.to_string(),
        shared: entry.shared,
    };
    Ok(Some((content, entry.into_document())))
}

/// The one shared document that belongs to a tenant is its registration.
fn check_shared(content: &Content, document: &Document, tenant: &TenantId) -> anyhow::Result<()> {
    let (collection, id) = kugel_account::registration(tenant);
    if content.service != kugel_account::NAME || content.collection != collection.name {
        bail!(
            "it holds shared documents in {} of {}, which belong to no tenant",
            content.collection,
            content.service
        );
    }
    ensure!(
        document.id == id,
        "it registers tenant {} and is the export of {tenant}",
        document.id
    );
    Ok(())
}
