//! Staff at a terminal.

use kugel_error::{Error, codes};
use kugel_rpc::{Caller, ending_with_caller};
use kugel_store::Stored;
use kugel_types::{StaffRef, TerminalId};

use super::App;
use crate::domain::{Place, Refusal, Terminal};
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
    /// Signs a staff member in.
    pub async fn sign_in(&self, caller: &Caller, who: SignIn) -> Result<Stored<TerminalDocument>, Error> {
        let SignIn {
            terminal: id,
            staff_id,
            pin,
        } = who;
        let work = async {
            let staff = self.staff_to_sign_in(&id, &staff_id, pin.as_deref()).await?;
            let step = |terminal: &mut Terminal, _: &Place, _| {
                Ok(terminal.sign_in(staff.clone()).map(|()| (Vec::new(), ()))?)
            };
            self.change(caller, &id, step).await
        };
        Ok(caller.once(&self.documents, work).await?.terminal)
    }

    async fn staff_to_sign_in(
        &self,
        id: &TerminalId,
        staff_id: &str,
        pin: Option<&str>,
    ) -> Result<StaffRef, Error> {
        // Asked before the staff master is, so that a second sign-in does not depend on it.
        if self.load(id).await?.terminal.staff.is_some() {
            return Err(Refusal::AlreadySignedIn.into());
        }
        let staff = self.neighbourhood.staff(&id.tenant, staff_id, pin);
        let staff = ending_with_caller(staff).await?;
        staff.ok_or_else(|| {
            codes::STAFF_NOT_USABLE
                .error(format!("staff member {staff_id} cannot sign in"))
                .with("staff_id", staff_id)
        })
    }

    /// Signs out whoever is signed in.
    pub async fn sign_out(
        &self,
        caller: &Caller,
        id: &TerminalId,
    ) -> Result<Stored<TerminalDocument>, Error> {
        self.change_once(caller, id, |terminal| {
            terminal.sign_out();
            Ok(())
        })
        .await
    }
}
