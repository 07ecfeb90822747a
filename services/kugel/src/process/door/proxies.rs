//! Where clients are that come through a proxy: by the PROXY protocol, or by `x-forwarded-for`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use kugel_config::Settings;
use ppp::{v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt as _};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Where a client is of whom a trusted proxy says nothing of use: all of them together are one address, and brakes count it.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// The shortest header of either version: `PROXY UNKNOWN` and the end of its line.
const SHORTEST: usize = 15;
/// The longest line of version 1, by its specification.
const LONGEST_LINE: usize = 107;
/// The longest header of version 2 that is read: addresses, and room for what proxies add.
const LONGEST: usize = 2048;
/// The fixed part of version 2; its last two bytes are the length of what follows.
const FIXED: usize = 16;

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub(in crate::process) struct Proxies {
    networks: Vec<IpNet>,
    /// True if each of their connections begins with a header of the PROXY protocol.
    speak_first: bool,
}

impl Proxies {
    /// Those that the settings name.
    pub(in crate::process) fn of(settings: &Settings) -> anyhow::Result<Self> {
        let named = settings.trusted_proxies.split(',').map(str::trim);
        let networks = named.filter(|text| !text.is_empty()).map(|text| {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            let network = address.or_else(|_| text.parse::<IpNet>());
            let network = network.map_err(|_| {
                anyhow::anyhow!(
                    "setting `trusted_proxies`: `{text}` is neither an address nor a network (10.0.0.0/8)"
                )
            })?;
            anyhow::ensure!(
                network.prefix_len() > 0,
                "setting `trusted_proxies`: `{text}` is everybody, who could then claim any address: name the proxies"
            );
            Ok(network)
        });
        let networks: Vec<_> = networks.collect::<Result<_, _>>()?;
        anyhow::ensure!(
            !(settings.proxy_protocol && networks.is_empty()),
            "setting `proxy_protocol`: it is spoken by nobody until `trusted_proxies` names the proxies"
        );
        Ok(Self {
            networks,
            speak_first: settings.proxy_protocol,
        })
    }

    /// True if what comes from there is believed.
    pub(super) fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// True if `peer` has to begin with a header.
    pub(in crate::process) fn speaks_first(&self, peer: IpAddr) -> bool {
        self.speak_first && self.contain(peer)
    }

    /// Where the client of a request is that came over a connection from `peer`: the last address of `x-forwarded-for`
    /// that is no proxy's, since whatever stands before it is the client's own word.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        let lines = headers.get_all(X_FORWARDED_FOR).into_iter().rev();
        let entries = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        for entry in entries {
            if !self.contain(client) {
                break;
            }
            match address(entry.trim()) {
                Some(address) => client = address,
                None => break,
            }
        }
        claimed(client)
    }
}

/// Where a client is by the word of a proxy. Loopback is that of the proxy's machine, or the proxy itself, which says nothing
/// of use: if it counted, everybody behind it would be the operator.
pub(super) fn claimed(client: IpAddr) -> IpAddr {
    if client.to_canonical().is_loopback() {
        UNKNOWN
    } else {
        client
    }
}

/// An address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse().ok();
    let address = address.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// Reads the header that a proxy begins with. Answers with the client's address, or nothing where the proxy speaks for
/// itself. Not one byte more is read.
pub(super) async fn read_header(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut head = vec![0; SHORTEST];
    stream.read_exact(&mut head).await?;
    if head.starts_with(v2::PROTOCOL_PREFIX) {
        head.push(stream.read_u8().await?);
        let length = usize::from(u16::from_be_bytes([head[FIXED - 2], head[FIXED - 1]]));
        if FIXED + length > LONGEST {
            return Err(wrong(format!("a header of {length} bytes")));
        }
        head.resize(FIXED + length, 0);
        stream.read_exact(&mut head[FIXED..]).await?;
        let header = v2::Header::try_from(head.as_slice()).map_err(|error| wrong(error.to_string()))?;
        return Ok(match (header.command, header.addresses) {
            (v2::Command::Proxy, v2::Addresses::IPv4(addresses)) => Some(addresses.source_address.into()),
            (v2::Command::Proxy, v2::Addresses::IPv6(addresses)) => Some(addresses.source_address.into()),
            _ => None,
        });
    }
    while !head.ends_with(b"\r\n") && head.len() < LONGEST_LINE && head.starts_with(b"PROXY ") {
        head.push(stream.read_u8().await?);
    }
    let header = v1::Header::try_from(head.as_slice()).map_err(|error| wrong(error.to_string()))?;
    Ok(match header.addresses {
        v1::Addresses::Tcp4(addresses) => Some(addresses.source_address.into()),
        v1::Addresses::Tcp6(addresses) => Some(addresses.source_address.into()),
        v1::Addresses::Unknown => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(trusted: &str) -> Proxies {
        let mut settings = Settings::for_test();
        settings.trusted_proxies = trusted.to_owned();
        Proxies::of(&settings).unwrap()
    }

    #[test]
    fn the_last_address_that_is_no_proxys_is_the_clients() {
        let proxies = proxies("10.0.0.0/8, 192.0.2.1,2001:db8::/32, 127.0.0.1");
        for (peer, lines, expected) in [
            ("198.51.100.1", &["203.0.113.5"][..], "198.51.100.1"),
            ("10.1.2.3", &[], "10.1.2.3"),
            ("10.1.2.3", &["203.0.113.5"], "203.0.113.5"),
            ("::ffff:10.1.2.3", &["203.0.113.5"], "203.0.113.5"),
            ("10.1.2.3", &["1.1.1.1, 203.0.113.5 ,192.0.2.1"], "203.0.113.5"),
            ("10.1.2.3", &["1.1.1.1", "203.0.113.5", "10.9.9.9"], "203.0.113.5"),
            ("2001:db8::1", &["203.0.113.5:4711"], "203.0.113.5"),
            ("10.1.2.3", &["[2001:4860::1]:443"], "2001:4860::1"),
            ("10.1.2.3", &["[2001:4860::1]"], "2001:4860::1"),
            ("10.1.2.3", &["203.0.113.5, unknown"], "10.1.2.3"),
            ("10.1.2.3", &["unknown, 10.9.9.9"], "10.9.9.9"),
            ("10.1.2.3", &["10.8.8.8, 10.9.9.9"], "10.8.8.8"),
            ("10.1.2.3", &[""], "10.1.2.3"),
            ("10.1.2.3", &["127.0.0.1"], "0.0.0.0"),
            ("127.0.0.1", &["203.0.113.5"], "203.0.113.5"),
            ("127.0.0.1", &["203.0.113.5, unknown"], "0.0.0.0"),
            ("127.0.0.1", &["203.0.113.5, \t"], "0.0.0.0"),
            ("::ffff:127.0.0.1", &[], "0.0.0.0"),
            ("127.0.0.1", &["::1"], "0.0.0.0"),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(X_FORWARDED_FOR, line.parse().unwrap());
            }
            let client = proxies.client(peer.parse().unwrap(), &headers);
            assert_eq!(client.to_string(), expected, "{peer} {headers:?}");
        }
        let nobody = super::Proxies::default();
        assert!(!nobody.contain("127.0.0.1".parse().unwrap()));
    }

    async fn read(mut bytes: &[u8]) -> (io::Result<Option<IpAddr>>, &[u8]) {
        (read_header(&mut bytes).await, bytes)
    }

    /// Version 2 of a command, a family and a payload.
    fn binary(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
        let mut head = v2::PROTOCOL_PREFIX.to_vec();
        head.extend([0x20 | command, family]);
        head.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        head.extend(payload);
        head
    }

    #[tokio::test]
    async fn headers_of_both_versions_are_read_to_their_last_byte() {
        let v4 = [203, 0, 113, 5, 10, 0, 0, 1, 0x12, 0x34, 0, 80];
        let mut v6 = [0; 36];
        v6[..16].copy_from_slice(&"2001:4860::1".parse::<std::net::Ipv6Addr>().unwrap().octets());
        let long = [&v4[..], &[0x04, 0, 100], &[0; 100]].concat();
        for (header, expected) in [
            (
                b"PROXY TCP4 203.0.113.5 10.0.0.1 4660 80\r\n".to_vec(),
                Some("203.0.113.5"),
            ),
            (
                b"PROXY TCP6 2001:4860::1 ::1 4660 80\r\n".to_vec(),
                Some("2001:4860::1"),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN what ever\r\n".to_vec(), None),
            (binary(1, 0x11, &v4), Some("203.0.113.5")),
            (binary(1, 0x11, &long), Some("203.0.113.5")),
            (binary(1, 0x21, &v6), Some("2001:4860::1")),
            (binary(0, 0x11, &v4), None),
            (binary(0, 0, &[]), None),
        ] {
            let sent = [&header[..], b"GET / HTTP/1.1"].concat();
            let (client, rest) = read(&sent).await;
            let client = client.unwrap().map(|client| client.to_string());
            assert_eq!(client.as_deref(), expected, "{header:?}");
            assert_eq!(rest, b"GET / HTTP/1.1");
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let too_long = binary(1, 0x11, &[0; LONGEST]);
        for sent in [
            &b"GET / HTTP/1.1\r\nhost: kugel\r\n\r\n"[..],
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"PROXY TCP4 203.0.113.5\r\n",
            b"PROXY TCP4 2001:4860::1 ::1 4660 80\r\n",
            &[b'P'; 200],
            &[&b"PROXY TCP4 "[..], &[b'1'; 200]].concat(),
            b"PROXY UNKN",
            &binary(3, 0x11, &[0; 12]),
            &binary(1, 0x11, &[0; 4]),
            &too_long,
        ] {
            assert!(read(sent).await.0.is_err(), "{:?}", String::from_utf8_lossy(sent));
        }
    }
}
