//! Staff at a terminal.

use jiff::Timestamp;
use kugel_brake::{Brake, Subject, Try};
use kugel_error::{Error, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::{Caller, SecurityEntry, ending_with_caller};
use kugel_store::Stored;
use kugel_types::{TenantId, TerminalId};

use super::App;
use crate::domain::{Place, Refusal, SignedIn, Terminal};
use crate::ports::StaffMember;
use crate::records::TerminalDocument;

/// Who wants to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Where.
    pub terminal: TerminalId,
    /// The key in the staff master.
    pub staff_id: String,
    /// The PIN, if the till asks for one.
    pub pin: Option<String>,
}

impl App {
    /// Signs a staff member in. A wrong PIN counts against the till and against the staff member.
    pub async fn sign_in(&self, caller: &Caller, who: SignIn) -> Result<Stored<TerminalDocument>, Error> {
        let id = &who.terminal;
        let work = async {
            let found = self.staff_to_sign_in(caller, &who).await?;
            let rights = self.rights_of(&id.tenant, &found).await?;
            let StaffMember { staff, record, .. } = found;
            let entry = |_: &Terminal| Some(entry(caller, SecurityEventKind::StaffSignedIn, &staff.id, id));
            let step = |terminal: &mut Terminal, _: &Place, now: Timestamp| {
                let signed_in = SignedIn {
                    at: now.as_microsecond(),
                    record,
                    rights: rights.clone(),
                };
                Ok(terminal
                    .sign_in(staff.clone(), signed_in)
                    .map(|()| (Vec::new(), ()))?)
            };
            self.change(caller, id, entry, step).await
        };
        Ok(caller.once(&self.documents, work).await?.terminal)
    }

    async fn staff_to_sign_in(&self, caller: &Caller, who: &SignIn) -> Result<StaffMember, Error> {
        let SignIn {
            terminal: id,
            staff_id,
            pin,
        } = who;
        // Asked before the staff master is, so that a second sign-in does not depend on it.
        if self.load(id).await?.terminal.staff.is_some() {
            return Err(Refusal::AlreadySignedIn.into());
        }
        if pin.is_none() && !self.is_legacy {
            return Err(codes::INVALID_INPUT
                .error("a PIN is required to sign in")
                .field("staff_pin", "is required"));
        }
        self.proven(caller, id, staff_id, pin.as_deref()).await
    }

    /// The staff member whose PIN it is, or who needs none. A wrong one is told by the security log, and counts.
    pub(super) async fn proven(
        &self,
        caller: &Caller,
        id: &TerminalId,
        staff_id: &str,
        pin: Option<&str>,
    ) -> Result<StaffMember, Error> {
        let tries = match pin {
            Some(_) => Some(self.pin_tries(caller, id, staff_id).await?),
            None => None,
        };
        let staff = self.neighbourhood.staff(&id.tenant, staff_id, pin);
        match (ending_with_caller(staff).await, tries) {
            (Ok(Some(staff)), tries) => {
                for one_try in tries.into_iter().flatten() {
                    one_try.succeeded().await;
                }
                Ok(staff)
            }
            (Ok(None), tries) => {
                let locked = tries.map(|tries| tries.map(|one_try| one_try.locks()));
                let known = self.is_staff(&id.tenant, staff_id, pin.is_some()).await;
                let known = known.then_some(staff_id);
                self.note_refusal(caller, id, known, locked.unwrap_or_default())
                    .await?;
                Err(codes::STAFF_NOT_USABLE
                    .error(format!("staff member {staff_id} cannot sign in"))
                    .with("staff_id", staff_id))
            }
            // Nothing was compared.
            (Err(error), tries) => {
                for one_try in tries.into_iter().flatten() {
                    one_try.withdrawn().await;
                }
                Err(error)
            }
        }
    }

    /// A try of the till and one of the staff member, or neither.
    async fn pin_tries(
        &self,
        caller: &Caller,
        id: &TerminalId,
        staff_id: &str,
    ) -> Result<[Try<'_>; 2], Error> {
        let terminal = id.to_string();
        let account = [terminal.as_str()];
        let mut subjects = Vec::from_iter(caller.address().map(Subject::Address));
        subjects.push(Subject::Account(&account));
        let till = self.till_pins.take(&subjects).await?;
        let account = staff_account(&id.tenant, staff_id);
        match self.staff_pins.take(&[Subject::Account(&account)]).await {
            Ok(staff) => Ok([till, staff]),
            Err(braked) => {
                till.withdrawn().await;
                Err(braked.into())
            }
        }
    }

    /// Whether who was refused is on the staff. Without a PIN nobody is refused who is.
    async fn is_staff(&self, tenant: &TenantId, staff_id: &str, had_pin: bool) -> bool {
        let staff = self.neighbourhood.staff(tenant, staff_id, None);
        had_pin && matches!(staff.await, Ok(Some(_)))
    }

    /// A refusal, and what it locks: the till, the staff member. Names only who is on the staff: people type PINs where
    /// ids belong. The lock of an id that is nobody's keeps nobody out.
    async fn note_refusal(
        &self,
        caller: &Caller,
        id: &TerminalId,
        staff_id: Option<&str>,
        [locks_till, locks_staff]: [bool; 2],
    ) -> Result<(), Error> {
        let subject = staff_id.unwrap_or_default();
        let mut entries = vec![entry(caller, SecurityEventKind::StaffRefused, subject, id)];
        if locks_till {
            let subject = id.to_string();
            entries.push(entry(caller, SecurityEventKind::TerminalLocked, &subject, id));
        }
        if let Some(staff_id) = staff_id.filter(|_| locks_staff) {
            entries.push(entry(caller, SecurityEventKind::StaffLocked, staff_id, id));
        }
        let changes = self.documents.changes(&caller.actor());
        Ok(self.commit(&id.tenant, changes, Vec::new(), &entries).await?)
    }

    /// Lets staff try PINs again at a till that is locked.
    pub async fn unlock_terminal(&self, caller: &Caller, id: &TerminalId) -> Result<(), Error> {
        let work = async {
            let terminal = self.load(id).await?.terminal.id.to_string();
            release(&self.till_pins, &[&terminal]).await?;
            let entry = entry(caller, SecurityEventKind::TerminalUnlocked, &terminal, id);
            self.note_release(caller, &entry).await
        };
        caller.once(&self.documents, work).await
    }

    /// Lets a staff member who is locked try the PIN again.
    pub async fn unlock_staff(&self, caller: &Caller, staff_id: &str) -> Result<(), Error> {
        let work = async {
            let tenant = caller.tenant();
            if self.neighbourhood.staff(tenant, staff_id, None).await?.is_none() {
                return Err(codes::NOT_FOUND
                    .error(format!("staff member {staff_id} is not found"))
                    .with("staff_id", staff_id));
            }
            release(&self.staff_pins, &staff_account(tenant, staff_id)).await?;
            let entry = SecurityEntry::by(caller, SecurityEventKind::StaffUnlocked, staff_id);
            self.note_release(caller, &entry).await
        };
        caller.once(&self.documents, work).await
    }

    async fn note_release(&self, caller: &Caller, entry: &SecurityEntry) -> Result<(), Error> {
        let changes = self.documents.changes(&caller.actor());
        let changes = changes.answering(caller.request(), &());
        let entry = std::slice::from_ref(entry);
        Ok(self.commit(caller.tenant(), changes, Vec::new(), entry).await?)
    }

    /// Signs out whoever is signed in.
    pub async fn sign_out(
        &self,
        caller: &Caller,
        id: &TerminalId,
    ) -> Result<Stored<TerminalDocument>, Error> {
        let entry = |terminal: &Terminal| {
            let staff = terminal.staff.as_ref()?;
            Some(entry(caller, SecurityEventKind::StaffSignedOut, &staff.id, id))
        };
        let work = self.change(caller, id, entry, |terminal, _, _| {
            terminal.sign_out();
            Ok((Vec::new(), ()))
        });
        Ok(caller.once(&self.documents, work).await?.terminal)
    }
}

async fn release(pins: &Brake, account: &[&str]) -> Result<(), Error> {
    let released = pins.release(Subject::Account(account)).await;
    released.map_err(|error| {
        codes::TERMINAL_INTERNAL
            .error("the tries cannot be forgotten now, try again")
            .caused_by(error)
    })
}

/// What is counted of a staff member. A till is counted by its id alone, which is one part.
fn staff_account<'a>(tenant: &'a TenantId, staff_id: &'a str) -> [&'a str; 2] {
    [tenant.as_str(), staff_id]
}

pub(super) fn entry(
    caller: &Caller,
    kind: SecurityEventKind,
    subject: &str,
    till: &TerminalId,
) -> SecurityEntry {
    SecurityEntry::by(caller, kind, subject).at(till)
}
