//! The security log: what terminal and master data told of, as account has filed it.
//!
//! Old entries are forgotten at both ends, each in its own time. So what is as old as the oldest entry of the log, or older,
//! may be missing there. Entries of account's own and those whose origin is forgotten repeat nothing else.

use kugel_account::SecurityEventDocument;
use kugel_bus::Topic;
use kugel_proto::account::v1::SecurityEvent;
use kugel_store::{Direction, Query, Record as _};

use super::audit::{Audit, Check};
use super::copies::{Carried, Head, Origin};
use super::sent;

/// A log of the terminal service.
struct OfTerminal(SecurityEvent);
/// A log of the master data service.
struct OfStaff(SecurityEvent);

macro_rules! carried {
    ($log:ident, $topic:expr) => {
        impl Carried for $log {
            const TOPIC: Topic = $topic;
            fn origin_key(&self) -> String {
                self.0.event_id.clone()
            }
            fn head(&self) -> Head<'_> {
                Head {
                    event_id: &self.0.event_id,
                    store_code: &self.0.store_code,
                    terminal_no: self.0.terminal_no,
                    made_at: Some(&self.0.occurred_at),
                }
            }
        }
        impl From<SecurityEvent> for $log {
            fn from(entry: SecurityEvent) -> Self {
                Self(entry)
            }
        }
    };
}
carried!(OfTerminal, Topic::TerminalSecurity);
carried!(OfStaff, Topic::StaffSecurity);

/// Compares the logs of terminal and master data with the security log.
pub(super) async fn check(audit: &mut Audit) -> anyhow::Result<()> {
    let account = audit.books.account.clone();
    let oldest = Query::all().sort(("occurred_at", Direction::Ascending));
    let oldest = account.page(SecurityEventDocument::COLLECTION, oldest).await?;
    let oldest = oldest
        .first()
        .map(|document| document.body.parse::<SecurityEvent>());
    let oldest = match oldest.transpose() {
        Ok(oldest) => oldest.map(|entry| entry.occurred_at.clone()),
        Err(_) => None,
    };
    check_log::<OfTerminal>(audit, oldest.as_deref()).await?;
    check_log::<OfStaff>(audit, oldest.as_deref()).await?;
    sent::find_strays(audit, &[Topic::StaffSecurity]).await
}

async fn check_log<L: Carried + From<SecurityEvent>>(
    audit: &mut Audit,
    oldest: Option<&str>,
) -> anyhow::Result<()> {
    let (shelf, made, _) = audit.books.origin(L::TOPIC);
    let (account, filed) = (audit.books.account.clone(), SecurityEventDocument::COLLECTION);
    let mut walk = shelf.walk(made);
    while let Some(documents) = walk.next().await? {
        let ids: Vec<String> = documents.iter().map(|document| document.id.clone()).collect();
        let found = account.many(filed, &ids).await?;
        let mut logs = Vec::with_capacity(documents.len());
        for (document, found) in documents.into_iter().zip(found) {
            let entry = shelf.read::<SecurityEvent>(made, &document);
            let Some(entry) = audit.keep(Check::Security, entry) else {
                continue;
            };
            let key = shelf.hold_key(made, &document, &entry.event_id);
            audit.hold(Check::Security, key);
            let may_be_forgotten = oldest.is_some_and(|oldest| *entry.occurred_at <= *oldest);
            if found.is_some() || !may_be_forgotten {
                let by = shelf.name(made, &document.id);
                let text = document.body.text();
                let held = account.hold(filed, &document.id, found.as_deref(), text, &by);
                audit.hold(Check::Security, held);
            }
            let log = std::sync::Arc::new(L::from((*entry).clone()));
            logs.push(Origin { document, log });
        }
        sent::check(audit, &logs).await?;
        audit.count(Check::Security, logs.len());
    }
    Ok(())
}
