//! Set-up of a tenant.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::tenant_setup_service_server::TenantSetupService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::convert;
use crate::app::App;

pub(super) struct TenantSetup(pub(super) App);

#[tonic::async_trait]
impl TenantSetupService for TenantSetup {
    async fn set_up_tenant(
        &self,
        request: Request<pb::SetUpTenantRequest>,
    ) -> Result<Response<pb::SetUpTenantResponse>, Status> {
        let (caller, request) = admit(request)?;
        let tenant_id = convert::tenant(request.tenant_id)?;
        self.0.set_up(&caller).await?;
        Ok(Response::new(pb::SetUpTenantResponse { tenant_id }))
    }
}
