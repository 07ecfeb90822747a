//! The owner: registers a tenant, and gives those who work in it the roles that suffice.

use kugel_proto::Permission;
use kugel_proto::account::v1 as accounts;
use kugel_proto::account::v1::account_service_client::AccountServiceClient;
use kugel_proto::account::v1::service_account_service_client::ServiceAccountServiceClient;
use kugel_proto::terminal::v1::CreateTenantRequest;
use kugel_proto::terminal::v1::tenant_service_client::TenantServiceClient;
use kugel_rpc::Client as _;

use crate::failure::while_doing;
use crate::{Client, Failure, Shop, Transport};

/// What an office is permitted that enters a shop, and nothing else of what back offices do.
const OFFICE: [Permission; 5] = [
    Permission::SettingsWrite,
    Permission::ItemsWrite,
    Permission::StoresWrite,
    Permission::TerminalsWrite,
    Permission::StockWrite,
];

/// A tenant in the hands of its owner.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The tenant.
    pub tenant: String,
    client: Client,
}

impl Owner {
    /// Registers an owner and logs in: no service but the accounts knows the tenant yet. A tenant id that is taken
    /// becomes another one.
    pub async fn register(
        transport: Transport,
        username: &str,
        password: &str,
        wished: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut client = Client::new(transport);
        let mut service = AccountServiceClient::over(client.transport());
        let registration = accounts::RegisterTenantRequest {
            username: username.to_owned(),
            password: password.to_owned(),
            tenant_id: wished.map(ToOwned::to_owned),
            invitation_code: None,
        };
        let answer = service
            .register_tenant(registration)
            .await
            .map_err(while_doing("register a tenant"))?;
        let user = answer.into_inner().user;
        let tenant = user
            .ok_or_else(|| Failure::lacking("register a tenant", "the user"))?
            .tenant_id;
        let login = accounts::IssueTokenRequest {
            username: username.to_owned(),
            password: password.to_owned(),
            client_id: tenant.clone(),
            ..Default::default()
        };
        let token = service.issue_token(login).await.map_err(while_doing("log in"))?;
        client.authorize(&token.into_inner().access_token)?;
        Ok(Self { tenant, client })
    }

    /// Prepares every service for the tenant.
    pub async fn set_up(&self, name: &str, tags: &[&str]) -> Result<(), Failure> {
        let request = self.client.request(CreateTenantRequest {
            tenant_id: self.tenant.clone(),
            tenant_name: name.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        });
        let mut tenants = TenantServiceClient::over(self.client.transport());
        let answer = tenants.create_tenant(request).await;
        answer.map(drop).map_err(while_doing("set the tenant up"))
    }

    /// The shop in the hands of an office, which enters what there is.
    pub async fn office(&self) -> Result<Shop, Failure> {
        let client = self.employ("office", "back_office", &OFFICE).await?;
        Ok(Shop {
            tenant: self.tenant.clone(),
            client,
        })
    }

    /// Enters who works at tills, with a role: nobody gives more than he has, and the office sells nothing.
    pub async fn staff(&self, id: &str, name: &str, pin: &str, role: &str) -> Result<(), Failure> {
        self.in_person().staff(id, name, pin, role).await
    }

    /// Somebody who reads those of the books that are named.
    pub async fn accountant(&self, reads: &[Permission]) -> Result<Client, Failure> {
        self.employ("accountant", "accountant", reads).await
    }

    /// The shop in the owner's own hands, for tests of what owners may do: anybody else has an office.
    pub fn in_person(&self) -> Shop {
        Shop {
            tenant: self.tenant.clone(),
            client: self.client.clone(),
        }
    }

    /// A service account with a role, and a token of a key that is good for these permissions of it alone.
    async fn employ(&self, name: &str, role: &str, permissions: &[Permission]) -> Result<Client, Failure> {
        let grant = accounts::RoleGrant {
            role: role.to_owned(),
            store_codes: Vec::new(),
        };
        let account = accounts::ServiceAccount {
            name: name.to_owned(),
            roles: vec![grant],
            ..Default::default()
        };
        let mut service = ServiceAccountServiceClient::over(self.client.transport());
        let request = self.client.request(accounts::CreateServiceAccountRequest {
            service_account: Some(account),
        });
        let answer = service.create_service_account(request).await;
        answer.map_err(while_doing("make a service account"))?;
        let key = accounts::ServiceAccountKey {
            permissions: permissions.iter().copied().map(Permission::name).collect(),
            ..Default::default()
        };
        let request = self.client.request(accounts::CreateServiceAccountKeyRequest {
            name: name.to_owned(),
            key: Some(key),
        });
        let answer = service.create_service_account_key(request).await;
        let made = answer.map_err(while_doing("make a key"))?.into_inner();
        let exchange = accounts::IssueServiceAccountTokenRequest {
            client_id: made.client_id,
            client_secret: made.client_secret,
            scope: String::new(),
        };
        let answer = service.issue_service_account_token(exchange).await;
        let token = answer.map_err(while_doing("get a token for a key"))?.into_inner();
        let mut client = Client::new(self.client.transport());
        client.authorize(&token.access_token)?;
        Ok(client)
    }
}
