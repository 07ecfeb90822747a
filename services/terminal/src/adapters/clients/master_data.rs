//! Staff and settings, as master data knows them.

use kugel_error::Error;
use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::setting_service_client::SettingServiceClient;
use kugel_proto::master_data::v1::staff_service_client::StaffServiceClient;
use kugel_rpc::{Client as _, Neighbour};
use kugel_types::{StaffRef, TenantId, TerminalId};
use tonic::Code;

use crate::ports::StaffMember;

/// The staff member with that key and, if one is given, that PIN.
pub(super) async fn staff(
    master_data: &Neighbour,
    tenant: &TenantId,
    id: &str,
    pin: Option<&str>,
) -> Result<Option<StaffMember>, Error> {
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
        Ok(found) => Ok(found.map(|staff| StaffMember {
            staff: StaffRef {
                id: staff.id,
                name: staff.name,
            },
            roles: staff.roles,
            record: staff.generation,
        })),
        // Nobody has that key, or not with that PIN.
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) if pin.is_some() && status.code() == Code::Unauthenticated => Ok(None),
        Err(status) => Err(master_data.failed(status)),
    }
}

/// What a setting says at the terminal, if there is one of that name.
pub(super) async fn setting(
    master_data: &Neighbour,
    terminal: &TerminalId,
    name: &str,
) -> Result<Option<String>, Error> {
    let tenant = &terminal.tenant;
    let message = pb::GetSettingValueRequest {
        tenant_id: tenant.to_string(),
        name: name.to_owned(),
        store_code: terminal.store.to_string(),
        terminal_no: Some(terminal.number.get()),
    };
    let mut client = SettingServiceClient::over(master_data.channel());
    let answer = client
        .get_setting_value(master_data.request(tenant, message))
        .await;
    Ok(master_data.found(answer)?.map(|found| found.value))
}
