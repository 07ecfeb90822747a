//! Who is calling: principals, tokens, API keys and passwords.
//!
//! User, terminal and service tokens are signed with separate key pairs (all derived from one root secret) and carry
//! separate audiences, so that a token of one kind is never taken for another. API keys are 256 random bits of which
//! only the SHA-256 is kept. This crate knows no transport: `kugel-rpc` reads headers and checks policies.

mod api_key;
mod approval;
mod claims;
mod derived;
mod invitation;
mod key;
mod keyring;
mod lifetimes;
mod password;
mod principal;
mod refresh;
mod rights;
mod signature;
mod temporary;
mod token;

pub use kugel_proto::Permission;

pub use api_key::{ApiKey, ApiKeyHash};
pub use approval::Approval;
pub use key::PublicKey;
pub use keyring::Secrets;
pub use lifetimes::Lifetimes;
pub use password::Passwords;
pub use principal::{Principal, StaffRights, TerminalClaims, TillRights, UserClaims};
pub use refresh::RefreshToken;
pub use rights::{Grant, Permissions, Reach, Rights};
pub use token::{TokenError, Tokens};
