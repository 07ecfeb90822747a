//! Registration of a tenant with its first user.

use std::net::IpAddr;
use std::sync::Arc;

use kugel_brake::Subject;
use kugel_config::Registration;
use kugel_error::{Error, Result, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{SecurityEntry, ending_with_caller};
use kugel_store::{Record as _, RequestKey, Scope, StoreError};
use kugel_types::TenantId;

use super::{App, UserView};
use crate::domain::{Credentials, Tenant, UsedInvitation, User, generated_tenant_id};

/// How many generated ids are tried before registration gives up. Of 234,000 ids nearly all must be taken for that.
const ATTEMPTS: usize = 64;

/// Who registers what.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// The first user.
    pub owner: Credentials,
    /// The id that is wished for.
    pub wish: Option<TenantId>,
    /// The invitation.
    pub invitation_code: Option<String>,
    /// Where the client is.
    pub address: Option<IpAddr>,
}

impl App {
    /// Registers a tenant under the wished id, or under a generated one if the wish is taken or absent. The two commits,
    /// of the id and of its user, are repeatable one by one: who was cut off in between goes on with the id it has.
    pub async fn register_tenant(
        &self,
        request: Option<&RequestKey>,
        new: &NewTenant,
    ) -> Result<(TenantId, UserView)> {
        let take_id = self.take_id(request, new);
        let tenant: TenantId = self
            .documents
            .once(&Scope::Commons, request, take_id)
            .await?
            .parse()?;
        let scope = Scope::from(&tenant);
        let insert = self.insert_owner(request, &tenant, new);
        match self.documents.once(&scope, request, insert).await {
            Ok(user) => Ok((tenant, user)),
            Err(error) => {
                if request.is_none() {
                    self.give_back(&tenant, new).await;
                }
                Err(error)
            }
        }
    }

    /// Takes the first free id. The insert itself decides, so two who wish for the same cannot both have it; nor can two
    /// who come with the same invitation.
    async fn take_id(&self, request: Option<&RequestKey>, new: &NewTenant) -> Result<String> {
        let owner = &new.owner.username;
        let invitation = self.admit(new).await?;
        let generated = std::iter::repeat_with(|| generated_tenant_id(rand::random(), rand::random()));
        for tenant in new.wish.clone().into_iter().chain(generated).take(ATTEMPTS) {
            let record = Tenant {
                tenant_id: tenant.to_string(),
                owner: owner.clone(),
            };
            let mut changes = self.documents.changes(owner).insert(record);
            if let Some(id) = &invitation {
                changes = changes.insert(UsedInvitation {
                    id: id.clone(),
                    tenant_id: tenant.to_string(),
                });
            }
            let changes = changes.answering(request, tenant.as_str());
            match self.documents.commit(&Scope::Commons, changes).await {
                Ok(()) => return Ok(tenant.to_string()),
                Err(error) if error.is_same_request() => return Err(error.into()),
                Err(error) if error.is_duplicate_in(UsedInvitation::COLLECTION.name) => {
                    return Err(uninvited());
                }
                Err(StoreError::Duplicate { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(codes::CREATE_FAILED.error("no free tenant id was found, try again or wish for one"))
    }

    /// Whether there may be another tenant, and the invitation that it takes. What was written wrong does not count: whoever
    /// corrects it has not registered yet.
    async fn admit(&self, new: &NewTenant) -> Result<Option<String>> {
        let subjects: Vec<_> = new.address.map(Subject::Address).into_iter().collect();
        let one_try = self.registrations.take(&subjects).await?;
        let checked = self.check(new).await;
        match &checked {
            Err(error) if error.is(&codes::INVALID_INPUT) => one_try.withdrawn().await,
            _ => one_try.failed(),
        }
        checked
    }

    async fn check(&self, new: &NewTenant) -> Result<Option<String>> {
        let invitation = match self.registration {
            Registration::Open => None,
            Registration::Closed => {
                return Err(codes::REGISTRATION_CLOSED.error("the operator registers no tenants"));
            }
            Registration::Invitation => {
                let code = new.invitation_code.as_deref().unwrap_or_default();
                let id = self.tokens.invited_by(code, self.clock.now());
                Some(id.ok_or_else(uninvited)?)
            }
        };
        let wish = new.wish.as_ref().map_or("", TenantId::as_str);
        let Credentials { username, password } = &new.owner;
        self.require_good(&Scope::Commons, wish, username, ("password", password))
            .await?;
        Ok(invitation)
    }

    async fn insert_owner(
        &self,
        request: Option<&RequestKey>,
        tenant: &TenantId,
        new: &NewTenant,
    ) -> Result<UserView> {
        let owner = &new.owner;
        let user = Arc::new(User {
            username: owner.username.clone(),
            hashed_password: ending_with_caller(self.passwords.hash(&owner.password)).await?,
            is_superuser: true,
            roles: Vec::new(),
            is_active: true,
            must_change_password: false,
            generation: self.clock.now().as_microsecond(),
        });
        let changes = self.documents.changes(&owner.username);
        let view = UserView::new(&changes.inserted(Arc::clone(&user)), None);
        let changes = changes.insert_shared(user).answering(request, &view);
        let entry =
            SecurityEntry::by_anybody(new.address, SecurityEventKind::TenantRegistered, &owner.username);
        self.commit(tenant, changes, &[entry.of(&owner.username)]).await?;
        Ok(view)
    }

    /// Frees an id whose user could not be stored, and the invitation. If this fails too they stay taken, and the operator
    /// prints another invitation.
    async fn give_back(&self, tenant: &TenantId, new: &NewTenant) {
        let mut changes = self
            .documents
            .changes("account")
            .delete::<Tenant>(&Tenant::key(tenant.as_str()), None);
        let code = new.invitation_code.as_deref().unwrap_or_default();
        if self.registration == Registration::Invitation
            && let Some(id) = self.tokens.invited_by(code, self.clock.now())
        {
            changes = changes.delete::<UsedInvitation>(&id, None);
        }
        if let Err(error) = self.documents.commit(&Scope::Commons, changes).await {
            tracing::warn!(tenant.id = %tenant, error = %error, "tenant id could not be given back");
        }
    }
}

fn uninvited() -> Error {
    codes::INVITATION_REFUSED
        .error("an invitation code of the operator is needed")
        .field("invitation_code", "is not good, was used or has expired")
}
