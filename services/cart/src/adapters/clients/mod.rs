//! The neighbours, read through caches that their announcements empty.

mod convert;
mod masters;
mod terminals;

pub(crate) use masters::MasterClient;
pub(crate) use terminals::TerminalClient;

/// A neighbour that is not there.
#[cfg(test)]
fn nobody(stand: &kugel_stand::Stand, name: &'static str) -> kugel_rpc::Neighbour {
    let (neighbours, tokens) = (&stand.neighbours, std::sync::Arc::clone(&stand.tokens));
    kugel_rpc::Neighbour::new(
        crate::NAME,
        name,
        neighbours,
        tokens,
        &kugel_error::codes::CART_NEIGHBOUR_FAILED,
    )
}
