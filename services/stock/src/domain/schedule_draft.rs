//! A schedule as it was written, and the rules it must keep.

use jiff::civil::Time;
use kugel_types::StoreCode;

use crate::domain::schedule::{Interval, Schedule, Targets};

/// Days that snapshots may be kept.
const RETENTION_DAYS_MAX: i32 = 365;
/// The word for every store that has stock.
pub(crate) const ALL_STORES: &str = "all";

/// A schedule as it was written; what is absent takes its default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    pub(crate) enabled: Option<bool>,
    pub(crate) interval: String,
    pub(crate) hour: Option<i32>,
    pub(crate) minute: Option<i32>,
    pub(crate) day_of_week: Option<i32>,
    pub(crate) day_of_month: Option<i32>,
    pub(crate) retention_days: Option<i32>,
    pub(crate) target_stores: Vec<String>,
}

/// Why a draft is no schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) field: &'static str,
    pub(crate) rule: &'static str,
    /// True if the value is well formed and only not allowed here: together with the others, or by policy.
    pub(crate) is_policy: bool,
}

fn malformed(field: &'static str, rule: &'static str) -> Refusal {
    Refusal {
        field,
        rule,
        is_policy: false,
    }
}

fn not_allowed(field: &'static str, rule: &'static str) -> Refusal {
    Refusal {
        field,
        rule,
        is_policy: true,
    }
}

impl Draft {
    /// Checks the draft against the rules; names everything that breaks one.
    pub(crate) fn check(self, default_retention_days: u32) -> Result<Schedule, Vec<Refusal>> {
        let mut refusals = Vec::new();
        let time = accepted(self.time(), &mut refusals);
        let interval = accepted(self.interval(), &mut refusals);
        let retention_days = accepted(self.retention_days(default_retention_days), &mut refusals);
        let targets = accepted(self.targets(), &mut refusals);
        let schedule = || {
            Some(Schedule {
                enabled: self.enabled.unwrap_or(true),
                interval: interval?,
                time: time?,
                retention_days: retention_days?,
                targets: targets?,
            })
        };
        schedule().ok_or(refusals)
    }

    fn time(&self) -> Result<Time, Refusal> {
        let hour = self
            .hour
            .ok_or_else(|| malformed("schedule_hour", "is required"))?;
        let hour = within(hour, 0, 23).ok_or_else(|| malformed("schedule_hour", "must be 0 to 23"))?;
        let minute = within(self.minute.unwrap_or(0), 0, 59)
            .ok_or_else(|| malformed("schedule_minute", "must be 0 to 59"))?;
        Time::new(hour, minute, 0, 0).map_err(|_| malformed("schedule_hour", "must be a time of day"))
    }

    fn interval(&self) -> Result<Interval, Refusal> {
        let day_of_week = in_range(self.day_of_week, 0, 6)
            .map_err(|()| malformed("schedule_day_of_week", "must be 0 (Monday) to 6"))?;
        let day_of_month = in_range(self.day_of_month, 1, 31)
            .map_err(|()| malformed("schedule_day_of_month", "must be 1 to 31"))?;
        match self.interval.as_str() {
            "daily" => Ok(Interval::Daily),
            "weekly" => day_of_week
                .map(|day| Interval::Weekly { day })
                .ok_or_else(|| not_allowed("schedule_day_of_week", "is required for a weekly schedule")),
            "monthly" => day_of_month
                .map(|day| Interval::Monthly { day })
                .ok_or_else(|| not_allowed("schedule_day_of_month", "is required for a monthly schedule")),
            _ => Err(malformed("schedule_interval", "must be daily, weekly or monthly")),
        }
    }

    fn retention_days(&self, default: u32) -> Result<u32, Refusal> {
        match self.retention_days {
            None => Ok(default),
            Some(days @ 1..=RETENTION_DAYS_MAX) => Ok(days.unsigned_abs()),
            Some(..=0) => Err(malformed("retention_days", "must be 1 or more")),
            Some(_) => Err(not_allowed("retention_days", "must be 365 or less")),
        }
    }

    fn targets(&self) -> Result<Targets, Refusal> {
        match self.target_stores.as_slice() {
            [] => Ok(Targets::All),
            [all] if all == ALL_STORES => Ok(Targets::All),
            stores if stores.iter().any(|store| store == ALL_STORES) => Err(malformed(
                "target_stores",
                "must hold `all` alone, or store codes",
            )),
            stores => {
                let stores: Result<Vec<StoreCode>, _> = stores.iter().map(|store| store.parse()).collect();
                stores
                    .map(Targets::Stores)
                    .map_err(|_| malformed("target_stores", "must hold store codes"))
            }
        }
    }
}

/// The value, or nothing and one more refusal.
fn accepted<T>(value: Result<T, Refusal>, refusals: &mut Vec<Refusal>) -> Option<T> {
    value.map_err(|refusal| refusals.push(refusal)).ok()
}

fn in_range(value: Option<i32>, least: i32, most: i32) -> Result<Option<i8>, ()> {
    value
        .map(|value| within(value, least, most).ok_or(()))
        .transpose()
}

fn within(value: i32, least: i32, most: i32) -> Option<i8> {
    (least..=most)
        .contains(&value)
        .then(|| i8::try_from(value).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daily() -> Draft {
        Draft {
            interval: "daily".to_owned(),
            hour: Some(2),
            ..Draft::default()
        }
    }

    #[test]
    fn what_is_absent_takes_its_default() {
        assert_eq!(daily().check(30).unwrap(), Schedule::default_with(30));
    }

    #[test]
    fn a_schedule_keeps_the_rules() {
        let weekly = || Draft {
            interval: "weekly".to_owned(),
            ..daily()
        };
        let monthly = || Draft {
            interval: "monthly".to_owned(),
            ..daily()
        };
        let stores = |stores: &[&str]| stores.iter().map(|store| (*store).to_owned()).collect();
        for (draft, field, is_policy) in [
            (
                Draft {
                    hour: None,
                    ..daily()
                },
                "schedule_hour",
                false,
            ),
            (
                Draft {
                    hour: Some(24),
                    ..daily()
                },
                "schedule_hour",
                false,
            ),
            (
                Draft {
                    minute: Some(-1),
                    ..daily()
                },
                "schedule_minute",
                false,
            ),
            (
                Draft {
                    interval: "Daily".to_owned(),
                    ..daily()
                },
                "schedule_interval",
                false,
            ),
            (
                Draft {
                    day_of_week: Some(7),
                    ..daily()
                },
                "schedule_day_of_week",
                false,
            ),
            (
                Draft {
                    day_of_month: Some(0),
                    ..daily()
                },
                "schedule_day_of_month",
                false,
            ),
            (weekly(), "schedule_day_of_week", true),
            (monthly(), "schedule_day_of_month", true),
            (
                Draft {
                    retention_days: Some(0),
                    ..daily()
                },
                "retention_days",
                false,
            ),
            (
                Draft {
                    retention_days: Some(366),
                    ..daily()
                },
                "retention_days",
                true,
            ),
            (
                Draft {
                    target_stores: stores(&["all", "S1"]),
                    ..daily()
                },
                "target_stores",
                false,
            ),
            (
                Draft {
                    target_stores: stores(&["S 1"]),
                    ..daily()
                },
                "target_stores",
                false,
            ),
        ] {
            let refusals = draft.clone().check(30).unwrap_err();
            let refusals: Vec<_> = refusals
                .iter()
                .map(|refusal| (refusal.field, refusal.is_policy))
                .collect();
            assert_eq!(refusals, [(field, is_policy)], "{draft:?}");
        }
        let weekly = Draft {
            day_of_week: Some(6),
            ..weekly()
        }
        .check(30)
        .unwrap();
        assert_eq!(weekly.interval, Interval::Weekly { day: 6 });
    }

    #[test]
    fn every_broken_rule_is_named() {
        let draft = Draft {
            retention_days: Some(366),
            ..Draft::default()
        };
        let refusals = draft.check(30).unwrap_err();
        let fields: Vec<_> = refusals.iter().map(|refusal| refusal.field).collect();
        assert_eq!(fields, ["schedule_hour", "schedule_interval", "retention_days"]);
    }
}
