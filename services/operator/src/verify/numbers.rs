//! Numbering: without hole or repeat.

use std::collections::BTreeMap;

use kugel_proto::cart::v1::TransactionLog;

use super::{Break, Outcome, name};

/// Transaction numbers of a terminal count from 1 by one; receipt numbers by one too, and start again at the first
/// number of their range after its last.
pub(super) fn check(log: &[TransactionLog]) -> Outcome {
    let mut last: BTreeMap<(&str, i32), (i64, i64, i64)> = BTreeMap::new();
    for transaction in log {
        let terminal = (transaction.store_code.as_str(), transaction.terminal_no);
        let broken = |equation: String| Break {
            record: name(transaction),
            equation,
        };
        let (number, receipt) = (transaction.transaction_no, transaction.receipt_no);
        let first = match last.get(&terminal) {
            None if number != 1 => return Err(broken(format!("the first number is {number}, not 1"))),
            None => receipt,
            Some((before, _, _)) if number != before + 1 => {
                return Err(broken(format!("number {number} follows {before}")));
            }
            // The range may have been moved by a setting since; what must never be is the same number twice in a row,
            // or a step that is neither the next one nor back to a start.
            Some((_, before, first)) if receipt != before + 1 && receipt > *before => {
                return Err(broken(format!(
                    "receipt number {receipt} follows {before}, the first was {first}"
                )));
            }
            Some((_, before, _)) if receipt == *before => {
                return Err(broken(format!("receipt number {receipt} was given twice")));
            }
            Some((_, _, first)) => *first,
        };
        last.insert(terminal, (number, receipt, first));
    }
    Ok(log.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(numbers: &[(i64, i64)]) -> Vec<TransactionLog> {
        let one = |(transaction_no, receipt_no): &(i64, i64)| TransactionLog {
            transaction_no: *transaction_no,
            receipt_no: *receipt_no,
            ..TransactionLog::default()
        };
        numbers.iter().map(one).collect()
    }

    #[test]
    fn holes_and_repeats_are_found() {
        assert_eq!(check(&log(&[(1, 111_111), (2, 111_112), (3, 111_113)])), Ok(3));
        assert_eq!(
            check(&log(&[(1, 999_999), (2, 111_111)])),
            Ok(2),
            "the range starts again"
        );
        for broken in [
            &[(2, 1)][..],
            &[(1, 1), (3, 2)],
            &[(1, 1), (1, 2)],
            &[(1, 1), (2, 3)],
            &[(1, 1), (2, 1)],
        ] {
            assert!(check(&log(broken)).is_err(), "{broken:?}");
        }
    }
}
