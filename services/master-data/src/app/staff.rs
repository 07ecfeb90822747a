//! Staff: PINs are hashed on the way in and compared, never shown.

use kugel_error::{Result, codes};
use kugel_rpc::{Caller, ending_with_caller};
use kugel_store::Stored;

use super::App;
use crate::domain::masters::Staff;

/// A staff member as it is entered, the PIN still readable.
pub struct StaffDraft {
    /// The key within the tenant.
    pub staff_id: String,
    /// The name printed on receipts.
    pub name: String,
    /// The PIN.
    pub pin: String,
    /// What the person may do.
    pub roles: Vec<String>,
}

impl App {
    /// Adds a staff member.
    pub async fn create_staff(&self, caller: &Caller, draft: StaffDraft) -> Result<Stored<Staff>> {
        self.limit(caller).await?.check(&draft.roles)?;
        let staff = self.hashed(draft).await?;
        self.create(caller, staff).await
    }

    /// Replaces name, PIN and roles.
    pub async fn update_staff(&self, caller: &Caller, draft: StaffDraft) -> Result<Stored<Staff>> {
        let work = async {
            // Whether the person exists is asked first: hashing is costly on purpose.
            self.get::<Staff>(caller, &draft.staff_id).await?;
            let limit = self.limit(caller).await?;
            limit.check(&draft.roles)?;
            let staff = self.hashed(draft).await?;
            self.change::<Staff>(caller, &staff.staff_id, |before| {
                limit.check(&before.roles)?;
                Ok(staff.clone())
            })
            .await
        };
        caller.once(&self.documents, work).await
    }

    /// Removes a staff member.
    pub async fn delete_staff(&self, caller: &Caller, staff_id: &str) -> Result<()> {
        let work = async {
            let limit = self.limit(caller).await?;
            self.remove::<Staff>(caller, staff_id, |before| limit.check(&before.roles))
                .await
        };
        caller.once(&self.documents, work).await
    }

    /// The person, if the PIN is right. Unknown person and wrong PIN look alike and take the same time.
    pub async fn verify_pin(&self, caller: &Caller, staff_id: &str, pin: &str) -> Result<Stored<Staff>> {
        let staff = self.find::<Staff>(caller, staff_id).await?;
        let hash = staff.as_ref().map(|staff| staff.pin_hash.as_str());
        let is_right = ending_with_caller(self.pins.verify(pin, hash)).await?;
        staff
            .filter(|_| is_right)
            .ok_or_else(|| codes::UNAUTHENTICATED.error("staff id or pin is wrong"))
    }

    async fn hashed(&self, draft: StaffDraft) -> Result<Staff> {
        let pin_hash = ending_with_caller(self.pins.hash(&draft.pin)).await?;
        Ok(Staff {
            staff_id: draft.staff_id,
            name: draft.name,
            pin_hash,
            roles: draft.roles,
        })
    }
}
