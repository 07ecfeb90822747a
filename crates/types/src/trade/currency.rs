//! Currencies.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use crate::text::serde_as_text;
use crate::{InvalidId, Money};

/// The codes of ISO 4217 (list one, amended to 2026) that people pay with: no funds, metals, tests and units of account.
/// A code that is withdrawn later stays: books are read for years.
const IN_USE: &str = "\
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
    CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD \
    GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD \
    KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO \
    NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE \
    SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND \
    VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// A currency by its ISO 4217 code. What is paid in it are whole minor units.
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
            | b"UGX" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
    /// The least amount that can be owed: 1 yen, a cent.
    pub fn minor_unit(self) -> Money {
        Money::from_decimal(Decimal::new(1, self.minor_digits()))
    }
    /// The smallest coin that shops take: the minor unit, or what is left since smaller coins were withdrawn. The source is
    /// what each central bank says of its coins in circulation. Where only some countries of a currency round (the euro) or
    /// only habit does (rupiah, pesos), a store names its own.
    pub fn cash_coin(self) -> Money {
        let (units, digits) = match &self.0 {
            b"AUD" | b"BSD" | b"CAD" | b"CHF" | b"MYR" | b"SGD" | b"TTD" => (5, 2),
            b"HKD" | b"ILS" | b"NZD" | b"PEN" | b"ZAR" => (10, 2),
            b"THB" => (25, 2),
            b"DKK" | b"INR" => (50, 2),
            b"CZK" | b"JMD" | b"NOK" | b"RSD" | b"SEK" | b"TWD" => (1, 0),
            b"HUF" | b"XPF" => (5, 0),
            b"CLP" | b"KRW" => (10, 0),
            _ => (1, self.minor_digits()),
        };
        Money::from_decimal(Decimal::new(units, digits))
    }
    /// True if whole minor units make up the amount.
    pub fn can_pay(self, amount: Money) -> bool {
        amount.decimal().normalize().scale() <= self.minor_digits()
    }
}

impl FromStr for Currency {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let known = match text.as_bytes() {
            &[a, b, c] if IN_USE.split(' ').any(|code| code == text) => Some(Self([a, b, c])),
            _ => None,
        };
        known.ok_or_else(|| InvalidId {
            kind: "currency",
            text: text.to_owned(),
            rule: "the ISO 4217 code of a currency that people pay with, like JPY",
        })
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
    fn a_currency_is_its_code_its_minor_unit_and_its_coin() {
        for (code, unit, coin) in [
            ("JPY", "1", "1"),
            ("ISK", "1", "1"),
            ("KRW", "1", "10"),
            ("GBP", "0.01", "0.01"),
            ("EUR", "0.01", "0.01"),
            ("CHF", "0.01", "0.05"),
            ("NZD", "0.01", "0.10"),
            ("DKK", "0.01", "0.50"),
            ("SEK", "0.01", "1"),
            ("HUF", "0.01", "5"),
            ("BHD", "0.001", "0.001"),
        ] {
            let currency: Currency = code.parse().unwrap();
            let money = |text: &str| text.parse::<Money>().unwrap();
            assert_eq!(currency.code(), code);
            assert_eq!(currency.minor_unit(), money(unit), "{code}");
            assert_eq!(currency.cash_coin(), money(coin), "{code}");
        }
    }

    #[test]
    fn a_coin_is_whole_minor_units() {
        for code in IN_USE.split(' ') {
            let currency: Currency = code.parse().unwrap();
            assert!(currency.can_pay(currency.cash_coin()), "{code}");
            assert!(currency.cash_coin() >= currency.minor_unit(), "{code}");
        }
    }

    #[test]
    fn what_nobody_pays_with_is_no_currency() {
        for text in [
            "", "jpy", "JP", "JPYX", "J1Y", "円", "XXX", "ZZZ", "XTS", "XAU", "XDR", "CHE", "CLF", "USN",
            "DEM", "HRK", "Y K", " JP", "Y C",
        ] {
            assert!(text.parse::<Currency>().is_err(), "{text:?}");
        }
    }
}
