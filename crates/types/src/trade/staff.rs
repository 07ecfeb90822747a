//! Staff.

use serde::{Deserialize, Serialize};

/// A member of the staff, as sales and sessions remember them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRef {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
}
