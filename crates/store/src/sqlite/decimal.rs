//! Decimals, which bodies hold as text, in the order of their values.

use std::cmp::Ordering;

use kugel_types::parse_exact;
use rusqlite::Connection;

/// What queries call the order. No table and no index names it, so that other programs can read the file.
pub(super) const COLLATION: &str = "exact_decimal";

/// Teaches a connection the order.
pub(super) fn teach(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_collation(COLLATION, compare)
}

/// By value, to the last digit. Texts that are no decimals come first, by their bytes.
fn compare(left: &str, right: &str) -> Ordering {
    match (parse_exact(left), parse_exact(right)) {
        (None, None) => left.cmp(right),
        (left, right) => left.cmp(&right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_come_by_value() {
        let mut texts = [
            "10",
            "9.5",
            "-1",
            "x",
            "0.30",
            "9.50",
            "0.3",
            "-1.0001",
            "999999999999.9999",
            "a",
        ];
        texts.sort_by(|left, right| compare(left, right));
        let expected = [
            "a",
            "x",
            "-1.0001",
            "-1",
            "0.30",
            "0.3",
            "9.5",
            "9.50",
            "10",
            "999999999999.9999",
        ];
        assert_eq!(texts, expected);
    }
}
