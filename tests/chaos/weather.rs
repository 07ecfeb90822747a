//! What the clocks and the time zone say, to all processes alike.

use std::path::Path;

use rand::Rng;
use rand::seq::IndexedRandom as _;

/// The library that steps clocks, where its package puts it.
const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const ZONES: [&str; 4] = [
    "Asia/Tokyo",
    "Europe/Berlin",
    "America/Los_Angeles",
    "Pacific/Auckland",
];
/// How far clocks are wrong, either way.
const HOURS: i64 = 3;

/// The weather of a fleet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    zone: &'static str,
    hours: i64,
}

impl Weather {
    /// As it is in the beginning, when tokens are issued: no clock is further behind later, where they would be of the future.
    pub(crate) fn first() -> Self {
        Self {
            zone: ZONES[0],
            hours: if can_step_clocks() { -HOURS } else { 0 },
        }
    }

    /// Any. Clocks are right where nothing can step them.
    pub(crate) fn any(dice: &mut impl Rng) -> Self {
        let hours = dice.random_range(-HOURS..=HOURS);
        Self {
            zone: ZONES.choose(dice).copied().unwrap_or(ZONES[0]),
            hours: if can_step_clocks() { hours } else { 0 },
        }
    }

    /// For `kugel verify`, which reads what was written under any clock.
    pub(crate) fn zone(self) -> (String, String) {
        ("TIMEZONE".to_owned(), self.zone.to_owned())
    }

    /// For a process. Durations go on as they are, as those of a machine whose clock is set do.
    pub(crate) fn environment(self) -> Vec<(String, String)> {
        let mut environment = vec![self.zone()];
        if self.hours != 0 {
            let stepped = [
                ("LD_PRELOAD", LIBRARY.to_owned()),
                ("FAKETIME", format!("{:+}h", self.hours)),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ];
            environment.extend(stepped.map(|(name, value)| (name.to_owned(), value)));
        }
        environment
    }
}

impl std::fmt::Display for Weather {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} and clocks {:+} h", self.zone, self.hours)
    }
}

/// True if the library is there.
pub(crate) fn can_step_clocks() -> bool {
    Path::new(LIBRARY).exists()
}
