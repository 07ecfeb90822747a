//! The key that makes a call repeatable, as the caller sends it.

use std::net::IpAddr;
use std::sync::Arc;

use kugel_auth::{Principal, Tokens};
use kugel_error::{Error, codes};
use kugel_proto::Scoped;
use kugel_store::{Permit, RequestKey};
use prost::Message;
use tonic::Extensions;
use tonic::metadata::MetadataMap;

use crate::{ClientAddress, REQUEST_ID};

/// Characters that a key may have: a UUID takes far fewer.
const LENGTH_MAX: usize = 128;
const RULE: &str = "must be 1 to 128 visible ASCII characters";

/// What the stack leaves for a call with a key: the digest of its message is keyed.
#[derive(Clone)]
pub(crate) struct Fingerprints(pub(crate) Arc<Tokens>);

/// Who sends a key without a credential: everybody at one address is one caller, so that nobody takes the keys of others.
pub(crate) fn visitor(address: Option<IpAddr>) -> String {
    let anyone = Principal::Anonymous.identity();
    match address {
        Some(address) => format!("{anyone}@{}", ClientAddress::from(address).network()),
        None => anyone,
    }
}

/// Reads the key of a call by `caller`. What only reads may always be repeated: there a key means nothing. A call with a
/// permit and without a key is told by the permit.
pub(crate) fn request_key<T: Scoped + Message>(
    metadata: &MetadataMap,
    extensions: &Extensions,
    caller: &str,
    permit: Option<Permit>,
    message: &T,
) -> Result<Option<RequestKey>, Error> {
    let sent = metadata.get(REQUEST_ID);
    if !T::HAS_EFFECT || sent.is_none() && permit.is_none() {
        return Ok(None);
    }
    let chosen = sent.map(|value| {
        let id = value.to_str().ok().filter(|id| fits(id)).ok_or_else(|| {
            codes::INVALID_INPUT
                .error(format!("the request id {RULE}"))
                .field(REQUEST_ID, RULE)
        })?;
        // A key has no blank, so no two callers and keys are written alike.
        Ok::<_, Error>(format!("{caller} {id}"))
    });
    let own = permit.as_ref().map(|permit| permit.id.clone());
    let id = chosen.transpose()?.or(own).unwrap_or_default();
    let Fingerprints(tokens) = extensions
        .get()
        .ok_or_else(|| codes::SYSTEM_FAILURE.error("the call came past the server stack"))?;
    let message = message.encode_to_vec();
    Ok(Some(RequestKey {
        id,
        fingerprint: tokens.fingerprint(T::METHOD, &message),
        other_fingerprints: tokens.other_fingerprints(T::METHOD, &message),
        permit,
    }))
}

fn fits(id: &str) -> bool {
    (1..=LENGTH_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use kugel_auth::Lifetimes;
    use kugel_proto::cart::v1::{BillCartRequest, CancelCartRequest, GetCartRequest};
    use kugel_types::SystemClock;

    use super::*;

    fn key<T: Scoped + Message>(id: &str, message: &T) -> Result<Option<RequestKey>, Error> {
        let mut metadata = MetadataMap::new();
        metadata.insert(REQUEST_ID, id.parse().unwrap());
        let mut extensions = Extensions::new();
        let lifetimes = Lifetimes { user: 1, terminal: 1 };
        let tokens = Tokens::new("root", lifetimes, Arc::new(SystemClock));
        extensions.insert(Fingerprints(Arc::new(tokens)));
        request_key(&metadata, &extensions, &visitor(None), None, message)
    }

    fn bill(cart: &str) -> BillCartRequest {
        BillCartRequest {
            cart_id: cart.to_owned(),
        }
    }

    #[test]
    fn a_key_names_the_caller_and_is_told_from_another_content() {
        let first = key("k-1", &bill("a")).unwrap().unwrap();
        assert_eq!(first.id, "anonymous k-1");
        assert_eq!(key("k-1", &bill("a")).unwrap().unwrap(), first);
        let cancel = CancelCartRequest {
            cart_id: "a".to_owned(),
        };
        for other in [key("k-1", &bill("b")), key("k-1", &cancel)] {
            assert_ne!(other.unwrap().unwrap().fingerprint, first.fingerprint);
        }
    }

    #[test]
    fn visitors_are_told_apart_by_their_address() {
        let at = |text: &str| visitor(text.parse().ok());
        assert_eq!(at("203.0.113.9"), "anonymous@203.0.113.9");
        assert_ne!(at("203.0.113.9"), at("203.0.113.10"));
        assert_eq!(at("::ffff:203.0.113.9"), at("203.0.113.9"));
        assert_eq!(at("2001:db8:0:1::1"), at("2001:db8:0:1:ffff::9"));
        assert_ne!(at("2001:db8:0:1::1"), at("2001:db8:0:2::1"));
        assert_eq!(at(""), "anonymous");
    }

    #[test]
    fn a_bad_key_is_refused_where_it_would_mean_something() {
        for bad in ["", "a b", &"k".repeat(129)] {
            let error = key(bad, &bill("a")).unwrap_err();
            assert!(error.is(&codes::INVALID_INPUT), "{bad:?}");
            assert_eq!(error.fields()[0].field, "request_id");
            assert_eq!(key(bad, &GetCartRequest::default()).unwrap(), None);
        }
        assert!(key(&"k".repeat(128), &bill("a")).unwrap().is_some());
    }
}
