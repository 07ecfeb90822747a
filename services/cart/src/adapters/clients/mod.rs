//! The neighbours, read through caches that their announcements empty.

mod convert;
mod masters;
mod terminals;

use std::sync::Arc;

use kugel_auth::Tokens;
use kugel_error::{Error, codes};
use kugel_rpc::Channel;
use kugel_types::TenantId;

pub(crate) use masters::MasterClient;
pub(crate) use terminals::TerminalClient;

/// This service, as its neighbours know it.
const NAME: &str = "cart";
/// Tenants whose tables are kept at hand.
const TENANTS_AT_HAND: u64 = 1_000;

/// A neighbour that can be called.
#[derive(Clone)]
struct Neighbour {
    name: &'static str,
    channel: Channel,
    tokens: Arc<Tokens>,
}

impl Neighbour {
    fn request<T>(&self, tenant: &TenantId, message: T) -> tonic::Request<T> {
        kugel_rpc::outgoing(&self.tokens, NAME, tenant, message)
    }

    /// The answer when the neighbour refused or did not answer. What it said is for the log.
    fn failed(&self, status: tonic::Status) -> Error {
        codes::CART_NEIGHBOUR_FAILED
            .error(format!("the {} service did not answer", self.name))
            .with("service", self.name)
            .caused_by(status)
    }

    /// The answer when what the neighbour says cannot be used.
    fn unusable(&self, what: &str) -> Error {
        codes::CART_NEIGHBOUR_FAILED
            .error(format!(
                "the {} service gave {what} that cannot be used",
                self.name
            ))
            .with("service", self.name)
    }
}

#[cfg(test)]
fn tokens_for_test() -> Arc<Tokens> {
    let lifetimes = kugel_auth::Lifetimes {
        user: 60,
        terminal: 60,
    };
    Arc::new(Tokens::new(
        &"k".repeat(32),
        lifetimes,
        Arc::new(kugel_types::SystemClock),
    ))
}
