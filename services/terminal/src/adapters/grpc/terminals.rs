//! Terminals and their keys over gRPC.

use kugel_auth::ApiKey;
use kugel_proto::terminal::v1 as pb;
use kugel_proto::terminal::v1::terminal_service_server::TerminalService;
use kugel_rpc::{admit, welcome};
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;

/// Answers the methods of terminals.
pub(crate) struct Terminals(pub(crate) App);

#[tonic::async_trait]
impl TerminalService for Terminals {
    async fn create_terminal(
        &self,
        request: Request<pb::CreateTerminalRequest>,
    ) -> Result<Response<pb::CreateTerminalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (stored, key) = self
            .0
            .create_terminal(&caller, convert::new_terminal(&caller, request)?)
            .await?;
        let terminal = render::terminal_with_key(&stored, &key, &self.0.zone);
        Ok(Response::new(pb::CreateTerminalResponse {
            terminal: Some(terminal),
        }))
    }

    async fn list_terminals(
        &self,
        request: Request<pb::ListTerminalsRequest>,
    ) -> Result<Response<pb::ListTerminalsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (store, view) = convert::list_terminals(&caller, &request, self.0.is_legacy)?;
        let (sort, page) = (view.sort.clone(), view.page);
        let listing = self
            .0
            .list_terminals(caller.tenant(), store.as_ref(), sort, page)
            .await?;
        Ok(Response::new(pb::ListTerminalsResponse {
            terminals: listing
                .rows
                .iter()
                .map(|stored| render::terminal(stored, &self.0.zone))
                .collect(),
            metadata: Some(view.metadata(listing.total)),
        }))
    }

    async fn get_terminal(
        &self,
        request: Request<pb::GetTerminalRequest>,
    ) -> Result<Response<pb::GetTerminalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let stored = self
            .0
            .terminal(&convert::terminal(&caller, &request.terminal_id)?)
            .await?;
        Ok(Response::new(pb::GetTerminalResponse {
            terminal: Some(render::terminal(&stored, &self.0.zone)),
        }))
    }

    async fn delete_terminal(
        &self,
        request: Request<pb::DeleteTerminalRequest>,
    ) -> Result<Response<pb::DeleteTerminalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let id = convert::terminal(&caller, &request.terminal_id)?;
        self.0.delete_terminal(&caller, &id).await?;
        Ok(Response::new(pb::DeleteTerminalResponse {
            terminal_id: id.to_string(),
        }))
    }

    async fn rotate_api_key(
        &self,
        request: Request<pb::RotateApiKeyRequest>,
    ) -> Result<Response<pb::RotateApiKeyResponse>, Status> {
        let (caller, request) = admit(request)?;
        let id = convert::terminal(&caller, &request.terminal_id)?;
        let (stored, key) = self.0.rotate_api_key(&caller, &id).await?;
        let terminal = render::terminal_with_key(&stored, &key, &self.0.zone);
        Ok(Response::new(pb::RotateApiKeyResponse {
            terminal: Some(terminal),
        }))
    }

    async fn update_description(
        &self,
        request: Request<pb::UpdateDescriptionRequest>,
    ) -> Result<Response<pb::UpdateDescriptionResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (id, description) = convert::description(&caller, request)?;
        let stored = self.0.describe_terminal(&caller, &id, description).await?;
        Ok(Response::new(pb::UpdateDescriptionResponse {
            terminal: Some(render::terminal(&stored, &self.0.zone)),
        }))
    }

    async fn update_function_mode(
        &self,
        request: Request<pb::UpdateFunctionModeRequest>,
    ) -> Result<Response<pb::UpdateFunctionModeResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (id, mode) = convert::mode(&caller, &request)?;
        let stored = self.0.enter_mode(&caller, &id, mode).await?;
        Ok(Response::new(pb::UpdateFunctionModeResponse {
            terminal: Some(render::terminal(&stored, &self.0.zone)),
        }))
    }

    async fn issue_terminal_token(
        &self,
        request: Request<pb::IssueTerminalTokenRequest>,
    ) -> Result<Response<pb::IssueTerminalTokenResponse>, Status> {
        let (visitor, request) = welcome(request)?;
        let named = Some(request.terminal_id).filter(|text| !text.is_empty());
        if visitor.is_key_refused && (named.is_none() || named == visitor.terminal_id) {
            // Counted and told of where it was compared: once is enough.
            return Err(convert::no_key().into());
        }
        let named = named.or(visitor.terminal_id);
        let id = named.as_deref().map(convert::claimed).transpose()?;
        let issued = self
            .0
            .exchange_key(id.as_ref(), visitor.api_key.as_ref(), visitor.address)
            .await?;
        Ok(Response::new(pb::IssueTerminalTokenResponse {
            access_token: issued.token,
            token_type: "bearer".to_owned(),
            expires_in: issued.expires_in,
        }))
    }

    async fn authenticate_terminal(
        &self,
        request: Request<pb::AuthenticateTerminalRequest>,
    ) -> Result<Response<pb::AuthenticateTerminalResponse>, Status> {
        let (caller, request) = admit(request)?;
        let key = ApiKey::from_request(&request.api_key);
        let stored = self
            .0
            .authenticate(&convert::claimed(&request.terminal_id)?, &key, caller.address())
            .await?;
        let stored = self.0.with_present_staff(&caller, stored).await?;
        let rights = self.0.till_rights(&stored.terminal.id.tenant).await?;
        Ok(Response::new(pb::AuthenticateTerminalResponse {
            standing: Some(render::standing(&stored, rights, &self.0.zone)),
        }))
    }

    async fn get_terminal_standing(
        &self,
        request: Request<pb::GetTerminalStandingRequest>,
    ) -> Result<Response<pb::GetTerminalStandingResponse>, Status> {
        let (caller, request) = admit(request)?;
        let id = convert::terminal(&caller, &request.terminal_id)?;
        let stored = self.0.standing(&caller, &id).await?;
        let rights = self.0.till_rights(&id.tenant).await?;
        Ok(Response::new(pb::GetTerminalStandingResponse {
            standing: Some(render::standing(&stored, rights, &self.0.zone)),
        }))
    }
}
