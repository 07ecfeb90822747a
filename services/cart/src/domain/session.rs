//! What a session of a terminal comes to, and when nothing more belongs to it.
//!
//! The sums stand beside the terminal's numbers, in the document that every transaction replaces by revision: a
//! transaction is in them or was not made. Sealing them is how a session ends for sales; the terminal's close announces
//! the sealed sums.

use kugel_error::{Error, codes};
use kugel_types::{Money, Overflow, TransactionType};
use serde::{Deserialize, Serialize};

use super::terminal::Session;

/// What the transactions of a session add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSums {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// Transactions, cancelled ones included.
    pub count: i32,
    /// The number of the newest, if there is any.
    pub last_no: Option<i64>,
    /// Cash that came into the drawer by sales, less what returns and voids gave back.
    pub cash: Money,
    /// True once the session takes no more.
    pub sealed: bool,
}

/// A session that takes no more transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOver;

impl SessionSums {
    /// The sums of a session without a transaction.
    pub fn begun(session: Session) -> Self {
        Self {
            session,
            count: 0,
            last_no: None,
            cash: Money::ZERO,
            sealed: false,
        }
    }

    /// The sums that the next transaction of `session` is added to, given the last that are known of its terminal.
    /// Sessions are in order of their `business_counter`, whatever the calendar says.
    pub fn going_on(known: Option<Self>, session: Session) -> Result<Self, SessionOver> {
        match known {
            Some(known) if known.session.business_counter > session.business_counter => Err(SessionOver),
            Some(known) if known.session.business_counter < session.business_counter => {
                Ok(Self::begun(session))
            }
            Some(known) if known.sealed => Err(SessionOver),
            Some(known) => Ok(known),
            None => Ok(Self::begun(session)),
        }
    }

    /// One more transaction, given the cash it settled: positive for every type, net of change.
    pub fn counted(self, number: i64, kind: TransactionType, cash: Money) -> Result<Self, Overflow> {
        Ok(Self {
            count: self.count + 1,
            last_no: self.last_no.max(Some(number)),
            cash: self.cash.plus(kind.money().of(cash))?,
            ..self
        })
    }
}

impl From<SessionOver> for Error {
    fn from(SessionOver: SessionOver) -> Self {
        codes::CART_TERMINAL_STATE.error("the terminal's session is closed: open the terminal")
    }
}

#[cfg(test)]
mod tests {
    use kugel_types::TransactionType::{Return, Sale, VoidReturn, VoidSale};

    use super::*;

    fn session(business_counter: i32) -> Session {
        Session {
            business_date: "20260611".parse().unwrap(),
            open_counter: business_counter,
            business_counter,
        }
    }

    #[test]
    fn sales_bring_cash_and_their_reversals_take_it_back() {
        let mut sums = SessionSums::begun(session(1));
        for (number, kind, cash) in [
            (7, Sale, "100"),
            (8, Return, "30"),
            (10, VoidReturn, "30"),
            (9, VoidSale, "100"),
        ] {
            sums = sums.counted(number, kind, cash.parse().unwrap()).unwrap();
        }
        assert!(sums.cash.is_zero());
        assert_eq!((sums.count, sums.last_no), (4, Some(10)));
    }

    #[test]
    fn a_session_goes_on_until_it_is_sealed_or_another_one_began() {
        let known = SessionSums::begun(session(2))
            .counted(5, Sale, "100".parse().unwrap())
            .unwrap();
        let sealed = SessionSums {
            sealed: true,
            ..known
        };
        for (before, wanted, expected) in [
            (None, 2, Ok(SessionSums::begun(session(2)))),
            (Some(known), 2, Ok(known)),
            (Some(known), 3, Ok(SessionSums::begun(session(3)))),
            (Some(known), 1, Err(SessionOver)),
            (Some(sealed), 2, Err(SessionOver)),
            (Some(sealed), 3, Ok(SessionSums::begun(session(3)))),
        ] {
            assert_eq!(SessionSums::going_on(before, session(wanted)), expected);
        }
    }
}
