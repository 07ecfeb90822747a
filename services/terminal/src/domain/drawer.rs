//! The cash drawer during one session.

use jiff::Timestamp;
use kugel_types::{Money, Overflow};
use serde::{Deserialize, Serialize};

/// Which way cash goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CashDirection {
    /// Into the drawer.
    In,
    /// Out of the drawer.
    Out,
}

impl CashDirection {
    /// The amount with its sign: the log shows cash that went out below zero.
    pub fn signed(self, amount: Money) -> Money {
        match self {
            Self::In => amount,
            Self::Out => amount.negated(),
        }
    }

    /// The reason that is logged when none is given.
    pub fn default_description(self) -> &'static str {
        match self {
            Self::In => "Cash In (Default)",
            Self::Out => "Cash Out (Default)",
        }
    }
}

/// The drawer at a close: what should be in it and what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Change fund, cash in less cash out, and what sales brought in.
    pub expected: Money,
    /// What was counted; `None` if nobody did, which is not the same as an empty drawer.
    pub counted: Option<Money>,
    /// Counted less expected: below zero, cash is missing. `None` if nobody counted.
    pub over_short: Option<Money>,
}

/// What the cash logs of a session add up to. It lives in the terminal so that closing needs no recount, and so that
/// a movement and a close cannot pass each other: both replace the same document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Drawer {
    /// Cash logs, the change fund included.
    #[serde(rename = "cash_in_out_count")]
    pub count: i32,
    /// Their sum, change fund included.
    #[serde(rename = "cash_in_out_amount")]
    pub amount: Money,
    /// When the newest was made: the latest instant, for clocks are set back.
    #[serde(rename = "cash_in_out_last_at")]
    pub last: Option<Timestamp>,
}

impl Drawer {
    /// Counts one more log.
    pub fn moved(self, signed: Money, at: Timestamp) -> Result<Self, Overflow> {
        Ok(Self {
            count: self.count + 1,
            amount: self.amount.plus(signed)?,
            last: self.last.max(Some(at)),
        })
    }
}
