//! Whose staff a caller may enter, change and remove: nobody gives, changes or takes more than he is permitted himself.

use kugel_auth::{Grant, Permission, Principal, Reach, Rights};
use kugel_error::{Result, codes};
use kugel_rpc::Caller;

use super::App;
use crate::ports::Role;

/// What everybody on the staff is who has no role that the tenant knows. Whoever may write staff may give that much: without
/// it there would be nobody whom he could enter.
const CASHIER: &str = "cashier";

/// How far a caller may go with the roles of staff.
pub(super) enum Limit {
    /// As far as he likes: an owner; a service, which acts for somebody who was asked already; a till of older clients.
    None,
    /// As far as his own rights reach. Staff are the whole tenant's, so what he is permitted for stores alone does not count.
    Own(Rights, Vec<Role>),
}

impl App {
    /// How far the caller may go. It takes the account service, unless there is no limit.
    pub(super) async fn limit(&self, caller: &Caller) -> Result<Limit> {
        match caller.principal() {
            // Whoever is signed in at a till that may write masters; nobody is permitted nothing.
            Principal::Terminal(claims) if !self.is_legacy => {
                let roles = self.neighbourhood.roles(caller.tenant()).await?;
                let permissions = claims.staff_rights.unwrap_or_default().permissions;
                let own = Grant {
                    permissions,
                    stores: None,
                };
                Ok(Limit::Own(Rights::of([own]), roles))
            }
            Principal::User(claims) if !claims.is_superuser => {
                let roles = self.neighbourhood.roles(caller.tenant()).await?;
                Ok(Limit::Own(claims.rights.clone(), roles))
            }
            _ => Ok(Limit::None),
        }
    }
}

impl Limit {
    /// Succeeds if the caller may have to do with somebody who has, or will have, these roles.
    pub(super) fn check(&self, names: &[String]) -> Result<()> {
        let Self::Own(own, roles) = self else {
            return Ok(());
        };
        let given = names.iter().filter(|name| *name != CASHIER);
        // A role that the tenant does not have is a cashier's.
        for role in given.filter_map(|name| roles.iter().find(|role| role.name == *name)) {
            let may = |name: &&String| {
                let permission = Permission::named(name);
                permission.is_some_and(|permission| own.allow(permission, Reach::Tenant))
            };
            if let Some(beyond) = role.permissions.iter().find(|name| !may(name)) {
                let message = format!(
                    "nobody gives, changes or takes more than he is permitted himself for the tenant: the role {} permits {beyond}",
                    role.name
                );
                return Err(codes::PERMISSION_DENIED
                    .error(message)
                    .with("role", &role.name)
                    .with("permission", beyond));
            }
        }
        Ok(())
    }
}
