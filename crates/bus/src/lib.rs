//! Events: their effects happen exactly once.
//!
//! A producer commits its change, its log and a delivery record together ([`Outbox::stage`]) and hands the event over
//! afterwards ([`Outbox::dispatch`]). A consumer commits its effect together with the event's id ([`inbox::mark`]) or
//! with its log under a key of its own ([`inbox::unfiled`]), so that a second copy is refused by the store and counts as
//! done. The bus in between may therefore deliver twice, and after a crash the outbox makes it deliver at least once.
//! Changes of master data are announced apart from events: they are hints to caches and nothing depends on their arrival
//! but freshness.
//!
//! Start reading at [`Event`] and [`Outbox`]; [`InProcessBus`] is what `kugel serve` ships.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod change;
pub mod conformance;
mod delivery;
mod event;
mod in_process;
pub mod inbox;
mod outbox;
mod port;
mod rabbitmq;
mod rebuild;

pub use change::{Announcement, Change, ChangeKind};
pub use delivery::{DeliveryRecord, DeliveryState, Producer, ServiceDelivery, deliveries, sort_key};
pub use event::{Event, Topic};
pub use in_process::InProcessBus;
pub use outbox::{Deliveries, Outbox, ReplayError, Staged, SweepPolicy};
pub use port::{
    Acknowledgement, AcknowledgementListener, Bus, ChangeListener, Failure, Handler, ReadyListener,
};
pub use rabbitmq::{DeadLetter, DeadLetters, RabbitBus, RabbitError};
pub use rebuild::Rebuild;
