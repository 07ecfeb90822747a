use kugel_auth::ApiKey;
use kugel_error::{Error, codes};
use kugel_proto::terminal::v1::terminal_service_server::TerminalService;
use kugel_proto::terminal::v1::*;
use kugel_rpc::{Caller, admit, welcome};
use kugel_types::{TerminalId, TerminalNo};
use tonic::{Request, Response, Status, async_trait};

use super::{parse, render};
use crate::app::{App, ListTerminals, NewTerminal};

/// `kugel.terminal.v1.TerminalService`.
pub struct Terminals(pub App);

#[async_trait]
impl TerminalService for Terminals {
    async fn create_terminal(
        &self,
        request: Request<CreateTerminalRequest>,
    ) -> Result<Response<CreateTerminalResponse>, Status> {
        let (caller, message) = admit(request)?;
        let (view, key) = self
            .0
            .create_terminal(&caller, new_terminal(&caller, message)?)
            .await?;
        let terminal = render::terminal_with_key(&view, &key, &self.0.zone);
        Ok(Response::new(CreateTerminalResponse {
            terminal: Some(terminal),
        }))
    }

    async fn list_terminals(
        &self,
        request: Request<ListTerminalsRequest>,
    ) -> Result<Response<ListTerminalsResponse>, Status> {
        let (caller, message) = admit(request)?;
        let list = list_terminals(&caller, &message)?;
        let (page, sort) = (list.page, list.sort.clone());
        let mut filter = vec![("tenant_id", list.tenant.to_string())];
        filter.extend(list.store.as_ref().map(|store| ("store_code", store.to_string())));
        let (rows, total) = self.0.list_terminals(list).await?;
        Ok(Response::new(ListTerminalsResponse {
            terminals: rows
                .iter()
                .map(|view| render::terminal(view, &self.0.zone))
                .collect(),
            metadata: Some(render::metadata(total, page, &sort, &filter)),
        }))
    }

    async fn get_terminal(
        &self,
        request: Request<GetTerminalRequest>,
    ) -> Result<Response<GetTerminalResponse>, Status> {
        let (caller, message) = admit(request)?;
        let view = self
            .0
            .terminal(&parse::terminal(&caller, &message.terminal_id)?)
            .await?;
        Ok(Response::new(GetTerminalResponse {
            terminal: Some(render::terminal(&view, &self.0.zone)),
        }))
    }

    async fn delete_terminal(
        &self,
        request: Request<DeleteTerminalRequest>,
    ) -> Result<Response<DeleteTerminalResponse>, Status> {
        let (caller, message) = admit(request)?;
        let id = parse::terminal(&caller, &message.terminal_id)?;
        self.0.delete_terminal(&caller, &id).await?;
        Ok(Response::new(DeleteTerminalResponse {
            terminal_id: id.to_string(),
        }))
    }

    async fn rotate_api_key(
        &self,
        request: Request<RotateApiKeyRequest>,
    ) -> Result<Response<RotateApiKeyResponse>, Status> {
        let (caller, message) = admit(request)?;
        let id = parse::terminal(&caller, &message.terminal_id)?;
        let (view, key) = self.0.rotate_api_key(&caller, &id).await?;
        let terminal = render::terminal_with_key(&view, &key, &self.0.zone);
        Ok(Response::new(RotateApiKeyResponse {
            terminal: Some(terminal),
        }))
    }

    async fn update_description(
        &self,
        request: Request<UpdateDescriptionRequest>,
    ) -> Result<Response<UpdateDescriptionResponse>, Status> {
        let (caller, message) = admit(request)?;
        let id = parse::terminal(&caller, &message.terminal_id)?;
        let view = self
            .0
            .describe_terminal(&caller, &id, message.description)
            .await?;
        Ok(Response::new(UpdateDescriptionResponse {
            terminal: Some(render::terminal(&view, &self.0.zone)),
        }))
    }

    async fn update_function_mode(
        &self,
        request: Request<UpdateFunctionModeRequest>,
    ) -> Result<Response<UpdateFunctionModeResponse>, Status> {
        let (caller, message) = admit(request)?;
        let id = parse::terminal(&caller, &message.terminal_id)?;
        let view = self
            .0
            .enter_mode(&caller, &id, parse::mode(&message.function_mode)?)
            .await?;
        Ok(Response::new(UpdateFunctionModeResponse {
            terminal: Some(render::terminal(&view, &self.0.zone)),
        }))
    }

    async fn issue_terminal_token(
        &self,
        request: Request<IssueTerminalTokenRequest>,
    ) -> Result<Response<IssueTerminalTokenResponse>, Status> {
        let (visitor, message) = welcome(request)?;
        let named = Some(message.terminal_id)
            .filter(|text| !text.is_empty())
            .or(visitor.terminal_id);
        let id = named.as_deref().map(claimed).transpose()?;
        let issued = self.0.exchange_key(id.as_ref(), visitor.api_key.as_ref()).await?;
        Ok(Response::new(IssueTerminalTokenResponse {
            access_token: issued.token,
            token_type: "bearer".to_owned(),
            expires_in: issued.expires_in,
        }))
    }

    async fn authenticate_terminal(
        &self,
        request: Request<AuthenticateTerminalRequest>,
    ) -> Result<Response<AuthenticateTerminalResponse>, Status> {
        let (_, message) = admit(request)?;
        let key = ApiKey::from_request(&message.api_key);
        let view = self.0.authenticate(&claimed(&message.terminal_id)?, &key).await?;
        Ok(Response::new(AuthenticateTerminalResponse {
            terminal: Some(render::terminal(&view, &self.0.zone)),
        }))
    }
}

/// The terminal that somebody claims to be. What is no id is no terminal, and told like a wrong key.
fn claimed(text: &str) -> Result<TerminalId, Error> {
    text.parse().map_err(|error| {
        codes::UNAUTHENTICATED
            .error("the API key is not valid")
            .caused_by(error)
    })
}

fn new_terminal(caller: &Caller, message: CreateTerminalRequest) -> Result<NewTerminal, Error> {
    let number = TerminalNo::new(message.terminal_no.into())
        .map_err(|error| parse::invalid("terminal_no", error.rule))?;
    let id = TerminalId {
        tenant: caller.tenant().clone(),
        store: message.store_code.parse()?,
        number,
    };
    Ok(NewTerminal {
        id,
        description: message.description,
    })
}

fn list_terminals(caller: &Caller, message: &ListTerminalsRequest) -> Result<ListTerminals, Error> {
    Ok(ListTerminals {
        tenant: caller.tenant().clone(),
        store: parse::given(message.store_code.as_deref())?,
        sort: parse::sort(message.sort.as_deref(), "terminal_id:1")?,
        page: parse::page(message.limit, message.page)?,
    })
}
