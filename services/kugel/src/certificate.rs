//! `kugel certificate`: a certificate for a shop's box that no authority signs.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kugel_operator::say;
use kugel_types::{Clock as _, SystemClock};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use sha2::{Digest as _, Sha256};

/// `kugel certificate`
#[derive(Debug, Args)]
pub struct Options {
    /// A name that tills call the box by; may be repeated.
    #[arg(long = "name", value_name = "NAME", required_unless_present = "ips")]
    pub names: Vec<String>,
    /// An address that tills call the box by; may be repeated.
    #[arg(long = "ip", value_name = "ADDRESS")]
    pub ips: Vec<IpAddr>,
    /// Folder of the two files.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub out: PathBuf,
    /// Days that it is good for. Some systems trust none that lasts longer than the default.
    #[arg(long, default_value_t = 825, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: u16,
    /// Replace the files of before.
    #[arg(long)]
    pub renew: bool,
}

impl Options {
    /// A certificate for this machine, which replaces that of before.
    #[cfg(test)]
    pub(crate) fn for_test(out: &Path) -> Self {
        Self {
            names: vec!["localhost".to_owned()],
            ips: vec![[127, 0, 0, 1].into()],
            out: out.to_owned(),
            days: 1,
            renew: true,
        }
    }
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    certificate: PathBuf,
    key: PathBuf,
    until: Date,
    fingerprint: String,
}

/// Makes the files and says what to do with them.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let made = make(options)?;
    let (certificate, key) = (made.certificate.display(), made.key.display());
    let host = options.names.first().cloned();
    let host = host.unwrap_or_else(|| match options.ips[0] {
        IpAddr::V6(address) => format!("[{address}]"),
        IpAddr::V4(address) => address.to_string(),
    });
    say!(
        "{certificate} is good until {}; its SHA-256 fingerprint is",
        made.until
    );
    say!("  {}", made.fingerprint);
    say!("{key} is its key: it stays on this machine, readable by its owner alone.");
    say!("\nServe with both:");
    say!("  HTTPS_CERTIFICATE_FILE={certificate} HTTPS_KEY_FILE={key} kugel serve --listen 0.0.0.0:8443");
    say!(
        "\nNobody trusts it by itself. Copy {certificate} to each till and add it to what that trusts, e.g."
    );
    say!("  curl --cacert {certificate} https://{host}:8443/health");
    say!(
        "\nBefore it ends, make the next one with --renew, which tills have to trust too; Kugel shows it at once."
    );
    Ok(())
}

/// Makes the files.
pub fn make(options: &Options) -> anyhow::Result<Made> {
    let (certificate, key) = (options.out.join("certificate.pem"), options.out.join("key.pem"));
    if !options.renew {
        for file in [&certificate, &key] {
            anyhow::ensure!(
                !file.exists(),
                "{} is there already: --renew replaces it",
                file.display()
            );
        }
    }
    fs::create_dir_all(&options.out).with_context(|| format!("no folder {}", options.out.display()))?;
    let today = SystemClock.now().to_zoned(TimeZone::UTC).date();
    let until = today.checked_add(i32::from(options.days).days())?;
    let ips = options.ips.iter().map(IpAddr::to_string);
    let names: Vec<String> = options.names.iter().cloned().chain(ips).collect();
    let title = names.first().context("a name or an address is needed")?.clone();
    let mut params = CertificateParams::new(names).context("a name cannot be in a certificate")?;
    params.distinguished_name.push(DnType::CommonName, title);
    let midnight = |date: Date| {
        rcgen::date_time_ymd(
            date.year().into(),
            date.month().unsigned_abs(),
            date.day().unsigned_abs(),
        )
    };
    // Clocks of tills may be behind.
    params.not_before = midnight(today.yesterday()?);
    params.not_after = midnight(until);
    params.is_ca = IsCa::ExplicitNoCa;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let pair = KeyPair::generate().context("no key")?;
    let signed = params.self_signed(&pair).context("no certificate")?;
    put(&key, &pair.serialize_pem(), 0o600)?;
    put(&certificate, &signed.pem(), 0o644)?;
    let digest = Sha256::digest(signed.der());
    let octets: Vec<String> = digest.iter().map(|octet| format!("{octet:02X}")).collect();
    Ok(Made {
        certificate,
        key,
        until,
        fingerprint: octets.join(":"),
    })
}

/// Writes a file whole, or leaves that of before. Nobody reads it in between whom `mode` does not allow to.
fn put(file: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let draft = file.with_extension("pem.new");
    let write = || -> std::io::Result<()> {
        let mut open = OpenOptions::new();
        let mut written: File = open
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&draft)?;
        written.set_permissions(Permissions::from_mode(mode))?;
        written.write_all(text.as_bytes())?;
        written.sync_all()?;
        fs::rename(&draft, file)
    };
    write().with_context(|| format!("{} cannot be written", file.display()))
}
