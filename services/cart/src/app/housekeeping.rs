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
            if let Err(error) = self.clean_up().await {
                tracing::warn!(%error, "finished carts could not be removed");
            }
        }
    }

    /// Removes what has become too old. Gives the number of documents removed.
    pub async fn clean_up(&self) -> Result<usize, Error> {
        let mut removed = 0;
        for scope in self.documents.scopes().await? {
            let finished = [CartState::Completed, CartState::Cancelled].map(CartState::name);
            let carts = Query::all()
                .one_of("cart_status", finished)
                .less("updated_at", self.before(FINISHED_CARTS_KEPT));
            removed += remove::<Cart>(&self.documents, &scope, carts).await?;
        }
        Ok(removed)
    }

    fn before(&self, age: SignedDuration) -> Timestamp {
        self.clock.now().checked_sub(age).unwrap_or(Timestamp::MIN)
    }
}

async fn remove<T: Record>(documents: &Documents, scope: &Scope, query: Query) -> Result<usize, Error> {
    let query = query.page(Page {
        limit: CHUNK,
        number: 1,
    });
    let mut removed = 0;
    loop {
        let found = documents.find::<T>(scope, query.clone()).await?.rows;
        let count = found.len();
        let mut changes = documents.changes("housekeeping");
        for row in found {
            changes = changes.delete::<T>(&row.id(), None);
        }
        documents.commit(scope, changes).await?;
        removed += count;
        if count < CHUNK as usize {
            return Ok(removed);
        }
    }
}
