//! What went wrong, on its way to a REST client.

use std::time::Duration;

use http::StatusCode;
use kugel_error::{Error, ErrorSpec, FieldViolation, codes};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A failure with its row of the error table.
#[derive(Debug)]
pub(crate) struct Failure {
    pub spec: &'static ErrorSpec,
    pub http: StatusCode,
    /// For the client's developer.
    pub message: String,
    /// Paths as the proto spells them.
    pub fields: Vec<FieldViolation>,
    /// Paths as REST spells them, of what strict handling finds in no message.
    pub unknown: Vec<String>,
    /// When it makes sense to try again, if that is known.
    pub pause: Option<Duration>,
    /// What OAuth2 calls it, at its endpoints.
    pub oauth: Option<&'static str>,
}

impl Failure {
    fn new(spec: &'static ErrorSpec, message: String, fields: Vec<FieldViolation>) -> Self {
        let http = StatusCode::from_u16(spec.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            spec,
            http,
            message,
            fields,
            unknown: Vec::new(),
            pause: None,
            oauth: None,
        }
    }

    /// The answer of a service that broke the protocol.
    pub(crate) fn malformed_answer() -> Self {
        Self::new(
            &codes::NEIGHBOUR_FAILED,
            "the service's answer cannot be read".to_owned(),
            Vec::new(),
        )
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            pause: error.pause(),
            ..Self::new(error.spec(), error.message().to_owned(), error.fields().to_vec())
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let violations = status
            .get_details_bad_request()
            .map(|request| request.field_violations)
            .unwrap_or_default();
        let fields = violations
            .into_iter()
            .map(|violation| FieldViolation {
                field: violation.field,
                description: violation.description,
            })
            .collect();
        let spec = kugel_error::reason_of(&status).unwrap_or_else(|| row_of(status.code()));
        let mut failure = Self::new(spec, status.message().to_owned(), fields);
        failure.pause = status.get_details_retry_info().and_then(|info| info.retry_delay);
        if status.code() == Code::Unimplemented {
            failure.http = StatusCode::NOT_IMPLEMENTED;
        }
        failure
    }
}

/// The row of a status that does not name one: from the transport, or from a server that is not ours.
fn row_of(code: Code) -> &'static ErrorSpec {
    match code {
        Code::InvalidArgument | Code::OutOfRange => &codes::INVALID_INPUT,
        Code::Unauthenticated => &codes::UNAUTHENTICATED,
        Code::PermissionDenied => &codes::PERMISSION_DENIED,
        Code::NotFound => &codes::NOT_FOUND,
        Code::AlreadyExists => &codes::DUPLICATE_KEY,
        Code::FailedPrecondition | Code::Aborted | Code::Unimplemented => &codes::GENERAL_FAILURE,
        Code::Unavailable | Code::ResourceExhausted => &codes::OVERLOADED,
        Code::DeadlineExceeded | Code::Cancelled => &codes::DEADLINE_EXCEEDED,
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => &codes::UNEXPECTED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: Status, http: u16, code: &str) {
        let failure = Failure::from(status);
        assert_eq!(
            (failure.http.as_u16(), failure.spec.code),
            (http, code),
            "{}",
            failure.message
        );
    }

    #[test]
    fn a_row_of_ours_is_kept() {
        check(
            codes::CART_NOT_FOUND.error("cart 12 is not found").into(),
            404,
            "401002",
        );
        check(codes::BALANCE_ZERO.error("nothing to pay").into(), 406, "403001");
        let status = Status::from(
            codes::INVALID_INPUT
                .error("bad")
                .field("unit_price", "must not be negative"),
        );
        assert_eq!(Failure::from(status).fields[0].field, "unit_price");
    }

    #[test]
    fn a_bare_status_is_mapped_sensibly() {
        for (status, http, code) in [
            (Status::unavailable("connection refused"), 503, "100004"),
            (Status::deadline_exceeded(""), 504, "100005"),
            (Status::unauthenticated(""), 401, "200001"),
            (Status::permission_denied(""), 403, "200002"),
            (Status::not_found(""), 404, "100001"),
            (Status::invalid_argument(""), 422, "300001"),
            (Status::unimplemented(""), 501, "100000"),
            (Status::internal("x"), 500, "900999"),
            (Status::unknown("x"), 500, "900999"),
        ] {
            check(status, http, code);
        }
    }
}
