//! The brake on guessing: how often a secret may be tried, by account and by address.
//!
//! A try is counted *before* the secret is compared and given back if it was right, so that a thousand guesses at once
//! are braked like a thousand in a row. It knows neither what is guessed nor how it is compared. Start reading at
//! [`Brake`]; the figures are in [`Kind`].
//!
//! ```no_run
//! # use kugel_brake::{Brake, Subject};
//! # async fn login(brake: &Brake, address: std::net::IpAddr, is_right: bool) -> kugel_error::Result<()> {
//! let subjects = [Subject::Address(address), Subject::Account(&["Q7301", "hq-owner"])];
//! let one_try = brake.take(&subjects).await?; // 429 here, before anything is hashed
//! if is_right {
//!     one_try.succeeded().await;
//! } else {
//!     one_try.failed();
//! }
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod brake;
mod counts;
mod rule;
mod subject;
mod turns;

pub use brake::{Brake, Braked, Try};
pub use rule::Kind;
pub use subject::{Subject, network};
