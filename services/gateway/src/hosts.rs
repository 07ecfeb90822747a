//! Which service a client names, by header or by host.

use http::header::HOST;
use http::{HeaderMap, Uri};
use kugel_error::codes;

use crate::Gateway;
use crate::failure::Failure;
use crate::headers::X_KUGEL_SERVICE;

/// The service that a request is for, if it names one: `x-kugel-service: cart`, or a host whose first label is the
/// service's name or begins with it and a hyphen (`cart.example.com`, `cart-blue:8080`).
pub(crate) fn named_service<'g>(
    gateway: &'g Gateway,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Option<&'g str>, Failure> {
    if let Some(header) = headers.get(X_KUGEL_SERVICE) {
        let name = header.to_str().unwrap_or_default();
        let known = gateway.services.iter().find(|service| *service == name);
        let unknown = || {
            codes::NOT_FOUND
                .error(format!("there is no service `{name}`"))
                .into()
        };
        return known.map(|service| Some(service.as_str())).ok_or_else(unknown);
    }
    let host = uri
        .host()
        .or_else(|| headers.get(HOST)?.to_str().ok())
        .unwrap_or_default();
    let label = host.split(['.', ':']).next().unwrap_or_default();
    Ok(gateway
        .services
        .iter()
        .map(String::as_str)
        .find(|service| names(label, service)))
}

fn names(label: &str, service: &str) -> bool {
    label
        .strip_prefix(service)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_host_names_its_service() {
        for (label, service, expected) in [
            ("cart", "cart", true),
            ("cart-blue", "cart", true),
            ("master-data", "master-data", true),
            ("stockholm", "stock", false),
            ("localhost", "cart", false),
            ("", "cart", false),
        ] {
            assert_eq!(names(label, service), expected, "{label}");
        }
    }
}
