//! Staff over gRPC.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::staff_service_server::StaffService;
use kugel_rpc::admit;
use kugel_store::Stored;
use tonic::{Request, Response, Status};

use super::{Checks, Service, answer, page, page_request};
use crate::app::StaffDraft;
use crate::domain::records::Staff;

#[tonic::async_trait]
impl StaffService for Service {
    async fn create_staff(
        &self,
        request: Request<pb::CreateStaffRequest>,
    ) -> Result<Response<pb::CreateStaffResponse>, Status> {
        let (caller, message) = admit(request)?;
        let draft = draft(message.staff)?;
        let staff = self.0.staff.create(&caller, draft).await?;
        answer(pb::CreateStaffResponse {
            staff: Some(self.staff(&staff)),
        })
    }

    async fn list_staff(
        &self,
        request: Request<pb::ListStaffRequest>,
    ) -> Result<Response<pb::ListStaffResponse>, Status> {
        let (caller, message) = admit(request)?;
        let listed = self
            .0
            .masters
            .list(&caller, page_request!(message, 100), Vec::new())
            .await?;
        let (staff, metadata) = page(listed, |staff| self.staff(staff));
        answer(pb::ListStaffResponse { staff, metadata })
    }

    async fn get_staff(
        &self,
        request: Request<pb::GetStaffRequest>,
    ) -> Result<Response<pb::GetStaffResponse>, Status> {
        let (caller, message) = admit(request)?;
        let staff = self.0.masters.get(&caller, &message.id).await?;
        answer(pb::GetStaffResponse {
            staff: Some(self.staff(&staff)),
        })
    }

    async fn update_staff(
        &self,
        request: Request<pb::UpdateStaffRequest>,
    ) -> Result<Response<pb::UpdateStaffResponse>, Status> {
        let (caller, message) = admit(request)?;
        let draft = draft(message.staff)?;
        let staff = self.0.staff.update(&caller, draft).await?;
        answer(pb::UpdateStaffResponse {
            staff: Some(self.staff(&staff)),
        })
    }

    async fn delete_staff(
        &self,
        request: Request<pb::DeleteStaffRequest>,
    ) -> Result<Response<pb::DeleteStaffResponse>, Status> {
        let (caller, message) = admit(request)?;
        self.0.masters.delete::<Staff>(&caller, &message.id).await?;
        answer(pb::DeleteStaffResponse { staff_id: message.id })
    }

    async fn verify_staff_pin(
        &self,
        request: Request<pb::VerifyStaffPinRequest>,
    ) -> Result<Response<pb::VerifyStaffPinResponse>, Status> {
        let (caller, message) = admit(request)?;
        let staff = self
            .0
            .staff
            .verify(&caller, &message.staff_id, &message.pin)
            .await?;
        answer(pb::VerifyStaffPinResponse {
            staff: Some(self.staff(&staff)),
        })
    }
}

impl Service {
    fn staff(&self, staff: &Stored<Staff>) -> pb::Staff {
        let (entry_datetime, last_update_datetime) = self.times(staff);
        pb::Staff {
            id: staff.staff_id.clone(),
            name: staff.name.clone(),
            roles: staff.roles.clone(),
            entry_datetime,
            last_update_datetime,
        }
    }
}

fn draft(sent: Option<pb::StaffEntry>) -> kugel_error::Result<StaffDraft> {
    let sent = sent.unwrap_or_default();
    let mut checks = Checks::default();
    checks.within("staff.");
    let draft = StaffDraft {
        staff_id: checks.key("id", sent.id),
        name: checks.name("name", sent.name),
        pin: checks.key("pin", sent.pin),
        roles: checks.texts("roles", sent.roles),
    };
    checks.done().map(|()| draft)
}
