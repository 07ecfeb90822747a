//! Staff.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::staff_service_server::StaffService;
use kugel_rpc::admit;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;
use crate::domain::masters::Staff;

pub(super) struct StaffMembers(pub(super) App);

#[tonic::async_trait]
impl StaffService for StaffMembers {
    async fn create_staff(
        &self,
        request: Request<pb::CreateStaffRequest>,
    ) -> Result<Response<pb::CreateStaffResponse>, Status> {
        let (caller, request) = admit(request)?;
        let staff = self
            .0
            .create_staff(&caller, convert::staff(request.staff, self.0.pin_min)?)
            .await?;
        Ok(Response::new(pb::CreateStaffResponse {
            staff: Some(render::staff(&staff, &self.0.zone)),
        }))
    }

    async fn list_staff(
        &self,
        request: Request<pb::ListStaffRequest>,
    ) -> Result<Response<pb::ListStaffResponse>, Status> {
        let (caller, request) = admit(request)?;
        let view = convert::view::<Staff>(request.limit, request.page, request.sort.as_deref())?;
        let listed = self.0.list(&caller, view, &[]).await?;
        let (staff, metadata) = render::page(listed, |staff| render::staff(staff, &self.0.zone));
        Ok(Response::new(pb::ListStaffResponse { staff, metadata }))
    }

    async fn get_staff(
        &self,
        request: Request<pb::GetStaffRequest>,
    ) -> Result<Response<pb::GetStaffResponse>, Status> {
        let (caller, request) = admit(request)?;
        let staff = self.0.get(&caller, &request.id).await?;
        Ok(Response::new(pb::GetStaffResponse {
            staff: Some(render::staff(&staff, &self.0.zone)),
        }))
    }

    async fn update_staff(
        &self,
        request: Request<pb::UpdateStaffRequest>,
    ) -> Result<Response<pb::UpdateStaffResponse>, Status> {
        let (caller, request) = admit(request)?;
        let staff = self
            .0
            .update_staff(&caller, convert::staff(request.staff, self.0.pin_min)?)
            .await?;
        Ok(Response::new(pb::UpdateStaffResponse {
            staff: Some(render::staff(&staff, &self.0.zone)),
        }))
    }

    async fn delete_staff(
        &self,
        request: Request<pb::DeleteStaffRequest>,
    ) -> Result<Response<pb::DeleteStaffResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0.delete_staff(&caller, &request.id).await?;
        Ok(Response::new(pb::DeleteStaffResponse { staff_id: request.id }))
    }

    async fn verify_staff_pin(
        &self,
        request: Request<pb::VerifyStaffPinRequest>,
    ) -> Result<Response<pb::VerifyStaffPinResponse>, Status> {
        let (caller, request) = admit(request)?;
        let staff = self
            .0
            .verify_pin(&caller, &request.staff_id, &request.pin)
            .await?;
        Ok(Response::new(pb::VerifyStaffPinResponse {
            staff: Some(render::staff(&staff, &self.0.zone)),
        }))
    }
}
