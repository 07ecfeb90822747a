//! What the masters are and which rules they keep. Pure: no clock, no store, no transport.
//!
//! These types are also the bodies of the stored documents: they hold plain data whose rules were checked where it
//! came in, so a second set of shapes would only repeat them. The wire has shapes of its own.

pub mod item_book;
pub mod json;
pub mod masters;
pub mod promotion;
pub mod setting;
pub mod tax;
