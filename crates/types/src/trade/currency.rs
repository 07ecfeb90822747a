//! Currencies.

use std::fmt;
use std::str::FromStr;

use crate::InvalidId;
use crate::text::serde_as_text;

/// A currency by its ISO 4217 code. Its minor digits drive the rounding of discounts and taxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Yen, which the default stamp duty table is written for.
    pub const JPY: Self = Self(*b"JPY");

    /// The code, three capital letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a code is three ASCII letters")
    }
    /// Digits behind the point, as ISO 4217 gives them.
    pub fn minor_digits(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(InvalidId {
                kind: "currency",
                text: text.to_owned(),
                rule: "three capital letters of ISO 4217",
            }),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

serde_as_text!(Currency);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_its_code_and_its_minor_digits() {
        for (code, digits) in [("JPY", 0), ("GBP", 2), ("BHD", 3), ("XXX", 2)] {
            let currency: Currency = code.parse().unwrap();
            assert_eq!((currency.code(), currency.minor_digits()), (code, digits));
        }
        for text in ["", "jpy", "JP", "JPYX", "J1Y", "円"] {
            assert!(text.parse::<Currency>().is_err(), "{text:?}");
        }
    }
}
