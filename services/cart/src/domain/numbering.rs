//! Transaction and receipt numbers of a terminal.
//!
//! The transaction number only grows: it identifies a transaction at its terminal for ever. The receipt number is what
//! is printed; it runs through a range of its own and starts again at the end. Both are kept in one document, which the
//! bill's commit replaces by revision: no number is taken by a transaction that did not happen, and none twice.

use kugel_error::{Error, codes};
use serde::{Deserialize, Serialize};

/// The numbers that were used last at a terminal; 0 means none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Numbers {
    /// The last transaction number.
    #[serde(default)]
    pub transaction_no: i64,
    /// The last receipt number.
    #[serde(default)]
    pub receipt_no: i64,
}

/// The receipt numbers of a terminal, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptRange {
    start: i64,
    end: i64,
}

impl ReceiptRange {
    /// Takes a range from 1 upwards that is not empty.
    pub fn new(start: i64, end: i64) -> Result<Self, Error> {
        if start >= 1 && start <= end {
            Ok(Self { start, end })
        } else {
            Err(codes::INVALID_INPUT.error(format!("receipt numbers from {start} to {end} are not a range")))
        }
    }
}

impl Numbers {
    /// The numbers of the next transaction. If the range was moved, the receipt number starts at the new range.
    #[must_use]
    pub fn next(self, range: ReceiptRange) -> Self {
        let receipt_no = match self.receipt_no.checked_add(1) {
            Some(next) if (range.start..=range.end).contains(&next) => next,
            Some(_) | None => range.start,
        };
        Self {
            transaction_no: self.transaction_no + 1,
            receipt_no,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(start: i64, end: i64) -> ReceiptRange {
        ReceiptRange::new(start, end).expect("a range")
    }

    #[test]
    fn receipts_run_through_their_range_and_start_again() {
        let rows = [
            (0, 111_111, 999_999, 111_111),
            (111_111, 111_111, 999_999, 111_112),
            (999_999, 111_111, 999_999, 111_111),
            // The range was moved up, down, and shrunk to one number.
            (5, 100, 200, 100),
            (300, 100, 200, 100),
            (7, 7, 7, 7),
        ];
        for (last, start, end, expected) in rows {
            let next = Numbers {
                transaction_no: 3,
                receipt_no: last,
            }
            .next(range(start, end));
            assert_eq!(
                next,
                Numbers {
                    transaction_no: 4,
                    receipt_no: expected
                },
                "after {last} in {start}..={end}"
            );
        }
    }

    #[test]
    fn empty_ranges_are_refused() {
        assert!(ReceiptRange::new(0, 9).is_err());
        assert!(ReceiptRange::new(9, 8).is_err());
    }

    proptest! {
        #[test]
        fn transaction_numbers_have_no_hole_and_receipts_stay_in_range(start in 1_i64..50, size in 0_i64..20, steps in 1_usize..200) {
            let range = range(start, start + size);
            let mut numbers = Numbers::default();
            for step in 1..=steps {
                numbers = numbers.next(range);
                prop_assert_eq!(numbers.transaction_no, i64::try_from(step).expect("small"));
                prop_assert!((start..=start + size).contains(&numbers.receipt_no));
            }
        }
    }
}
