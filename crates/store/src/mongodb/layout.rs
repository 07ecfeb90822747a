//! How a document lies in MongoDB.
//!
//! ```text
//! { _id: "key", revision: 3, claimed: 3, created_at: 1781179200123456, created_by: "..", body: { .. },
//!   updated_at: 1781179260123456, updated_by: "..", body_text: ".." }
//! ```
//!
//! The server counts `revision`, and a writer says in `claimed` what it will be after its change. The collections' rule
//! ([`rule`]) refuses a document where they differ, and with it the change of whoever has not seen the last one. A
//! condition on the revision would do the same, but only a filter of nothing but the key spares the server its planner,
//! which takes a third of a change.
//!
//! The instants are microseconds since 1970 as 64-bit integers, since BSON's own dates keep milliseconds only: in the
//! shell, `{$toDate: {$divide: ["$created_at", 1000]}}`. `updated_at` and `updated_by` are there from the first change
//! on. `body` is the document's own JSON as native BSON, so that queries, aggregations and people can use it; decimals
//! are text in it, exact under `$toDecimal`. `body_text` is there only where that BSON would come back as another text,
//! for instance because of `0.10` or of blanks, and wins over `body` then.

use ::mongodb::bson::raw::{RawBsonRef, cstr};
use ::mongodb::bson::{self, RawArrayBuf, RawDocument, RawDocumentBuf, doc, rawdoc};
use jiff::Timestamp;

use crate::{Body, Document, Revision};

use super::json;

/// What MongoDB keeps as one document, less some room for what lies around a body.
const LARGEST: usize = 16 * 1024 * 1024 - 64 * 1024;

/// A declared field as a path in the document.
pub(super) fn path(field: &str) -> String {
    match field {
        "id" => "_id".to_owned(),
        "created_at" | "updated_at" => field.to_owned(),
        _ => format!("body.{field}"),
    }
}

/// What holds for every document, checked by the server at every write.
pub(super) fn rule() -> bson::Document {
    doc! { "$expr": { "$eq": ["$revision", "$claimed"] } }
}

/// The fields that hold a body: `body`, and `body_text` where it is needed. An error says why it cannot be kept.
pub(super) fn body(body: &Body) -> Result<RawDocumentBuf, String> {
    let text = body.text();
    let encoded = json::body(text);
    let comes_back = encoded.is_ok() && json::is_plain(text);
    let mut fields = encoded.unwrap_or_else(|_| rawdoc! { "body": RawBsonRef::Null });
    let is_kept = |value| json::text(value, text.len()).as_deref() == Ok(text);
    if !comes_back && !fields.get("body").ok().flatten().is_some_and(is_kept) {
        fields.append(cstr!("body_text"), text);
    }
    if fields.as_bytes().len() > LARGEST {
        return Err(format!(
            "{} bytes as BSON, and MongoDB keeps 16 MiB at most",
            fields.as_bytes().len()
        ));
    }
    Ok(fields)
}

/// A new document.
pub(super) fn inserted(id: &str, at: Timestamp, actor: &str, body: &RawDocument) -> RawDocumentBuf {
    let mut document = rawdoc! {
        "_id": id,
        "revision": Revision::FIRST.get(),
        "claimed": Revision::FIRST.get(),
        "created_at": at.as_microsecond(),
        "created_by": actor,
    };
    extend(&mut document, body);
    document
}

/// A document as another store had it.
pub(super) fn restored(id: &str, source: &Document, body: &RawDocument) -> RawDocumentBuf {
    let mut document = rawdoc! {
        "_id": id,
        "revision": source.revision.get(),
        "claimed": source.revision.get(),
        "created_at": source.created_at.as_microsecond(),
        "created_by": source.created_by.as_str(),
    };
    extend(&mut document, body);
    if let Some(at) = source.updated_at {
        document.append(cstr!("updated_at"), at.as_microsecond());
    }
    if let Some(actor) = &source.updated_by {
        document.append(cstr!("updated_by"), actor.as_str());
    }
    document
}

/// The operators that change a document of the revision that was read.
pub(super) fn change(read: Revision, at: Timestamp, actor: &str, body: &RawDocument) -> RawDocumentBuf {
    let claimed = read.next().get();
    let mut set = rawdoc! { "claimed": claimed, "updated_at": at.as_microsecond(), "updated_by": actor };
    extend(&mut set, body);
    let mut change = rawdoc! { "$set": set, "$inc": { "revision": 1_i64 } };
    if !matches!(body.get("body_text"), Ok(Some(_))) {
        change.append(cstr!("$unset"), rawdoc! { "body_text": "" });
    }
    change
}

/// The pipeline that adds a document or changes it. Its stage sees the document as it was, whose revision tells whether
/// it was there. What is not ours is wrapped, lest a `$` in it be taken for an expression.
pub(super) fn put(at: Timestamp, actor: &str, body: &RawDocument) -> RawArrayBuf {
    let literal = |value: RawBsonRef<'_>| {
        let mut literal = RawDocumentBuf::new();
        literal.append(cstr!("$literal"), value);
        literal
    };
    let at = at.as_microsecond();
    let actor = literal(RawBsonRef::String(actor));
    let is_there = rawdoc! { "$gt": ["$revision", 0_i64] };
    let next = rawdoc! { "$add": [{ "$ifNull": ["$revision", 0_i64] }, 1_i64] };
    let mut set = rawdoc! {
        "revision": next.clone(),
        "claimed": next,
        "created_at": { "$ifNull": ["$created_at", at] },
        "created_by": { "$ifNull": ["$created_by", actor.clone()] },
        "updated_at": { "$cond": [is_there.clone(), at, "$$REMOVE"] },
        "updated_by": { "$cond": [is_there, actor, "$$REMOVE"] },
    };
    for field in body.into_iter().flatten() {
        set.append(field.0, literal(field.1));
    }
    if !matches!(body.get("body_text"), Ok(Some(_))) {
        set.append(cstr!("body_text"), "$$REMOVE");
    }
    let mut pipeline = RawArrayBuf::new();
    pipeline.push(rawdoc! { "$set": set });
    pipeline
}

fn extend(document: &mut RawDocumentBuf, fields: &RawDocument) {
    // Made by `body` above, so that every field can be read.
    for (name, value) in fields.into_iter().flatten() {
        document.append(name, value);
    }
}

/// Reads a document. An error says what is wrong with it.
pub(super) fn document(raw: &RawDocument) -> Result<Document, (String, String)> {
    let id = raw.get_str("_id").unwrap_or_default().to_owned();
    read(raw, &id).map_err(|reason| (id, reason))
}

fn read(raw: &RawDocument, id: &str) -> Result<Document, String> {
    let (mut revision, mut created_at, mut updated_at) = (None, None, None);
    let (mut created_by, mut updated_by) = (None, None);
    let (mut body, mut body_text) = (None, None);
    for field in raw {
        let (name, value) = field.map_err(|error| error.to_string())?;
        match name.as_str() {
            "revision" => revision = integer(value),
            "created_at" => created_at = instant(value),
            "updated_at" => updated_at = instant(value),
            "created_by" => created_by = value.as_str(),
            "updated_by" => updated_by = value.as_str(),
            "body" => body = Some(value),
            "body_text" => body_text = value.as_str(),
            _ => {}
        }
    }
    let lacks = |field| format!("it lacks {field}");
    let text = match body_text {
        Some(text) => text.to_owned(),
        None => json::text(body.ok_or_else(|| lacks("body"))?, raw.as_bytes().len())?,
    };
    Ok(Document {
        id: id.to_owned(),
        revision: Revision::new(revision.ok_or_else(|| lacks("revision"))?),
        created_at: created_at.ok_or_else(|| lacks("created_at"))?,
        updated_at,
        created_by: created_by.ok_or_else(|| lacks("created_by"))?.to_owned(),
        updated_by: updated_by.map(ToOwned::to_owned),
        body: Body::from_text(text),
    })
}

/// A number, however wide whoever edited it by hand made it.
fn integer(value: RawBsonRef<'_>) -> Option<i64> {
    value.as_i64().or_else(|| value.as_i32().map(i64::from))
}

fn instant(value: RawBsonRef<'_>) -> Option<Timestamp> {
    Timestamp::from_microsecond(integer(value)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> (String, bool) {
        let fields = body(&Body::from_text(text)).unwrap();
        let raw = inserted("a", Timestamp::UNIX_EPOCH, "tester", &fields);
        let kept = document(&raw).unwrap();
        (
            kept.body.text().to_owned(),
            raw.get("body_text").unwrap().is_some(),
        )
    }

    #[test]
    fn text_is_kept_beside_only_where_bson_would_change_it() {
        for text in [r#"{"b":1,"a":"0.10"}"#, "[]"] {
            assert_eq!(round(text), (text.to_owned(), false));
        }
        for text in [
            r#"{"b":0.10}"#,
            "{ }",
            "18446744073709551616",
            "no JSON",
            r#"{"\u0000":1}"#,
        ] {
            assert_eq!(round(text), (text.to_owned(), true));
        }
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_is_sent() {
        let text = format!("\"{}\"", "x".repeat(LARGEST));
        assert!(body(&Body::from_text(text)).unwrap_err().contains("16 MiB"));
    }

    #[test]
    fn a_document_that_lacks_something_is_named() {
        let raw = rawdoc! { "_id": "a", "revision": 1_i64, "created_at": 1_i64, "body": {} };
        let (id, reason) = document(&raw).unwrap_err();
        assert_eq!((id.as_str(), reason.as_str()), ("a", "it lacks created_by"));
    }
}
