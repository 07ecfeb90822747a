//! Numbering: without hole or repeat.

use kugel_proto::cart::v1::TransactionLog;

use super::{Break, name};

/// The numbers of a terminal. Transaction numbers count from 1 by one; receipt numbers by one too, and start again at the
/// first number of their range after its last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// The last transaction number; 0 before the first.
    pub(super) transaction: i64,
    /// The last receipt number.
    pub(super) receipt: i64,
}

impl Numbers {
    /// Hears the next transaction.
    pub(super) fn next(&mut self, transaction: &TransactionLog) -> Result<(), Break> {
        let (number, receipt) = (transaction.transaction_no, transaction.receipt_no);
        let before = std::mem::replace(
            self,
            Self {
                transaction: number,
                receipt,
            },
        );
        let equation = if before.transaction == 0 && number != 1 {
            format!("the first number is {number}, not 1")
        } else if number != before.transaction + 1 {
            format!("number {number} follows {}", before.transaction)
        } else if before.transaction > 0 && receipt == before.receipt {
            format!("receipt number {receipt} was given twice")
        // The range may have been moved by a setting since; what must never be is a step that is neither the next one
        // nor back to a start.
        } else if before.transaction > 0 && receipt > before.receipt + 1 {
            format!("receipt number {receipt} follows {}", before.receipt)
        } else {
            return Ok(());
        };
        Err(Break {
            record: name(transaction),
            equation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(numbers: &[(i64, i64)]) -> Result<(), Break> {
        let mut last = Numbers::default();
        numbers.iter().try_for_each(|(transaction_no, receipt_no)| {
            last.next(&TransactionLog {
                transaction_no: *transaction_no,
                receipt_no: *receipt_no,
                ..TransactionLog::default()
            })
        })
    }

    #[test]
    fn holes_and_repeats_are_found() {
        assert_eq!(check(&[(1, 111_111), (2, 111_112), (3, 111_113)]), Ok(()));
        assert_eq!(
            check(&[(1, 999_999), (2, 111_111)]),
            Ok(()),
            "the range starts again"
        );
        for broken in [
            &[(2, 1)][..],
            &[(1, 1), (3, 2)],
            &[(1, 1), (1, 2)],
            &[(1, 1), (2, 3)],
            &[(1, 1), (2, 1)],
        ] {
            assert!(check(broken).is_err(), "{broken:?}");
        }
    }
}
