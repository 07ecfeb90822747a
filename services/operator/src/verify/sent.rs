//! What a producer knows of the events that carried its logs: one delivery record for each log.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use kugel_bus::{DeliveryRecord, Event, Topic};
use kugel_store::Document;
use serde_json::Value;

use super::Break;
use super::audit::{Audit, Check};
use super::books::{Books, Shelf};
use super::copies::{Carried, Origin};

/// Checks that each log has the record of its event. Answers the records, each in the place of its log.
pub(super) async fn check<L: Carried>(
    audit: &mut Audit,
    logs: &[Origin<L>],
) -> anyhow::Result<Vec<Option<Arc<DeliveryRecord>>>> {
    let (shelf, made, sent) = audit.books.origin(L::TOPIC);
    let ids: Vec<String> = logs
        .iter()
        .map(|log| log.log.head().event_id.to_owned())
        .collect();
    let found = shelf.many(sent, &ids).await?;
    audit.copied(shelf.service, sent, found.iter().flatten().count());
    audit.count(Check::Events, logs.len());
    let mut records = Vec::with_capacity(logs.len());
    for ((origin, id), found) in logs.iter().zip(&ids).zip(found) {
        let by = shelf.name(made, &origin.document.id);
        let Some(document) = found else {
            audit.hold(Check::Events, shelf.hold(sent, id, None, "", &by));
            records.push(None);
            continue;
        };
        let record = audit.keep(Check::Events, shelf.read::<DeliveryRecord>(sent, &document));
        if record
            .as_ref()
            .is_some_and(|record| !tells(record, origin, audit))
        {
            let broken = Break {
                record: shelf.name(sent, id),
                equation: format!("does not tell of {by}"),
            };
            audit.hold(Check::Events, Err(broken));
        }
        records.push(record);
    }
    Ok(records)
}

/// True if the record says of the event what its log does.
fn tells<L: Carried>(record: &DeliveryRecord, origin: &Origin<L>, audit: &Audit) -> bool {
    let head = origin.log.head();
    let said = (
        record.topic,
        &*record.event_id,
        &*record.log_id,
        &*record.tenant_id,
    );
    let at = head.made_at.and_then(|text| text.parse::<Timestamp>().ok());
    let known = L::TOPIC.consumers();
    let consumers: BTreeSet<&str> = record
        .services
        .iter()
        .map(|service| &*service.service_name)
        .collect();
    said == (
        L::TOPIC,
        head.event_id,
        &*origin.document.id,
        audit.tenant.as_str(),
    ) && (&*record.store_code, record.terminal_no) == (head.store_code, head.terminal_no)
        && (head.made_at.is_none() || Some(record.published_at) == at)
        && (1..=Event::SCHEMA_VERSION).contains(&record.schema_version)
        && consumers.len() == record.services.len()
        && consumers.iter().all(|name| known.contains(name))
}

/// Looks for records of events of which there is no log.
pub(super) async fn find_strays(audit: &mut Audit, topics: &[Topic]) -> anyhow::Result<()> {
    let Some(first) = topics.first() else {
        return Ok(());
    };
    let (shelf, _, sent) = audit.books.origin(*first);
    if shelf.count(sent).await? == audit.copies(shelf.service, sent) {
        return Ok(());
    }
    let mut walk = shelf.walk(sent);
    while let Some(documents) = walk.next().await? {
        for document in &documents {
            if !has_log(&audit.books, &shelf, topics, document).await? {
                let record = shelf.name(sent, &document.id);
                let equation = "tells of an event that no log was carried by".to_owned();
                audit.hold(Check::Events, Err(Break { record, equation }));
            }
        }
    }
    Ok(())
}

async fn has_log(
    books: &Books,
    shelf: &Shelf,
    topics: &[Topic],
    document: &Document,
) -> anyhow::Result<bool> {
    let Ok(record) = document.body.parse::<DeliveryRecord>() else {
        return Ok(false);
    };
    if record.event_id != document.id || !topics.contains(&record.topic) {
        return Ok(false);
    }
    let log = shelf.one(books.origin(record.topic).1, &record.log_id).await?;
    let body = log.and_then(|log| serde_json::from_str::<Value>(log.body.text()).ok());
    Ok(body.is_some_and(|body| body["event_id"] == *record.event_id))
}
