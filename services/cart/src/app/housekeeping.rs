//! Removes what nobody asks for any more: carts that have become transactions.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kugel_error::Error;
use kugel_store::{Documents, Page, Query, Record, Scope};

use super::App;
use crate::domain::cart::Cart;
use crate::domain::state::CartState;

/// How long a finished cart can still be read. Its transaction is in the log for ever.
const FINISHED_CARTS_KEPT: SignedDuration = SignedDuration::from_hours(10);
/// Time between two rounds.
const INTERVAL: Duration = Duration::from_secs(1_800);
/// Documents that are removed in one commit.
const CHUNK: u32 = 500;

impl App {
    /// Cleans up for as long as the service runs.
    pub async fn keep_house(self) {
        let mut rounds = tokio::time::interval(INTERVAL);
        // The first tick is immediate, and the start has better things to do.
        rounds.tick().await;
        loop {
            rounds.tick().await;
            if let Err(error) = clean_up(&self.documents, self.clock.now()).await {
                tracing::warn!(%error, "finished carts could not be removed");
            }
        }
    }
}

/// Removes what has become too old. Gives the number of documents removed.
async fn clean_up(documents: &Documents, now: Timestamp) -> Result<usize, Error> {
    let old = now.checked_sub(FINISHED_CARTS_KEPT).unwrap_or(Timestamp::MIN);
    let finished = [CartState::Completed, CartState::Cancelled].map(CartState::name);
    let carts = Query::all()
        .one_of("cart_status", finished)
        .less("updated_at", old)
        .page(Page {
            limit: CHUNK,
            number: 1,
        });
    let mut removed = 0;
    for scope in documents.scopes().await? {
        match clean_up_tenant(documents, &scope, &carts).await {
            Ok(count) => removed += count,
            // One of them holds up no other.
            Err(error) => tracing::warn!(tenant.id = %scope, %error, "finished carts could not be removed"),
        }
    }
    Ok(removed)
}

async fn clean_up_tenant(documents: &Documents, scope: &Scope, carts: &Query) -> Result<usize, Error> {
    let mut removed = 0;
    loop {
        let found = documents.find::<Cart>(scope, carts.clone()).await?.rows;
        let count = found.len();
        let changes = documents.changes("housekeeping");
        let changes = found
            .iter()
            .fold(changes, |changes, row| changes.delete::<Cart>(&row.id(), None));
        documents.commit(scope, changes).await?;
        removed += count;
        if count < CHUNK as usize {
            return Ok(removed);
        }
    }
}

#[cfg(test)]
mod tests {
    use kugel_stand::Stand;
    use kugel_store::Revision;
    use kugel_types::Clock as _;

    use super::*;

    #[tokio::test]
    async fn finished_carts_are_removed_and_open_carts_stay() {
        let stand = Stand::new(crate::NAME, "t1", "2026-06-11T05:03:09Z");
        let open = Cart::for_test();
        for cart_status in [CartState::Completed, CartState::Cancelled] {
            let cart = Cart::for_test();
            stand.insert(cart.clone()).await;
            let finished = Cart { cart_status, ..cart };
            let changes = stand.documents.changes("test").replace(finished, Revision::FIRST);
            stand.documents.commit(&stand.scope(), changes).await.unwrap();
        }
        stand.insert(open.clone()).await;
        let clean_up = async || clean_up(&stand.documents, stand.clock.now()).await.unwrap();
        stand.clock.advance(10 * 3_600);
        assert_eq!(clean_up().await, 0);
        stand.lose("a1").await;
        stand.clock.advance(1);
        assert_eq!(clean_up().await, 2);
        let left = stand
            .documents
            .find::<Cart>(&stand.scope(), Query::all())
            .await
            .unwrap()
            .rows;
        assert_eq!(
            left.iter().map(|row| row.cart_id).collect::<Vec<_>>(),
            [open.cart_id]
        );
    }
}
