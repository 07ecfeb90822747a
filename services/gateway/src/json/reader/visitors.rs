//! What serde meets inside a body: objects, lists and maps.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Reader, Step};
use crate::json::scalar::Given;
use crate::schema::{Field, Kind, MessageId, Spelling};
use crate::wire::{Encoding, close_delimited, put_tag};

pub(super) struct ObjectVisitor<'r, 's> {
    pub(super) reader: &'r mut Reader<'s>,
    pub(super) id: MessageId,
}

impl<'de> Visitor<'de> for ObjectVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { reader, id } = self;
        let message = reader.schema.message(id);
        let start = reader.out.len();
        let mut seen: Vec<(usize, Spelling)> = Vec::new();
        while let Some(Name(name)) = members.next_key::<Name<'de>>()? {
            let Some((index, spelling)) = message.by_name(&name) else {
                reader.unknown(&name);
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let field = &message.fields[index];
            if field.is_output_only {
                members.next_value::<IgnoredAny>()?;
                continue;
            }
            let known = seen.iter().position(|(known, _)| *known == index);
            match known.map(|place| (&mut seen[place].1, spelling)) {
                None => seen.push((index, spelling)),
                // camelCase wins where both are given.
                Some((before @ Spelling::Proto, Spelling::Json)) => {
                    *before = Spelling::Json;
                    reader.forget(start, field.number);
                }
                Some((before, spelling)) => {
                    // Replacing it would cost a walk over the message for each repetition.
                    if *before == spelling {
                        reader.path.push(Step::Field(field));
                        reader.note("is given twice".into());
                        reader.path.pop();
                    }
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
            }
            reader.path.push(Step::Field(field));
            members.next_value_seed(FieldSeed { reader, field })?;
            reader.path.pop();
        }
        Ok(())
    }
}

/// A member's name, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct FieldSeed<'r, 's> {
    pub(super) reader: &'r mut Reader<'s>,
    pub(super) field: &'s Field,
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        self.reader.field(self.field, json)
    }
}

/// An object, or null: then false.
pub(super) struct OptionalVisitor<'r, 's> {
    pub(super) reader: &'r mut Reader<'s>,
    pub(super) id: MessageId,
}

impl<'de> Visitor<'de> for OptionalVisitor<'_, '_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<bool, A::Error> {
        ObjectVisitor {
            reader: self.reader,
            id: self.id,
        }
        .visit_map(members)
        .map(|()| true)
    }
}

pub(super) struct ListVisitor<'r, 's> {
    pub(super) reader: &'r mut Reader<'s>,
    pub(super) field: &'s Field,
}

impl<'de> Visitor<'de> for ListVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self { reader, field } = self;
        let packed = field.kind.encoding() != Encoding::Delimited;
        let begin = reader.out.len();
        if packed {
            put_tag(&mut reader.out, field.number, Encoding::Delimited);
        }
        let start = reader.out.len();
        let mut count = 0;
        reader.path.push(Step::Index(0));
        while elements
            .next_element_seed(ElementSeed {
                reader,
                field,
                packed,
            })?
            .is_some()
        {
            count += 1;
            reader.path.pop();
            reader.path.push(Step::Index(count));
        }
        reader.path.pop();
        if packed && count > 0 {
            close_delimited(&mut reader.out, start);
        } else if packed {
            reader.out.truncate(begin);
        }
        Ok(())
    }
}

struct ElementSeed<'r, 's> {
    pub(super) reader: &'r mut Reader<'s>,
    pub(super) field: &'s Field,
    packed: bool,
}

impl<'de> DeserializeSeed<'de> for ElementSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        let Self {
            reader,
            field,
            packed,
        } = self;
        if let Kind::Message(id) = &field.kind {
            put_tag(&mut reader.out, field.number, Encoding::Delimited);
            let start = reader.out.len();
            if !json.deserialize_any(OptionalVisitor { reader, id: *id })? {
                reader.note("must not be null".into());
            }
            close_delimited(&mut reader.out, start);
            return Ok(());
        }
        let raw = <&'de RawValue>::deserialize(json)?;
        let put = if packed {
            Reader::packed_element
        } else {
            Reader::scalar_field
        };
        reader.token(field, raw.get(), put).map_err(D::Error::custom)
    }
}

pub(super) struct MapVisitor<'r, 's> {
    pub(super) reader: &'r mut Reader<'s>,
    pub(super) field: &'s Field,
    pub(super) entry: MessageId,
}

impl<'de> Visitor<'de> for MapVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { reader, field, entry } = self;
        let [key_field, value_field] = &reader.schema.message(entry).fields[..] else {
            return Err(A::Error::custom("a map entry has two fields"));
        };
        while let Some(Name(key)) = members.next_key::<Name<'de>>()? {
            put_tag(&mut reader.out, field.number, Encoding::Delimited);
            let start = reader.out.len();
            reader.path.push(Step::Key(key.to_string()));
            if let Err(problem) = reader.scalar_field(key_field, Given::Text(&key)) {
                reader.note(problem);
            }
            members.next_value_seed(FieldSeed {
                reader,
                field: value_field,
            })?;
            reader.path.pop();
            close_delimited(&mut reader.out, start);
        }
        Ok(())
    }
}
