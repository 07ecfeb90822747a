//! Staff, as master data knows it.

use kugel_error::Error;
use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::staff_service_client::StaffServiceClient;
use kugel_rpc::{Client as _, Neighbour};
use kugel_types::{StaffRef, TenantId};
use tonic::Code;

/// The staff member with that key and, if one is given, that PIN.
pub(super) async fn staff(
    master_data: &Neighbour,
    tenant: &TenantId,
    id: &str,
    pin: Option<&str>,
) -> Result<Option<StaffRef>, Error> {
    let mut client = StaffServiceClient::over(master_data.channel());
    let (tenant_id, staff_id) = (tenant.to_string(), id.to_owned());
    let answer = match pin.map(str::to_owned) {
        Some(pin) => {
            let message = pb::VerifyStaffPinRequest {
                tenant_id,
                staff_id,
                pin,
            };
            let answer = client
                .verify_staff_pin(master_data.request(tenant, message))
                .await;
            answer.map(|answer| answer.into_inner().staff)
        }
        None => {
            let message = pb::GetStaffRequest {
                tenant_id,
                id: staff_id,
            };
            let answer = client.get_staff(master_data.request(tenant, message)).await;
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
        Err(status) => Err(master_data.failed(status)),
    }
}
