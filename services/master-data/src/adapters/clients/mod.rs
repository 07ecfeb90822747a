//! The account service over its generated client.

use async_trait::async_trait;
use kugel_error::{Result, codes};
use kugel_proto::account::v1::ListRolesRequest;
use kugel_proto::account::v1::role_service_client::RoleServiceClient;
use kugel_rpc::{Client as _, Deps, Neighbour};
use kugel_types::TenantId;

use crate::NAME;
use crate::ports::{Neighbourhood, Role};

/// The neighbours, called in this service's name.
pub(crate) struct Clients {
    account: Neighbour,
}

impl Clients {
    /// Calls the neighbours of `deps`.
    pub(crate) fn new(deps: &Deps) -> Self {
        let failed = &codes::MASTER_NEIGHBOUR_FAILED;
        Self {
            account: Neighbour::new(NAME, "account", &deps.neighbours, deps.tokens.clone(), failed),
        }
    }
}

#[async_trait]
impl Neighbourhood for Clients {
    async fn roles(&self, tenant: &TenantId) -> Result<Vec<Role>> {
        let mut client = RoleServiceClient::over(self.account.channel());
        let request = self.account.request(tenant, ListRolesRequest {});
        let answer = self.account.answered(client.list_roles(request).await)?;
        let roles = answer.roles.into_iter().map(|role| Role {
            name: role.name,
            permissions: role.permissions,
        });
        Ok(roles.collect())
    }
}
