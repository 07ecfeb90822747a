//! The settings, their defaults and where they come from.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use jiff::tz::TimeZone;
use kugel_types::{Currency, RoundMethod};
use serde::Deserialize;

use crate::{AllowedOrigins, Compatibility, ErrorCodeStyle, LogFormat, Registration, Secret, secret_mistake};

/// A setting that cannot be used, in one sentence that says what to change.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

/// Everything that can be set. Field names in capitals are the environment variables.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address and port that Kugel listens on.
    pub listen: SocketAddr,
    /// Address and port for who looks after Kugel: `/metrics` and reflection. Absent: this machine alone, on the port a
    /// thousand above the one of `listen`.
    pub operations_listen: Option<SocketAddr>,
    /// True serves reflection on the port of `listen` too.
    pub reflection: bool,
    /// Web pages that may call: `*`, or origins (`https://till.example`) with commas between them.
    pub allowed_origins: AllowedOrigins,
    /// Folder of the embedded store.
    pub data_dir: PathBuf,
    /// True accepts the older system's well-known secret and others that could be guessed, which are refused otherwise.
    /// Nothing else depends on it.
    pub development: bool,
    /// Root of all token keys, at least 32 characters. Absent: one is generated and kept in the data folder.
    pub secret_key: Option<Secret>,
    /// Other root secrets with commas between them, four at most: what they have signed and sealed is accepted. For changing
    /// the secret of processes that work on.
    pub secret_keys_accepted: Option<Secret>,
    /// Life of a user token in minutes.
    pub token_expire_minutes: u32,
    /// Life of a terminal token in hours.
    pub terminal_token_expire_hours: u32,
    /// Who may register a tenant: `open` to everybody, by `invitation` (`kugel invite` prints codes), or `closed`.
    pub registration: Registration,
    /// Cost of hashing a password: memory in KiB (argon2id).
    pub password_memory_kib: u32,
    /// The chain's time zone, an IANA name.
    pub timezone: String,
    /// The currency of a store that names none, ISO 4217.
    pub currency: Currency,
    /// How discounts are rounded: `Round`, `Floor` or `Ceil`.
    pub round_method_for_discount: RoundMethod,
    /// First receipt number of a terminal.
    pub receipt_no_start_value: u64,
    /// Last receipt number; the next is the first again.
    pub receipt_no_end_value: u64,
    /// What error answers carry in `code`: `business` or `http`.
    pub error_code_style: ErrorCodeStyle,
    /// Which older clients are served: `none` or `legacy`.
    pub compatibility: Compatibility,
    /// Largest request body in bytes.
    pub body_limit_bytes: usize,
    /// Longest time a request may take, in seconds.
    pub request_timeout_seconds: u64,
    /// Requests that may be worked on at the same time before new ones are refused.
    pub concurrency_limit: usize,
    /// Upper bound of the age of cached terminals and stores in seconds; changes drop them at once.
    pub terminal_cache_ttl_seconds: u64,
    /// False reads terminals afresh for every use.
    pub use_terminal_cache: bool,
    /// Upper bound of the age of cached items, prices, taxes, payment methods, settings and promotions in seconds.
    pub item_cache_ttl_seconds: u64,
    /// False reads masters afresh for every use.
    pub use_item_cache: bool,
    /// How often undelivered events are looked for, in minutes.
    pub undelivered_check_interval_in_minutes: u64,
    /// How long an undelivered event is sent again regularly, in hours; afterwards each start sends it.
    pub undelivered_check_period_in_hours: u64,
    /// The age at which an undelivered event is failed and reported once, in minutes.
    pub undelivered_check_failed_period_in_minutes: u64,
    /// Quiet time between two stock alerts for the same reason, in seconds.
    pub alert_cooldown_seconds: u64,
    /// Days a stock snapshot is kept when no schedule says otherwise.
    pub default_snapshot_retention_days: u32,
    /// The document store of the mesh, `mongodb://…`, a replica set. Absent: SQLite files in `data_dir`.
    pub mongodb_uri: Option<Secret>,
    /// The state store of the mesh, `redis://…` or `rediss://…`. Absent: memory of the process.
    pub redis_url: Option<Secret>,
    /// The broker of the mesh, `amqp://…` or `amqps://…`. Absent: events are delivered within the process.
    pub amqp_url: Option<Secret>,
    /// Put before the names of databases, exchanges, queues and keys, so that several Kugels can share servers.
    pub namespace: String,
    /// Where the account service is, one or several `http://` or `https://` addresses with commas between them. A name
    /// is resolved to all its addresses. The same for the other services.
    pub account_url: String,
    /// Where the terminal service is.
    pub terminal_url: String,
    /// Where the master data service is.
    pub master_data_url: String,
    /// Where the cart service is.
    pub cart_url: String,
    /// Where the report service is.
    pub report_url: String,
    /// Where the journal service is.
    pub journal_url: String,
    /// Where the stock service is.
    pub stock_url: String,
    /// Certificate chain (PEM) that this process shows to callers and to the services it calls. With it, a service
    /// answers by TLS only. Renewed files need no restart.
    pub tls_certificate_file: Option<PathBuf>,
    /// Private key (PEM) of the certificate, for its owner and group alone.
    pub tls_key_file: Option<PathBuf>,
    /// Authority (PEM) that signs the certificates of the mesh: both ends of a call must show one of its certificates.
    pub tls_authority_file: Option<PathBuf>,
    /// Certificate chain (PEM) that the gateway's port shows: with it, the port speaks HTTPS only. Renewed files need no
    /// restart. `kugel certificate` makes one for a shop's box.
    pub https_certificate_file: Option<PathBuf>,
    /// Private key (PEM) of that certificate, for its owner and group alone.
    pub https_key_file: Option<PathBuf>,
    /// True lets a port that others can reach answer in plain text, where a proxy or a private network protects it.
    pub allow_plain_http: bool,
    /// Addresses and networks (`10.0.0.0/8`) of proxies with commas between them: what they say of a client's address is
    /// believed. A network of all addresses is refused.
    pub trusted_proxies: String,
    /// True if the trusted proxies begin each connection with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// Connections at a time of the process's port. 0: 16,384, or fewer where the system allows fewer open files.
    pub connection_limit: usize,
    /// Connections at a time of one address (IPv6: of one /64 network). 0: 1,024, at most half of all.
    pub connection_limit_per_address: usize,
    /// What is logged: `info`, `debug` or a tracing filter.
    pub log: String,
    /// How log lines look: `auto`, `text` or `json`.
    pub log_format: LogFormat,
}

const DEFAULTS: &str = r#"
listen = "127.0.0.1:8080"
reflection = false
allowed_origins = "*"
data_dir = "kugel-data"
development = false
token_expire_minutes = 30
terminal_token_expire_hours = 24
registration = "open"
password_memory_kib = 19456
timezone = "Asia/Tokyo"
currency = "JPY"
round_method_for_discount = "Round"
receipt_no_start_value = 111111
receipt_no_end_value = 999999
error_code_style = "business"
compatibility = "none"
body_limit_bytes = 4194304
request_timeout_seconds = 30
concurrency_limit = 4096
terminal_cache_ttl_seconds = 300
use_terminal_cache = true
item_cache_ttl_seconds = 300
use_item_cache = true
undelivered_check_interval_in_minutes = 5
undelivered_check_period_in_hours = 24
undelivered_check_failed_period_in_minutes = 15
alert_cooldown_seconds = 60
default_snapshot_retention_days = 30
namespace = ""
account_url = "http://127.0.0.1:8000"
terminal_url = "http://127.0.0.1:8001"
master_data_url = "http://127.0.0.1:8002"
cart_url = "http://127.0.0.1:8003"
report_url = "http://127.0.0.1:8004"
journal_url = "http://127.0.0.1:8005"
stock_url = "http://127.0.0.1:8006"
allow_plain_http = false
trusted_proxies = ""
proxy_protocol = false
connection_limit = 0
connection_limit_per_address = 0
log = "info"
log_format = "auto"
"#;

/// The settings that are absent unless somebody sets them.
const WITHOUT_DEFAULT: [&str; 11] = [
    "operations_listen",
    "secret_key",
    "secret_keys_accepted",
    "mongodb_uri",
    "redis_url",
    "amqp_url",
    "tls_certificate_file",
    "tls_key_file",
    "tls_authority_file",
    "https_certificate_file",
    "https_key_file",
];

/// Root secrets that may be accepted besides the one that signs: a change takes one, and a hurried second change another.
const ACCEPTED_MAX: usize = 4;

impl Settings {
    /// What error answers carry: older clients know HTTP statuses alone.
    pub fn code_style(&self) -> ErrorCodeStyle {
        match self.compatibility {
            Compatibility::Legacy => ErrorCodeStyle::Http,
            Compatibility::None => self.error_code_style,
        }
    }

    /// Reads defaults, then `file` if given, then the environment, and checks the result. An empty variable counts as not
    /// set.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        if let Some(file) = file {
            if !file.is_file() {
                return Err(SettingsError(format!(
                    "the settings file {} does not exist",
                    file.display()
                )));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        let names = settable();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let names = set(Env::raw().only(&names).iter());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Self::check(&figment.merge(Env::raw().only(&names)))
    }

    /// The defaults, for tests: passwords hash cheaply.
    pub fn for_test() -> Self {
        let overrides =
            "development = true\npassword_memory_kib = 8\nsecret_key = \"0123456789abcdef0123456789abcdef\"";
        Self::check(&Figment::from(Toml::string(DEFAULTS)).merge(Toml::string(overrides)))
            .expect("defaults are valid")
    }

    fn check(figment: &Figment) -> Result<Self, SettingsError> {
        let settings: Self = figment.extract().map_err(|error| {
            let source = error.metadata.as_ref().map(|metadata| match &metadata.source {
                Some(source) => format!(" ({source})"),
                None => format!(" ({})", metadata.name),
            });
            let source = source.unwrap_or_default();
            let key = if error.path.is_empty() {
                String::new()
            } else {
                format!("setting `{}`: ", error.path.join("."))
            };
            SettingsError(format!("{key}{}{source}", in_one_line(&error.kind.to_string())))
        })?;
        let refuse = |key: &str, why: String| Err(SettingsError(format!("setting `{key}`: {why}")));
        let mistake = |secret: &str| secret_mistake(secret, settings.development);
        if let Some(why) = settings
            .secret_key
            .as_ref()
            .and_then(|secret| mistake(secret.reveal()))
        {
            return refuse("secret_key", why.to_owned());
        }
        if let Some(why) = settings.accepted_secrets().find_map(mistake) {
            return refuse("secret_keys_accepted", format!("one of them {why}"));
        }
        if settings.accepted_secrets().count() > ACCEPTED_MAX {
            return refuse("secret_keys_accepted", format!("takes at most {ACCEPTED_MAX}"));
        }
        if let Err(error) = TimeZone::get(&settings.timezone) {
            return refuse("timezone", error.to_string());
        }
        if settings.receipt_no_start_value == 0
            || settings.receipt_no_end_value < settings.receipt_no_start_value
        {
            return refuse(
                "receipt_no_end_value",
                "must not be below receipt_no_start_value (at least 1)".to_owned(),
            );
        }
        Ok(settings)
    }

    /// The other root secrets that are accepted.
    pub fn accepted_secrets(&self) -> impl Iterator<Item = &str> {
        let listed = self.secret_keys_accepted.as_ref();
        let secrets = listed.map(Secret::reveal).unwrap_or_default().split(',');
        secrets.map(str::trim).filter(|secret| !secret.is_empty())
    }

    /// The chain's time zone.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.timezone).unwrap_or(TimeZone::UTC)
    }
}

/// Leaves out the drawing that the TOML parser makes of the place it names.
fn in_one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim);
    let said: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.contains('|'))
        .collect();
    said.join(": ")
}

/// The keys that the environment may set: those with a default, and those without.
fn settable() -> Vec<String> {
    let table: toml::Table = DEFAULTS.parse().expect("the defaults are TOML");
    table
        .keys()
        .map(String::as_str)
        .chain(WITHOUT_DEFAULT)
        .map(str::to_owned)
        .collect()
}

/// The names of the variables that say something: an empty one counts as not set.
fn set<N: ToString>(variables: impl Iterator<Item = (N, String)>) -> Vec<String> {
    let set = variables.filter(|(_, value)| !value.trim().is_empty());
    set.map(|(name, _)| name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Settings, String> {
        Settings::check(&Figment::from(Toml::string(DEFAULTS)).merge(Toml::string(text)))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(check("").expect("valid").receipt_no_start_value, 111_111);
    }

    #[test]
    fn a_mistake_is_named_with_its_key() {
        for (text, expected) in [
            ("tokens = 1", "unknown field"),
            ("token_expire_minutes = \"soon\"", "token_expire_minutes"),
            ("timezone = \"Mars/Olympus\"", "setting `timezone`"),
            ("secret_key = \"short\"", "at least 32 characters"),
            (
                "secret_key = \"changeme-changeme-changeme-changeme\"",
                "could be guessed",
            ),
            (
                "secret_key = \"test-secret-key-for-development-only\"",
                "well-known",
            ),
            (
                "secret_keys_accepted = \"7421ed2cbdd1baad6ad20aace0d019f1, short\"",
                "setting `secret_keys_accepted`: one of them needs at least 32 characters",
            ),
            (
                "secret_keys_accepted = \"changeme-changeme-changeme-changeme\"",
                "one of them could be guessed",
            ),
            (
                "secret_key = \"change this secret key in production please\"",
                "setting `secret_key`: could be guessed",
            ),
            (
                "secret_keys_accepted = \"8e1d70ad4c3b72cb364ef7c50bc7e083, qwertyuiopasdfghjklzxcvbnm123456\"",
                "setting `secret_keys_accepted`: one of them could be guessed",
            ),
            ("allowed_origins = \"till.example\"", "is no origin"),
            ("receipt_no_end_value = 1", "receipt_no_end_value"),
        ] {
            let message = check(text).expect_err(text);
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let variables = [("AMQP_URL", ""), ("DATA_DIR", " "), ("TIMEZONE", "UTC")];
        let variables = variables.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(set(variables.into_iter()), ["TIMEZONE"]);
    }

    #[test]
    fn secrets_do_not_show() {
        let settings = check("secret_key = \"7421ed2cbdd1baad6ad20aace0d019f1\"").expect("valid");
        assert!(!format!("{settings:?}").contains("7421"));
        let several =
            "secret_keys_accepted = \"7421ed2cbdd1baad6ad20aace0d019f1, 8e1d70ad4c3b72cb364ef7c50bc7e083,\"";
        let settings = check(several).expect("valid");
        assert!(!format!("{settings:?}").contains("7421"));
        assert_eq!(settings.accepted_secrets().count(), 2);
        let five = format!(
            "secret_keys_accepted = \"{}\"",
            ["7421ed2cbdd1baad6ad20aace0d019f1"; 5].join(",")
        );
        assert!(check(&five).expect_err("five").contains("at most 4"));
        let known = "development = true\nsecret_key = \"test-secret-key-for-development-only\"";
        assert!(check(known).is_ok());
    }
}
