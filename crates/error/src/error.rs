//! The error that use cases return.

use std::fmt;
use std::time::Duration;

use crate::ErrorSpec;

/// The result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

/// A request field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// The field's path from the request on, as the proto spells it, e.g. `line_items[0].quantity`.
    pub field: String,
    /// What is wrong, lower case, without a full stop.
    pub description: String,
}

/// A failure with its public code.
///
/// `message` is for the client's developer: English, and without anything internal. What lies behind it goes into the
/// source, which is logged and never sent.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    spec: &'static ErrorSpec,
    message: String,
    fields: Vec<FieldViolation>,
    details: Vec<(&'static str, String)>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error of the given row.
    pub fn new(spec: &'static ErrorSpec, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            spec,
            message: short(message.into()),
            fields: Vec::new(),
            details: Vec::new(),
            retry_after: None,
            source: None,
        }))
    }
    /// Names a field and what is wrong with it.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, description: impl Into<String>) -> Self {
        self.0.fields.push(FieldViolation {
            field: field.into(),
            description: short(description.into()),
        });
        self
    }
    /// Puts the field of the request that holds those at fault before their paths: `title` within `tab` is `tab.title`.
    #[must_use]
    pub fn within(mut self, holder: &str) -> Self {
        for violation in &mut self.0.fields {
            violation.field = format!("{holder}.{}", violation.field);
        }
        self
    }
    /// Adds a variable that the message mentions, for machines.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.details.push((key, short(value.to_string())));
        self
    }
    /// Says when it makes sense to try again.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.0.retry_after = Some(pause);
        self
    }
    /// Keeps what lies behind the error for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }
    /// The row of the code table.
    pub fn spec(&self) -> &'static ErrorSpec {
        self.0.spec
    }
    /// The message for the client's developer.
    pub fn message(&self) -> &str {
        &self.0.message
    }
    /// The fields at fault.
    pub fn fields(&self) -> &[FieldViolation] {
        &self.0.fields
    }
    /// The variables of the message.
    pub fn details(&self) -> &[(&'static str, String)] {
        &self.0.details
    }
    /// When it makes sense to try again, if that is known.
    pub fn pause(&self) -> Option<Duration> {
        self.0.retry_after
    }
    /// True if the error is of the given row.
    pub fn is(&self, spec: &'static ErrorSpec) -> bool {
        self.0.spec.reason == spec.reason
    }
}

/// Texts of errors often repeat what was sent. Nobody reads more than this of it, in characters.
const TEXT_MAX: usize = 200;

/// The beginning of a text that repeats what was sent, as much of it as anybody reads.
pub fn short(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(TEXT_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.0.message, self.0.spec.code)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use crate::codes;

    #[test]
    fn what_was_sent_is_repeated_in_part() {
        let long = "甲".repeat(5_000);
        let error = codes::NOT_FOUND
            .error(format!("user {long} is not found"))
            .with("user", &long);
        let error = error.field("user", format!("{long} is nobody"));
        let [(_, user)] = error.details() else {
            panic!("one detail")
        };
        for text in [error.message(), &error.fields()[0].description, user] {
            assert_eq!(text.chars().count(), 201, "{text}");
        }
        assert_eq!(codes::NOT_FOUND.error("short").message(), "short");
    }
}
