//! Tenants over gRPC.

use kugel_proto::terminal::v1 as pb;
use kugel_proto::terminal::v1::tenant_service_server::TenantService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;

/// Answers the methods of tenants.
pub(crate) struct Tenants(pub(crate) App);

#[tonic::async_trait]
impl TenantService for Tenants {
    async fn create_tenant(
        &self,
        request: Request<pb::CreateTenantRequest>,
    ) -> Result<Response<pb::CreateTenantResponse>, Status> {
        let (caller, request) = admit(request)?;
        let new = convert::tenant(&request.tenant_id, request.tenant_name, request.tags, None)?;
        let view = self.0.create_tenant(&caller, new).await?;
        Ok(Response::new(pb::CreateTenantResponse {
            tenant: Some(render::tenant(&view, &self.0.zone)),
        }))
    }

    async fn get_tenant(
        &self,
        request: Request<pb::GetTenantRequest>,
    ) -> Result<Response<pb::GetTenantResponse>, Status> {
        let (caller, _) = admit(request)?;
        let view = self.0.tenant(caller.tenant()).await?;
        Ok(Response::new(pb::GetTenantResponse {
            tenant: Some(render::tenant(&view, &self.0.zone)),
        }))
    }

    async fn update_tenant(
        &self,
        request: Request<pb::UpdateTenantRequest>,
    ) -> Result<Response<pb::UpdateTenantResponse>, Status> {
        let (caller, request) = admit(request)?;
        let new = convert::tenant(
            &request.tenant_id,
            request.tenant_name,
            request.tags,
            request.till_rights,
        )?;
        let view = self.0.update_tenant(&caller, new).await?;
        Ok(Response::new(pb::UpdateTenantResponse {
            tenant: Some(render::tenant(&view, &self.0.zone)),
        }))
    }

    async fn delete_tenant(
        &self,
        request: Request<pb::DeleteTenantRequest>,
    ) -> Result<Response<pb::DeleteTenantResponse>, Status> {
        let (caller, request) = admit(request)?;
        let tenant = convert::tenant_id(&request.tenant_id)?;
        self.0.delete_tenant(&caller, &tenant).await?;
        Ok(Response::new(pb::DeleteTenantResponse {
            tenant_id: tenant.to_string(),
        }))
    }
}
