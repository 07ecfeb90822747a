//! Announcements of changed masters, so that caches elsewhere drop what they hold.

use kugel_types::TenantId;
use serde::{Deserialize, Serialize};

/// What kind of master was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A common item; the key is the item code.
    Item,
    /// A store's price of an item; the key is `{store_code}/{item_code}`.
    StoreItem,
    /// A category; the key is its code.
    Category,
    /// A tax rule; the key is its code.
    Tax,
    /// A payment method; the key is its code.
    Payment,
    /// A setting; the key is its name.
    Setting,
    /// A book of items; the key is its id.
    ItemBook,
    /// A promotion; the key is its code.
    Promotion,
    /// A staff member; the key is the id.
    Staff,
    /// A store; the key is its code.
    Store,
    /// A terminal's state or data; the key is the terminal id.
    Terminal,
    /// What a tenant lets its tills do; the key is the tenant's id.
    Tenant,
    /// A role; the key is its name.
    Role,
    /// What a user or a service account may do; the key is the user's name.
    User,
}

/// One changed master.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Change {
    /// Whose.
    pub tenant: TenantId,
    /// Of what kind.
    pub kind: ChangeKind,
    /// Which one; how it is written depends on the kind.
    pub key: String,
}

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announcement {
    /// One master was changed.
    Changed(Change),
    /// Announcements may have been missed while the broker was away: whatever is kept may be out of date.
    Everything,
}

impl Announcement {
    /// The change, if it is the only one.
    pub fn change(&self) -> Option<&Change> {
        match self {
            Self::Changed(change) => Some(change),
            Self::Everything => None,
        }
    }
}
