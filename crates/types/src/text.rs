//! Values as text: the one form in which documents keep them.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};

/// Reads a text and parses it where it lies, without a copy.
pub(crate) fn read<'de, D, T, E>(deserializer: D, parse: fn(&str) -> Result<T, E>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: Display,
{
    struct Text<T, E>(fn(&str) -> Result<T, E>, PhantomData<T>);
    impl<T, E: Display> Visitor<'_> for Text<T, E> {
        type Value = T;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a text")
        }
        fn visit_str<F: Error>(self, text: &str) -> Result<T, F> {
            (self.0)(text).map_err(F::custom)
        }
    }
    deserializer.deserialize_str(Text(parse, PhantomData))
}

/// Serializes a type as its `Display` and reads it back through its parser.
macro_rules! serde_as_text {
    ($name:ty, $parse:expr) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::text::read(deserializer, $parse)
            }
        }
    };
    ($name:ty) => {
        crate::text::serde_as_text!($name, <$name as std::str::FromStr>::from_str);
    };
}
pub(crate) use serde_as_text;

/// Declares an enum whose documents, wire form and errors all use the names of its variants.
#[macro_export]
macro_rules! names {
    ($(#[$doc:meta])* $type:ident, $kind:literal {
        $(#[$first_doc:meta])* $first:ident
        $(, $(#[$variant_doc:meta])* $variant:ident)* $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $type {
            $(#[$first_doc])* $first,
            $($(#[$variant_doc])* $variant),*
        }
        impl $type {
            /// Every name, for the message that refuses another one.
            pub const NAMES: &'static [&'static str] = &[stringify!($first) $(, stringify!($variant))*];

            /// The name on the wire and in documents.
            pub const fn name(self) -> &'static str {
                match self {
                    Self::$first => stringify!($first),
                    $(Self::$variant => stringify!($variant)),*
                }
            }
        }
        impl ::std::str::FromStr for $type {
            type Err = $crate::InvalidId;
            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::InvalidId> {
                match text {
                    stringify!($first) => Ok(Self::$first),
                    $(stringify!($variant) => Ok(Self::$variant),)*
                    _ => Err($crate::InvalidId {
                        kind: $kind,
                        text: text.to_owned(),
                        rule: concat!("one of ", stringify!($first) $(, ", ", stringify!($variant))*),
                    }),
                }
            }
        }
        impl ::std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.write_str(self.name())
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use crate::{
        BusinessDate, Currency, EventId, ItemCode, Money, PaymentKind, Quantity, Rate, RoundMethod,
        StoreCode, TaxRule, TaxType, TenantId, TerminalId, TerminalNo, TransactionType,
    };

    /// Checks that documents are read and written in these forms, and that nothing else is read.
    #[track_caller]
    fn check<T: Serialize + DeserializeOwned + Debug>(forms: &[&str], refused: &[&str]) {
        for form in forms {
            let value: T = serde_json::from_str(form).unwrap();
            assert_eq!(serde_json::to_string(&value).unwrap(), *form);
            // A value that was parsed before lends no text.
            let parsed: serde_json::Value = serde_json::from_str(form).unwrap();
            let value: T = serde_json::from_value(parsed).unwrap();
            assert_eq!(serde_json::to_string(&value).unwrap(), *form);
        }
        for form in refused {
            assert!(serde_json::from_str::<T>(form).is_err(), "{form}");
        }
    }

    #[test]
    fn numbers_are_exact_texts() {
        let forms = [
            r#""0""#,
            r#""-0.10""#,
            r#""1280""#,
            r#""1234567890123456.123456789012""#,
        ];
        let refused = [
            "1",
            "1.5",
            r#""""#,
            r#""1e3""#,
            r#""0.12345678901234567890123456789""#,
            "null",
        ];
        check::<Money>(&forms, &refused);
        check::<Quantity>(&forms, &refused);
        check::<Rate>(&forms, &refused);
    }

    #[test]
    fn ids_and_dates_are_texts_and_pass_their_parsers() {
        check::<TenantId>(&[r#""Q7301""#], &[r#""commons""#, r#""a-b""#, "1"]);
        check::<StoreCode>(&[r#""tk01""#], &[r#""""#, "1"]);
        check::<ItemCode>(&[r#""BANK CHARGES""#, r#""a\"b""#], &[r#"" x""#]);
        check::<TerminalId>(&[r#""Q7301-tk01-4""#], &[r#""Q7301-tk01""#]);
        check::<EventId>(&[r#""0198c5a0-7f2e-7000-8000-000000000000""#], &[r#""1""#]);
        check::<BusinessDate>(&[r#""20240229""#], &[r#""20230229""#, "20240229"]);
        check::<Currency>(&[r#""JPY""#], &[r#""""#, r#""yen""#]);
    }

    #[test]
    fn terminals_and_transaction_types_are_numbers() {
        check::<TerminalNo>(&["1", "9999"], &["0", "10000", "-1", r#""1""#, "1.0"]);
        check::<TransactionType>(&["101", "102", "201", "202"], &["-101", "0", "301", r#""101""#]);
        let oldest: TransactionType = serde_json::from_str("1").unwrap();
        assert_eq!(serde_json::to_string(&oldest).unwrap(), "101");
    }

    #[test]
    fn words_are_their_names() {
        check::<TaxType>(
            &[r#""External""#, r#""Internal""#, r#""Exempt""#],
            &[r#""external""#, "0"],
        );
        check::<RoundMethod>(&[r#""Round""#, r#""Floor""#, r#""Ceil""#], &[r#""""#]);
        check::<PaymentKind>(&[r#""Cash""#, r#""Cashless""#, r#""Other""#], &[r#""Others""#]);
        check::<TaxRule>(
            &[
                r#"{"tax_code":"01","tax_type":"External","tax_name":"外税10%","rate":"10","round_digit":-1,"round_method":"Floor"}"#,
                r#"{"tax_code":"00","tax_type":"Exempt","tax_name":"非課税","rate":"0","round_digit":0,"round_method":null}"#,
            ],
            &["{}"],
        );
    }
}
