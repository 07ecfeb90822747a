//! The rules of terminals: pure and synchronous, without clock, storage or transport.

mod drawer;
mod mode;
mod place;
pub(crate) mod receipt;
mod session;
mod staff;
mod status;
mod terminal;

pub use drawer::{CashDirection, Count, Drawer, Watch};
pub use mode::FunctionMode;
pub(crate) use place::Place;
pub use receipt::Printed;
pub use session::{LastSession, SessionSales};
pub use staff::{Role, StaffRights};
pub use status::{Operation, Status, WrongState};
pub use terminal::{Refusal, SignedIn, Terminal};
