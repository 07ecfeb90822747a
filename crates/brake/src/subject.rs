//! Whose tries are counted.

use std::net::{IpAddr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::Kind;
use crate::rule::{ACCOUNT, Rule};

/// Whose tries are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// An account or a till by the parts of its name, as they were sent: one that does not exist is counted like any
    /// other, so that nothing tells which do. It is locked after too many failures.
    Account(&'a [&'a str]),
    /// Where the client is. It is slowed and never locked: many people may share it. Loopback is not counted: there sits
    /// the operator, or a proxy that was not declared, behind which everybody would be one guesser.
    Address(IpAddr),
}

impl Subject<'_> {
    /// The rules that hold for it, and the key of each count: of bounded length, whatever was sent, and without a name.
    pub(crate) fn counted(&self, kind: Kind) -> Vec<(Rule, String)> {
        let address = match self {
            Self::Account(parts) => return vec![(ACCOUNT, key(kind, "account", parts))],
            Self::Address(address) => address.to_canonical(),
        };
        let counted = |rule, what, place: IpAddr| (rule, key(kind, what, &[&place.to_string()]));
        match address {
            address if address.is_loopback() => Vec::new(),
            IpAddr::V4(_) => vec![counted(kind.for_address(), "address", address)],
            // Who has one address has its network of 64 bits, and often the one of 48 around it.
            IpAddr::V6(own) => vec![
                counted(kind.for_network(), "network", leading(own, 48)),
                counted(kind.for_address(), "address", network(address)),
            ],
        }
    }
}

fn key(kind: Kind, what: &str, parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let digest = URL_SAFE_NO_PAD.encode(&digest.finalize()[..16]);
    format!("brake:{}:{what}:{digest}", kind.name())
}

/// What counts as one address: by version 6 its network of 64 bits, which belongs to one client as a whole.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => leading(address, 64),
        address @ IpAddr::V4(_) => address,
    }
}

/// The network of the first so many bits.
fn leading(address: Ipv6Addr, bits: u32) -> IpAddr {
    Ipv6Addr::from_bits(address.to_bits() >> (128 - bits) << (128 - bits)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<String> {
        let counted = Subject::Address(text.parse().unwrap()).counted(Kind::Password);
        counted.into_iter().next_back().map(|(_, key)| key)
    }

    #[test]
    fn keys_are_short_and_tell_subjects_and_kinds_apart() {
        let name = "n".repeat(100_000);
        let subjects: [&[&str]; 5] = [&["a", "bc"], &["ab", "c"], &["abc"], &["abc", ""], &[&name]];
        let mut keys: Vec<String> = [Kind::Password, Kind::Pin, Kind::ApiKey]
            .into_iter()
            .flat_map(|kind| subjects.map(|parts| Subject::Account(parts).counted(kind).remove(0).1))
            .collect();
        assert!(keys.iter().all(|key| key.len() < 64));
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn addresses_are_networks_and_loopback_is_none() {
        for loopback in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(address(loopback), None, "{loopback}");
        }
        for (one, other, is_same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        ] {
            assert!(address(one).is_some());
            assert_eq!(address(one) == address(other), is_same, "{one} {other}");
        }
        let around = |text: &str| {
            Subject::Address(text.parse().unwrap())
                .counted(Kind::Pin)
                .remove(0)
                .1
        };
        assert_eq!(around("2001:db8:0:1::1"), around("2001:db8:0:2::1"));
        assert_ne!(around("2001:db8:0:1::1"), around("2001:db8:1:1::1"));
    }
}
