//! Whether everything that happened in a session has arrived: what daily reports wait for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::log::{Close, OpenClose};

/// What has been received of a session, and what its terminal said about it at the close.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Received {
    /// True once the open log is here.
    pub opened: bool,
    /// Transaction logs, cancelled ones included.
    pub transactions: i64,
    /// The number of the newest transaction. Numbers are the order: a clock may have been set back.
    pub last_transaction: Option<i64>,
    /// Cash logs.
    pub cash_logs: i64,
    /// When the newest was made.
    pub last_cash: Option<Timestamp>,
    /// What the terminal said at the close.
    pub close: Option<Announced>,
}

/// What the terminal said at the close.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Announced {
    /// When it was closed.
    pub generated: Timestamp,
    /// Transaction logs of the session.
    pub transactions: i64,
    /// The number of the newest.
    pub last_transaction: Option<i64>,
    /// Cash logs of the session.
    pub cash_logs: i64,
    /// When the newest was made.
    pub last_cash: Option<Timestamp>,
}

/// Why a session is not complete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// It was opened and not closed, or the close log is still to come.
    #[error("the session is not closed")]
    NotClosed,
    /// Transaction logs are missing or too many.
    #[error("{received} transaction logs of {expected} arrived")]
    Transactions {
        /// As announced at the close.
        expected: i64,
        /// As received.
        received: i64,
    },
    /// The newest transaction is another one.
    #[error("the newest transaction is {received:?} instead of {expected:?}")]
    LastTransaction {
        /// As announced at the close.
        expected: Option<i64>,
        /// As received.
        received: Option<i64>,
    },
    /// Cash logs are missing or too many.
    #[error("{received} cash logs of {expected} arrived")]
    CashLogs {
        /// As announced at the close.
        expected: i64,
        /// As received.
        received: i64,
    },
    /// The newest cash log is another one.
    #[error("the newest cash log is not the one of the close")]
    LastCash,
}

impl Received {
    /// Notes a transaction log.
    pub fn transaction(&mut self, number: i64) {
        self.transactions += 1;
        self.last_transaction = self.last_transaction.max(Some(number));
    }

    /// Notes a cash log.
    pub fn cash(&mut self, generated: Timestamp) {
        self.cash_logs += 1;
        self.last_cash = self.last_cash.max(Some(generated));
    }

    /// Notes an open or close log.
    pub fn open_close(&mut self, log: &OpenClose) {
        match &log.close {
            None => self.opened = true,
            Some(close) => self.hear_close(Announced::new(log.generated, close)),
        }
    }

    fn hear_close(&mut self, announced: Announced) {
        if self.close.as_ref().is_none_or(|close| announced > *close) {
            self.close = Some(announced);
        }
    }

    /// Adds what was received in another batch of the same session.
    pub fn merge(&mut self, other: &Self) {
        self.opened |= other.opened;
        self.transactions += other.transactions;
        self.last_transaction = self.last_transaction.max(other.last_transaction);
        self.cash_logs += other.cash_logs;
        self.last_cash = self.last_cash.max(other.last_cash);
        if let Some(announced) = &other.close {
            self.hear_close(announced.clone());
        }
    }

    /// Checks that the session is closed and that everything its terminal announced is here. A session without an open
    /// log holds nobody up.
    pub fn check(&self) -> Result<(), Incomplete> {
        let Some(close) = &self.close else {
            return if self.opened {
                Err(Incomplete::NotClosed)
            } else {
                Ok(())
            };
        };
        let (expected, received) = (close.cash_logs, self.cash_logs);
        if expected != received {
            return Err(Incomplete::CashLogs { expected, received });
        }
        if received > 0 && close.last_cash != self.last_cash {
            return Err(Incomplete::LastCash);
        }
        let (expected, received) = (close.transactions, self.transactions);
        if expected != received {
            return Err(Incomplete::Transactions { expected, received });
        }
        let received = self.last_transaction;
        if self.transactions > 0 && close.last_transaction != received {
            let expected = close.last_transaction;
            return Err(Incomplete::LastTransaction { expected, received });
        }
        Ok(())
    }
}

/// Numbers that are named when many are missing.
const NUMBERS_NAMED: usize = 10;

/// The numbers that a session announced and that are not among `filed`, as text; empty if there are none. A session's numbers have no hole.
pub fn missing_numbers(close: &Announced, filed: &BTreeSet<i64>) -> String {
    let last = close.last_transaction.unwrap_or_default();
    let first = last - close.transactions + 1;
    let missing: Vec<String> = (first.max(1)..=last)
        .filter(|number| !filed.contains(number))
        .map(|number| number.to_string())
        .take(NUMBERS_NAMED + 1)
        .collect();
    match missing.len() {
        0 => String::new(),
        1..=NUMBERS_NAMED => format!(" (missing: {})", missing.join(", ")),
        _ => format!(" (missing: {} and more)", missing[..NUMBERS_NAMED].join(", ")),
    }
}

impl Announced {
    fn new(generated: Timestamp, close: &Close) -> Self {
        Self {
            generated,
            transactions: close.transactions,
            last_transaction: close.last_transaction,
            cash_logs: close.cash_logs,
            last_cash: close.last_cash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn closed() -> Received {
        let mut received = Received {
            opened: true,
            ..Received::default()
        };
        received.cash(at("2026-03-05T09:00:00+09:00"));
        received.transaction(1);
        received.transaction(2);
        received.close = Some(Announced {
            generated: at("2026-03-05T20:00:00+09:00"),
            transactions: 2,
            last_transaction: Some(2),
            cash_logs: 1,
            last_cash: Some(at("2026-03-05T00:00:00Z")),
        });
        received
    }

    #[test]
    fn a_session_is_complete_when_all_that_was_announced_is_here() {
        assert_eq!(closed().check(), Ok(()));
        assert_eq!(Received::default().check(), Ok(()), "never opened");
        let open = Received {
            close: None,
            ..closed()
        };
        assert_eq!(open.check(), Err(Incomplete::NotClosed));
        let mut late = closed();
        late.transaction(3);
        assert_eq!(
            late.check(),
            Err(Incomplete::Transactions {
                expected: 2,
                received: 3
            })
        );
        let mut other = closed();
        other.last_transaction = Some(9);
        assert!(matches!(other.check(), Err(Incomplete::LastTransaction { .. })));
        let mut drawer = closed();
        drawer.last_cash = Some(at("2026-03-05T09:30:00+09:00"));
        assert_eq!(drawer.check(), Err(Incomplete::LastCash));
    }

    #[test]
    fn the_order_in_which_logs_are_heard_makes_no_difference() {
        let mut received = Received::default();
        received.transaction(2);
        received.transaction(1);
        received.cash(at("2026-10-25T02:10:00+01:00"));
        // The hour that comes twice: this one is the earlier, though its text is the greater.
        received.cash(at("2026-10-25T02:30:00+02:00"));
        assert_eq!(received.last_transaction, Some(2));
        assert_eq!(received.last_cash, Some(at("2026-10-25T01:10:00Z")));
    }

    #[test]
    fn missing_numbers_are_named_and_many_are_cut_short() {
        let close = |transactions, last| Announced {
            transactions,
            last_transaction: Some(last),
            ..Announced::default()
        };
        assert_eq!(
            missing_numbers(&close(3, 9), &BTreeSet::from([7, 9])),
            " (missing: 8)"
        );
        assert_eq!(missing_numbers(&close(1, 9), &BTreeSet::from([8, 9])), "");
        let many = missing_numbers(&close(20, 20), &BTreeSet::new());
        assert_eq!(many, " (missing: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and more)");
    }
}
