//! Settings.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::setting_service_server::SettingService;
use kugel_rpc::admit;
use kugel_types::trade::setting::SETTINGS;
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;
use crate::domain::setting::Setting;

pub(super) struct Settings(pub(super) App);

#[tonic::async_trait]
impl SettingService for Settings {
    async fn create_setting(
        &self,
        request: Request<pb::CreateSettingRequest>,
    ) -> Result<Response<pb::CreateSettingResponse>, Status> {
        let (caller, request) = admit(request)?;
        let setting = self
            .0
            .create_setting(&caller, convert::setting(request.setting)?)
            .await?;
        Ok(Response::new(pb::CreateSettingResponse {
            setting: Some(render::setting(&setting, &self.0.zone)),
        }))
    }

    async fn list_settings(
        &self,
        request: Request<pb::ListSettingsRequest>,
    ) -> Result<Response<pb::ListSettingsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let view = convert::view::<Setting>(request.limit, request.page, request.sort.as_deref())?;
        let listed = self.0.list(&caller, view, &[]).await?;
        let (settings, metadata) = render::page(listed, |setting| render::setting(setting, &self.0.zone));
        Ok(Response::new(pb::ListSettingsResponse { settings, metadata }))
    }

    async fn list_setting_definitions(
        &self,
        request: Request<pb::ListSettingDefinitionsRequest>,
    ) -> Result<Response<pb::ListSettingDefinitionsResponse>, Status> {
        admit(request)?;
        let definitions = SETTINGS.iter().map(render::setting_definition).collect();
        Ok(Response::new(pb::ListSettingDefinitionsResponse { definitions }))
    }

    async fn get_setting(
        &self,
        request: Request<pb::GetSettingRequest>,
    ) -> Result<Response<pb::GetSettingResponse>, Status> {
        let (caller, request) = admit(request)?;
        let setting = self.0.get(&caller, &request.name).await?;
        Ok(Response::new(pb::GetSettingResponse {
            setting: Some(render::setting(&setting, &self.0.zone)),
        }))
    }

    async fn update_setting(
        &self,
        request: Request<pb::UpdateSettingRequest>,
    ) -> Result<Response<pb::UpdateSettingResponse>, Status> {
        let (caller, request) = admit(request)?;
        let setting = self
            .0
            .replace_setting(&caller, convert::setting(request.setting)?)
            .await?;
        Ok(Response::new(pb::UpdateSettingResponse {
            setting: Some(render::setting(&setting, &self.0.zone)),
        }))
    }

    async fn delete_setting(
        &self,
        request: Request<pb::DeleteSettingRequest>,
    ) -> Result<Response<pb::DeleteSettingResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0.delete::<Setting>(&caller, &request.name).await?;
        Ok(Response::new(pb::DeleteSettingResponse { name: request.name }))
    }

    async fn get_setting_value(
        &self,
        request: Request<pb::GetSettingValueRequest>,
    ) -> Result<Response<pb::GetSettingValueResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (store_code, terminal_no) = convert::place_of_setting(request.store_code, request.terminal_no)?;
        let setting = self.0.get::<Setting>(&caller, &request.name).await?;
        Ok(Response::new(pb::GetSettingValueResponse {
            value: setting.resolve(&store_code, terminal_no).to_owned(),
        }))
    }
}
