//! Scalars: text and JSON tokens become wire values, with the lax coercion that REST clients rely on.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::BufMut;
use kugel_types::parse_exact;
use prost_reflect::EnumDescriptor;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::schema::Kind;
use crate::wire::{Encoding, close_delimited, put_bytes, put_varint};

/// What is wrong with a value: lower case, without a full stop.
pub(crate) type Problem = Cow<'static, str>;

/// A scalar as the client gave it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Given<'a> {
    /// A JSON string, a query parameter or a part of the path.
    Text(&'a str),
    /// A JSON number, as it stands in the body.
    Number(&'a str),
    Bool(bool),
}

impl<'a> Given<'a> {
    fn numeric(self) -> Option<&'a str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.trim()),
            Self::Bool(_) => None,
        }
    }
}

/// Appends the value without its tag.
pub(crate) fn put(kind: &Kind, given: Given<'_>, out: &mut Vec<u8>) -> Result<(), Problem> {
    match kind {
        Kind::Text => put_text(text(given)?.as_bytes(), out),
        Kind::Decimal => {
            let digits = decimal(given)?;
            let start = out.len();
            put_bytes(out, 1, digits.as_bytes());
            close_delimited(out, start);
        }
        Kind::Bool => put_varint(out, boolean(given)?.into()),
        Kind::Integer {
            minimum,
            maximum,
            encoding,
        } => {
            let value = integer(given)?;
            if value < *minimum || value > *maximum {
                return Err(format!("must be between {minimum} and {maximum}").into());
            }
            put_integer(value, *encoding, out);
        }
        Kind::Enum(values) => put_varint(out, enum_number(values, given)? as u64),
        Kind::Bytes => {
            let text = text(given)?;
            let bytes = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text));
            put_text(&bytes.map_err(|_| "must be base64")?, out);
        }
        Kind::Double => out.put_f64_le(float(given)?),
        Kind::Float => out.put_f32_le(float(given)? as f32),
        Kind::Message(_) | Kind::WellKnown(_) => return Err("must be an object".into()),
    }
    Ok(())
}

fn put_text(bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_integer(value: i128, encoding: Encoding, out: &mut Vec<u8>) {
    match encoding {
        // A negative 32-bit value is sign-extended to ten bytes, as the format wants it.
        Encoding::Varint => put_varint(out, value as u64),
        Encoding::ZigZag => put_varint(out, ((value << 1) ^ (value >> 127)) as u64),
        Encoding::Fixed32 => out.put_u32_le(value as u32),
        Encoding::Fixed64 | Encoding::Delimited => out.put_u64_le(value as u64),
    }
}

fn text(given: Given<'_>) -> Result<&str, Problem> {
    match given {
        Given::Text(text) => Ok(text),
        Given::Number(_) | Given::Bool(_) => Err("must be text".into()),
    }
}

fn boolean(given: Given<'_>) -> Result<bool, Problem> {
    match given {
        Given::Bool(value) => Ok(value),
        Given::Text(text) | Given::Number(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "1.0" | "yes" | "on" | "t" | "y" => Ok(true),
            "false" | "0" | "0.0" | "no" | "off" | "f" | "n" => Ok(false),
            _ => Err("must be true or false".into()),
        },
    }
}

fn integer(given: Given<'_>) -> Result<i128, Problem> {
    let digits = given.numeric().ok_or("must be a whole number")?;
    if let Ok(value) = digits.parse() {
        return Ok(value);
    }
    // 12.0 and 1.2e1 are whole numbers too.
    let value = parse_exact(digits)
        .filter(Decimal::is_integer)
        .ok_or("must be a whole number")?;
    value.to_i128().ok_or_else(|| "must be a whole number".into())
}

fn float(given: Given<'_>) -> Result<f64, Problem> {
    let value = given.numeric().and_then(|digits| digits.parse::<f64>().ok());
    value
        .filter(|value| value.is_finite())
        .ok_or_else(|| "must be a number".into())
}

/// The digits of a decimal, unchanged unless they are spelled in a way that JSON or the services do not know.
fn decimal(given: Given<'_>) -> Result<Cow<'_, str>, Problem> {
    let digits = given.numeric().ok_or("must be a number")?;
    let value = parse_exact(digits).ok_or("must be a number of at most 28 digits")?;
    Ok(if is_json_number(digits.as_bytes()) {
        Cow::Borrowed(digits)
    } else {
        Cow::Owned(value.to_string())
    })
}

/// True for JSON's own spelling of a number without an exponent.
pub(super) fn is_json_number(digits: &[u8]) -> bool {
    let unsigned = digits.strip_prefix(b"-").unwrap_or(digits);
    let whole = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (_, rest) = unsigned.split_at(whole);
    let fraction = match rest {
        [] => true,
        [b'.', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    fraction && (whole == 1 || (whole > 1 && unsigned[0] != b'0'))
}

fn enum_number(values: &EnumDescriptor, given: Given<'_>) -> Result<i32, Problem> {
    let known = match given {
        Given::Text(name) => values.get_value_by_name(name).map(|value| value.number()),
        Given::Number(digits) => digits.parse().ok(),
        Given::Bool(_) => None,
    };
    known.ok_or_else(|| {
        let names: Vec<String> = values.values().map(|value| value.name().to_owned()).collect();
        format!("must be one of {}", names.join(", ")).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_lax() {
        for given in [
            Given::Bool(true),
            Given::Text("True"),
            Given::Text("on"),
            Given::Number("1"),
        ] {
            assert_eq!(boolean(given), Ok(true), "{given:?}");
        }
        for given in [
            Given::Bool(false),
            Given::Text("no"),
            Given::Text("OFF"),
            Given::Number("0"),
        ] {
            assert_eq!(boolean(given), Ok(false), "{given:?}");
        }
        assert!(boolean(Given::Text("maybe")).is_err());
        assert!(boolean(Given::Number("2")).is_err());
    }

    #[test]
    fn integers_are_lax_and_exact() {
        for (given, expected) in [("7", 7), ("-7", -7), ("7.0", 7), ("1.2e1", 12), (" 9 ", 9)] {
            assert_eq!(integer(Given::Text(given)), Ok(expected), "{given}");
        }
        assert_eq!(
            integer(Given::Number("9223372036854775807")),
            Ok(i128::from(i64::MAX))
        );
        for given in ["", "7.5", "seven", "1_000", "0x10", "1e99"] {
            assert!(integer(Given::Text(given)).is_err(), "{given}");
        }
        assert!(integer(Given::Bool(true)).is_err());
    }

    #[test]
    fn decimals_keep_their_digits() {
        for (given, expected) in [
            ("1234.50", "1234.50"),
            ("0", "0"),
            ("-0.10", "-0.10"),
            ("1e2", "100"),
            ("+5", "5"),
            (".5", "0.5"),
            ("007", "7"),
            (" 12 ", "12"),
            ("1234567890123456789012.123456", "1234567890123456789012.123456"),
        ] {
            assert_eq!(decimal(Given::Text(given)).as_deref(), Ok(expected), "{given}");
        }
        for given in [
            "",
            "-",
            "1_0",
            "NaN",
            "1,5",
            "0.12345678901234567890123456789",
            "1e40",
            "--1",
        ] {
            assert!(decimal(Given::Text(given)).is_err(), "{given}");
        }
    }

    #[test]
    fn only_json_numbers_are_json_numbers() {
        for digits in ["0", "10", "-1", "1.50", "-0.0"] {
            assert!(is_json_number(digits.as_bytes()), "{digits}");
        }
        for digits in ["", "-", "01", "1.", ".5", "+1", "1e2", "1.5x", "0x1"] {
            assert!(!is_json_number(digits.as_bytes()), "{digits}");
        }
    }

    #[test]
    fn text_takes_no_numbers() {
        assert!(text(Given::Number("5")).is_err());
        assert_eq!(text(Given::Text("5")), Ok("5"));
    }
}
