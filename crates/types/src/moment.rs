//! Texts of filters that name a stretch of time.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::InvalidId;

/// The stretch of time that a text names: a whole day, a minute, a second, or down to a microsecond.
///
/// A filter *from* a text begins at `first`, a filter *to* it ends at `last`: so both ends are inclusive to the
/// precision that was written, and instants are compared, not texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Its first microsecond.
    pub first: Timestamp,
    /// Its last microsecond.
    pub last: Timestamp,
}

impl Moment {
    /// Reads `YYYYMMDD`, `YYYYMMDDTHHMMSS`, their forms with dashes and colons, and ISO 8601 with an offset. Without an
    /// offset the text is meant in `zone`.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, InvalidId> {
        Self::read(text, zone).ok_or_else(|| InvalidId {
            kind: "date or time",
            text: text.to_owned(),
            rule: "YYYYMMDD, YYYYMMDDTHHMMSS, or their ISO 8601 forms",
        })
    }

    fn read(text: &str, zone: &TimeZone) -> Option<Self> {
        let Some((_, time)) = text.split_once(['T', 't', ' ']) else {
            let date: Date = text.parse().ok()?;
            let first = date.to_zoned(zone.clone()).ok()?.timestamp();
            let next = date.tomorrow().ok()?.to_zoned(zone.clone()).ok()?.timestamp();
            return Some(Self {
                first,
                last: next - SignedDuration::from_micros(1),
            });
        };
        let first = text.parse::<Timestamp>().ok().or_else(|| {
            let local: DateTime = text.parse().ok()?;
            Some(local.to_zoned(zone.clone()).ok()?.timestamp())
        })?;
        Some(Self {
            first,
            last: first + SignedDuration::from_micros(precision_in_micros(time) - 1),
        })
    }
}

/// How many microseconds the last written digit of a time counts: `09:30` is precise to 60,000,000 of them.
fn precision_in_micros(time: &str) -> i64 {
    let clock = time.split(['Z', 'z', '+', '-', '[']).next().unwrap_or_default();
    let (whole, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    match (whole.bytes().filter(u8::is_ascii_digit).count(), fraction.len()) {
        (..=2, _) => 3_600_000_000,
        (..=4, _) => 60_000_000,
        (_, places @ 0..6) => 10_i64.pow(6 - u32::try_from(places).unwrap_or(0)),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, first: &str, last: &str) {
        let zone = TimeZone::get("Asia/Tokyo").expect("bundled zone");
        let moment = Moment::parse(text, &zone).expect(text);
        let expected = (
            first.parse::<Timestamp>().expect(first),
            last.parse::<Timestamp>().expect(last),
        );
        assert_eq!((moment.first, moment.last), expected, "{text}");
    }

    #[test]
    fn a_text_names_all_that_its_precision_leaves_open() {
        check("20260305", "2026-03-04T15:00:00Z", "2026-03-05T14:59:59.999999Z");
        check(
            "2026-03-05",
            "2026-03-04T15:00:00Z",
            "2026-03-05T14:59:59.999999Z",
        );
        check(
            "20260305T120000",
            "2026-03-05T03:00:00Z",
            "2026-03-05T03:00:00.999999Z",
        );
        check(
            "2026-03-05T12:00",
            "2026-03-05T03:00:00Z",
            "2026-03-05T03:00:59.999999Z",
        );
        check(
            "2026-03-05T12:00:00.5",
            "2026-03-05T03:00:00.5Z",
            "2026-03-05T03:00:00.599999Z",
        );
        check(
            "2026-03-05T12:00:00.123456+00:00",
            "2026-03-05T12:00:00.123456Z",
            "2026-03-05T12:00:00.123456Z",
        );
        check(
            "2026-03-05T12:00:00Z",
            "2026-03-05T12:00:00Z",
            "2026-03-05T12:00:00.999999Z",
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "yesterday",
            "20260230",
            "2026-03-05T25:00:00",
            "T120000",
            "2026",
        ] {
            assert!(Moment::parse(text, &TimeZone::UTC).is_err(), "{text:?}");
        }
    }
}
