//! From what the use cases answer to the wire.

use std::borrow::Cow;

use jiff::Timestamp;
use kugel_proto::stock::v1 as pb;
use kugel_store::Stored;
use kugel_types::{StoreCode, TenantId};

use crate::app::{Alert, InForce};
use crate::records::{ScheduleRecord, SnapshotItem, SnapshotRecord, StockRecord, UpdateRecord};

/// Shows the stock of an item.
pub(super) fn stock(tenant: &TenantId, stored: &Stored<StockRecord>) -> pb::Stock {
    let level = stored.level();
    pb::Stock {
        tenant_id: tenant.to_string(),
        store_code: stored.store_code.to_string(),
        item_code: stored.item_code.to_string(),
        current_quantity: Some(level.quantity.into()),
        minimum_quantity: Some(level.minimum.into()),
        reorder_point: Some(level.reorder_point.into()),
        reorder_quantity: Some(level.reorder_quantity.into()),
        last_updated: time(stored.updated_at.unwrap_or(stored.created_at)),
        last_transaction_id: level.last_reference.map(|reference| reference.to_string()),
    }
}

/// Shows a change.
pub(super) fn update(tenant: &TenantId, record: &UpdateRecord<'_>) -> pb::StockUpdate {
    let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
    pb::StockUpdate {
        tenant_id: tenant.to_string(),
        store_code: record.store_code.to_string(),
        item_code: record.item_code.to_string(),
        update_type: record.update_type.to_string(),
        quantity_change: Some(record.quantity_change.into()),
        before_quantity: Some(record.before_quantity.into()),
        after_quantity: Some(record.after_quantity.into()),
        reference_id: text(&record.reference_id),
        timestamp: time(record.timestamp),
        operator_id: text(&record.operator_id),
        note: text(&record.note),
        sequence: record.sequence,
    }
}

/// Shows a snapshot.
pub(super) fn snapshot(tenant: &TenantId, record: &SnapshotRecord) -> pb::Snapshot {
    let taken_at = Timestamp::from_microsecond(record.generated_at).unwrap_or_default();
    pb::Snapshot {
        tenant_id: tenant.to_string(),
        store_code: record.store_code.to_string(),
        snapshot_id: record.snapshot_id.clone(),
        total_items: record.total_items,
        total_quantity: Some(record.total_quantity.into()),
        stocks: record.stocks.iter().map(snapshot_stock).collect(),
        created_by: record.created_by.clone(),
        created_at: time(taken_at),
        updated_at: None,
        generate_date_time: Some(record.generate_date_time.clone()),
    }
}

fn snapshot_stock(item: &SnapshotItem) -> pb::SnapshotStock {
    pb::SnapshotStock {
        item_code: item.item_code.to_string(),
        quantity: Some(item.quantity.into()),
        minimum_quantity: Some(item.minimum_quantity.into()),
        reorder_point: Some(item.reorder_point.into()),
        reorder_quantity: Some(item.reorder_quantity.into()),
    }
}

/// Shows the schedule in force.
pub(super) fn schedule(tenant: &TenantId, in_force: &InForce) -> pb::SnapshotSchedule {
    let record = ScheduleRecord::new(&in_force.schedule);
    let stored = in_force.stored.as_ref();
    pb::SnapshotSchedule {
        tenant_id: tenant.to_string(),
        enabled: record.enabled,
        schedule_interval: record.schedule_interval,
        schedule_hour: record.schedule_hour,
        schedule_minute: record.schedule_minute,
        schedule_day_of_week: record.schedule_day_of_week,
        schedule_day_of_month: record.schedule_day_of_month,
        retention_days: i32::try_from(record.retention_days).unwrap_or(i32::MAX),
        target_stores: record.target_stores,
        last_executed_at: in_force.last_run.as_ref().map(|run| time(run.executed_at)),
        next_execution_at: in_force.next_run.map(time),
        created_at: stored.map(|stored| time(stored.created_at)),
        updated_at: stored.and_then(|stored| stored.updated_at).map(time),
        created_by: Some(stored.map_or_else(|| "system".to_owned(), |stored| stored.created_by.clone())),
        updated_by: stored.and_then(|stored| stored.updated_by.clone()),
    }
}

/// The first message of a watch.
pub(super) fn connection(tenant: &TenantId, store: &StoreCode) -> pb::WatchStockAlertsResponse {
    let connection = pb::StockAlertConnection {
        r#type: "connection".to_owned(),
        status: "connected".to_owned(),
        tenant_id: tenant.to_string(),
        store_code: store.to_string(),
        message: "Connected to stock alert service".to_owned(),
    };
    let event = pb::watch_stock_alerts_response::Event::Connection(connection);
    pb::WatchStockAlertsResponse { event: Some(event) }
}

/// Shows an alert.
pub(super) fn alert(alert: &Alert) -> pb::WatchStockAlertsResponse {
    let alert = pb::StockAlert {
        r#type: "stock_alert".to_owned(),
        alert_type: alert.reason.name().to_owned(),
        tenant_id: alert.tenant.to_string(),
        store_code: alert.store.to_string(),
        item_code: alert.item.to_string(),
        current_quantity: Some(alert.quantity.into()),
        reorder_point: Some(alert.reorder_point.into()),
        minimum_quantity: Some(alert.minimum.into()),
        reorder_quantity: Some(alert.reorder_quantity.into()),
        timestamp: time(alert.at),
    };
    let event = pb::watch_stock_alerts_response::Event::Alert(alert);
    pb::WatchStockAlertsResponse { event: Some(event) }
}

/// To the microsecond, as everything is stored.
fn time(instant: Timestamp) -> String {
    Timestamp::from_microsecond(instant.as_microsecond())
        .unwrap_or(instant)
        .to_string()
}
