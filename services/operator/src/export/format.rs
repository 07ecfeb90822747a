//! The file that a tenant moves house in: JSON, an object a line.
//!
//! ```text
//! {"kugel":"tenant","format":1,"version":"0.1.0","tenant":"shop"}
//! {"service":"stock","collection":"stocks","id":"store1/49-01","revision":7,"created_at":"…","updated_at":"…",
//!  "created_by":"…","updated_by":"…","body":{…}}                              (on one line, and so on for each document)
//! {"kugel":"end","documents":1234,"sha256":"…"}
//! ```
//!
//! A document that a service shares among all tenants says `"shared":true`. The last line counts the documents and
//! carries the SHA-256 of everything before it, so that a file that was cut off or damaged is recognised. Nothing in the
//! file says when it was written: the same documents make the same file.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufRead, Write};

use jiff::Timestamp;
use kugel_store::{Body, Document, Revision};
use kugel_types::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

/// The version that this Kugel writes and reads.
pub const FORMAT: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    kugel: Cow<'static, str>,
    format: u32,
    /// The Kugel that wrote the file.
    version: String,
    tenant: String,
}

/// A document.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry<'a> {
    /// The service that keeps it.
    pub service: Cow<'a, str>,
    /// Where it lies.
    pub collection: Cow<'a, str>,
    /// True if it lies among the documents that all tenants share.
    #[serde(default, skip_serializing_if = "is_false")]
    pub shared: bool,
    id: Cow<'a, str>,
    revision: Revision,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    created_by: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated_by: Option<Cow<'a, str>>,
    body: Cow<'a, RawValue>,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    kugel: Cow<'static, str>,
    documents: u64,
    sha256: String,
}

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unreadable {
    /// It ends before its last line, or in the middle of a line.
    #[error("it is cut off: its last line is missing")]
    CutOff,
    /// A line is not what it should be.
    #[error("line {0} is damaged: {1}")]
    Damaged(u64, String),
    /// It is no export at all.
    #[error("it is no export of a tenant")]
    Foreign,
    /// It is an export of another form.
    #[error("its format is {0}, and this Kugel reads {FORMAT}: import it with the Kugel that wrote it, {1}")]
    Format(u32, String),
    /// All lines are whole, but not those that were written.
    #[error("it is damaged: its content does not have the checksum that its last line names")]
    Checksum,
    /// The disk.
    #[error("it cannot be read: {0}")]
    Disk(String),
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Header {
    fn of(tenant: &TenantId) -> Self {
        Self {
            kugel: "tenant".into(),
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            tenant: tenant.to_string(),
        }
    }
}

impl<'a> Entry<'a> {
    /// The entry of a document.
    pub fn of(
        service: &'a str,
        collection: &'a str,
        shared: bool,
        document: &'a Document,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            service: service.into(),
            collection: collection.into(),
            shared,
            id: document.id.as_str().into(),
            revision: document.revision,
            created_at: document.created_at,
            updated_at: document.updated_at,
            created_by: document.created_by.as_str().into(),
            updated_by: document.updated_by.as_deref().map(Cow::Borrowed),
            body: Cow::Borrowed(serde_json::from_str(document.body.text())?),
        })
    }

    /// The key of its document.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The document of an entry.
    pub fn into_document(self) -> Document {
        Document {
            id: self.id.into_owned(),
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
            created_by: self.created_by.into_owned(),
            updated_by: self.updated_by.map(Cow::into_owned),
            body: Body::from_text(self.body.get()),
        }
    }
}

/// Writes a file from its first line to its last.
pub struct Writer<W> {
    out: W,
    digest: Sha256,
    documents: u64,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins the file of a tenant.
    pub fn begin(out: W, tenant: &TenantId) -> io::Result<Self> {
        let mut writer = Self {
            out,
            digest: Sha256::new(),
            documents: 0,
            line: Vec::new(),
        };
        writer.write(&Header::of(tenant))?;
        Ok(writer)
    }

    /// Adds a document.
    pub fn add(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.documents += 1;
        self.write(entry)
    }

    /// Writes the last line, and gives back what was written to.
    pub fn end(mut self) -> io::Result<W> {
        let end = End {
            kugel: "end".into(),
            documents: self.documents,
            sha256: hex(self.digest.clone()),
        };
        self.write(&end)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        // Within a body a line can only break between two tokens, where a blank is as good.
        for byte in &mut self.line {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        self.line.push(b'\n');
        self.digest.update(&self.line);
        self.out.write_all(&self.line)
    }
}

/// Reads a file line by line. What it has given out may be believed once it has given out nothing more.
pub struct Reader<R> {
    input: R,
    digest: Sha256,
    documents: u64,
    number: u64,
    line: Vec<u8>,
    /// How much was read, in bytes.
    pub position: u64,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line, which says whose documents they are.
    pub fn begin(input: R) -> Result<(Self, TenantId), Unreadable> {
        let mut reader = Self {
            input,
            digest: Sha256::new(),
            documents: 0,
            number: 0,
            line: Vec::new(),
            position: 0,
        };
        reader.next_line()?;
        let first: First = serde_json::from_slice(&reader.line).map_err(|_| Unreadable::Foreign)?;
        if first.kugel != "tenant" {
            return Err(Unreadable::Foreign);
        }
        if first.format != FORMAT {
            return Err(Unreadable::Format(first.format, first.version));
        }
        let damaged = |why: String| Unreadable::Damaged(1, why);
        let header: Header =
            serde_json::from_slice(&reader.line).map_err(|error| damaged(error.to_string()))?;
        let tenant = header.tenant.parse();
        let tenant = tenant.map_err(|error: kugel_types::InvalidId| damaged(error.to_string()))?;
        reader.digest.update(&reader.line);
        Ok((reader, tenant))
    }

    /// The next document; `None` after the last one of a file that is whole. Not for use after that.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'static>>, Unreadable> {
        self.next_line()?;
        if self.line.starts_with(br#"{"kugel":"end""#) {
            self.check_end()?;
            return Ok(None);
        }
        let entry = serde_json::from_slice(&self.line);
        let entry = entry.map_err(|error| Unreadable::Damaged(self.number, error.to_string()))?;
        self.digest.update(&self.line);
        self.documents += 1;
        Ok(Some(entry))
    }

    /// The SHA-256 of the file, once its end was read.
    pub fn sha256(&self) -> String {
        hex(self.digest.clone())
    }

    fn check_end(&mut self) -> Result<(), Unreadable> {
        let damaged = |why: String| Unreadable::Damaged(self.number, why);
        let end: End = serde_json::from_slice(&self.line).map_err(|error| damaged(error.to_string()))?;
        if end.documents != self.documents || end.sha256 != self.sha256() {
            return Err(Unreadable::Checksum);
        }
        let rest = self
            .input
            .fill_buf()
            .map_err(|error| Unreadable::Disk(error.to_string()))?;
        if !rest.is_empty() {
            return Err(Unreadable::Damaged(
                self.number + 1,
                "nothing may follow the last line".to_owned(),
            ));
        }
        Ok(())
    }

    fn next_line(&mut self) -> Result<(), Unreadable> {
        self.line.clear();
        let read = self.input.read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| Unreadable::Disk(error.to_string()))?;
        if !self.line.ends_with(b"\n") {
            return Err(if self.number == 0 {
                Unreadable::Foreign
            } else {
                Unreadable::CutOff
            });
        }
        self.number += 1;
        self.position += read as u64;
        Ok(())
    }
}

/// What the first lines of all forms have.
#[derive(Deserialize)]
struct First {
    kugel: String,
    format: u32,
    #[serde(default)]
    version: String,
}

fn hex(digest: Sha256) -> String {
    let mut text = String::new();
    for byte in digest.finalize() {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
