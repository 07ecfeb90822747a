//! Staff, as master data knows it.

use kugel_error::Error;
use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::staff_service_client::StaffServiceClient;
use kugel_types::{StaffRef, TenantId};
use tonic::Code;

use super::{Clients, failed};

impl Clients {
    pub(super) async fn find_staff(
        &self,
        tenant: &TenantId,
        id: &str,
        pin: Option<&str>,
    ) -> Result<Option<StaffRef>, Error> {
        let mut client = StaffServiceClient::new(self.channel("master-data"));
        let (tenant_id, staff_id) = (tenant.to_string(), id.to_owned());
        let answer = match pin.map(str::to_owned) {
            Some(pin) => {
                let message = pb::VerifyStaffPinRequest {
                    tenant_id,
                    staff_id,
                    pin,
                };
                let answer = client.verify_staff_pin(self.request(tenant, message)).await;
                answer.map(|answer| answer.into_inner().staff)
            }
            None => {
                let message = pb::GetStaffRequest {
                    tenant_id,
                    id: staff_id,
                };
                let answer = client.get_staff(self.request(tenant, message)).await;
                answer.map(|answer| answer.into_inner().staff)
            }
        };
        match answer {
            Ok(found) => Ok(found.map(|staff| StaffRef {
                id: staff.id,
                name: staff.name,
            })),
            // Nobody has that key, or not with that PIN.
            Err(status) if matches!(status.code(), Code::NotFound | Code::Unauthenticated) => Ok(None),
            Err(status) => Err(failed("master-data", status)),
        }
    }
}
