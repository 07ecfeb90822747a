//! Where a neighbour is, as the settings say it.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::Misconfiguration;

/// One address of a neighbour. Its name may stand for several instances.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) is_tls: bool,
    pub(crate) authority: Authority,
    /// Without the brackets of IPv6.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// Reads addresses with commas between them; `setting` is named where one cannot be used.
    pub(crate) fn read(setting: &str, addresses: &str) -> Result<Vec<Self>, Misconfiguration> {
        addresses
            .split(',')
            .map(str::trim)
            .map(|address| {
                Self::of(address).ok_or_else(|| {
                    Misconfiguration(format!(
                        "setting `{setting}`: `{address}` is no address, expected http://host:port or https://host:port, \
                         several with commas between them"
                    ))
                })
            })
            .collect()
    }

    fn of(address: &str) -> Option<Self> {
        let uri: Uri = address.parse().ok()?;
        let is_tls = match uri.scheme()?.as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let authority = uri.authority()?.clone();
        let host = uri.host()?.trim_matches(['[', ']']).to_owned();
        let port = match authority.as_str().rsplit_once(':') {
            Some((_, port)) if !port.ends_with(']') => port.parse().ok()?,
            _ => [80, 443][usize::from(is_tls)],
        };
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let is_named = !host.is_empty() && !authority.as_str().contains('@');
        (is_bare && is_named).then_some(Self {
            is_tls,
            authority,
            host,
            port,
        })
    }

    /// The target of a request for `path`.
    pub(crate) fn target(&self, path: Option<&PathAndQuery>) -> Uri {
        let scheme = if self.is_tls { Scheme::HTTPS } else { Scheme::HTTP };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(scheme);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = path.cloned().or_else(|| Some(PathAndQuery::from_static("/")));
        Uri::from_parts(parts).expect("scheme, authority and path are a target")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(addresses: &str) -> Result<Vec<(bool, String, u16)>, String> {
        let origins = Origin::read("cart_url", addresses).map_err(|error| error.to_string())?;
        let origins = origins
            .into_iter()
            .map(|origin| (origin.is_tls, origin.host, origin.port));
        Ok(origins.collect())
    }

    #[test]
    fn several_addresses_may_be_given() {
        assert_eq!(
            read("http://127.0.0.1:8003, https://cart.shop:8443/,http://[::1]:9,https://cart").unwrap(),
            [
                (false, "127.0.0.1".to_owned(), 8003),
                (true, "cart.shop".to_owned(), 8443),
                (false, "::1".to_owned(), 9),
                (true, "cart".to_owned(), 443),
            ]
        );
    }

    #[test]
    fn what_is_no_address_is_named_with_its_setting() {
        for text in [
            "",
            "cart",
            "cart:8003",
            "grpc://cart:8003",
            "http://",
            "http://cart:x",
            "http://cart:99999",
            "http://cart/path",
            "http://user@cart:8003",
            "http://a:1,,http://b:2",
        ] {
            let error = read(text).expect_err(text);
            assert!(error.starts_with("setting `cart_url`: `"), "{error}");
        }
    }
}
