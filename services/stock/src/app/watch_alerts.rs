//! Watches a store: what is at a threshold now, then what reaches one.

use futures::stream::{self, Stream, StreamExt};
use kugel_error::Error;
use kugel_store::{Page, Scope};
use kugel_types::{StoreCode, TenantId};
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Alert, App, Selection};
use crate::domain::alert::Reason;

impl App {
    /// The alerts of a store. The live ones are listened to before the present ones are read, so that none falls
    /// between.
    pub(crate) async fn watch_alerts(
        &self,
        tenant: &TenantId,
        store: &StoreCode,
    ) -> Result<impl Stream<Item = Alert> + Send + use<>, Error> {
        let live = self.alerts.watch(tenant, store);
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

fn listen(live: broadcast::Receiver<Alert>) -> impl Stream<Item = Alert> + Send {
    stream::unfold(live, |mut live| async move {
        loop {
            match live.recv().await {
                Ok(alert) => return Some((alert, live)),
                Err(RecvError::Lagged(lost)) => {
                    tracing::warn!(lost, "a watcher of stock alerts does not keep up")
                }
                Err(RecvError::Closed) => return None,
            }
        }
    })
}
