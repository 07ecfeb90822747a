//! What the settings promise about a process's port. A promise that its process would not keep ends the start.

use std::net::SocketAddr;

use anyhow::bail;
use kugel_config::Settings;
use kugel_rpc::Tls;

use super::door::{Door, Limits, Places, Proxies};

/// Whose port it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    /// That of everything in one process.
    Whole,
    /// That of the mesh's gateway.
    Gateway,
    /// That of a service by itself, whose callers are the mesh.
    Service,
}

impl Port {
    /// How the settings want the port at `address` served.
    pub(super) fn door(self, settings: &Settings, address: SocketAddr) -> anyhow::Result<Door> {
        let tls = match self {
            Self::Whole => {
                if let Some(setting) = tls_setting(settings) {
                    bail!(
                        "setting `{setting}`: one process has no calls between processes to protect; its port takes \
                         `https_certificate_file` and `https_key_file`"
                    );
                }
                Tls::https(settings)?
            }
            Self::Gateway => Tls::https(settings)?,
            Self::Service => {
                if let Some(setting) = https_setting(settings) {
                    bail!(
                        "setting `{setting}`: HTTPS is the gateway's; a service answers the mesh, by \
                         `tls_certificate_file`, `tls_key_file` and `tls_authority_file`"
                    );
                }
                Tls::read(settings)?
            }
        };
        let is_own = address.ip().to_canonical().is_loopback();
        if tls.is_none() && !is_own && !settings.allow_plain_http {
            let files = match self {
                Self::Service => "`tls_certificate_file`, `tls_key_file` and `tls_authority_file`",
                Self::Whole | Self::Gateway => "`https_certificate_file` and `https_key_file`",
            };
            bail!(
                "setting `allow_plain_http`: others can reach {address}, which would answer in plain text; set {files}, or \
                 allow it where a proxy or a private network protects the port"
            );
        }
        let mut limits = Limits::default();
        if self == Self::Service {
            // A gateway cancels as many calls as its clients do, on few connections.
            limits.budget = None;
        }
        Ok(Door {
            tls,
            proxies: match self {
                Self::Service => Proxies::default(),
                Self::Whole | Self::Gateway => Proxies::of(settings)?,
            },
            places: Places::of(settings),
            limits,
        })
    }

    /// How the port for operations at `address` is served. A gateway's is the gateway's again; a service's tells nothing that
    /// needs a credential.
    pub(super) fn door_for_operations(
        self,
        settings: &Settings,
        address: SocketAddr,
    ) -> anyhow::Result<Door> {
        let tls = match self {
            Self::Service => None,
            Self::Whole | Self::Gateway => self.door(settings, address)?.tls,
        };
        Ok(Door {
            tls,
            proxies: Proxies::default(),
            places: Places::for_operations(),
            limits: Limits::default(),
        })
    }
}

fn tls_setting(settings: &Settings) -> Option<&'static str> {
    let named = [
        ("tls_certificate_file", &settings.tls_certificate_file),
        ("tls_key_file", &settings.tls_key_file),
        ("tls_authority_file", &settings.tls_authority_file),
    ];
    named
        .into_iter()
        .find(|(_, file)| file.is_some())
        .map(|(name, _)| name)
}

fn https_setting(settings: &Settings) -> Option<&'static str> {
    let named = [
        ("https_certificate_file", &settings.https_certificate_file),
        ("https_key_file", &settings.https_key_file),
    ];
    named
        .into_iter()
        .find(|(_, file)| file.is_some())
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate;

    /// A change of the settings by name, to the file that it names.
    fn set(settings: &mut Settings, name: &str, value: &str) {
        let file = || Some(value.into());
        match name {
            "tls_certificate_file" => settings.tls_certificate_file = file(),
            "tls_key_file" => settings.tls_key_file = file(),
            "tls_authority_file" => settings.tls_authority_file = file(),
            "https_certificate_file" => settings.https_certificate_file = file(),
            "https_key_file" => settings.https_key_file = file(),
            "allow_plain_http" => settings.allow_plain_http = value == "true",
            "trusted_proxies" => settings.trusted_proxies = value.to_owned(),
            "proxy_protocol" => settings.proxy_protocol = value == "true",
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_promise_that_is_not_kept_ends_the_start() {
        let folder = tempfile::tempdir().unwrap();
        certificate::make(&certificate::Options::for_test(folder.path())).unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (certificate, key, absent) = (path("certificate.pem"), path("key.pem"), path("absent.pem"));
        let (certificate, key, absent) = (&*certificate, &*key, &*absent);
        let https = [("https_certificate_file", certificate), ("https_key_file", key)];
        let mesh = [
            ("tls_certificate_file", certificate),
            ("tls_key_file", key),
            ("tls_authority_file", certificate),
        ];
        use Port::{Gateway, Service, Whole};
        let (own, open) = ("127.0.0.1:80", "192.0.2.1:80");
        // The port, its address, the settings, and the setting that the sentence names; empty if it starts.
        for (ports, address, given, named) in [
            (&[Whole, Gateway, Service][..], own, &[][..], ""),
            (&[Whole, Gateway, Service], "[::1]:80", &[], ""),
            (&[Whole, Gateway, Service], "[::ffff:127.0.0.1]:80", &[], ""),
            (&[Whole, Gateway, Service], open, &[], "allow_plain_http"),
            (&[Whole, Gateway, Service], "0.0.0.0:80", &[], "allow_plain_http"),
            (&[Whole, Gateway, Service], "[::]:80", &[], "allow_plain_http"),
            (
                &[Whole, Gateway, Service],
                open,
                &[("allow_plain_http", "true")],
                "",
            ),
            (&[Whole, Gateway], open, &https, ""),
            (&[Service], own, &https, "https_certificate_file"),
            (&[Service], own, &https[1..], "https_key_file"),
            (&[Service], open, &mesh, ""),
            (&[Gateway], open, &mesh, "allow_plain_http"),
            (&[Whole], own, &mesh, "tls_certificate_file"),
            (&[Whole], own, &mesh[1..], "tls_key_file"),
            (&[Whole], own, &mesh[2..], "tls_authority_file"),
            (&[Whole, Gateway], own, &https[..1], "https_key_file"),
            (&[Whole, Gateway], own, &https[1..], "https_certificate_file"),
            (&[Service], own, &mesh[..2], "tls_authority_file"),
            (&[Service], own, &mesh[..1], "tls_key_file"),
            (&[Service], own, &mesh[1..], "tls_certificate_file"),
            (
                &[Whole, Gateway],
                own,
                &[https[0], ("https_key_file", absent)],
                "https_key_file",
            ),
            (
                &[Whole, Gateway],
                own,
                &[("https_certificate_file", absent), https[1]],
                "https_certificate_file",
            ),
            (
                &[Whole, Gateway],
                own,
                &[https[0], ("https_key_file", certificate)],
                "https_key_file",
            ),
            (
                &[Whole, Gateway],
                own,
                &[("trusted_proxies", "10.0.0.0/8, ::1")],
                "",
            ),
            (
                &[Whole, Gateway],
                own,
                &[("trusted_proxies", "10.0.0.0/33")],
                "trusted_proxies",
            ),
            (
                &[Whole, Gateway],
                own,
                &[("trusted_proxies", "proxy.local")],
                "trusted_proxies",
            ),
            (
                &[Whole, Gateway],
                own,
                &[("trusted_proxies", "10.0.0.0/8, 0.0.0.0/0")],
                "trusted_proxies",
            ),
            (
                &[Whole, Gateway],
                own,
                &[("trusted_proxies", "::/0")],
                "trusted_proxies",
            ),
            (
                &[Whole, Gateway],
                own,
                &[("proxy_protocol", "true")],
                "proxy_protocol",
            ),
        ] {
            for port in ports {
                let mut settings = Settings::for_test();
                given
                    .iter()
                    .for_each(|(name, value)| set(&mut settings, name, value));
                let said = port.door(&settings, address.parse().unwrap());
                let said = said.err().map(|error| error.to_string()).unwrap_or_default();
                let expected = if named.is_empty() {
                    String::new()
                } else {
                    format!("setting `{named}`")
                };
                assert!(
                    said.starts_with(&expected),
                    "{port:?} {address} {given:?}: {said:?}"
                );
                assert_eq!(
                    said.is_empty(),
                    named.is_empty(),
                    "{port:?} {address} {given:?}: {said:?}"
                );
                assert!(!said.contains('\n'), "one sentence: {said}");
            }
        }
    }
}
