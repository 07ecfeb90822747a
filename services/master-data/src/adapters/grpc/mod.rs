//! The masters over gRPC, a file for each service: admit, call, render.

mod categories;
mod convert;
mod item_books;
mod items;
mod payments;
mod promotions;
mod render;
mod settings;
mod staff;
mod taxes;
mod tenant_setup;

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

use crate::app::App;

/// Every gRPC service of this crate.
pub(crate) fn routes(app: &App) -> Routes {
    Routes::new(CategoryServiceServer::new(categories::Categories(app.clone())))
        .and(ItemBookServiceServer::new(item_books::ItemBooks(app.clone())))
        .and(ItemServiceServer::new(items::Items(app.clone())))
        .and(PaymentServiceServer::new(payments::Payments(app.clone())))
        .and(PromotionServiceServer::new(promotions::Promotions(app.clone())))
        .and(SettingServiceServer::new(settings::Settings(app.clone())))
        .and(StaffServiceServer::new(staff::StaffMembers(app.clone())))
        .and(TaxServiceServer::new(taxes::Taxes(app.clone())))
        .and(TenantSetupServiceServer::new(tenant_setup::TenantSetup(
            app.clone(),
        )))
}
