//! What the cart service knows of a session.

use kugel_types::{Money, Overflow, TransactionType};

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
    pub fn counted(self, number: i64, kind: TransactionType, cash: Money) -> Result<Self, Overflow> {
        Ok(Self {
            count: self.count + 1,
            last_no: Some(self.last_no.map_or(number, |last| last.max(number))),
            cash: self.cash.plus(kind.money().of(cash))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use kugel_types::TransactionType::{Return, Sale, VoidReturn, VoidSale};

    use super::SessionSales;

    #[test]
    fn sales_bring_cash_and_their_reversals_take_it_back() {
        let mut session = SessionSales::default();
        for (number, kind, cash) in [
            (7, Sale, "100"),
            (8, Return, "30"),
            (10, VoidReturn, "30"),
            (9, VoidSale, "100"),
        ] {
            let cash = cash.parse().expect("an amount");
            session = session.counted(number, kind, cash).expect("fits");
        }
        assert!(session.cash.is_zero());
        assert_eq!((session.count, session.last_no), (4, Some(10)));
    }
}
