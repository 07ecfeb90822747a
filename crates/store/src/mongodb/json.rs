//! Bodies: JSON text as native BSON, and back to the same text.

use std::fmt;
use std::io::Write;

use ::mongodb::bson::raw::RawBsonRef;
use ::mongodb::bson::spec::ElementType;
use ::mongodb::bson::{RawDocument, RawDocumentBuf};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Integers of so many digits fit into 64 bits.
const SAFE_DIGITS: u32 = 18;

/// The text as the one field `body` of a BSON document, in one pass over it.
///
/// Numbers without a fraction that 64 bits hold become integers, all others doubles, which may round: whoever needs the
/// very text compares it with [`text`], unless it [`is_plain`], and keeps it beside.
pub(super) fn body(text: &str) -> Result<RawDocumentBuf, serde_json::Error> {
    let mut bytes = Vec::with_capacity(text.len() + text.len() / 4 + 64);
    let start = open(&mut bytes);
    let slot = Slot::named(&mut bytes, "body")?;
    let mut json = serde_json::Deserializer::from_str(text);
    slot.deserialize(&mut json)?;
    json.end()?;
    close(&mut bytes, start);
    RawDocumentBuf::from_bytes(bytes).map_err(Error::custom)
}

fn open(bytes: &mut Vec<u8>) -> usize {
    let start = bytes.len();
    // The length, known when the document is closed.
    bytes.extend([0; 4]);
    start
}

fn close(bytes: &mut Vec<u8>, start: usize) {
    bytes.push(0);
    let length = i32::try_from(bytes.len() - start).unwrap_or(i32::MAX);
    bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// An element whose name is written and whose value comes next.
struct Slot<'a> {
    bytes: &'a mut Vec<u8>,
    /// Where the type of the value belongs.
    kind: usize,
}

impl<'a> Slot<'a> {
    fn named<E: Error>(bytes: &'a mut Vec<u8>, name: &str) -> Result<Self, E> {
        if name.contains('\0') {
            return Err(E::custom("a field's name holds a NUL"));
        }
        let kind = bytes.len();
        bytes.push(0);
        bytes.extend(name.as_bytes());
        bytes.push(0);
        Ok(Self { bytes, kind })
    }

    fn numbered(bytes: &'a mut Vec<u8>, number: usize) -> Self {
        let kind = bytes.len();
        bytes.push(0);
        // Writing to a vector cannot fail.
        let _ = write!(bytes, "{number}\0");
        Self { bytes, kind }
    }

    fn fill(self, kind: ElementType, value: &[u8]) {
        self.bytes[self.kind] = kind as u8;
        self.bytes.extend(value);
    }
}

impl<'de> DeserializeSeed<'de> for Slot<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Slot<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        self.fill(ElementType::Null, &[]);
        Ok(())
    }
    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.fill(ElementType::Boolean, &[truth.into()]);
        Ok(())
    }
    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        match i32::try_from(number) {
            Ok(short) => self.fill(ElementType::Int32, &short.to_le_bytes()),
            Err(_) => self.fill(ElementType::Int64, &number.to_le_bytes()),
        }
        Ok(())
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => self.visit_f64(number as f64),
        }
    }
    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.fill(ElementType::Double, &number.to_le_bytes());
        Ok(())
    }
    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        let length = i32::try_from(text.len() + 1).unwrap_or(i32::MAX);
        self.bytes[self.kind] = ElementType::String as u8;
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.bytes[self.kind] = ElementType::Array as u8;
        let start = open(self.bytes);
        let mut number = 0;
        loop {
            let before = self.bytes.len();
            if items
                .next_element_seed(Slot::numbered(self.bytes, number))?
                .is_none()
            {
                self.bytes.truncate(before);
                break;
            }
            number += 1;
        }
        close(self.bytes, start);
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        self.bytes[self.kind] = ElementType::EmbeddedDocument as u8;
        let start = open(self.bytes);
        while let Some(kind) = fields.next_key_seed(Name(self.bytes))? {
            let bytes = &mut *self.bytes;
            fields.next_value_seed(Slot { bytes, kind })?;
        }
        close(self.bytes, start);
        Ok(())
    }
}

/// The name of a field, written where its element begins.
struct Name<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a field's name")
    }
    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        Slot::named(self.0, name).map(|slot| slot.kind)
    }
}

/// True only if JSON text comes back from its BSON as it is, seen without making the BSON. False leaves it open: the
/// text holds blanks, a number that is not a plain integer of 64 bits, or an escape that may be spelt otherwise.
pub(super) fn is_plain(text: &str) -> bool {
    let mut bytes = text.bytes();
    let mut digits = 0;
    while let Some(byte) = bytes.next() {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                continue;
            }
            _ if digits > SAFE_DIGITS => return false,
            b'e' if digits > 0 => return false,
            b'.' | b'E' | b' ' | b'\t' | b'\n' | b'\r' => return false,
            b'-' if bytes.clone().next() == Some(b'0') => return false,
            b'"' => loop {
                match bytes.next() {
                    Some(b'"') | None => break,
                    Some(b'\\') if matches!(bytes.next(), Some(b'u' | b'/')) => return false,
                    Some(_) => {}
                }
            },
            _ => {}
        }
        digits = 0;
    }
    digits <= SAFE_DIGITS
}

/// A BSON value as JSON text without blanks, as serde writes it. An error names what JSON has no word for.
pub(super) fn text(value: RawBsonRef<'_>, capacity: usize) -> Result<String, String> {
    let mut text = Vec::with_capacity(capacity);
    write(value, &mut text)?;
    String::from_utf8(text).map_err(|error| error.to_string())
}

fn write(value: RawBsonRef<'_>, text: &mut Vec<u8>) -> Result<(), String> {
    let scalar = match value {
        RawBsonRef::String(value) => serde_json::to_writer(text, value),
        RawBsonRef::Int32(value) => serde_json::to_writer(text, &value),
        RawBsonRef::Int64(value) => serde_json::to_writer(text, &value),
        RawBsonRef::Double(value) => serde_json::to_writer(text, &value),
        RawBsonRef::Boolean(value) => serde_json::to_writer(text, &value),
        RawBsonRef::Null => serde_json::to_writer(text, &()),
        RawBsonRef::Document(fields) => return write_object(fields, text),
        RawBsonRef::Array(items) => {
            text.push(b'[');
            for (number, item) in items.into_iter().enumerate() {
                if number > 0 {
                    text.push(b',');
                }
                write(item.map_err(|error| error.to_string())?, text)?;
            }
            text.push(b']');
            return Ok(());
        }
        other => return Err(format!("JSON has no {:?}", other.element_type())),
    };
    scalar.map_err(|error| error.to_string())
}

fn write_object(fields: &RawDocument, text: &mut Vec<u8>) -> Result<(), String> {
    text.push(b'{');
    for (number, field) in fields.into_iter().enumerate() {
        let (name, value) = field.map_err(|error| error.to_string())?;
        if number > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut *text, name.as_str()).map_err(|error| error.to_string())?;
        text.push(b':');
        write(value, text)?;
    }
    text.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use ::mongodb::bson::Bson;
    use proptest::prelude::*;

    use super::*;

    fn back(json: &str) -> String {
        let body = body(json).unwrap();
        text(body.get("body").unwrap().unwrap(), 0).unwrap()
    }

    #[test]
    fn text_without_fractions_comes_back_letter_for_letter() {
        for json in [
            "{}",
            "[]",
            "null",
            "7",
            r#""text""#,
            r#"{"z":1,"a":{"y":null,"b":[true,false,[],{}]},"m":""}"#,
            r#"{"most":9223372036854775807,"least":-9223372036854775808,"int":2147483647,"more":2147483648}"#,
            r#"{"text":"\"\\\b\f\n\r\t\u0000\u001f/日本語🎫é"}"#,
            r#"{"$oid":"a","$ref":{"$id":1},"a.b":2,"":3,"\"quoted\"":4}"#,
            r#"{"amount":"10.50","rate":1.5,"twice":1,"twice":2}"#,
        ] {
            assert_eq!(back(json), json);
        }
    }

    #[test]
    fn what_comes_back_otherwise_is_told_apart() {
        for json in [
            r#"{ "a":1}"#,
            "[0.10]",
            "[1e3]",
            "[-0]",
            "[18446744073709551616]",
            r#"["\/"]"#,
        ] {
            assert_ne!(back(json), json);
        }
        for json in ["", "{", "[1] x", r#"{"a\u0000b":1}"#, "{1:2}"] {
            assert!(body(json).is_err(), "{json}");
        }
    }

    #[test]
    fn values_are_native() {
        let body = Bson::try_from(RawBsonRef::Document(
            &body(r#"{"n":1,"t":"x","l":[4294967296]}"#).unwrap(),
        ));
        let expected = ::mongodb::bson::bson!({"body": {"n": 1_i32, "t": "x", "l": [4_294_967_296_i64]}});
        assert_eq!(body.unwrap(), expected);
    }

    #[test]
    fn what_is_not_plain_is_told_by_a_look() {
        for json in [
            r#"{"a":[-1,"é\n\"",{"e":10,"E 1.0":null}],"true":false}"#,
            "999999999999999999",
        ] {
            assert!(is_plain(json), "{json}");
        }
        for json in [
            "[1 ]",
            "[1.5]",
            "[1e3]",
            "[-0]",
            "[1E3]",
            "1000000000000000000",
            "[1000000000000000000]",
            r#"["\/"]"#,
            r#"["\\\u00e9"]"#,
        ] {
            assert!(!is_plain(json), "{json}");
        }
    }

    /// A JSON array of numbers and texts, spelt in any of the ways that JSON has for them.
    fn spelling() -> impl Strategy<Value = String> {
        let number = "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
        let text = "\"([a-z0-9é .]|\\\\[\"\\\\/bfnrt]|\\\\u00[0-7][0-9a-fA-F]){0,6}\"";
        let blank = "[ \n]?";
        let item =
            (prop_oneof![number, text, "true|false|null"], blank).prop_map(|(item, blank)| item + &blank);
        prop::collection::vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(",")))
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "\\PC*|[\\x00-\\x20\"\\\\]*".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec(("[^\\x00]{0,6}", inner), 0..6)
                    .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_comes_back(value in json()) {
            let text = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(back(&text), text);
        }

        #[test]
        fn whatever_is_plain_comes_back(text in spelling()) {
            prop_assert!(!is_plain(&text) || back(&text) == text, "{text}");
        }
    }
}
