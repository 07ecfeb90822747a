//! When snapshots are taken, and how long they are kept.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use kugel_types::StoreCode;

/// The rhythm of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interval {
    Daily,
    /// On a day of the week, 0 (Monday) to 6.
    Weekly {
        day: i8,
    },
    /// On a day of the month, 1 to 31. A month without it is left out.
    Monthly {
        day: i8,
    },
}

/// The stores of which snapshots are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Targets {
    /// Every store that has stock.
    All,
    Stores(Vec<StoreCode>),
}

/// When snapshots are taken, of what, and how long they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) enabled: bool,
    pub(crate) interval: Interval,
    /// The time of day in the chain's zone.
    pub(crate) time: Time,
    pub(crate) retention_days: u32,
    pub(crate) targets: Targets,
}

/// The longest wait for a day of the month is that from 31 January over a short month to 31 March, or twice that where
/// the clock change swallows a day; 100 days hold it easily.
const DAYS_AHEAD: i32 = 100;

impl Schedule {
    /// The schedule of a tenant that stored none: every night at two.
    pub(crate) fn default_with(retention_days: u32) -> Self {
        let time = Time::constant(2, 0, 0, 0);
        Self {
            enabled: true,
            interval: Interval::Daily,
            time,
            retention_days,
            targets: Targets::All,
        }
    }

    /// The first due instant after `after`.
    pub(crate) fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.due(after, zone, 1).find(|due| *due > after)
    }

    /// The last due instant that is not after `now`.
    pub(crate) fn latest(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.due(now, zone, -1).find(|due| *due <= now)
    }

    /// Due instants from the day of `start` on, going `step` days at a time.
    fn due(&self, start: Timestamp, zone: &TimeZone, step: i32) -> impl Iterator<Item = Timestamp> {
        let today = start.to_zoned(zone.clone()).date();
        (0..DAYS_AHEAD)
            .filter_map(move |days| today.checked_add(Span::new().days(days * step)).ok())
            .filter(|date| self.falls_on(*date))
            // A time that the clock change leaves out is taken right after the gap.
            .filter_map(|date| {
                Some(
                    date.to_datetime(self.time)
                        .to_zoned(zone.clone())
                        .ok()?
                        .timestamp(),
                )
            })
    }

    fn falls_on(&self, date: Date) -> bool {
        match self.interval {
            Interval::Daily => true,
            Interval::Weekly { day } => date.weekday().to_monday_zero_offset() == day,
            Interval::Monthly { day } => date.day() == day,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(interval: Interval, now: &str, latest: &str, next: &str) {
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let schedule = Schedule {
            interval,
            ..Schedule::default_with(30)
        };
        let now: Timestamp = now.parse().unwrap();
        assert_eq!(schedule.latest(now, &zone).unwrap().to_string(), latest);
        assert_eq!(schedule.next(now, &zone).unwrap().to_string(), next);
    }

    #[test]
    fn due_times_are_those_of_the_chains_zone() {
        // Two in the morning in Tokyo is 17:00 UTC of the day before.
        check(
            Interval::Daily,
            "2026-03-05T17:00:00Z",
            "2026-03-05T17:00:00Z",
            "2026-03-06T17:00:00Z",
        );
        check(
            Interval::Daily,
            "2026-03-05T16:59:59Z",
            "2026-03-04T17:00:00Z",
            "2026-03-05T17:00:00Z",
        );
        // 2026-03-09 is a Monday.
        check(
            Interval::Weekly { day: 0 },
            "2026-03-05T00:00:00Z",
            "2026-03-01T17:00:00Z",
            "2026-03-08T17:00:00Z",
        );
        check(
            Interval::Monthly { day: 31 },
            "2026-02-10T00:00:00Z",
            "2026-01-30T17:00:00Z",
            "2026-03-30T17:00:00Z",
        );
    }
}
