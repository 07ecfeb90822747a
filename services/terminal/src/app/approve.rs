//! Approvals at a terminal: one person lets another one do one thing, once.

use kugel_auth::{Approval, Permission};
use kugel_error::{Error, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::Caller;
use kugel_types::{EventId, Rate, TerminalId};

use super::App;
use super::sign_in::entry;
use crate::domain::{Refusal, StaffRights, Terminal};

/// What somebody approves.
#[derive(Debug, Clone)]
pub struct NewApproval {
    /// Where.
    pub terminal: TerminalId,
    /// Who approves: the key in the staff master.
    pub staff_id: String,
    /// The approver's PIN.
    pub pin: String,
    /// What is approved.
    pub permission: Permission,
}

impl App {
    /// Approves one thing that the person who is signed in may not do. A wrong PIN counts as at sign-in.
    pub async fn approve(&self, caller: &Caller, wanted: NewApproval) -> Result<Approval, Error> {
        let work = async {
            let id = &wanted.terminal;
            let terminal = self.load(id).await?;
            let asker = staff_session(&terminal.terminal)?;
            if asker.0 == wanted.staff_id {
                return Err(codes::INVALID_INPUT
                    .error("nobody approves what she does herself")
                    .field("staff_id", "must be another person than who is signed in"));
            }
            let found = self
                .proven(caller, id, &wanted.staff_id, Some(&wanted.pin))
                .await?;
            let rights = self.rights_of(&id.tenant, &found).await?;
            let permission = wanted.permission.name();
            if !rights.permits(&permission) {
                return Err(codes::PERMISSION_DENIED
                    .error(format!(
                        "{} may not approve this: it needs the permission {permission}",
                        found.staff.name
                    ))
                    .with("permission", &permission)
                    .with("staff_id", &found.staff.id));
            }
            let approval = Approval {
                id: EventId::generate().to_string(),
                terminal: id.clone(),
                staff_session: asker.1,
                permission,
                discount_limit: discount_limit(&rights),
                approver: found.staff,
                end: self.tokens.approval_end(),
            };
            let entry = entry(
                caller,
                SecurityEventKind::StaffApproved,
                &approval.approver.id,
                id,
            );
            let changes = self.documents.changes(&caller.actor());
            let changes = changes.answering(caller.request(), &approval);
            self.commit(&id.tenant, changes, Vec::new(), &[entry]).await?;
            Ok(approval)
        };
        caller.once(&self.documents, work).await
    }
}

/// Who is signed in, and since when.
fn staff_session(terminal: &Terminal) -> Result<(&str, i64), Refusal> {
    let staff = terminal.staff.as_ref().zip(terminal.signed_in.as_ref());
    let (staff, signed_in) = staff.ok_or(Refusal::NotSignedIn)?;
    Ok((&staff.id, signed_in.at))
}

/// How far the approver may discount. Who may override may do so all the way.
fn discount_limit(rights: &StaffRights) -> Option<Rate> {
    let overrides = rights.permits(&Permission::SalesOverride.name());
    rights.discount_limit.filter(|_| !overrides)
}
