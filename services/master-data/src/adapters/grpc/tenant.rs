//! Set-up of a tenant over gRPC.

use kugel_error::codes;
use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::tenant_setup_service_server::TenantSetupService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{Checks, Service, answer};

#[tonic::async_trait]
impl TenantSetupService for Service {
    async fn set_up_tenant(
        &self,
        request: Request<pb::SetUpTenantRequest>,
    ) -> Result<Response<pb::SetUpTenantResponse>, Status> {
        let (caller, message) = admit(request)?;
        let mut checks = Checks::default();
        let tenant_id = checks.key("tenant_id", message.tenant_id);
        checks.done()?;
        self.0.masters.set_up(&caller).await.map_err(|error| {
            codes::SYSTEM_FAILURE
                .error("the tenant's masters cannot be kept")
                .caused_by(error)
        })?;
        answer(pb::SetUpTenantResponse { tenant_id })
    }
}
