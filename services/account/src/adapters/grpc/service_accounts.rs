//! Service accounts, their keys and their tokens.

use kugel_proto::account::v1 as pb;
use kugel_proto::account::v1::service_account_service_server::ServiceAccountService;
use kugel_rpc::{admit, welcome};
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;

pub(crate) struct ServiceAccounts(pub(crate) App);

#[tonic::async_trait]
impl ServiceAccountService for ServiceAccounts {
    async fn issue_service_account_token(
        &self,
        request: Request<pb::IssueServiceAccountTokenRequest>,
    ) -> Result<Response<pb::IssueServiceAccountTokenResponse>, Status> {
        let (visitor, request) = welcome(request)?;
        let credentials = convert::client_credentials(request)?;
        let issued = self.0.issue_service_token(&credentials, visitor.address).await?;
        Ok(Response::new(pb::IssueServiceAccountTokenResponse {
            access_token: issued.access_token,
            token_type: render::BEARER.to_owned(),
            expires_in: issued.expires_in,
            scope: issued.permissions.names().join(" "),
        }))
    }

    async fn list_service_accounts(
        &self,
        request: Request<pb::ListServiceAccountsRequest>,
    ) -> Result<Response<pb::ListServiceAccountsResponse>, Status> {
        let (caller, _) = admit(request)?;
        let accounts = self.0.service_accounts(&caller).await?;
        let accounts = accounts.into_iter();
        let accounts =
            accounts.map(|account| render::service_account(caller.tenant(), account, &self.0.zone));
        Ok(Response::new(pb::ListServiceAccountsResponse {
            service_accounts: accounts.collect(),
        }))
    }

    async fn get_service_account(
        &self,
        request: Request<pb::GetServiceAccountRequest>,
    ) -> Result<Response<pb::GetServiceAccountResponse>, Status> {
        let (caller, request) = admit(request)?;
        let account = self.0.service_account(&caller, &request.name).await?;
        let account = render::service_account(caller.tenant(), account, &self.0.zone);
        Ok(Response::new(pb::GetServiceAccountResponse {
            service_account: Some(account),
        }))
    }

    async fn create_service_account(
        &self,
        request: Request<pb::CreateServiceAccountRequest>,
    ) -> Result<Response<pb::CreateServiceAccountResponse>, Status> {
        let (caller, request) = admit(request)?;
        let new = convert::service_account(request.service_account, &self.0.zone)?;
        let account = self.0.create_service_account(&caller, new).await?;
        let account = render::service_account(caller.tenant(), account, &self.0.zone);
        Ok(Response::new(pb::CreateServiceAccountResponse {
            service_account: Some(account),
        }))
    }

    async fn update_service_account(
        &self,
        request: Request<pb::UpdateServiceAccountRequest>,
    ) -> Result<Response<pb::UpdateServiceAccountResponse>, Status> {
        let (caller, request) = admit(request)?;
        let new = convert::service_account(request.service_account, &self.0.zone)?;
        let account = self.0.update_service_account(&caller, new).await?;
        let account = render::service_account(caller.tenant(), account, &self.0.zone);
        Ok(Response::new(pb::UpdateServiceAccountResponse {
            service_account: Some(account),
        }))
    }

    async fn delete_service_account(
        &self,
        request: Request<pb::DeleteServiceAccountRequest>,
    ) -> Result<Response<pb::DeleteServiceAccountResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0.delete_service_account(&caller, &request.name).await?;
        Ok(Response::new(pb::DeleteServiceAccountResponse {
            name: request.name,
        }))
    }

    async fn list_service_account_keys(
        &self,
        request: Request<pb::ListServiceAccountKeysRequest>,
    ) -> Result<Response<pb::ListServiceAccountKeysResponse>, Status> {
        let (caller, request) = admit(request)?;
        let keys = self.0.service_keys(&caller, &request.name).await?;
        let keys = keys.into_iter();
        let keys = keys.map(|view| render::service_key(view.key, view.last_used_at, &self.0.zone));
        Ok(Response::new(pb::ListServiceAccountKeysResponse {
            keys: keys.collect(),
        }))
    }

    async fn create_service_account_key(
        &self,
        request: Request<pb::CreateServiceAccountKeyRequest>,
    ) -> Result<Response<pb::CreateServiceAccountKeyResponse>, Status> {
        let (caller, request) = admit(request)?;
        let new = convert::service_key(request.key, &self.0.zone)?;
        let (key, secret) = self.0.create_service_key(&caller, &request.name, new).await?;
        Ok(Response::new(pb::CreateServiceAccountKeyResponse {
            key: Some(render::service_key(key, None, &self.0.zone)),
            client_id: render::client_id(caller.tenant(), &request.name),
            client_secret: secret.reveal().to_owned(),
        }))
    }

    async fn delete_service_account_key(
        &self,
        request: Request<pb::DeleteServiceAccountKeyRequest>,
    ) -> Result<Response<pb::DeleteServiceAccountKeyResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0
            .delete_service_key(&caller, &request.name, &request.key_id)
            .await?;
        Ok(Response::new(pb::DeleteServiceAccountKeyResponse {
            key_id: request.key_id,
        }))
    }
}
