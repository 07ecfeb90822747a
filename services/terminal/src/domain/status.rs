//! The life of a terminal as a total function.

use kugel_types::names;

names!(
    /// Where a terminal is in its life.
    Status, "terminal status" {
        /// Never opened.
        Idle,
        /// In a session.
        Opened,
        /// Between two sessions.
        Closed,
    }
);

/// What is done to a terminal and depends on where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Begins a session.
    Open,
    /// Ends the session.
    Close,
    /// Puts cash into the drawer or takes some out.
    MoveCash,
}

/// An operation that the status does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the terminal is {status}, which does not allow {attempt}")]
pub struct WrongState {
    /// Where the terminal is.
    pub status: Status,
    /// What was attempted, in the contract's words.
    pub attempt: &'static str,
    /// The statuses that allow it.
    pub allowed: &'static [Status],
}

impl Status {
    /// The status after the operation.
    pub fn after(self, operation: Operation) -> Result<Self, WrongState> {
        use Operation::{Close, MoveCash, Open};
        let refuse = |attempt, allowed| {
            Err(WrongState {
                status: self,
                attempt,
                allowed,
            })
        };
        match (self, operation) {
            (Self::Idle | Self::Closed, Open) => Ok(Self::Opened),
            (Self::Opened, Close) => Ok(Self::Closed),
            (Self::Opened, MoveCash) => Ok(Self::Opened),
            (Self::Opened, Open) => refuse("open", &[Self::Idle, Self::Closed]),
            (Self::Idle | Self::Closed, Close) => refuse("close", &[Self::Opened]),
            (Self::Idle | Self::Closed, MoveCash) => refuse("cash in or out", &[Self::Opened]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation, Status, WrongState};

    #[test]
    fn every_pair_of_status_and_operation_has_its_answer() {
        use Operation::{Close, MoveCash, Open};
        use Status::{Closed, Idle, Opened};
        #[track_caller]
        fn check(status: Status, operation: Operation, expected: Option<Status>) {
            assert_eq!(status.after(operation).ok(), expected, "{status} {operation:?}");
        }
        check(Idle, Open, Some(Opened));
        check(Idle, Close, None);
        check(Idle, MoveCash, None);
        check(Opened, Open, None);
        check(Opened, Close, Some(Closed));
        check(Opened, MoveCash, Some(Opened));
        check(Closed, Open, Some(Opened));
        check(Closed, Close, None);
        check(Closed, MoveCash, None);
    }

    #[test]
    fn a_refusal_names_exactly_the_statuses_that_allow_it() {
        let all = [Status::Idle, Status::Opened, Status::Closed];
        for operation in [Operation::Open, Operation::Close, Operation::MoveCash] {
            let allowing: Vec<_> = all
                .into_iter()
                .filter(|status| status.after(operation).is_ok())
                .collect();
            for status in all {
                if let Err(WrongState { allowed, .. }) = status.after(operation) {
                    assert_eq!(allowed, allowing, "{operation:?}");
                }
            }
        }
    }
}
