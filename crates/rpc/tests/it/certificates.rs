//! Authorities and certificates in files of their own.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use kugel_config::Settings;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Makes certificates for `localhost` and 127.0.0.1.
pub(crate) struct Authority {
    folder: PathBuf,
}

impl Authority {
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, format!("authority {name}"));
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.join("authority.pem"), issuer.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
        std::fs::set_permissions(folder.join("key.pem"), Permissions::from_mode(0o600)).unwrap();
        Self { folder }
    }

    /// Settings of a process that has a certificate of this authority and trusts `trusted`.
    pub(crate) fn settings(&self, trusted: &Self) -> Settings {
        let mut settings = Settings::for_test();
        settings.tls_certificate_file = Some(self.folder.join("certificate.pem"));
        settings.tls_key_file = Some(self.folder.join("key.pem"));
        settings.tls_authority_file = Some(trusted.folder.join("authority.pem"));
        settings
    }

    /// Takes over files of another one, as whoever renews certificates does.
    pub(crate) fn take(&self, from: &Self, files: &[&str]) {
        for file in files {
            std::fs::copy(from.folder.join(file), self.folder.join(file)).unwrap();
        }
    }
}
