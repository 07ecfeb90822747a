//! Which transaction type an entry of the journal has.

use kugel_types::Money;

/// A sale, as the tills number it.
const SALE: i32 = 101;
/// A sale that was cancelled before it was billed. Only the journal knows this type.
const CANCELLED_SALE: i32 = -101;
/// The type that the earliest tills send for a sale.
const SALE_OF_OLD_TILLS: i32 = 1;
const OPEN: i32 = 301;
const CLOSE: i32 = 302;
const CASH_IN: i32 = 401;
const CASH_OUT: i32 = 402;

/// The type of a transaction's entry. Voids and returns keep theirs even if they are marked as cancelled.
pub(crate) fn of_transaction(transaction_type: i32, is_cancelled: bool) -> i32 {
    match (transaction_type, is_cancelled) {
        (SALE | SALE_OF_OLD_TILLS, true) => CANCELLED_SALE,
        (SALE_OF_OLD_TILLS, false) => SALE,
        (other, _) => other,
    }
}

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
    fn only_cancelled_sales_turn_their_sign() {
        for (transaction_type, is_cancelled, expected) in [
            (101, false, 101),
            (101, true, -101),
            (1, false, 101),
            (1, true, -101),
            (102, false, 102),
            (102, true, 102),
            (201, true, 201),
            (202, true, 202),
        ] {
            assert_eq!(
                of_transaction(transaction_type, is_cancelled),
                expected,
                "{transaction_type} {is_cancelled}"
            );
        }
    }

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
