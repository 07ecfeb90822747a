//! The server's refusals as sentences.

use std::fmt;

use rust_decimal::Decimal;
use tonic::{Code, Status};

/// A call that did not succeed.
#[derive(Debug)]
pub struct Failure {
    doing: &'static str,
    status: Box<Status>,
}

impl Failure {
    pub(crate) fn lacking(doing: &'static str, what: &str) -> Self {
        while_doing(doing)(Status::internal(format!("the answer lacks {what}")))
    }

    /// True if the server understood and said no, so that the next call may well succeed.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self.status.code(),
            Code::InvalidArgument | Code::FailedPrecondition | Code::NotFound | Code::OutOfRange
        )
    }

    /// What the server said, with its code.
    pub fn reason(&self) -> String {
        let message = self.status.message();
        match (kugel_error::reason_of(&self.status), self.status.code()) {
            (Some(row), _) => format!("{message} ({})", row.code),
            // No answer of Kugel: the connection is gone.
            (None, Code::Unavailable | Code::Unknown | Code::Cancelled) => {
                format!("the server does not answer any more ({message})")
            }
            (None, _) => message.to_owned(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot {}: {}", self.doing, self.reason())
    }
}

impl std::error::Error for Failure {}

/// Says what was being done when a call failed.
pub fn while_doing(doing: &'static str) -> impl Fn(Status) -> Failure {
    move |status| Failure {
        doing,
        status: Box::new(status),
    }
}

/// An amount of an answer.
pub fn amount(wire: Option<&kugel_proto::Decimal>) -> Result<Decimal, Failure> {
    let exact = wire.and_then(|wire| wire.exact().ok());
    exact.ok_or_else(|| Failure::lacking("read an answer", "an amount"))
}
