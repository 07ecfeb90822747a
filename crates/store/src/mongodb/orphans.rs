//! Transactions whose writer died in the middle of them.
//!
//! What such a transaction has written stays locked until the server's limit is over: a minute by default, and up to half
//! of that again until it is noticed. Nobody could sell at that till meanwhile. So a commit that takes suspiciously long
//! looks for transactions that have heard nothing of their writer, and ends them. A writer that was merely slow is told
//! so by the server and begins again.

use std::time::Duration;

use ::mongodb::Client;
use ::mongodb::bson::{Bson, Document, doc};
use ::mongodb::error::Error;
use ::mongodb::options::ReadConcern;

use super::link::Link;

/// A commit that takes longer asks what is in its way, and again after as long.
const SUSPICIOUS: Duration = Duration::from_secs(1);
/// A transaction in which nothing has happened for so long is nobody's any more.
const SILENCE_US: i64 = 2_000_000;

/// Does work that others' transactions may be in the way of.
pub(super) async fn clearing<T>(link: &Link, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = clear(link) => {}
        }
    }
}

async fn clear(link: &Link) {
    tokio::time::sleep(SUSPICIOUS).await;
    // Many may wait for the same one.
    let Ok(_clearing) = link.clearing.try_lock() else {
        return;
    };
    let Ok(client) = link.client().await else { return };
    match end_orphans(client, link.application()).await {
        Ok(0) => {}
        Ok(transactions) => tracing::warn!(transactions, "ended transactions whose writers have died"),
        Err(error) => tracing::debug!(%error, "cannot look for transactions whose writers have died"),
    }
}

/// Ends this application's transactions that nothing has happened in for too long. Gives their number. A user needs no
/// right of its own for that, since these are its own sessions.
async fn end_orphans(client: &Client, application: &str) -> Result<usize, Error> {
    let admin = client.database("admin");
    let orphans = [
        doc! { "$currentOp": { "idleSessions": true } },
        doc! { "$match": {
            "type": "idleSession",
            "appName": application,
            "transaction.timeInactiveMicros": { "$gte": SILENCE_US },
        } },
        doc! { "$project": { "id": "$lsid.id" } },
    ];
    let mut found = admin
        .aggregate(orphans)
        .read_concern(ReadConcern::local())
        .await?;
    let mut sessions = Vec::new();
    while found.advance().await? {
        let session = Document::try_from(found.current())?;
        sessions.extend(session.get("id").map(|id| Bson::from(doc! { "id": id })));
    }
    let count = sessions.len();
    if count > 0 {
        admin.run_command(doc! { "killSessions": sessions }).await?;
    }
    Ok(count)
}
