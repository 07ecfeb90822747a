//! The values of a body's indexed fields, read once when it is written.
//!
//! They lie in columns of their own beside the body, because SQLite would parse the whole body again for every index over
//! a part of it, before and after a change.

use std::fmt;

use rusqlite::types::Value;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::Collection;

/// True for the fields that every document has beside its body.
pub(super) fn own(field: &str) -> bool {
    matches!(field, "id" | "created_at" | "updated_at")
}

/// The fields of a collection's indexes that lie in its bodies, each once, in the order of their declaration.
pub(super) fn indexed(collection: &Collection) -> Vec<&'static str> {
    let mut fields: Vec<&'static str> = Vec::new();
    for field in collection.indexes.iter().flat_map(|index| index.fields) {
        if !own(field) && !fields.contains(field) {
            fields.push(field);
        }
    }
    fields
}

/// The values of `fields` in a body, null where it has none. Text that is no JSON has no fields.
pub(super) fn values(body: &str, fields: &[&'static str]) -> Vec<Value> {
    let mut values = vec![Value::Null; fields.len()];
    if !fields.is_empty() {
        let wanted: Vec<Wanted> = fields.iter().copied().zip(0..).collect();
        let mut json = serde_json::Deserializer::from_str(body);
        // It ends in an error where the last field was found, or where the text is no JSON: whoever parses the document
        // will hear of that.
        let _ = json.deserialize_any(Picker {
            wanted,
            values: &mut values,
            missing: &mut fields.len(),
        });
    }
    values
}

/// A path from here on, and where its value goes. An empty path ends here.
type Wanted = (&'static str, usize);

/// Walks JSON and keeps what is wanted of it.
struct Picker<'v> {
    wanted: Vec<Wanted>,
    values: &'v mut Vec<Value>,
    /// How many fields were not met yet.
    missing: &'v mut usize,
}

impl Picker<'_> {
    /// Keeps a value; an error once there is nothing left to look for, so that the rest is not read.
    fn keep<E: Error>(self, value: Value) -> Result<(), E> {
        if let Some((_, slot)) = self.wanted.iter().find(|(path, _)| path.is_empty()) {
            self.values[*slot] = value;
            *self.missing -= 1;
        }
        match *self.missing {
            0 => Err(E::custom("all is found")),
            _ => Ok(()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Picker<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Picker<'_> {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.keep(Value::Null)
    }
    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.keep(Value::Integer(truth.into()))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.keep(Value::Integer(number))
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.keep(i64::try_from(number).map_or(Value::Null, Value::Integer))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.keep(Value::Text(text.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(wanted) = object.next_key_seed(Below(&self.wanted))? {
            if wanted.is_empty() {
                object.next_value::<IgnoredAny>()?;
            } else {
                object.next_value_seed(Picker {
                    wanted,
                    values: self.values,
                    missing: self.missing,
                })?;
            }
        }
        Ok(())
    }
}

/// Takes a key for the paths that go on below it.
struct Below<'w>(&'w [Wanted]);

impl<'de> DeserializeSeed<'de> for Below<'_> {
    type Value = Vec<Wanted>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Vec<Wanted>, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Below<'_> {
    type Value = Vec<Wanted>;
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }
    fn visit_str<E: Error>(self, key: &str) -> Result<Vec<Wanted>, E> {
        let rest = |&(path, slot): &Wanted| match path.strip_prefix(key)? {
            "" => Some(("", slot)),
            rest => rest.strip_prefix('.').map(|rest| (rest, slot)),
        };
        Ok(self.0.iter().filter_map(rest).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_fields_are_found_wherever_they_stand() {
        let text = |text: &str| Value::Text(text.to_owned());
        let body = r#"{"rest":[1.5,{"a":"no"}],"b":{"c":{"d":"deep"},"x":1},"a":7,"bc":true,"text":"q\"\n","n":null,"last":"z"}"#;
        let fields = ["a", "b.c.d", "bc", "text", "n", "missing", "b.c", "last"];
        let expected = [
            Value::Integer(7),
            text("deep"),
            Value::Integer(1),
            text("q\"\n"),
            Value::Null,
            Value::Null,
            Value::Null,
            text("z"),
        ];
        assert_eq!(values(body, &fields), expected);
        assert_eq!(values("no JSON", &["a"]), [Value::Null]);
    }
}
