//! Settings: one typed struct, complete at start.
//!
//! Sources, each overriding the one before: the defaults below, a TOML file, the environment. The names of the older
//! API work as environment variables as they stand (`UNDELIVERED_CHECK_INTERVAL_IN_MINUTES`, `TIMEZONE`); in the file
//! they are written in lower case. An unknown key in the file is an error, and so is a value that does not fit.
//! Nobody else reads the environment. What a file with a secret must be stands here too: [`check_private`].

mod choices;
mod entropy;
mod origins;
mod private;
mod secret;
mod settings;

pub use choices::{Compatibility, ErrorCodeStyle, LogFormat, Registration};
pub use origins::AllowedOrigins;
pub use private::{NotPrivate, check_private};
pub use secret::{Secret, secret_mistake};
pub use settings::{Settings, SettingsError};
