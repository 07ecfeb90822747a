//! The figures, and what they mean for a count. Pure: the time is an argument.

use std::time::Duration;

use bytes::Bytes;

/// What is tried. Each kind has counts of its own: who mistypes a PIN may still log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A password. An account has 5 tries, then waits 1, 2, 4, 8 and 16 s, and is locked for 15 minutes with the
    /// tenth. An address has 50 and then waits 1, 2, 4, … s, 30 s at most; it forgets one failure every 30 s. A network of
    /// 48 bits of version 6 has four times as many.
    Password,
    /// A PIN, with the figures of a password; the account is the till.
    Pin,
    /// An API key, with the figures of a password. It cannot be guessed, so who counts it by till gives anybody the
    /// means to lock the till and gains nothing: its subjects are addresses.
    ApiKey,
    /// A registration. An address has 10 an hour: it forgets one every 6 minutes.
    Registration,
}

impl Kind {
    /// The name in keys and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Pin => "pin",
            Self::ApiKey => "api_key",
            Self::Registration => "registration",
        }
    }

    pub(crate) fn for_address(self) -> Rule {
        match self {
            Self::Registration => REGISTRATIONS,
            Self::Password | Self::Pin | Self::ApiKey => ADDRESS,
        }
    }

    /// What holds for a network of 48 bits of version 6, which holds 65,536 that count as an address.
    pub(crate) fn for_network(self) -> Rule {
        let address = self.for_address();
        Rule {
            free: address.free * 4,
            end: match address.end {
                End::Forgets { one_every } => End::Forgets {
                    one_every: one_every / 4,
                },
                locks @ End::Locks { .. } => locks,
            },
            ..address
        }
    }
}

/// How a count turns into a pause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// Tries that cost nothing.
    free: u32,
    /// The pause before the next one. Each further one doubles it.
    first: Duration,
    /// The longest of these pauses.
    longest: Duration,
    /// The end of it.
    end: End,
}

#[derive(Debug, Clone, Copy)]
enum End {
    /// So many tries lock for so long, and then, or after as long without a try, the count begins again.
    Locks { tries: u32, lasts: Duration },
    /// One try is forgotten after so long, and nothing is ever locked.
    Forgets { one_every: Duration },
}

pub(crate) const ACCOUNT: Rule = Rule {
    free: 5,
    first: Duration::from_secs(1),
    longest: Duration::from_secs(16),
    end: End::Locks {
        tries: 10,
        lasts: Duration::from_mins(15),
    },
};

const ADDRESS: Rule = Rule {
    free: 50,
    first: Duration::from_secs(1),
    longest: Duration::from_secs(30),
    end: End::Forgets {
        one_every: Duration::from_secs(30),
    },
};

const REGISTRATIONS: Rule = Rule {
    free: 10,
    first: Duration::from_mins(6),
    longest: Duration::from_mins(6),
    end: End::Forgets {
        one_every: Duration::from_mins(6),
    },
};

/// What is kept of a subject. Instants are microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Count {
    /// Tries that count.
    pub(crate) tries: u32,
    /// When the last one was.
    last: i64,
    /// Until when forgetting has been reckoned.
    reckoned: i64,
}

impl Count {
    /// The count in its stored form. What cannot be read counts nothing.
    pub(crate) fn read(stored: Option<&Bytes>) -> Self {
        let read = || {
            let (tries, instants) = stored?.split_first_chunk::<4>()?;
            let (last, reckoned) = instants.split_first_chunk::<8>()?;
            Some(Self {
                tries: u32::from_be_bytes(*tries),
                last: i64::from_be_bytes(*last),
                reckoned: i64::from_be_bytes(reckoned.try_into().ok()?),
            })
        };
        read().unwrap_or_default()
    }

    /// The count without the try that led from `before` to `after`. The pause then runs from the last try that stands.
    pub(crate) fn less_one(self, before: Self, after: Self) -> Self {
        Self {
            tries: self.tries.saturating_sub(1),
            last: if self.last == after.last {
                before.last
            } else {
                self.last
            },
            ..self
        }
    }

    /// The stored form.
    pub(crate) fn write(self) -> Bytes {
        let parts = [
            &self.tries.to_be_bytes()[..],
            &self.last.to_be_bytes(),
            &self.reckoned.to_be_bytes(),
        ];
        Bytes::from(parts.concat())
    }
}

impl Rule {
    /// The count with one try more at `now`, or how long to wait and whether that is a lock.
    pub(crate) fn take(self, count: Count, now: i64) -> Result<Count, (Duration, bool)> {
        // By the count at the last try, so that what was said of the pause stays true while it lasts.
        let pause = self.pause(count.tries);
        let since = since(count.last, now);
        if since < pause {
            return Err((pause - since, self.locks(count.tries)));
        }
        let count = self.remembered(count, now);
        Ok(Count {
            tries: count.tries + 1,
            last: now,
            reckoned: if count.tries == 0 { now } else { count.reckoned },
        })
    }

    /// What remains of a count.
    fn remembered(self, count: Count, now: i64) -> Count {
        match self.end {
            End::Locks { lasts, .. } if since(count.last, now) >= lasts => Count::default(),
            End::Locks { .. } => count,
            End::Forgets { one_every } => {
                let forgotten = since(count.reckoned, now).as_micros() / one_every.as_micros();
                let forgotten = u32::try_from(forgotten).unwrap_or(u32::MAX).min(count.tries);
                Count {
                    tries: count.tries - forgotten,
                    reckoned: count.reckoned + micros(one_every * forgotten),
                    ..count
                }
            }
        }
    }

    fn pause(self, tries: u32) -> Duration {
        match self.end {
            End::Locks { lasts, .. } if self.locks(tries) => lasts,
            _ if tries < self.free => Duration::ZERO,
            _ => {
                let doubled = 1u32.checked_shl(tries - self.free).unwrap_or(u32::MAX);
                self.first.saturating_mul(doubled).min(self.longest)
            }
        }
    }

    /// True if so many tries lock.
    pub(crate) fn locks(self, tries: u32) -> bool {
        matches!(self.end, End::Locks { tries: most, .. } if tries >= most)
    }

    /// How long a count matters after its last try.
    pub(crate) fn lifetime(self) -> Duration {
        match self.end {
            End::Locks { lasts, .. } => lasts,
            // A pause is at most as long as one try is remembered: hardly more than the free ones gather.
            End::Forgets { one_every } => one_every * (self.free + 10),
        }
    }
}

/// The time since `then`. A clock that went back has seen no time pass.
fn since(then: i64, now: i64) -> Duration {
    Duration::from_micros(u64::try_from(now.saturating_sub(then)).unwrap_or(0))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// The pauses in seconds before each of the tries that are made as soon as they may be.
    fn pauses(rule: Rule, tries: usize) -> Vec<u64> {
        let (mut count, mut now) = (Count::default(), 1_780_000_000 * SECOND);
        let mut pauses = Vec::new();
        while pauses.len() < tries {
            let pause = match rule.take(count, now) {
                Err((pause, _)) => pause,
                Ok(_) => Duration::ZERO,
            };
            if !pause.is_zero() {
                let early = now + micros(pause) - 1;
                assert!(rule.take(count, early).is_err(), "a microsecond early is early");
            }
            now += micros(pause);
            count = rule.take(count, now).unwrap();
            pauses.push(pause.as_secs());
        }
        pauses
    }

    #[test]
    fn an_account_waits_longer_and_longer_and_is_locked_with_the_tenth_try() {
        let one_round = [0, 0, 0, 0, 0, 1, 2, 4, 8, 16];
        let expected: Vec<u64> = one_round.into_iter().chain([900, 0, 0, 0, 0, 1]).collect();
        assert_eq!(pauses(ACCOUNT, 16), expected);
    }

    #[test]
    fn an_address_is_slowed_and_never_locked() {
        for kind in [Kind::Password, Kind::Pin, Kind::ApiKey] {
            let pauses = pauses(kind.for_address(), 200);
            assert!(pauses[..50].iter().all(|pause| *pause == 0));
            assert_eq!(pauses[50..55], [1, 2, 4, 8, 16]);
            assert!(
                pauses[50..].iter().all(|pause| (1..=30).contains(pause)),
                "{pauses:?}"
            );
            assert!(pauses[190..].iter().all(|pause| *pause >= 16), "{pauses:?}");
        }
    }

    #[test]
    fn an_address_forgets_one_try_every_half_minute() {
        let rule = Kind::Password.for_address();
        let now = 1_780_000_000 * SECOND;
        let full = (0..50).fold(Count::default(), |count, _| rule.take(count, now).unwrap());
        for (seconds, left) in [
            (0, 50),
            (29, 50),
            (30, 49),
            (45, 49),
            (1470, 1),
            (1500, 0),
            (9000, 0),
        ] {
            let remembered = rule.remembered(full, now + seconds * SECOND);
            assert_eq!(remembered.tries, left, "after {seconds} s");
        }
        assert!(rule.lifetime() > Duration::from_secs(1500));
    }

    #[test]
    fn an_address_registers_ten_an_hour() {
        let pauses = pauses(Kind::Registration.for_address(), 13);
        assert_eq!(pauses, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 360, 360, 360]);
    }

    #[test]
    fn a_clock_that_went_back_locks_nobody_for_longer() {
        let now = 1_780_000_000 * SECOND;
        let five = (0..5).fold(Count::default(), |count, _| ACCOUNT.take(count, now).unwrap());
        let refusal = ACCOUNT.take(five, now - 86_400 * SECOND).unwrap_err();
        assert_eq!(refusal, (Duration::from_secs(1), false));
    }

    #[test]
    fn a_count_is_stored_and_read_back() {
        let count = Count {
            tries: 7,
            last: -3,
            reckoned: i64::MAX,
        };
        assert_eq!(Count::read(Some(&count.write())), count);
        for unreadable in [None, Some(Bytes::new()), Some(Bytes::from_static(&[1; 21]))] {
            assert_eq!(Count::read(unreadable.as_ref()), Count::default());
        }
    }
}
