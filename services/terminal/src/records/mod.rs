//! What the service keeps: one shape a collection. A log is the body of its event: the document is the message.

mod logs;
mod tenants;
mod terminals;

use kugel_bus::{Producer, Topic};
use kugel_store::{Collection, PROCESSED_REQUESTS};

pub(crate) use logs::Log;
pub use logs::{CashLogDocument, OpenCloseLogDocument, SECURITY_LOGS};
pub use tenants::{StoreDocument, TenantDocument};
pub use terminals::{KeyOwner, TerminalDocument};

static STATUS_TERMINAL_DELIVERY: Collection = kugel_bus::deliveries("status_terminal_delivery");

/// What this service publishes, and what became of it.
pub static PRODUCER: Producer = Producer {
    deliveries: &STATUS_TERMINAL_DELIVERY,
    logs: &[
        (Topic::CashlogReport, &logs::CASH_LOGS),
        (Topic::OpencloselogReport, &logs::OPEN_CLOSE_LOGS),
        (Topic::TerminalSecurity, &logs::SECURITY_LOGS),
    ],
};

/// All collections of the service.
pub static COLLECTIONS: [&Collection; 9] = [
    &tenants::TENANTS,
    &tenants::STORES,
    &terminals::TERMINALS,
    &terminals::KEY_OWNERS,
    &logs::CASH_LOGS,
    &logs::OPEN_CLOSE_LOGS,
    &logs::SECURITY_LOGS,
    &STATUS_TERMINAL_DELIVERY,
    &PROCESSED_REQUESTS,
];
