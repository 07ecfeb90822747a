//! Why a call was refused.

use std::fmt;

use tonic::Status;
use tonic_types::StatusExt as _;

/// What callers go by when they are refused. Compares with `("300001", 422, ["quantity"])`.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The six digits.
    pub code: &'static str,
    /// The status over HTTP.
    pub http: u16,
    /// The fields that are wrong, in the order they are named.
    pub fields: Vec<String>,
}

/// Reads a refusal of Kugel's own. Panics for any other status.
#[track_caller]
pub fn refusal(status: &Status) -> Refusal {
    let row = kugel_error::reason_of(status).unwrap_or_else(|| panic!("not one of ours: {status:?}"));
    let violations = status
        .get_details_bad_request()
        .map(|details| details.field_violations);
    Refusal {
        code: row.code,
        http: row.http,
        fields: violations.into_iter().flatten().map(|one| one.field).collect(),
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.code, self.http, &self.fields).fmt(formatter)
    }
}

impl<const COUNT: usize> PartialEq<(&str, u16, [&str; COUNT])> for Refusal {
    fn eq(&self, (code, http, fields): &(&str, u16, [&str; COUNT])) -> bool {
        self.code == *code && self.http == *http && self.fields == *fields
    }
}
