use kugel_proto::terminal::v1::tenant_service_server::TenantService;
use kugel_proto::terminal::v1::*;
use kugel_rpc::admit;
use kugel_types::{InvalidId, TenantId};
use tonic::{Request, Response, Status, async_trait};

use super::render;
use crate::app::{App, NewTenant};

/// `kugel.terminal.v1.TenantService`.
pub struct Tenants(pub App);

#[async_trait]
impl TenantService for Tenants {
    async fn create_tenant(
        &self,
        request: Request<CreateTenantRequest>,
    ) -> Result<Response<CreateTenantResponse>, Status> {
        let (caller, message) = admit(request)?;
        let new =
            new(message.tenant_id, message.tenant_name, message.tags).map_err(kugel_error::Error::from)?;
        let view = self.0.create_tenant(&caller, new).await?;
        Ok(Response::new(CreateTenantResponse {
            tenant: Some(render::tenant(&view, &self.0.zone)),
        }))
    }

    async fn get_tenant(
        &self,
        request: Request<GetTenantRequest>,
    ) -> Result<Response<GetTenantResponse>, Status> {
        let (caller, _) = admit(request)?;
        let view = self.0.tenant(caller.tenant()).await?;
        Ok(Response::new(GetTenantResponse {
            tenant: Some(render::tenant(&view, &self.0.zone)),
        }))
    }

    async fn update_tenant(
        &self,
        request: Request<UpdateTenantRequest>,
    ) -> Result<Response<UpdateTenantResponse>, Status> {
        let (caller, message) = admit(request)?;
        let new =
            new(message.tenant_id, message.tenant_name, message.tags).map_err(kugel_error::Error::from)?;
        let view = self.0.update_tenant(&caller, new).await?;
        Ok(Response::new(UpdateTenantResponse {
            tenant: Some(render::tenant(&view, &self.0.zone)),
        }))
    }

    async fn delete_tenant(
        &self,
        request: Request<DeleteTenantRequest>,
    ) -> Result<Response<DeleteTenantResponse>, Status> {
        let (caller, message) = admit(request)?;
        // Named in so many words, so that a call with a forgotten field deletes nothing.
        let tenant: TenantId = message.tenant_id.parse().map_err(kugel_error::Error::from)?;
        self.0.delete_tenant(&caller, &tenant).await?;
        Ok(Response::new(DeleteTenantResponse {
            tenant_id: tenant.to_string(),
        }))
    }
}

fn new(tenant_id: String, name: String, tags: Vec<String>) -> Result<NewTenant, InvalidId> {
    Ok(NewTenant {
        tenant: tenant_id.parse()?,
        name,
        tags,
    })
}
