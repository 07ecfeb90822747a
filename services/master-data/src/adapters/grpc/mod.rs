//! The masters over gRPC, a file for each service. Handlers admit, parse, call and render.

mod category;
mod checks;
mod item;
mod item_book;
mod item_book_wire;
mod payment;
mod promotion;
mod setting;
mod staff;
mod tax;
mod tenant;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_auth::Passwords;
use kugel_bus::Bus;
use kugel_proto::common::v1::ListMetadata;
use kugel_proto::master_data::v1::category_service_server::CategoryServiceServer;
use kugel_proto::master_data::v1::item_book_service_server::ItemBookServiceServer;
use kugel_proto::master_data::v1::item_service_server::ItemServiceServer;
use kugel_proto::master_data::v1::payment_service_server::PaymentServiceServer;
use kugel_proto::master_data::v1::promotion_service_server::PromotionServiceServer;
use kugel_proto::master_data::v1::setting_service_server::SettingServiceServer;
use kugel_proto::master_data::v1::staff_service_server::StaffServiceServer;
use kugel_proto::master_data::v1::tax_service_server::TaxServiceServer;
use kugel_proto::master_data::v1::tenant_setup_service_server::TenantSetupServiceServer;
use kugel_rpc::Routes;
use kugel_store::{Documents, Stored};
use kugel_types::{Clock, LocalTime};
use tonic::{Response, Status};

use crate::app::{ItemBooks, Items, Listed, Masters, Promotions, StaffMembers, Taxes};
use checks::Checks;

/// The masters behind every gRPC service of this crate. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Service(Arc<Inner>);

struct Inner {
    masters: Masters,
    items: Items,
    item_books: ItemBooks,
    promotions: Promotions,
    staff: StaffMembers,
    taxes: Taxes,
    zone: TimeZone,
}

impl Service {
    /// Puts the masters on top of what they need.
    pub(crate) fn new(
        documents: Documents,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        passwords: Passwords,
        zone: TimeZone,
    ) -> Self {
        let masters = Masters::new(documents, bus);
        let items = Items::new(masters.clone());
        Self(Arc::new(Inner {
            item_books: ItemBooks::new(masters.clone(), items.clone(), Arc::clone(&clock), zone.clone()),
            promotions: Promotions::new(masters.clone(), clock),
            staff: StaffMembers::new(masters.clone(), passwords),
            taxes: Taxes::new(masters.clone()),
            items,
            masters,
            zone,
        }))
    }

    /// Every gRPC service of this crate.
    pub(crate) fn routes(&self) -> Routes {
        Routes::new(CategoryServiceServer::new(self.clone()))
            .and(ItemBookServiceServer::new(self.clone()))
            .and(ItemServiceServer::new(self.clone()))
            .and(PaymentServiceServer::new(self.clone()))
            .and(PromotionServiceServer::new(self.clone()))
            .and(SettingServiceServer::new(self.clone()))
            .and(StaffServiceServer::new(self.clone()))
            .and(TaxServiceServer::new(self.clone()))
            .and(TenantSetupServiceServer::new(self.clone()))
    }

    /// When a record was created and last changed, as answers show it.
    fn times<T>(&self, stored: &Stored<T>) -> (String, Option<String>) {
        (
            self.time(stored.created_at),
            stored.updated_at.map(|instant| self.time(instant)),
        )
    }

    fn time(&self, instant: Timestamp) -> String {
        LocalTime::new(instant, &self.0.zone).plain()
    }
}

/// Splits a page into rendered rows and metadata.
fn page<T, W>(listed: Listed<T>, render: impl Fn(&T) -> W) -> (Vec<W>, Option<ListMetadata>) {
    let metadata = ListMetadata {
        total: i64::try_from(listed.total).unwrap_or(i64::MAX),
        page: i32::try_from(listed.page.number).unwrap_or(i32::MAX),
        limit: i32::try_from(listed.page.limit).unwrap_or(i32::MAX),
        sort: Some(listed.sort.to_string()),
        filter: listed
            .filter
            .into_iter()
            .map(|(field, value)| (field.to_owned(), value))
            .collect(),
    };
    (listed.rows.iter().map(render).collect(), Some(metadata))
}

fn answer<T>(message: T) -> Result<Response<T>, Status> {
    Ok(Response::new(message))
}

/// The page that a list request asks for. A macro, because every list has a request type of its own.
macro_rules! page_request {
    ($message:expr, $default:expr) => {
        $crate::app::PageRequest {
            page: $message.page,
            limit: $message.limit,
            sort: $message.sort.as_deref(),
            default_limit: $default,
        }
    };
}
use page_request;
