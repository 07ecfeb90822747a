//! Roles and permissions.

use kugel_proto::PERMISSIONS;
use kugel_proto::account::v1 as pb;
use kugel_proto::account::v1::role_service_server::RoleService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;

pub(crate) struct Roles(pub(crate) App);

#[tonic::async_trait]
impl RoleService for Roles {
    async fn list_permissions(
        &self,
        request: Request<pb::ListPermissionsRequest>,
    ) -> Result<Response<pb::ListPermissionsResponse>, Status> {
        let (caller, _) = admit(request)?;
        self.0.own_rights(&caller).await?;
        Ok(Response::new(pb::ListPermissionsResponse {
            permissions: PERMISSIONS.iter().map(render::permission).collect(),
        }))
    }

    async fn list_roles(
        &self,
        request: Request<pb::ListRolesRequest>,
    ) -> Result<Response<pb::ListRolesResponse>, Status> {
        let (caller, _) = admit(request)?;
        let roles = self.0.roles(&caller).await?;
        Ok(Response::new(pb::ListRolesResponse {
            roles: roles.into_iter().map(render::role).collect(),
        }))
    }

    async fn create_role(
        &self,
        request: Request<pb::CreateRoleRequest>,
    ) -> Result<Response<pb::CreateRoleResponse>, Status> {
        let (caller, request) = admit(request)?;
        let role = self.0.create_role(&caller, convert::role(request.role)?).await?;
        Ok(Response::new(pb::CreateRoleResponse {
            role: Some(render::role(role)),
        }))
    }

    async fn update_role(
        &self,
        request: Request<pb::UpdateRoleRequest>,
    ) -> Result<Response<pb::UpdateRoleResponse>, Status> {
        let (caller, request) = admit(request)?;
        let role = self.0.update_role(&caller, convert::role(request.role)?).await?;
        Ok(Response::new(pb::UpdateRoleResponse {
            role: Some(render::role(role)),
        }))
    }

    async fn delete_role(
        &self,
        request: Request<pb::DeleteRoleRequest>,
    ) -> Result<Response<pb::DeleteRoleResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0.delete_role(&caller, &request.name).await?;
        Ok(Response::new(pb::DeleteRoleResponse { name: request.name }))
    }
}
