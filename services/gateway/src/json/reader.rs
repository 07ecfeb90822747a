//! Reads JSON into protobuf bytes.
//!
//! Both spellings of a name are known, unknown members and those that only answers have are skipped (the former are
//! mistakes if reading is strict), and a wrong value is noted with its path while reading goes on: the client learns of
//! all its mistakes at once.

mod visitors;

use std::fmt::Write;

use kugel_error::FieldViolation;
use prost::Message as _;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _};
use serde_json::value::RawValue;

use super::scalar::{self, Given, Problem};
use crate::schema::{Field, Kind, MessageId, Schema, Shape};
use crate::wire::{Encoding, Fields, close_delimited, put_bytes, put_tag};
use visitors::{ListVisitor, MapVisitor, ObjectVisitor, OptionalVisitor};

/// A body with more mistakes than this is answered with the first ones.
const PROBLEMS_LIMIT: usize = 20;

/// Why a body was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is not JSON: what the parser says.
    Syntax(String),
    /// It is JSON, but some fields do not fit.
    Fields {
        /// Those with a wrong value, by their paths as the proto spells them.
        wrong: Vec<FieldViolation>,
        /// Those that there are none of, by their paths as JSON spells them.
        unknown: Vec<String>,
    },
}

/// Collects one request message.
pub(crate) struct Reader<'s> {
    schema: &'s Schema,
    out: Vec<u8>,
    path: Vec<Step<'s>>,
    problems: Vec<FieldViolation>,
    is_strict: bool,
    /// True if the path begins with the field that the body fills, which REST does not name.
    is_below_body: bool,
    unknown: Vec<String>,
}

enum Step<'s> {
    Field(&'s Field),
    Index(usize),
    Key(String),
}

impl<'s> Reader<'s> {
    /// Starts with an empty message. `headroom` bytes stay free at the front for the caller.
    pub(crate) fn new(schema: &'s Schema, headroom: usize) -> Self {
        let mut out = Vec::with_capacity(256);
        out.resize(headroom, 0);
        Self {
            schema,
            out,
            path: Vec::new(),
            problems: Vec::new(),
            is_strict: false,
            is_below_body: false,
            unknown: Vec::new(),
        }
    }

    /// Refuses names that no field has, if it is strict; otherwise they are skipped.
    pub(crate) fn strict(mut self, is_strict: bool) -> Self {
        self.is_strict = is_strict;
        self
    }

    /// Takes the body as the whole message.
    pub(crate) fn body(&mut self, body: &[u8], id: MessageId) -> Result<(), Refusal> {
        self.parse(body, |reader, json| reader.object(id, json))
    }

    /// Takes the body as one field of the message.
    pub(crate) fn body_field(&mut self, body: &[u8], field: &'s Field) -> Result<(), Refusal> {
        self.path.push(Step::Field(field));
        self.is_below_body = matches!((field.shape, &field.kind), (Shape::Optional, Kind::Message(_)));
        self.parse(body, |reader, json| reader.field(field, json))?;
        self.is_below_body = false;
        self.path.pop();
        Ok(())
    }

    /// Takes a query parameter or a part of the path. `chain` leads from the message to the scalar.
    pub(crate) fn parameter(&mut self, chain: &[(MessageId, usize)], text: &str) {
        let Some(((id, index), rest)) = chain.split_first() else {
            return;
        };
        let field = &self.schema.message(*id).fields[*index];
        self.path.push(Step::Field(field));
        if rest.is_empty() {
            if let Err(problem) = self.scalar_field(field, Given::Text(text)) {
                self.note(problem);
            }
        } else {
            put_tag(&mut self.out, field.number, Encoding::Delimited);
            let start = self.out.len();
            self.parameter(rest, text);
            close_delimited(&mut self.out, start);
        }
        self.path.pop();
    }

    /// Meets a name that is no field's, here.
    pub(crate) fn unknown(&mut self, name: &str) {
        if !self.is_strict || self.unknown.len() >= PROBLEMS_LIMIT {
            return;
        }
        let above = &self.path[usize::from(self.is_below_body)..];
        let mut path = text_of(above, |field| &field.name);
        path.push_str(if path.is_empty() { "" } else { "." });
        path.push_str(name);
        if !self.unknown.contains(&path) {
            self.unknown.push(path);
        }
    }

    /// The message, or everything that is wrong with it.
    pub(crate) fn finish(self) -> Result<Vec<u8>, Refusal> {
        let Self {
            out,
            problems: wrong,
            unknown,
            ..
        } = self;
        if wrong.is_empty() && unknown.is_empty() {
            Ok(out)
        } else {
            Err(Refusal::Fields { wrong, unknown })
        }
    }

    fn parse<'de>(
        &mut self,
        body: &'de [u8],
        read: impl FnOnce(
            &mut Self,
            &mut serde_json::Deserializer<serde_json::de::SliceRead<'de>>,
        ) -> serde_json::Result<()>,
    ) -> Result<(), Refusal> {
        let depth = self.path.len();
        let mut json = serde_json::Deserializer::from_slice(body);
        match read(self, &mut json).and_then(|()| json.end()) {
            Ok(()) => Ok(()),
            // A member of the wrong kind stops the reading: its path is where we are.
            Err(error) if error.is_data() => {
                self.note(without_place(&error).into());
                self.path.truncate(depth);
                Ok(())
            }
            Err(error) => Err(Refusal::Syntax(error.to_string())),
        }
    }

    fn note(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_LIMIT {
            self.problems.push(FieldViolation {
                field: self.path_text(),
                description: problem.into_owned(),
            });
        }
    }

    fn path_text(&self) -> String {
        let text = text_of(&self.path, |field| field.descriptor.name());
        if text.is_empty() { "body".to_owned() } else { text }
    }

    fn object<'de, D: Deserializer<'de>>(&mut self, id: MessageId, json: D) -> Result<(), D::Error> {
        json.deserialize_any(ObjectVisitor { reader: self, id })
    }

    fn field<'de, D: Deserializer<'de>>(&mut self, field: &'s Field, json: D) -> Result<(), D::Error> {
        match (field.shape, &field.kind) {
            (Shape::Repeated, _) => json.deserialize_any(ListVisitor { reader: self, field }),
            (Shape::Map, Kind::Message(entry)) => json.deserialize_any(MapVisitor {
                reader: self,
                field,
                entry: *entry,
            }),
            (_, Kind::Message(id)) => {
                let begin = self.out.len();
                put_tag(&mut self.out, field.number, Encoding::Delimited);
                let start = self.out.len();
                if json.deserialize_any(OptionalVisitor {
                    reader: self,
                    id: *id,
                })? {
                    close_delimited(&mut self.out, start);
                } else {
                    self.out.truncate(begin);
                }
                Ok(())
            }
            _ => {
                let raw = <&'de RawValue>::deserialize(json)?;
                self.token(field, raw.get(), Self::scalar_field)
                    .map_err(D::Error::custom)
            }
        }
    }

    /// Takes a JSON token and hands it to `put` as a scalar.
    fn token(
        &mut self,
        field: &'s Field,
        token: &str,
        put: fn(&mut Self, &'s Field, Given<'_>) -> Result<(), Problem>,
    ) -> Result<(), serde_json::Error> {
        let taken = match (token.as_bytes(), &field.kind) {
            // As if it were absent, which is for the service to judge; but not within a list.
            (b"null", _) if matches!(field.shape, Shape::Implicit | Shape::Optional) => Ok(()),
            (b"null", _) => Err("must not be null".into()),
            (_, Kind::WellKnown(_)) => self.well_known(field, token),
            ([b'"', inner @ .., b'"'], _) if !inner.contains(&b'\\') => {
                put(self, field, Given::Text(&token[1..token.len() - 1]))
            }
            ([b'"', ..], _) => put(self, field, Given::Text(&serde_json::from_str::<String>(token)?)),
            (b"true", _) => put(self, field, Given::Bool(true)),
            (b"false", _) => put(self, field, Given::Bool(false)),
            ([b'{' | b'[', ..], _) => Err("must be a single value".into()),
            _ => put(self, field, Given::Number(token)),
        };
        if let Err(problem) = taken {
            self.note(problem);
        }
        Ok(())
    }

    fn scalar_field(&mut self, field: &'s Field, given: Given<'_>) -> Result<(), Problem> {
        let begin = self.out.len();
        put_tag(&mut self.out, field.number, field.kind.encoding());
        scalar::put(&field.kind, given, &mut self.out).inspect_err(|_| self.out.truncate(begin))
    }

    fn packed_element(&mut self, field: &'s Field, given: Given<'_>) -> Result<(), Problem> {
        scalar::put(&field.kind, given, &mut self.out)
    }

    fn well_known(&mut self, field: &'s Field, token: &str) -> Result<(), Problem> {
        let Kind::WellKnown(descriptor) = &field.kind else {
            return Err("must be an object".into());
        };
        let mut json = serde_json::Deserializer::from_str(token);
        let message = descriptor
            .clone()
            .deserialize(&mut json)
            .map_err(|error| without_place(&error))?;
        put_bytes(&mut self.out, field.number, &message.encode_to_vec());
        Ok(())
    }

    /// Drops what was read of a field since `start`: the client sent it in both spellings.
    fn forget(&mut self, start: usize, number: u32) {
        let mut kept = Vec::new();
        let mut fields = Fields::new(&self.out[start..]);
        let mut begin = 0;
        while let Ok(Some((found, _))) = fields.next_field() {
            if found != number {
                kept.extend_from_slice(&self.out[start + begin..start + fields.position()]);
            }
            begin = fields.position();
        }
        self.out.truncate(start);
        self.out.append(&mut kept);
    }
}

/// A path, with fields by the names that `name` gives them.
fn text_of<'s>(path: &[Step<'s>], name: impl Fn(&'s Field) -> &'s str) -> String {
    let mut text = String::new();
    for step in path {
        let dot = if text.is_empty() { "" } else { "." };
        // Writing to a String cannot fail.
        let _ = match step {
            Step::Field(field) => write!(text, "{dot}{}", name(field)),
            Step::Index(index) => write!(text, "[{index}]"),
            Step::Key(key) => write!(text, "{dot}{key}"),
        };
    }
    text
}

/// The parser's message without line and column, which the path replaces.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}
