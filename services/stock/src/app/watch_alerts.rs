//! Watches a store: what is at a threshold now, then what reaches one.

use futures::stream::{self, Stream, StreamExt};
use kugel_error::Error;
use kugel_store::{Page, Scope};
use kugel_types::{StoreCode, TenantId};
use tokio::sync::broadcast::error::RecvError;

use super::alerts::Watcher;
use super::{Alert, App, Selection};
use crate::domain::alert::Reason;

impl App {
    /// The alerts of a store that exists. The live ones are listened to before the present ones are read, so that none falls
    /// between.
    pub(crate) async fn watch_alerts(
        &self,
        tenant: &TenantId,
        store: &StoreCode,
    ) -> Result<impl Stream<Item = Alert> + Send + use<>, Error> {
        self.stores.check_store(tenant, store).await?;
        let live = self.alerts.watch(tenant, store)?;
        let mut present = Vec::new();
        for (selection, reason) in [
            (Selection::ToReorder, Reason::ReorderPoint),
            (Selection::Low, Reason::MinimumStock),
        ] {
            let items = self
                .list_stock(&Scope::from(tenant), store, selection, Page::all())
                .await?;
            for row in &items.rows {
                let level = row.level();
                let alerts = self.alerts.current(tenant, store, &row.item_code, &level);
                present.extend(alerts.filter(|alert| alert.reason == reason));
            }
        }
        Ok(stream::iter(present).chain(listen(live)))
    }
}

fn listen(watcher: Watcher) -> impl Stream<Item = Alert> + Send {
    stream::unfold(watcher, |mut watcher| async move {
        loop {
            match watcher.live.recv().await {
                Ok(alert) => return Some((alert, watcher)),
                Err(RecvError::Lagged(lost)) => {
                    tracing::warn!(lost, "a watcher of stock alerts does not keep up")
                }
                Err(RecvError::Closed) => return None,
            }
        }
    })
}
