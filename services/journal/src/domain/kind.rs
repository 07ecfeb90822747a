//! Which number an entry of the journal has that is no transaction.

use kugel_types::Money;

const OPEN: i32 = 301;
const CLOSE: i32 = 302;
const CASH_IN: i32 = 401;
const CASH_OUT: i32 = 402;

/// The type of a drawer movement's entry. Nothing put in is still *cash in*: it is how a till opens with a change fund
/// of zero.
pub(crate) fn of_cash(amount: Money) -> i32 {
    if amount.is_negative() { CASH_OUT } else { CASH_IN }
}

/// The type of an opening's or closing's entry, or `None` if the operation is neither.
pub(crate) fn of_operation(operation: &str) -> Option<i32> {
    match operation {
        "open" => Some(OPEN),
        "close" => Some(CLOSE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_fund_of_zero_is_cash_in() {
        for (amount, expected) in [("0", 401), ("0.01", 401), ("-0.01", 402), ("-500", 402)] {
            assert_eq!(of_cash(amount.parse().unwrap()), expected, "{amount}");
        }
    }

    #[test]
    fn operations_are_open_and_close() {
        assert_eq!(of_operation("open"), Some(301));
        assert_eq!(of_operation("close"), Some(302));
        assert_eq!(of_operation("Open"), None);
    }
}
