//! Everything that one service under test stands on, and the requests that a test sends to it.
//!
//! A [`Stand`] has documents over SQLite in a temporary folder, a bus in the process, a clock moved by hand, tokens, cheap
//! passwords and settings, and neighbours that are not there unless a test connects a [`StandIn`]. The service gets
//! [`Stand::deps`]; [`Stand::serve`] puts it behind the real server stack. It knows no service, so that every service's
//! tests can use it; whole processes are run by `kugel-testkit`.
//!
//! ```no_run
//! use kugel_proto::journal::v1::CreateJournalRequest;
//! use kugel_proto::journal::v1::journal_service_client::JournalServiceClient;
//! use kugel_stand::{Stand, refusal};
//!
//! # async fn example(build: impl Fn(kugel_rpc::Deps) -> kugel_rpc::Parts) {
//! let stand = Stand::new("journal", "T1", "2026-03-05T03:00:00Z");
//! let mut journal = JournalServiceClient::new(stand.serve(build(stand.deps())));
//! let empty = stand.user(CreateJournalRequest::default());
//! let status = journal.create_journal(empty).await.unwrap_err();
//! assert_eq!(refusal(&status), ("300001", 422, ["entry"]));
//! # }
//! ```
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod events;
mod refusal;
mod requests;
mod stand;
mod stand_in;
mod wait;

pub use events::Heard;
pub use refusal::{Refusal, refusal};
pub use requests::{api_key, bearer, claims, decimal, repeatable};
pub use stand::Stand;
pub use stand_in::StandIn;
pub use wait::eventually;
