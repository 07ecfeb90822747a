//! The use cases. Creating, reading, changing and deleting are the same for every master, a file each; the other files
//! hold what only one master needs.

mod change;
mod create;
mod delete;
mod item_books;
mod items;
mod promotions;
mod read;
mod settings;
mod staff;
mod staff_roles;
mod taxes;

use std::sync::Arc;

use jiff::tz::TimeZone;
use kugel_auth::Passwords;
use kugel_bus::{Bus, Change, Outbox, Topic};
use kugel_error::{Error, ErrorSpec, Result, codes};
use kugel_rpc::{Caller, SecurityEntry};
use kugel_store::{Changes, Documents, StoreError};
use kugel_types::Clock;

pub use items::Details;
pub use read::Listed;
pub use staff::StaffDraft;
pub use taxes::EffectiveTax;

use crate::domain::masters::Item;
use crate::ports::Neighbourhood;
use crate::records::Master;

/// Everything the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The other services.
    pub neighbourhood: Arc<dyn Neighbourhood>,
    /// The masters of all tenants.
    pub documents: Documents,
    /// Where changes are announced.
    pub bus: Arc<dyn Bus>,
    /// The events on their way.
    pub outbox: Outbox,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Hashes PINs.
    pub pins: Passwords,
    /// Characters that a new PIN must have.
    pub pin_min: usize,
    /// Serves clients of the older system.
    pub is_legacy: bool,
    /// The application's time zone.
    pub zone: TimeZone,
}

impl App {
    /// Makes the tenant's database. Removing what is not there changes nothing, but cannot be done without one: so this
    /// may be repeated, and it fails where masters could not be kept.
    pub async fn set_up(&self, caller: &Caller) -> Result<()> {
        let changes = self.documents.changes(&caller.actor()).delete::<Item>("", None);
        let made = self.documents.commit(&caller.scope(), changes).await;
        made.map_err(|error| match error.is_failure() {
            true => error.into(),
            false => codes::SYSTEM_FAILURE
                .error("the tenant's masters cannot be kept")
                .caused_by(error),
        })
    }

    /// Makes the changes to one master durable, with what the security log is told of it, then tells the caches: before
    /// the writer has its answer.
    async fn commit<T: Master>(
        &self,
        caller: &Caller,
        id: &str,
        done: Done,
        changes: Changes,
    ) -> std::result::Result<(), StoreError> {
        let (mut changes, mut staged) = (changes, None);
        if let Some(kinds) = T::LOGGED_AS {
            let entry = SecurityEntry::by(caller, kinds[done as usize], id);
            let event = entry.event(Topic::StaffSecurity, caller.tenant(), changes.at());
            let key = event.id.to_string();
            let (with_event, event) = self.outbox.stage(changes, event, key);
            (changes, staged) = (with_event, Some(event));
        }
        let committed = self.documents.commit(&caller.scope(), changes).await;
        committed.inspect_err(|error| {
            if staged.is_some() && !error.is_stale() {
                self.outbox.doubt();
            }
        })?;
        if let Some(event) = staged {
            self.outbox.dispatch(event);
        }
        self.bus.announce(&Change {
            tenant: caller.tenant().clone(),
            kind: T::ANNOUNCED_AS,
            key: id.to_owned(),
        });
        Ok(())
    }
}

/// What is done to a master.
#[derive(Clone, Copy)]
enum Done {
    Created,
    Changed,
    Deleted,
}

/// The error for a key that nothing has.
fn missing<T: Master>(id: &str) -> Error {
    codes::NOT_FOUND
        .error(format!("{} {id} is not found", T::NOUN))
        .with("key", id)
}

/// The error for a key that is taken; by what, if that can be read.
fn duplicate<T: Master>(id: &str, holder: Option<&T>) -> Error {
    let restored_by = holder.and_then(T::restored_by);
    restored_by.map_or_else(
        || {
            codes::DUPLICATE_KEY
                .error(format!("{} {id} exists already", T::NOUN))
                .with("key", id)
        },
        |method| deleted::<T>(&codes::DUPLICATE_DELETED, id, method),
    )
}

/// The master, unless it is marked as deleted.
fn live<T: Master>(value: &T) -> Result<&T> {
    match value.restored_by() {
        Some(method) => Err(deleted::<T>(&codes::DELETED, &value.id(), method)),
        None => Ok(value),
    }
}

fn deleted<T: Master>(spec: &'static ErrorSpec, id: &str, restored_by: &str) -> Error {
    let message = format!("{} {id} is deleted; {restored_by} brings it back", T::NOUN);
    spec.error(message).with("key", id)
}
