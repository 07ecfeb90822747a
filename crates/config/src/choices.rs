//! What some settings may be.

use serde::Deserialize;

/// Which code an error answer carries in its field `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorCodeStyle {
    /// The six-digit code as text: `"401002"`.
    Business,
    /// The HTTP status as a number: `404`, for clients of the older API.
    Http,
}

/// Which older clients are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compatibility {
    /// None: what the contract allows holds for everybody.
    None,
    /// Those of the older system, whose tills post their own logs.
    Legacy,
}

/// Who may register a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everybody.
    Open,
    /// Who has a code from `kugel invite`.
    Invitation,
    /// Nobody.
    Closed,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}
