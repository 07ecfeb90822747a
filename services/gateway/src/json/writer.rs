//! Writes protobuf bytes as JSON.
//!
//! Every declared field is written in the order of declaration, absent ones as null or as their default. A message is
//! walked once to note where its fields stand, and once more to write them: nothing is decoded in between.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::DynamicMessage;

use super::scalar::is_json_number;
use crate::schema::{Field, Kind, MessageId, Schema, Shape};
use crate::wire::{Encoding, Fields, Malformed, Value};

/// Writes messages. The notes of one message are reused by the next.
pub(crate) struct Writer<'s> {
    schema: &'s Schema,
    /// Leave out what is absent instead of writing null.
    sparse: bool,
}

/// Where a field stands in its message.
#[derive(Debug, Clone, Copy, Default)]
struct Place<'a> {
    /// The last occurrence, which is the one that counts for a single value.
    last: Option<Value<'a>>,
    /// All occurrences lie between these two.
    begin: usize,
    end: usize,
    count: usize,
}

/// A message whose fields have been found.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    id: MessageId,
    wire: &'a [u8],
    places: Vec<Place<'a>>,
}

impl<'s> Writer<'s> {
    /// A writer that shows every field.
    pub(crate) fn new(schema: &'s Schema) -> Self {
        Self {
            schema,
            sparse: false,
        }
    }

    /// A writer that leaves out absent fields.
    pub(crate) fn sparse(schema: &'s Schema) -> Self {
        Self { schema, sparse: true }
    }

    /// Writes a whole message as an object.
    pub(crate) fn message(&self, id: MessageId, wire: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let found = self.find(id, wire)?;
        out.push(b'{');
        let mut first = true;
        for (index, field) in self.schema.message(id).fields.iter().enumerate() {
            if self.sparse && found.places[index].last.is_none() && field.shape == Shape::Optional {
                continue;
            }
            if !std::mem::replace(&mut first, false) {
                out.push(b',');
            }
            out.extend_from_slice(field.key.as_bytes());
            self.field(&found, index, out)?;
        }
        out.push(b'}');
        Ok(())
    }

    /// Finds the fields of a message.
    pub(crate) fn find<'a>(&self, id: MessageId, wire: &'a [u8]) -> Result<Found<'a>, Malformed> {
        let message = self.schema.message(id);
        let mut places = vec![Place::default(); message.fields.len()];
        let mut fields = Fields::new(wire);
        let mut hint = 0;
        let mut begin = 0;
        while let Some((number, value)) = fields.next_field()? {
            if let Some(index) = message.by_number(number, &mut hint) {
                let place = &mut places[index];
                if place.count == 0 {
                    place.begin = begin;
                }
                place.last = Some(value);
                place.count += 1;
                place.end = fields.position();
            }
            begin = fields.position();
        }
        Ok(Found { id, wire, places })
    }

    /// Writes the value of one field, without its key.
    pub(crate) fn field(&self, found: &Found<'_>, index: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let field = &self.schema.message(found.id).fields[index];
        let place = &found.places[index];
        let Some(last) = place.last else {
            out.extend_from_slice(field.absent.as_bytes());
            return Ok(());
        };
        let all = &found.wire[place.begin..place.end];
        match (field.shape, &field.kind) {
            (Shape::Repeated, _) => self.list(field, all, out),
            (Shape::Map, Kind::Message(entry)) => self.map(field, *entry, all, out),
            // A message in several parts: parsers merge them, and putting them in a row is merging.
            (_, Kind::Message(_)) if place.count > 1 => {
                let mut whole = Vec::new();
                let mut fields = Fields::new(all);
                while let Some((number, value)) = fields.next_field()? {
                    if number == field.number {
                        whole.extend_from_slice(value.bytes()?);
                    }
                }
                self.value(&field.kind, Value::Bytes(&whole), out)
            }
            _ => self.value(&field.kind, last, out),
        }
    }

    fn list(&self, field: &Field, wire: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let encoding = field.kind.encoding();
        let begin = out.len();
        let mut fields = Fields::new(wire);
        while let Some((number, value)) = fields.next_field()? {
            match value {
                _ if number != field.number => {}
                Value::Bytes(packed) if encoding != Encoding::Delimited => {
                    let mut elements = Fields::new(packed);
                    while let Some(element) = elements.next_packed(encoding)? {
                        out.push(b',');
                        self.value(&field.kind, element, out)?;
                    }
                }
                single => {
                    out.push(b',');
                    self.value(&field.kind, single, out)?;
                }
            }
        }
        enclose(out, begin, b'[', b']');
        Ok(())
    }

    fn map(&self, field: &Field, entry: MessageId, wire: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let begin = out.len();
        let mut fields = Fields::new(wire);
        while let Some((number, value)) = fields.next_field()? {
            if number != field.number {
                continue;
            }
            let pair = self.find(entry, value.bytes()?)?;
            out.push(b',');
            let key = out.len();
            self.field(&pair, 0, out)?;
            if out[key] != b'"' {
                out.insert(key, b'"');
                out.push(b'"');
            }
            out.push(b':');
            self.field(&pair, 1, out)?;
        }
        enclose(out, begin, b'{', b'}');
        Ok(())
    }

    fn value(&self, kind: &Kind, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        match (kind, value) {
            (Kind::Text, Value::Bytes(bytes)) => {
                text(std::str::from_utf8(bytes).map_err(|_| Malformed)?, out)
            }
            (Kind::Decimal, Value::Bytes(wire)) => decimal(wire, out),
            (Kind::Message(id), Value::Bytes(wire)) => self.message(*id, wire, out),
            (Kind::Bool, Value::Varint(raw)) => {
                out.extend_from_slice(if raw == 0 { b"false" } else { b"true" });
                Ok(())
            }
            (
                Kind::Integer {
                    minimum, encoding, ..
                },
                value,
            ) => integer(value, *encoding, *minimum < 0).and_then(|number| print(&number, out)),
            (Kind::Enum(values), Value::Varint(raw)) => match values.get_value(raw as i32) {
                Some(known) => text(known.name(), out),
                None => print(&(raw as i32), out),
            },
            (Kind::Bytes, Value::Bytes(bytes)) => text(&STANDARD.encode(bytes), out),
            (Kind::Double, Value::Fixed64(bits)) => print(&f64::from_bits(bits), out),
            (Kind::Float, Value::Fixed32(bits)) => print(&f32::from_bits(bits), out),
            (Kind::WellKnown(descriptor), Value::Bytes(wire)) => {
                let message = DynamicMessage::decode(descriptor.clone(), wire).map_err(|_| Malformed)?;
                serde_json::to_writer(out, &message).map_err(|_| Malformed)
            }
            _ => Err(Malformed),
        }
    }
}

/// Turns `,a,b` after `begin` into `[a,b]`.
fn enclose(out: &mut Vec<u8>, begin: usize, open: u8, close: u8) {
    if out.len() == begin {
        out.push(open);
    } else {
        out[begin] = open;
    }
    out.push(close);
}

fn text(text: &str, out: &mut Vec<u8>) -> Result<(), Malformed> {
    serde_json::to_writer(out, text).map_err(|_| Malformed)
}

fn print(number: &impl serde::Serialize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    serde_json::to_writer(out, number).map_err(|_| Malformed)
}

fn integer(value: Value<'_>, encoding: Encoding, signed: bool) -> Result<i128, Malformed> {
    Ok(match (encoding, value) {
        (Encoding::Varint, Value::Varint(raw)) if signed => (raw as i64).into(),
        (Encoding::Varint, Value::Varint(raw)) => raw.into(),
        (Encoding::ZigZag, Value::Varint(raw)) => ((raw >> 1) as i64 ^ -((raw & 1) as i64)).into(),
        (Encoding::Fixed32, Value::Fixed32(raw)) if signed => (raw as i32).into(),
        (Encoding::Fixed32, Value::Fixed32(raw)) => raw.into(),
        (Encoding::Fixed64, Value::Fixed64(raw)) if signed => (raw as i64).into(),
        (Encoding::Fixed64, Value::Fixed64(raw)) => raw.into(),
        _ => return Err(Malformed),
    })
}

/// Writes the digits of a `google.type.Decimal` as they are; an empty one is 0.
fn decimal(wire: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut digits: &[u8] = b"0";
    let mut fields = Fields::new(wire);
    while let Some((number, value)) = fields.next_field()? {
        if number == 1 {
            digits = value.bytes()?;
        }
    }
    if is_json_number(digits) {
        out.extend_from_slice(digits);
        return Ok(());
    }
    let text = std::str::from_utf8(digits).map_err(|_| Malformed)?;
    let value = if text.is_empty() {
        Some(rust_decimal::Decimal::ZERO)
    } else {
        kugel_types::parse_exact(text)
    };
    out.extend_from_slice(value.ok_or(Malformed)?.to_string().as_bytes());
    Ok(())
}
