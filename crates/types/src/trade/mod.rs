//! The trade's vocabulary: the words that pricing, printing and every service share.
//!
//! Each word is defined here once, with what follows from it: which way a transaction moves money and goods, which
//! payment code is cash, which taxes exist before a tenant defines its own. A number or name that is not known here is
//! an error everywhere; nothing falls back to a sale, to no tax or to yen.

mod currency;
mod payment;
mod rounding;
pub mod setting;
mod staff;
mod stamp_duty;
mod tax;
mod transaction;

pub use currency::Currency;
pub use payment::{DEFAULT_PAYMENTS, DefaultPayment, PaymentKind};
pub use rounding::RoundMethod;
pub use staff::StaffRef;
pub use stamp_duty::{StampDutyTable, StampDutyTier};
pub use tax::{TaxRule, TaxType};
pub use transaction::{Sign, TransactionType};
