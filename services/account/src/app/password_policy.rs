//! What a tenant asks of new passwords.

use kugel_error::Result;
use kugel_proto::Permission;
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{Caller, SecurityEntry};
use kugel_store::{Scope, retry};

use super::App;
use crate::domain::PasswordPolicy;
use crate::records::POLICY_KEY;

impl App {
    /// The policy of a tenant. The shared documents hold none, so there it is that of a tenant to be.
    pub async fn policy(&self, scope: &Scope) -> Result<PasswordPolicy> {
        let stored = self.documents.get::<PasswordPolicy>(scope, POLICY_KEY).await?;
        Ok(stored.map_or_else(
            || PasswordPolicy::default_for(self.is_legacy),
            |stored| *stored.value,
        ))
    }

    /// Changes the policy of the caller's tenant.
    pub async fn change_policy(&self, caller: &Caller, policy: PasswordPolicy) -> Result<PasswordPolicy> {
        let work = async {
            self.permitted(caller, Permission::TenantWrite).await?;
            retry("password policy", POLICY_KEY, || async {
                let changes = self.documents.changes(&caller.actor()).upsert(policy);
                let changes = changes.answering(caller.request(), &policy);
                let entry = SecurityEntry::by(caller, SecurityEventKind::PasswordPolicyChanged, "");
                self.commit(caller.tenant(), changes, &[entry]).await?;
                Ok(policy)
            })
            .await
        };
        caller.once(&self.documents, work).await
    }
}
