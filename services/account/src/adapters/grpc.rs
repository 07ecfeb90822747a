//! Accounts over gRPC. Handlers admit, parse, call and render.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_auth::Principal;
use kugel_error::codes;
use kugel_proto::account::v1 as pb;
use kugel_proto::account::v1::account_service_server::{AccountService, AccountServiceServer};
use kugel_proto::common::v1::ListMetadata;
use kugel_rpc::{Caller, Deps, Routes, admit, welcome};
use kugel_store::Page;
use kugel_types::{LocalTime, TenantId};
use tonic::{Request, Response, Status};

use crate::app::{Administration, Login, LoginForm, Registration, UserChange, UserView, Users};
use crate::domain::Credentials;

/// What stands for a password in answers.
const HIDDEN: &str = "*****";

/// The accounts behind the gRPC service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Service(Arc<Inner>);

struct Inner {
    registration: Registration,
    login: Login,
    users: Users,
    administration: Administration,
    zone: TimeZone,
}

impl Service {
    pub(crate) fn new(deps: Deps) -> Self {
        let Deps {
            documents,
            passwords,
            tokens,
            clock,
            settings,
            ..
        } = deps;
        Self(Arc::new(Inner {
            registration: Registration::new(documents.clone(), passwords.clone()),
            login: Login::new(documents.clone(), passwords.clone(), tokens, clock),
            users: Users::new(documents.clone(), passwords),
            administration: Administration::new(documents),
            zone: settings.zone(),
        }))
    }

    pub(crate) fn routes(self) -> Routes {
        Routes::new(AccountServiceServer::new(self))
    }

    fn user(&self, tenant: &TenantId, user: &UserView) -> pb::UserAccount {
        pb::UserAccount {
            username: user.username.clone(),
            password: HIDDEN.to_owned(),
            tenant_id: tenant.to_string(),
            is_superuser: user.is_superuser,
            is_active: user.is_active,
            created_at: self.time(user.created_at),
            updated_at: user.updated_at.map(|instant| self.time(instant)),
            last_login: user.last_login.map(|instant| self.time(instant)),
        }
    }

    fn time(&self, instant: Timestamp) -> String {
        LocalTime::new(instant, &self.0.zone).iso()
    }
}

#[tonic::async_trait]
impl AccountService for Service {
    async fn issue_token(
        &self,
        request: Request<pb::IssueTokenRequest>,
    ) -> Result<Response<pb::IssueTokenResponse>, Status> {
        let (_, message) = welcome(request)?;
        let form = LoginForm {
            username: message.username,
            password: message.password,
            client_id: message.client_id,
            grant_type: message.grant_type,
        };
        let access_token = self.0.login.token(form).await?;
        Ok(Response::new(pb::IssueTokenResponse {
            access_token,
            token_type: "bearer".to_owned(),
        }))
    }

    async fn validate_token(
        &self,
        request: Request<pb::ValidateTokenRequest>,
    ) -> Result<Response<pb::ValidateTokenResponse>, Status> {
        let (caller, _) = admit(request)?;
        if matches!(caller.principal(), Principal::User { .. }) {
            self.0.administration.own_account(&caller).await?;
        }
        Ok(Response::new(bearer(&caller)))
    }

    async fn register_tenant(
        &self,
        request: Request<pb::RegisterTenantRequest>,
    ) -> Result<Response<pb::RegisterTenantResponse>, Status> {
        let (visitor, message) = welcome(request)?;
        let wish = message
            .tenant_id
            .filter(|wish| !wish.is_empty())
            .map(|wish| parse_tenant(&wish));
        let wish = wish.transpose()?;
        let credentials = Credentials::new(message.username, message.password)?;
        let registration = &self.0.registration;
        let (tenant, user) = registration
            .register(visitor.request.as_ref(), credentials, wish)
            .await?;
        Ok(Response::new(pb::RegisterTenantResponse {
            user: Some(self.user(&tenant, &user)),
        }))
    }

    async fn create_user(
        &self,
        request: Request<pb::CreateUserRequest>,
    ) -> Result<Response<pb::CreateUserResponse>, Status> {
        let (caller, message) = admit(request)?;
        let credentials = Credentials::new(message.username, message.password)?;
        let user = self.0.users.create(&caller, credentials).await?;
        Ok(Response::new(pb::CreateUserResponse {
            user: Some(self.user(caller.tenant(), &user)),
        }))
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        let (caller, message) = admit(request)?;
        let page = Page::new(message.limit, message.page, 100).map_err(kugel_error::Error::from)?;
        let sort = Users::order(message.sort.as_deref())?;
        let (users, total) = self.0.users.list(&caller, page, sort.clone()).await?;
        let metadata = ListMetadata {
            total: i64::try_from(total).unwrap_or(i64::MAX),
            page: i32::try_from(page.number).unwrap_or(i32::MAX),
            limit: i32::try_from(page.limit).unwrap_or(i32::MAX),
            sort: Some(sort.to_string()),
            filter: [("tenant_id".to_owned(), caller.tenant().to_string())].into(),
        };
        let users = users
            .iter()
            .map(|user| self.user(caller.tenant(), user))
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
        let (caller, message) = admit(request)?;
        let user = self.0.users.get(&caller, &message.username).await?;
        Ok(Response::new(pb::GetUserResponse {
            user: Some(self.user(caller.tenant(), &user)),
        }))
    }

    async fn update_user(
        &self,
        request: Request<pb::UpdateUserRequest>,
    ) -> Result<Response<pb::UpdateUserResponse>, Status> {
        let (caller, message) = admit(request)?;
        let change = UserChange {
            password: message.password,
            current_password: message.current_password,
            is_active: message.is_active,
            is_superuser: message.is_superuser,
        };
        let user = self.0.users.change(&caller, &message.username, change).await?;
        Ok(Response::new(pb::UpdateUserResponse {
            user: Some(self.user(caller.tenant(), &user)),
        }))
    }

    async fn delete_user(
        &self,
        request: Request<pb::DeleteUserRequest>,
    ) -> Result<Response<pb::DeleteUserResponse>, Status> {
        let (caller, message) = admit(request)?;
        self.0.users.delete(&caller, &message.username).await?;
        Ok(Response::new(pb::DeleteUserResponse {
            username: message.username,
        }))
    }
}

fn parse_tenant(text: &str) -> kugel_error::Result<TenantId> {
    text.parse::<TenantId>().map_err(|invalid| {
        codes::INVALID_INPUT
            .error(format!("tenant_id must be {}", invalid.rule))
            .field("tenant_id", format!("must be {}", invalid.rule))
    })
}

fn bearer(caller: &Caller) -> pb::ValidateTokenResponse {
    let (kind, sub, is_superuser, service) = match caller.principal() {
        Principal::Anonymous => ("anonymous", String::new(), false, None),
        Principal::User {
            username,
            is_superuser,
            ..
        } => ("user", username.clone(), *is_superuser, None),
        Principal::Terminal(claims) => ("terminal", format!("terminal:{}", claims.id), false, None),
        Principal::Service { name, .. } => ("service", format!("service:{name}"), false, Some(name.clone())),
    };
    pb::ValidateTokenResponse {
        valid: true,
        kind: kind.to_owned(),
        sub,
        tenant_id: caller.tenant().to_string(),
        is_superuser,
        is_service_account: service.is_some(),
        service,
    }
}
