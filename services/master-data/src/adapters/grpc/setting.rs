//! Settings over gRPC.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::setting_service_server::SettingService;
use kugel_rpc::admit;
use kugel_store::Stored;
use kugel_types::{StoreCode, TerminalNo};
use tonic::{Request, Response, Status};

use super::{Checks, Service, answer, page, page_request};
use crate::domain::setting::{Setting, SettingValue};

fn parse(sent: Option<pb::Setting>) -> kugel_error::Result<Setting> {
    let sent = sent.unwrap_or_default();
    let mut checks = Checks::default();
    checks.within("setting.");
    let name = checks.name_of_setting(sent.name);
    let default_value = checks.text("default_value", sent.default_value);
    let values = checks.setting_values(sent.values);
    checks.done().map(|()| Setting::new(name, &default_value, values))
}

#[tonic::async_trait]
impl SettingService for Service {
    async fn create_setting(
        &self,
        request: Request<pb::CreateSettingRequest>,
    ) -> Result<Response<pb::CreateSettingResponse>, Status> {
        let (caller, message) = admit(request)?;
        let setting = self.0.masters.create(&caller, parse(message.setting)?).await?;
        answer(pb::CreateSettingResponse {
            setting: Some(self.setting(&setting)),
        })
    }

    async fn list_settings(
        &self,
        request: Request<pb::ListSettingsRequest>,
    ) -> Result<Response<pb::ListSettingsResponse>, Status> {
        let (caller, message) = admit(request)?;
        let listed = self
            .0
            .masters
            .list(&caller, page_request!(message, 100), Vec::new())
            .await?;
        let (settings, metadata) = page(listed, |setting| self.setting(setting));
        answer(pb::ListSettingsResponse { settings, metadata })
    }

    async fn get_setting(
        &self,
        request: Request<pb::GetSettingRequest>,
    ) -> Result<Response<pb::GetSettingResponse>, Status> {
        let (caller, message) = admit(request)?;
        let setting = self.0.masters.get(&caller, &message.name).await?;
        answer(pb::GetSettingResponse {
            setting: Some(self.setting(&setting)),
        })
    }

    async fn update_setting(
        &self,
        request: Request<pb::UpdateSettingRequest>,
    ) -> Result<Response<pb::UpdateSettingResponse>, Status> {
        let (caller, message) = admit(request)?;
        let setting: Setting = parse(message.setting)?;
        let edit = |_: &Setting| Ok(setting.clone());
        let setting = self.0.masters.change(&caller, &setting.name, edit).await?;
        answer(pb::UpdateSettingResponse {
            setting: Some(self.setting(&setting)),
        })
    }

    async fn delete_setting(
        &self,
        request: Request<pb::DeleteSettingRequest>,
    ) -> Result<Response<pb::DeleteSettingResponse>, Status> {
        let (caller, message) = admit(request)?;
        self.0.masters.delete::<Setting>(&caller, &message.name).await?;
        answer(pb::DeleteSettingResponse { name: message.name })
    }

    async fn get_setting_value(
        &self,
        request: Request<pb::GetSettingValueRequest>,
    ) -> Result<Response<pb::GetSettingValueResponse>, Status> {
        let (caller, message) = admit(request)?;
        let mut checks = Checks::default();
        let store_code = checks.name("store_code", message.store_code);
        let terminal_no = checks.required("terminal_no", message.terminal_no);
        checks.done()?;
        let setting = self.0.masters.get::<Setting>(&caller, &message.name).await?;
        answer(pb::GetSettingValueResponse {
            value: setting.resolve(&store_code, terminal_no).to_owned(),
        })
    }
}

impl Service {
    fn setting(&self, setting: &Stored<Setting>) -> pb::Setting {
        let (entry_datetime, last_update_datetime) = self.times(setting);
        let values = setting.values.iter().map(|value| pb::SettingValue {
            store_code: value.store_code.clone(),
            terminal_no: value.terminal_no,
            value: Some(value.value.clone()),
        });
        pb::Setting {
            name: setting.name.clone(),
            default_value: Some(setting.default_value.clone()),
            values: values.collect(),
            entry_datetime,
            last_update_datetime,
        }
    }
}

impl Checks {
    fn name_of_setting(&mut self, name: String) -> String {
        if name.len() > 128 || name.trim() != name || name.chars().any(char::is_control) {
            self.refuse(
                "name",
                "must have at most 128 characters and no blank at either end",
            );
        }
        self.name("name", name)
    }

    fn setting_values(&mut self, values: Vec<pb::SettingValue>) -> Vec<SettingValue> {
        let values = values.into_iter().enumerate().map(|(position, value)| {
            self.within(format!("setting.values[{position}]."));
            let store_code = value.store_code;
            if let Some(store) = &store_code {
                self.parsed("store_code", store.parse::<StoreCode>());
            }
            if let Some(number) = value.terminal_no {
                self.parsed("terminal_no", TerminalNo::new(number.into()));
            }
            SettingValue {
                store_code,
                terminal_no: value.terminal_no,
                value: self.text("value", value.value),
            }
        });
        let values = values.collect();
        self.within("");
        values
    }
}
