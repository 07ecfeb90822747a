//! Business dates and the local time of a chain.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::InvalidId;
use crate::text::serde_as_text;

/// The day a sale belongs to in the books, written `YYYYMMDD`. It need not be the calendar day: a store that closes
/// after midnight still sells on the day it opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BusinessDate(Date);

impl BusinessDate {
    /// The calendar date.
    pub fn date(self) -> Date {
        self.0
    }
}

impl FromStr for BusinessDate {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            kind: "business date",
            text: text.to_owned(),
            rule: "a real date as YYYYMMDD",
        };
        if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        Date::strptime("%Y%m%d", text).map(Self).map_err(|_| invalid())
    }
}

impl fmt::Display for BusinessDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:04}{:02}{:02}",
            self.0.year(),
            self.0.month(),
            self.0.day()
        )
    }
}

serde_as_text!(BusinessDate);

/// An instant seen from the chain's time zone (setting `TIMEZONE`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalTime(Zoned);

impl LocalTime {
    /// The instant in the zone.
    pub fn new(instant: Timestamp, zone: &TimeZone) -> Self {
        Self(instant.to_zoned(zone.clone()))
    }
    /// The zoned date-time inside.
    pub fn zoned(&self) -> &Zoned {
        &self.0
    }
    /// The calendar day here and now: what a terminal opens on.
    pub fn business_date(&self) -> BusinessDate {
        BusinessDate(self.0.date())
    }
    /// ISO 8601 with microseconds and offset: `generate_date_time` of logs and events.
    pub fn iso(&self) -> String {
        self.0.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string()
    }
    /// `YYYY-MM-DD HH:MM:SS`: `entryDatetime` and `lastUpdateDatetime` of answers.
    pub fn plain(&self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_the_contract() {
        let zone = TimeZone::get("Asia/Tokyo").expect("bundled zone");
        let instant: Timestamp = "2026-06-11T05:03:09.512345Z".parse().expect("instant");
        let time = LocalTime::new(instant, &zone);
        assert_eq!(time.iso(), "2026-06-11T14:03:09.512345+09:00");
        assert_eq!(time.plain(), "2026-06-11 14:03:09");
        assert_eq!(time.business_date().to_string(), "20260611");
    }

    #[test]
    fn only_real_dates_are_business_dates() {
        assert!("20240229".parse::<BusinessDate>().is_ok());
        for text in ["20230229", "2024-02-29", "2024229", "", "20241301"] {
            assert!(text.parse::<BusinessDate>().is_err(), "{text:?}");
        }
    }
}
