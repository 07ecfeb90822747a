//! The rules of terminals: pure and synchronous, without clock, storage or transport.

mod drawer;
mod mode;
mod place;
pub(crate) mod receipt;
mod session;
mod status;
mod terminal;

pub use drawer::{CashDirection, Drawer};
pub use mode::{FunctionMode, UnknownMode};
pub(crate) use place::Place;
pub(crate) use receipt::Printed;
pub use session::{CASH, SessionSales};
pub use status::{Operation, Status, WrongState};
pub use terminal::{Refusal, Staff, Terminal};
