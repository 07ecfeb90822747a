//! Whether everything that happened in a session has arrived: what daily reports wait for.

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
    /// The newest transaction: when, and its number.
    pub last_transaction: Option<(String, i64)>,
    /// Cash logs.
    pub cash_logs: i64,
    /// When the newest was made.
    pub last_cash: Option<String>,
    /// What the terminal said at the close.
    pub close: Option<Announced>,
}

/// What the terminal said at the close.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Announced {
    /// When it was closed.
    pub generated: String,
    /// Transaction logs of the session.
    pub transactions: i64,
    /// The number of the newest.
    pub last_transaction: Option<i64>,
    /// Cash logs of the session.
    pub cash_logs: i64,
    /// When the newest was made.
    pub last_cash: Option<String>,
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
    pub fn transaction(&mut self, generated: &str, number: i64) {
        self.transactions += 1;
        let candidate = (generated, number);
        let newest = self.last_transaction.as_ref();
        if newest.is_none_or(|(time, number)| candidate > (time.as_str(), *number)) {
            self.last_transaction = Some((generated.to_owned(), number));
        }
    }

    /// Notes a cash log.
    pub fn cash(&mut self, generated: &str) {
        self.cash_logs += 1;
        if self.last_cash.as_deref().is_none_or(|newest| generated > newest) {
            self.last_cash = Some(generated.to_owned());
        }
    }

    /// Notes an open or close log.
    pub fn open_close(&mut self, log: &OpenClose<'_>) {
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
        if other.last_transaction > self.last_transaction {
            self.last_transaction.clone_from(&other.last_transaction);
        }
        self.cash_logs += other.cash_logs;
        if other.last_cash > self.last_cash {
            self.last_cash.clone_from(&other.last_cash);
        }
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
        let received = self.last_transaction.as_ref().map(|(_, number)| *number);
        if self.transactions > 0 && close.last_transaction != received {
            let expected = close.last_transaction;
            return Err(Incomplete::LastTransaction { expected, received });
        }
        Ok(())
    }
}

impl Announced {
    fn new(generated: &str, close: &Close<'_>) -> Self {
        Self {
            generated: generated.to_owned(),
            transactions: close.transactions,
            last_transaction: close.last_transaction,
            cash_logs: close.cash_logs,
            last_cash: close.last_cash.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed() -> Received {
        let mut received = Received {
            opened: true,
            ..Received::default()
        };
        received.cash("2026-03-05T09:00:00.000000+09:00");
        received.transaction("2026-03-05T10:00:00.000000+09:00", 1);
        received.transaction("2026-03-05T11:00:00.000000+09:00", 2);
        received.close = Some(Announced {
            generated: "2026-03-05T20:00:00.000000+09:00".to_owned(),
            transactions: 2,
            last_transaction: Some(2),
            cash_logs: 1,
            last_cash: Some("2026-03-05T09:00:00.000000+09:00".to_owned()),
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
        late.transaction("2026-03-05T12:00:00.000000+09:00", 3);
        assert_eq!(
            late.check(),
            Err(Incomplete::Transactions {
                expected: 2,
                received: 3
            })
        );
        let mut other = closed();
        other.last_transaction = Some(("2026-03-05T11:00:00.000000+09:00".to_owned(), 9));
        assert!(matches!(other.check(), Err(Incomplete::LastTransaction { .. })));
        let mut drawer = closed();
        drawer.last_cash = Some("2026-03-05T09:30:00.000000+09:00".to_owned());
        assert_eq!(drawer.check(), Err(Incomplete::LastCash));
    }
}
