//! What the cart service knows of a session.

use kugel_types::{Money, Overflow};

/// The payment code of cash.
pub const CASH: &str = "01";

/// The sales side of a session: what its transaction logs add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SessionSales {
    /// Transaction logs, cancelled ones included.
    pub count: i32,
    /// The highest transaction number, if there is any.
    pub last_no: Option<i64>,
    /// Cash that came into the drawer by sales, less what returns and voids gave back.
    pub cash: Money,
}

impl SessionSales {
    /// Counts one more transaction log, given the cash it settled: positive for every type, net of change.
    pub fn counted(self, number: i64, transaction_type: i32, cash: Money) -> Result<Self, Overflow> {
        let signed = if gives_back(transaction_type) {
            cash.negated()
        } else {
            cash
        };
        Ok(Self {
            count: self.count + 1,
            last_no: Some(self.last_no.map_or(number, |last| last.max(number))),
            cash: self.cash.plus(signed)?,
        })
    }
}

/// True for returns (102) and voids of sales (201): their cash leaves the drawer. That of sales (101) and of voids of
/// returns (202) comes in.
fn gives_back(transaction_type: i32) -> bool {
    matches!(transaction_type, 102 | 201)
}

#[cfg(test)]
mod tests {
    use super::SessionSales;

    #[test]
    fn sales_bring_cash_and_their_reversals_take_it_back() {
        let mut session = SessionSales::default();
        for (number, transaction_type, cash) in
            [(7, 101, "100"), (8, 102, "30"), (10, 202, "30"), (9, 201, "100")]
        {
            let cash = cash.parse().expect("an amount");
            session = session.counted(number, transaction_type, cash).expect("fits");
        }
        assert!(session.cash.is_zero());
        assert_eq!((session.count, session.last_no), (4, Some(10)));
    }
}
