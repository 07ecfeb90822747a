//! Roles, as account knows them.

use kugel_error::Error;
use kugel_proto::account::v1::ListRolesRequest;
use kugel_proto::account::v1::role_service_client::RoleServiceClient;
use kugel_rpc::{Client as _, Neighbour};
use kugel_types::{Rate, TenantId};

use crate::domain::Role;

/// The roles of the tenant.
pub(super) async fn roles(account: &Neighbour, tenant: &TenantId) -> Result<Vec<Role>, Error> {
    let mut client = RoleServiceClient::over(account.channel());
    let answer = client
        .list_roles(account.request(tenant, ListRolesRequest {}))
        .await;
    let roles = account.answered(answer)?.roles.into_iter().map(|role| {
        let limit = role
            .discount_limit_percent
            .as_ref()
            .map(Rate::try_from)
            .transpose();
        Ok(Role {
            name: role.name,
            permissions: role.permissions,
            discount_limit: limit.map_err(|_| account.unusable("a limit of discounts"))?,
        })
    });
    roles.collect()
}
