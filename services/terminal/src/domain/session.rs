//! What the cart service knows of a session.

use kugel_types::Money;

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
