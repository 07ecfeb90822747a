//! Which web pages may call.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// The origins whose pages a browser lets call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Any page. Credentials are headers that a script must know, never cookies.
    Any,
    /// Pages of these origins, as browsers write them: `https://till.example`, in small letters.
    Listed(Vec<String>),
}

impl AllowedOrigins {
    /// True if pages of `origin` may call.
    pub fn contain(&self, origin: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(origins) => origins.iter().any(|allowed| allowed.as_bytes() == origin),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        text.split(',')
            .map(|origin| one(origin.trim()))
            .collect::<Result<_, _>>()
            .map(Self::Listed)
    }
}

/// Scheme, host and, where it is not the scheme's own, port: what the header `Origin` holds.
fn one(text: &str) -> Result<String, String> {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let is_host = |host: &str| {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte);
        !host.is_empty() && host.bytes().all(known)
    };
    match host {
        Some(host) if is_host(host) => Ok(text.to_owned()),
        _ => Err(format!(
            "`{text}` is no origin: expected `*`, or https://host[:port] in small letters, several with commas between them"
        )),
    }
}

impl<'de> Deserialize<'de> for AllowedOrigins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_browsers_send() {
        let read = |text| AllowedOrigins::read(text);
        assert_eq!(read("*"), Ok(AllowedOrigins::Any));
        let listed = read("https://till.example, http://127.0.0.1:5173").expect("two origins");
        assert!(listed.contain(b"https://till.example") && listed.contain(b"http://127.0.0.1:5173"));
        for stranger in [
            "https://till.example:8443",
            "http://till.example",
            "null",
            "https://till.example.evil",
            "",
        ] {
            assert!(!listed.contain(stranger.as_bytes()), "{stranger}");
        }
        for text in [
            "",
            "till.example",
            "https://",
            "https://till.example/",
            "https://Till.example",
            "*,https://a",
        ] {
            assert!(read(text).expect_err(text).contains("is no origin"), "{text}");
        }
    }
}
