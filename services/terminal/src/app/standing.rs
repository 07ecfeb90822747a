//! How a terminal stands: what its credentials are worth, and what the person at it may do.

use kugel_error::Error;
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::Caller;
use kugel_store::Stored;
use kugel_types::{TenantId, TerminalId};

use super::App;
use super::sign_in::entry;
use crate::domain::{SignedIn, StaffRights, Terminal};
use crate::ports::StaffMember;
use crate::records::TerminalDocument;

impl App {
    /// The terminal, whose staff member is signed out if the record of the staff master that he signed in by is another or gone.
    /// While master data cannot be asked, it stands as it stood.
    pub async fn standing(
        &self,
        caller: &Caller,
        id: &TerminalId,
    ) -> Result<Stored<TerminalDocument>, Error> {
        let stored = self.load(id).await?;
        self.with_present_staff(caller, stored).await
    }

    /// The same of a terminal that is at hand.
    pub async fn with_present_staff(
        &self,
        caller: &Caller,
        stored: Stored<TerminalDocument>,
    ) -> Result<Stored<TerminalDocument>, Error> {
        let Some(staff) = &stored.terminal.staff else {
            return Ok(stored);
        };
        let id = &stored.terminal.id;
        let Ok(found) = self.neighbourhood.staff(&id.tenant, &staff.id, None).await else {
            return Ok(stored);
        };
        let signed_in = stored.terminal.signed_in.clone().unwrap_or_default();
        let same = found.filter(|found| {
            // A session that an earlier version began says nothing of the record.
            signed_in.record == 0 || found.record == signed_in.record
        });
        let Some(same) = same else {
            return self.end_staff_session(caller, &stored.terminal).await;
        };
        let Ok(rights) = self.rights_of(&id.tenant, &same).await else {
            return Ok(stored);
        };
        let mut terminal = stored.terminal.clone();
        terminal.signed_in = Some(SignedIn { rights, ..signed_in });
        Ok(Stored {
            value: std::sync::Arc::new(TerminalDocument::from(terminal)),
            ..stored
        })
    }

    /// What the roles of a staff member permit.
    pub(super) async fn rights_of(
        &self,
        tenant: &TenantId,
        staff: &StaffMember,
    ) -> Result<StaffRights, Error> {
        let roles = self.neighbourhood.roles(tenant).await?;
        Ok(StaffRights::of(&staff.roles, &roles, self.is_legacy))
    }

    /// Signs out who was signed in by a record that is another now, unless somebody else is by now.
    async fn end_staff_session(
        &self,
        caller: &Caller,
        seen: &Terminal,
    ) -> Result<Stored<TerminalDocument>, Error> {
        let session = |terminal: &Terminal| terminal.signed_in.as_ref().map(|signed_in| signed_in.at);
        let ended = session(seen);
        let entry = |terminal: &Terminal| {
            let staff = terminal.staff.as_ref().filter(|_| session(terminal) == ended)?;
            Some(entry(
                caller,
                SecurityEventKind::StaffSignedOut,
                &staff.id,
                &terminal.id,
            ))
        };
        let changed = self.change(caller, &seen.id, entry, |terminal, _, _| {
            if session(terminal) == ended {
                terminal.sign_out();
            }
            Ok((Vec::new(), ()))
        });
        Ok(changed.await?.terminal)
    }
}
