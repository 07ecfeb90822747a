//! How events look on a terminal.

use jiff::Timestamp;
use kugel_bus::{DeadLetter, DeliveryState};
use serde_json::{Value, json};

use super::Undelivered;
use super::desk::reasons;

/// Everything that has not arrived, for people.
pub(super) fn table(events: &[Undelivered], letters: &[DeadLetter], has_broker: bool, now: Timestamp) {
    if !events.is_empty() {
        say!("undelivered events");
        let head = ["AGE", "TENANT", "TOPIC", "EVENT", "STATE", "REASON"].map(str::to_owned);
        let rows = events.iter().map(|event| {
            let record = &event.record;
            [
                age(record.published_at, now),
                record.tenant_id.clone(),
                record.topic.name().to_owned(),
                record.event_id.clone(),
                state(record.status).to_owned(),
                reasons(record),
            ]
        });
        columns(head, rows.collect());
    }
    if !letters.is_empty() {
        say!("dead letters");
        let head = ["AGE", "TENANT", "QUEUE", "EVENT", "REASON"].map(str::to_owned);
        let rows = letters.iter().map(|letter| {
            [
                letter.occurred_at.map_or_else(unknown, |at| age(at, now)),
                letter.tenant.as_ref().map_or_else(unknown, ToString::to_string),
                queue(letter),
                letter.id.as_ref().map_or_else(unknown, ToString::to_string),
                letter.reason.clone(),
            ]
        });
        columns(head, rows.collect());
    }
    match (events.len(), letters.len()) {
        (0, 0) => say!("every event has arrived everywhere"),
        (events, _) if !has_broker => say!("undelivered: {events}"),
        (events, letters) => say!("undelivered: {events}, dead letters: {letters}"),
    }
}

/// Everything that has not arrived, an object a line.
pub(super) fn json(events: &[Undelivered], letters: &[DeadLetter]) {
    for event in events {
        let record = &event.record;
        let object = json!({
            "kind": "undelivered",
            "event_id": record.event_id,
            "producer": event.producer,
            "tenant_id": record.tenant_id,
            "store_code": record.store_code,
            "terminal_no": record.terminal_no,
            "topic": record.topic,
            "published_at": record.published_at,
            "status": record.status,
            "services": record.services,
        });
        say!("{object}");
    }
    for letter in letters {
        let object = json!({
            "kind": "dead_letter",
            "event_id": letter.id.as_ref().map(ToString::to_string),
            "tenant_id": letter.tenant.as_ref().map(ToString::to_string),
            "topic": letter.topic,
            "service": letter.service,
            "occurred_at": letter.occurred_at,
            "reason": letter.reason,
        });
        say!("{object}");
    }
}

/// An event, what became of it and what it says.
pub(super) fn record(event: &Undelivered, body: Option<&str>, now: Timestamp) {
    let record = &event.record;
    say!("event      {}", record.event_id);
    say!("topic      {} of {}", record.topic.name(), event.producer);
    say!(
        "terminal   {}-{}-{}",
        record.tenant_id,
        record.store_code,
        record.terminal_no
    );
    say!(
        "published  {} ({} ago)",
        record.published_at,
        age(record.published_at, now)
    );
    say!("state      {}", state(record.status));
    for service in &record.services {
        let said = match (service.delivered_at, &service.error_message) {
            (Some(at), _) => format!("processed at {at}"),
            (None, Some(reason)) if service.is_parked => format!("laid aside: {reason}"),
            (None, Some(reason)) => format!("failed: {reason}"),
            (None, None) => "has not answered".to_owned(),
        };
        say!("  {:<8} {said}", service.service_name);
    }
    match body {
        Some(body) => say!("{}", pretty(body)),
        None => say!("what it said is gone from the log of {}", event.producer),
    }
}

/// A dead letter, with what it says unless that was shown already.
pub(super) fn letter(letter: &DeadLetter, with_body: bool) {
    say!("dead letter in {}: {}", queue(letter), letter.reason);
    if with_body {
        say!("{}", pretty(&letter.body));
    }
}

/// The queue that a dead letter belongs to.
pub(super) fn queue(letter: &DeadLetter) -> String {
    format!("{}.{}", letter.topic.name(), letter.service)
}

fn state(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "pending",
        DeliveryState::Published => "published",
        DeliveryState::PartiallyDelivered => "partially delivered",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Failed => "failed",
    }
}

fn unknown() -> String {
    "?".to_owned()
}

fn pretty(text: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(text).ok();
    parsed
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| text.to_owned())
}

/// Two units at most: `3d 4h`, `12m 5s`.
fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

fn columns<const COUNT: usize>(head: [String; COUNT], rows: Vec<[String; COUNT]>) {
    let lines: Vec<[String; COUNT]> = std::iter::once(head).chain(rows).collect();
    let mut widths = [0; COUNT];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    for line in lines {
        let cells: Vec<String> = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        say!("  {}", cells.join("  ").trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_two_units_at_most() {
        let then: Timestamp = "2026-06-11T00:00:00Z".parse().unwrap();
        for (seconds, expected) in [
            (-3, "0s"),
            (59, "59s"),
            (61, "1m 1s"),
            (3_660, "1h 1m"),
            (90_000, "1d 1h"),
        ] {
            let now = then + jiff::SignedDuration::from_secs(seconds);
            assert_eq!(age(then, now), expected);
        }
    }
}
