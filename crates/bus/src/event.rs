//! Events and their topics.

use jiff::Timestamp;
use kugel_store::Body;
use kugel_types::{EventId, StoreCode, TenantId, TerminalNo};
use serde::{Deserialize, Serialize};

/// A topic: the name of an exchange on RabbitMQ. Queues are named `{topic}.{service}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Sales, cancelled carts, returns and voids, from the cart service.
    TranlogReport,
    /// What became of an event at its consumers, back to the producer.
    TranlogStatus,
    /// Cash put into and taken out of a drawer, from the terminal service.
    CashlogReport,
    /// Openings and closings, from the terminal service.
    OpencloselogReport,
    /// What the security log is told of terminals and who signs in there, from the terminal service.
    TerminalSecurity,
    /// What it is told of the staff master, from the master data service.
    StaffSecurity,
}

impl Topic {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::TranlogReport => "tranlog_report",
            Self::TranlogStatus => "tranlog_status",
            Self::CashlogReport => "cashlog_report",
            Self::OpencloselogReport => "opencloselog_report",
            Self::TerminalSecurity => "terminal_security",
            Self::StaffSecurity => "staff_security",
        }
    }
    /// The topics that carry events.
    pub const EVENTS: [Self; 5] = [
        Self::TranlogReport,
        Self::CashlogReport,
        Self::OpencloselogReport,
        Self::TerminalSecurity,
        Self::StaffSecurity,
    ];

    /// The service that publishes the topic's events and keeps their delivery records.
    pub fn producer(self) -> Option<&'static str> {
        match self {
            Self::TranlogReport => Some("cart"),
            Self::CashlogReport | Self::OpencloselogReport | Self::TerminalSecurity => Some("terminal"),
            Self::StaffSecurity => Some("master-data"),
            Self::TranlogStatus => None,
        }
    }
    /// The services that must process an event of this topic before it counts as delivered.
    pub fn consumers(self) -> &'static [&'static str] {
        match self {
            Self::TranlogReport => &["report", "journal", "stock"],
            Self::TranlogStatus => &[],
            Self::CashlogReport | Self::OpencloselogReport => &["report", "journal"],
            Self::TerminalSecurity | Self::StaffSecurity => &["account"],
        }
    }
}

/// Something that happened, mostly at a terminal.
#[derive(Debug, Clone)]
pub struct Event {
    /// The key of exactly-once processing.
    pub id: EventId,
    /// What it is about.
    pub topic: Topic,
    /// The tenant whose databases it concerns.
    pub tenant: TenantId,
    /// The store; `None` if it happened at no till.
    pub store: Option<StoreCode>,
    /// The till. The order of one till's events is kept, and of those of none.
    pub terminal: Option<TerminalNo>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Version of the body's shape, from 1. A consumer parks versions it does not know.
    pub schema_version: u32,
    /// W3C trace context of the command that caused it.
    pub traceparent: Option<String>,
    /// JSON with the contract's snake_case names.
    pub body: Body,
}

impl Event {
    /// The version that this code writes and understands.
    pub const SCHEMA_VERSION: u32 = 1;
}
