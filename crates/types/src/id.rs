//! Identifiers. Each is validated once, where it enters, and compared by value afterwards.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::serde_as_text;

/// A text that is not the identifier it was given for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {text:?} is not valid: {rule}")]
pub struct InvalidId {
    /// What was expected, e.g. `tenant id`.
    pub kind: &'static str,
    /// The text as received.
    pub text: String,
    /// The rule that it breaks, in words for the caller.
    pub rule: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { kind: $kind, text: text.to_owned(), rule: $rule })
                }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        serde_as_text!($name);
    };
}

fn is_word(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

text_id!(
    /// A tenant: the owner of a database of every service.
    ///
    /// Letters, digits and underscore, because it becomes part of a file name, a database name and, before the first
    /// `-`, of a terminal id. `commons` is the name of the shared database and cannot be a tenant.
    TenantId, "tenant id", "1 to 32 letters, digits or underscores, and not `commons`",
    |text| is_word(text, 32) && !text.eq_ignore_ascii_case("commons")
);
text_id!(
    /// A store of a tenant.
    StoreCode, "store code", "1 to 32 letters, digits or underscores", |text| is_word(text, 32)
);
text_id!(
    /// An article of the catalogue. Real codes hold blanks and punctuation (`BANK CHARGES`), so only control
    /// characters and blanks at the ends are refused.
    ItemCode, "item code", "1 to 64 characters, no control characters, no blank at either end",
    |text| (1..=64).contains(&text.chars().count()) && text.trim() == text && !text.chars().any(char::is_control)
);
text_id!(
    /// An event: a UUID, the key of exactly-once processing.
    EventId, "event id", "a UUID", |text| uuid::Uuid::try_parse(text).is_ok()
);

impl EventId {
    /// A new id. Version 7 is used because ids made one after another then lie side by side in an index.
    pub fn generate() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }
}

/// A till's number within its store, 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TerminalNo(u16);

impl TerminalNo {
    /// Takes a number from the wire.
    pub fn new(number: i64) -> Result<Self, InvalidId> {
        match u16::try_from(number) {
            Ok(number @ 1..=9999) => Ok(Self(number)),
            _ => Err(InvalidId {
                kind: "terminal number",
                text: number.to_string(),
                rule: "1 to 9999",
            }),
        }
    }
    /// The number as the wire and the documents carry it.
    pub fn get(self) -> i32 {
        i32::from(self.0)
    }
}

impl fmt::Display for TerminalNo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for TerminalNo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(self.get())
    }
}

impl<'de> Deserialize<'de> for TerminalNo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(i64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A till of a store of a tenant, written `{tenant_id}-{store_code}-{terminal_no}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TerminalId {
    /// The tenant.
    pub tenant: TenantId,
    /// The store within the tenant.
    pub store: StoreCode,
    /// The till within the store.
    pub number: TerminalNo,
}

impl FromStr for TerminalId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            kind: "terminal id",
            text: text.to_owned(),
            rule: "tenant, store and number joined with `-`",
        };
        let mut parts = text.splitn(3, '-');
        let (Some(tenant), Some(store), Some(number)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(invalid());
        };
        let number: i64 = number.parse().map_err(|_| invalid())?;
        let id = Self {
            tenant: tenant.parse()?,
            store: store.parse()?,
            number: TerminalNo::new(number)?,
        };
        // `007` and `7` would be two spellings of one till; only the plain one is an id.
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(invalid())
        }
    }
}

impl fmt::Display for TerminalId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}-{}", self.tenant, self.store, self.number)
    }
}

serde_as_text!(TerminalId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_id_reads_back_as_written() {
        let id: TerminalId = "Q7301-tk01-4".parse().expect("valid");
        assert_eq!(
            (id.tenant.as_str(), id.store.as_str(), id.number.get()),
            ("Q7301", "tk01", 4)
        );
        assert_eq!(id.to_string(), "Q7301-tk01-4");
    }

    #[test]
    fn identifiers_that_could_collide_are_refused() {
        for text in ["", "commons", "Commons", "a-b", "a/b", "a b", "..", "a.b"] {
            assert!(text.parse::<TenantId>().is_err(), "{text:?}");
        }
        for text in [
            "Q7301-tk01",
            "Q7301-tk01-04",
            "Q7301-tk01-0",
            "Q7301-tk01-10000",
            "Q7301-tk01-4-1",
        ] {
            assert!(text.parse::<TerminalId>().is_err(), "{text:?}");
        }
        for text in [" x", "x ", "", "a\nb"] {
            assert!(text.parse::<ItemCode>().is_err(), "{text:?}");
        }
    }
}
