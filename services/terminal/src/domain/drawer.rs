//! The cash drawer during one session.

use jiff::Timestamp;
use kugel_types::{Money, Overflow};
use serde::{Deserialize, Serialize};

use super::{LastSession, Refusal, Terminal};

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

/// What a cash out is held against, where the tenant does not allow whatever is taken out.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// True if more than the drawer holds is refused, false if it is only told.
    pub refuses: bool,
    /// The session whose sales brought cash in. Those of another one than the terminal's did not.
    pub sold: Option<LastSession>,
}

impl Watch {
    /// What a movement takes out beyond what the drawer holds. One that fell below zero by the books holds nothing.
    pub(super) fn over_drawer(&self, terminal: &Terminal, signed: Money) -> Result<Option<Money>, Refusal> {
        let sold = self.sold.filter(|sold| sold.is_of(terminal));
        let from_sales = sold.map_or(Money::ZERO, |sold| sold.sales.cash);
        let held = terminal.drawer.amount.plus(from_sales)?.max(Money::ZERO);
        let left = held.plus(signed)?;
        match left.is_negative() {
            true if self.refuses => Err(Refusal::OverDrawer { held }),
            true => Ok(Some(left.negated())),
            false => Ok(None),
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

#[cfg(test)]
mod tests {
    use kugel_auth::ApiKey;

    use super::*;
    use crate::domain::SessionSales;

    fn money(text: &str) -> Money {
        text.parse().expect("an amount")
    }

    #[test]
    fn a_watched_drawer_gives_no_more_than_it_holds_or_says_so() {
        let id = "Q7301-tk01-4".parse().expect("valid");
        let mut till = Terminal::new(id, String::new(), ApiKey::from_request("").hash());
        let today = "20260611".parse().expect("a date");
        till.open(today, Some(money("100")), Timestamp::UNIX_EPOCH)
            .expect("opens");
        let sold = |session, cash| LastSession {
            business_counter: session,
            is_sealed: false,
            sales: SessionSales {
                cash: money(cash),
                ..SessionSales::default()
            },
        };
        let take = |sold, refuses, amount| Watch { refuses, sold }.over_drawer(&till, money(amount));
        for (sold, amount, held, over) in [
            (None, "-100", "100", None),
            (None, "-101", "100", Some("1")),
            (Some(sold(1, "50")), "-150", "150", None),
            (Some(sold(1, "50")), "-151", "150", Some("1")),
            (Some(sold(1, "-30")), "-71", "70", Some("1")),
            // What a former session sold was counted at its close.
            (Some(sold(0, "50")), "-101", "100", Some("1")),
            // Nothing is in a drawer that fell below zero.
            (Some(sold(1, "-130")), "-20", "0", Some("20")),
            (Some(sold(1, "-130")), "20", "0", None),
        ] {
            let held = money(held);
            assert_eq!(take(sold, false, amount), Ok(over.map(money)), "{amount}");
            let refused = over.map_or(Ok(None), |_| Err(Refusal::OverDrawer { held }));
            assert_eq!(take(sold, true, amount), refused, "{amount}");
        }
    }
}
