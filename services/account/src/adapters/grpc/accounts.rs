//! Accounts.

use kugel_auth::Principal;
use kugel_proto::account::v1 as pb;
use kugel_proto::account::v1::account_service_server::AccountService;
use kugel_rpc::{admit, welcome};
use tonic::{Request, Response, Status};

use super::{convert, render};
use crate::app::App;

pub(crate) struct Accounts(pub(crate) App);

#[tonic::async_trait]
impl AccountService for Accounts {
    async fn issue_token(
        &self,
        request: Request<pb::IssueTokenRequest>,
    ) -> Result<Response<pb::IssueTokenResponse>, Status> {
        let (visitor, request) = welcome(request)?;
        let form = convert::login(request)?;
        let issued = self.0.issue_token(form, visitor.address).await?;
        Ok(Response::new(pb::IssueTokenResponse {
            access_token: issued.access_token,
            token_type: render::BEARER.to_owned(),
            expires_in: issued.expires_in,
            refresh_token: issued.refresh_token,
        }))
    }

    async fn refresh_token(
        &self,
        request: Request<pb::RefreshTokenRequest>,
    ) -> Result<Response<pb::RefreshTokenResponse>, Status> {
        let (visitor, request) = welcome(request)?;
        let form = convert::refresh(request)?;
        let key = visitor.request.as_ref();
        let issued = self.0.refresh_token(key, visitor.address, &form).await?;
        Ok(Response::new(pb::RefreshTokenResponse {
            access_token: issued.access_token,
            token_type: render::BEARER.to_owned(),
            expires_in: issued.expires_in,
            refresh_token: issued.refresh_token.unwrap_or_default(),
        }))
    }

    async fn revoke_token(
        &self,
        request: Request<pb::RevokeTokenRequest>,
    ) -> Result<Response<pb::RevokeTokenResponse>, Status> {
        let (visitor, request) = welcome(request)?;
        self.0
            .revoke_token(visitor.principal, visitor.address, &request.token)
            .await?;
        Ok(Response::new(pb::RevokeTokenResponse {}))
    }

    async fn introspect_token(
        &self,
        request: Request<pb::IntrospectTokenRequest>,
    ) -> Result<Response<pb::IntrospectTokenResponse>, Status> {
        let (caller, request) = admit(request)?;
        let token = convert::introspected(request)?;
        let found = self.0.introspect_token(&caller, &token).await?;
        Ok(Response::new(render::introspection(caller.tenant(), found)))
    }

    async fn validate_token(
        &self,
        request: Request<pb::ValidateTokenRequest>,
    ) -> Result<Response<pb::ValidateTokenResponse>, Status> {
        let (caller, _) = admit(request)?;
        if matches!(caller.principal(), Principal::User(_)) {
            self.0.own_rights(&caller).await?;
        }
        Ok(Response::new(render::bearer(&caller)))
    }

    async fn register_tenant(
        &self,
        request: Request<pb::RegisterTenantRequest>,
    ) -> Result<Response<pb::RegisterTenantResponse>, Status> {
        let (visitor, request) = welcome(request)?;
        let new = convert::registration(request, visitor.address)?;
        let (tenant, user) = self.0.register_tenant(visitor.request.as_ref(), &new).await?;
        Ok(Response::new(pb::RegisterTenantResponse {
            user: Some(render::user(&tenant, &user, &self.0.zone)),
        }))
    }

    async fn create_user(
        &self,
        request: Request<pb::CreateUserRequest>,
    ) -> Result<Response<pb::CreateUserResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (credentials, roles) = convert::new_user(request)?;
        let user = self.0.create_user(&caller, credentials, roles).await?;
        Ok(Response::new(pb::CreateUserResponse {
            user: Some(render::user(caller.tenant(), &user, &self.0.zone)),
        }))
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        let (caller, request) = admit(request)?;
        let view = convert::view(&request)?;
        let (users, total) = self.0.users(&caller, &view).await?;
        let metadata = view.filtered("tenant_id", Some(caller.tenant())).metadata(total);
        let users = users
            .iter()
            .map(|user| render::user(caller.tenant(), user, &self.0.zone))
            .collect();
        Ok(Response::new(pb::ListUsersResponse {
            users,
            metadata: Some(metadata),
        }))
    }

    async fn get_user(
        &self,
        request: Request<pb::GetUserRequest>,
    ) -> Result<Response<pb::GetUserResponse>, Status> {
        let (caller, request) = admit(request)?;
        let user = self.0.user(&caller, &request.username).await?;
        Ok(Response::new(pb::GetUserResponse {
            user: Some(render::user(caller.tenant(), &user, &self.0.zone)),
        }))
    }

    async fn update_user(
        &self,
        request: Request<pb::UpdateUserRequest>,
    ) -> Result<Response<pb::UpdateUserResponse>, Status> {
        let (caller, request) = admit(request)?;
        let username = request.username.clone();
        let change = convert::user_change(request)?;
        let user = self.0.change_user(&caller, &username, &change).await?;
        Ok(Response::new(pb::UpdateUserResponse {
            user: Some(render::user(caller.tenant(), &user, &self.0.zone)),
        }))
    }

    async fn delete_user(
        &self,
        request: Request<pb::DeleteUserRequest>,
    ) -> Result<Response<pb::DeleteUserResponse>, Status> {
        let (caller, request) = admit(request)?;
        self.0.delete_user(&caller, &request.username).await?;
        Ok(Response::new(pb::DeleteUserResponse {
            username: request.username,
        }))
    }

    async fn set_user_roles(
        &self,
        request: Request<pb::SetUserRolesRequest>,
    ) -> Result<Response<pb::SetUserRolesResponse>, Status> {
        let (caller, request) = admit(request)?;
        let roles = convert::role_grants(request.roles)?;
        let user = self.0.set_roles(&caller, &request.username, roles).await?;
        Ok(Response::new(pb::SetUserRolesResponse {
            user: Some(render::user(caller.tenant(), &user, &self.0.zone)),
        }))
    }

    async fn log_out_user(
        &self,
        request: Request<pb::LogOutUserRequest>,
    ) -> Result<Response<pb::LogOutUserResponse>, Status> {
        let (caller, request) = admit(request)?;
        let user = self.0.log_out_user(&caller, &request.username).await?;
        Ok(Response::new(pb::LogOutUserResponse {
            user: Some(render::user(caller.tenant(), &user, &self.0.zone)),
        }))
    }

    async fn unlock_user(
        &self,
        request: Request<pb::UnlockUserRequest>,
    ) -> Result<Response<pb::UnlockUserResponse>, Status> {
        let (caller, request) = admit(request)?;
        let user = self.0.unlock_user(&caller, &request.username).await?;
        Ok(Response::new(pb::UnlockUserResponse {
            user: Some(render::user(caller.tenant(), &user, &self.0.zone)),
        }))
    }

    async fn reset_password(
        &self,
        request: Request<pb::ResetPasswordRequest>,
    ) -> Result<Response<pb::ResetPasswordResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (user, temporary_password) = self.0.reset_password(&caller, &request.username).await?;
        Ok(Response::new(pb::ResetPasswordResponse {
            user: Some(render::user(caller.tenant(), &user, &self.0.zone)),
            temporary_password,
        }))
    }

    async fn change_password(
        &self,
        request: Request<pb::ChangePasswordRequest>,
    ) -> Result<Response<pb::ChangePasswordResponse>, Status> {
        let (visitor, request) = welcome(request)?;
        let change = convert::password_change(request)?;
        let (tenant, user) = self
            .0
            .change_password(visitor.request.as_ref(), visitor.address, &change)
            .await?;
        Ok(Response::new(pb::ChangePasswordResponse {
            user: Some(render::user(&tenant, &user, &self.0.zone)),
        }))
    }

    async fn get_password_policy(
        &self,
        request: Request<pb::GetPasswordPolicyRequest>,
    ) -> Result<Response<pb::GetPasswordPolicyResponse>, Status> {
        let (caller, _) = admit(request)?;
        let policy = self.0.policy(&caller.scope()).await?;
        Ok(Response::new(pb::GetPasswordPolicyResponse {
            policy: Some(render::policy(policy)),
        }))
    }

    async fn update_password_policy(
        &self,
        request: Request<pb::UpdatePasswordPolicyRequest>,
    ) -> Result<Response<pb::UpdatePasswordPolicyResponse>, Status> {
        let (caller, request) = admit(request)?;
        let policy = self.0.change_policy(&caller, convert::policy(request)?).await?;
        Ok(Response::new(pb::UpdatePasswordPolicyResponse {
            policy: Some(render::policy(policy)),
        }))
    }

    async fn get_user_standing(
        &self,
        request: Request<pb::GetUserStandingRequest>,
    ) -> Result<Response<pb::GetUserStandingResponse>, Status> {
        let (caller, request) = admit(request)?;
        let standing = self.0.standing(&caller.scope(), &request.username).await?;
        Ok(Response::new(pb::GetUserStandingResponse {
            standing: standing.map(|standing| pb::UserStanding {
                generation: standing.generation,
                ended_sessions: standing.ended_sessions,
            }),
        }))
    }

    async fn list_security_events(
        &self,
        request: Request<pb::ListSecurityEventsRequest>,
    ) -> Result<Response<pb::ListSecurityEventsResponse>, Status> {
        let (caller, request) = admit(request)?;
        let (filter, view) = convert::security_filter(&request, &self.0.zone)?;
        let (events, total) = self.0.security_events(&caller, &filter, &view).await?;
        let view = view
            .filtered("tenant_id", Some(caller.tenant()))
            .filtered("kind", filter.kind.map(|kind| kind.as_str_name()))
            .filtered("subject", filter.subject)
            .filtered("address", filter.address)
            .filtered("from", request.from)
            .filtered("to", request.to);
        let events = events
            .iter()
            .map(|event| render::security_event(event, &self.0.zone));
        Ok(Response::new(pb::ListSecurityEventsResponse {
            events: events.collect(),
            metadata: Some(view.metadata(total)),
        }))
    }
}
