//! What is in a request, for rules that hold for every field of a kind.

use crate::Decimal;

/// A message that a request can hold. Generated from the contract.
pub trait Content {
    /// Shows what is in it, in the order of the contract.
    fn read(&mut self, reader: &mut dyn ContentReader);
}

/// Looks at the fields of a request. `place` is the row of a field that is a list.
pub trait ContentReader {
    /// A text, and the characters that the contract allows it.
    fn text(&mut self, field: &'static str, place: Option<usize>, text: &str, most: usize);
    /// A list, and the rows that the contract allows it. False: the rows are not to be shown.
    fn list(&mut self, field: &'static str, rows: usize, most: usize) -> bool;
    /// A decimal.
    fn decimal(&mut self, field: &'static str, place: Option<usize>, value: &mut Decimal);
    /// A message within.
    fn within(&mut self, field: &'static str, place: Option<usize>, message: &mut dyn Content);
}

include!(concat!(env!("OUT_DIR"), "/content.rs"));
