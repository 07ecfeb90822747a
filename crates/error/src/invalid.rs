//! Values that a type refused become *invalid input*.

use kugel_types::{InvalidAmount, InvalidId, Overflow};

use crate::{Error, codes};

impl From<InvalidId> for Error {
    fn from(invalid: InvalidId) -> Self {
        let field = invalid.kind.replace(' ', "_");
        codes::INVALID_INPUT
            .error(invalid.to_string())
            .field(field, invalid.rule)
    }
}

impl From<InvalidAmount> for Error {
    fn from(invalid: InvalidAmount) -> Self {
        codes::INVALID_INPUT.error(invalid.to_string())
    }
}

impl From<Overflow> for Error {
    fn from(overflow: Overflow) -> Self {
        codes::INVALID_INPUT.error(overflow.to_string())
    }
}
