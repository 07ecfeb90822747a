//! How an invoice is paid. The files do not say, so its number decides: the same every time.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{CARD, CASH, VOUCHER};

/// Cash is handed over in notes of at least this.
const NOTE: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// Percent off the whole cart for one invoice of nine.
const DISCOUNT: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// A payment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tender<'a> {
    /// The payment method.
    pub(super) code: &'a str,
    /// What is handed over.
    pub(super) amount: Decimal,
}

/// What is handed over for a balance: of ten invoices four are paid in cash, three by card, two by card and cash, one
/// by gift card.
pub(super) fn tenders(number: &str, balance: Decimal) -> Vec<Tender<'static>> {
    let cash = |amount: Decimal| Tender {
        code: CASH,
        amount: (amount / NOTE).ceil() * NOTE,
    };
    let exact = |code, amount| Tender { code, amount };
    let half = (balance / Decimal::TWO).round_dp_with_strategy(2, RoundingStrategy::ToZero);
    match digits(number) % 10 {
        _ if balance.is_zero() => Vec::new(),
        4..=6 => vec![exact(CARD, balance)],
        7 | 8 if !half.is_zero() => vec![exact(CARD, half), cash(balance - half)],
        9 => vec![exact(VOUCHER, balance)],
        _ => vec![cash(balance)],
    }
}

/// The percentage that is taken off an invoice.
pub(super) fn discount(number: &str) -> Option<Decimal> {
    digits(number).is_multiple_of(9).then_some(DISCOUNT)
}

/// The digits at the end of the number, as far as they fit.
fn digits(number: &str) -> u64 {
    let start = number.trim_end_matches(|last: char| last.is_ascii_digit()).len();
    number[start..].parse().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_decide_how_an_invoice_is_paid() {
        let cases = [
            ("536360", "12.34", vec![(CASH, "15")]),
            ("536361", "15.00", vec![(CASH, "15")]),
            ("536364", "12.34", vec![(CARD, "12.34")]),
            ("536367", "12.35", vec![(CARD, "6.17"), (CASH, "10")]),
            ("536368", "0.01", vec![(CASH, "5")]),
            ("536369", "12.34", vec![(VOUCHER, "12.34")]),
            ("536360", "0", vec![]),
            ("without", "4.99", vec![(CASH, "5")]),
        ];
        for (number, balance, expected) in cases {
            let balance: Decimal = balance.parse().expect("decimal");
            let expected: Vec<Tender<'_>> = expected
                .into_iter()
                .map(|(code, amount)| Tender {
                    code,
                    amount: amount.parse().expect("decimal"),
                })
                .collect();
            let paid = tenders(number, balance);
            assert_eq!(paid, expected, "{number} {balance}");
            assert!(paid.iter().map(|tender| tender.amount).sum::<Decimal>() >= balance);
        }
    }

    #[test]
    fn one_invoice_of_nine_is_discounted() {
        let discounted = (536_300..536_390).filter(|number: &u32| discount(&number.to_string()).is_some());
        assert_eq!(discounted.count(), 10);
    }
}
