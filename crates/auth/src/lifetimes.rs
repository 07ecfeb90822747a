//! How long tokens live.

use crate::Tokens;

/// How long tokens live, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// User tokens.
    pub user: i64,
    /// Terminal tokens.
    pub terminal: i64,
}

impl Tokens {
    /// How many seconds a user's token lives.
    pub fn user_lifetime(&self) -> i64 {
        self.lifetimes.user
    }
}
