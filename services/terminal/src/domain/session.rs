//! What the cart service knows of sessions.

use kugel_types::Money;

use super::Terminal;

/// The sales side of a session: what its transaction logs add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SessionSales {
    /// Transaction logs, cancelled ones included.
    pub count: i32,
    /// The highest transaction number, if there is any.
    pub last_no: Option<i64>,
    /// Cash that came into the drawer by sales, less what returns and voids gave back.
    pub cash: Money,
}

/// The last session in which a terminal sold or that was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSession {
    /// Its number in the terminal's life.
    pub business_counter: i32,
    /// True once nothing more is sold in it.
    pub is_sealed: bool,
    /// What it sold.
    pub sales: SessionSales,
}

impl LastSession {
    /// True for the session that the terminal is in, or was in last.
    pub fn is_of(&self, terminal: &Terminal) -> bool {
        self.business_counter == terminal.business_counter
    }
}
