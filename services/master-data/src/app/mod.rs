//! What can be done with the masters, a file for each that needs more than the common operations of [`Masters`].

mod item_books;
mod items;
mod masters;
mod promotions;
mod staff;
mod taxes;

pub use item_books::ItemBooks;
pub use items::{Details, Items};
pub use masters::{Listed, Master, Masters, PageRequest};
pub use promotions::Promotions;
pub use staff::{StaffDraft, StaffMembers};
pub use taxes::{EffectiveTax, Taxes};
