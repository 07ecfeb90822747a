//! The one translation of an [`Error`] into a gRPC status, and back into its row.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::{Error, ErrorSpec, codes};

/// The domain of `google.rpc.ErrorInfo` in every status of ours.
pub const DOMAIN: &str = "kugel";

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let spec = error.spec();
        let mut metadata = HashMap::from([
            ("pos_code".to_owned(), spec.code.to_owned()),
            ("http_status".to_owned(), spec.http.to_string()),
        ]);
        metadata.extend(
            error
                .details()
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone())),
        );
        let mut details = ErrorDetails::with_error_info(spec.reason, DOMAIN, metadata);
        for violation in error.fields() {
            details.add_bad_request_violation(&violation.field, &violation.description);
        }
        if let Some(pause) = error.pause() {
            details.set_retry_info(Some(pause));
        }
        let mut status = Self::with_error_details(Code::from_i32(spec.grpc), error.message(), details);
        status.set_source(std::sync::Arc::new(error));
        status
    }
}

/// The row of the table that a status carries, if it is one of ours.
pub fn reason_of(status: &Status) -> Option<&'static ErrorSpec> {
    let info = status.get_details_error_info()?;
    (info.domain == DOMAIN)
        .then(|| codes::by_reason(&info.reason))
        .flatten()
}

/// How long who got this status is asked to wait.
pub fn pause_of(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_leads_back_to_its_row_and_names_its_fields() {
        let error = codes::INVALID_INPUT
            .error("quantity must be above zero")
            .field("quantity", "must be above zero");
        let status = Status::from(error);
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(reason_of(&status).expect("ours").code, "300001");
        let fields = status
            .get_details_bad_request()
            .expect("bad request")
            .field_violations;
        assert_eq!(fields[0].field, "quantity");
        assert!(reason_of(&Status::unavailable("no route")).is_none());
        let busy = codes::OVERLOADED
            .error("busy")
            .retry_after(Duration::from_secs(3));
        assert_eq!(pause_of(&Status::from(busy)), Some(Duration::from_secs(3)));
    }
}
