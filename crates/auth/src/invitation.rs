//! Invitations: codes that the operator gives to who may register a tenant.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::Tokens;
use crate::derived::{Derived, equal, mac};

/// Bytes of the id, of the end in minutes since 1970, and of the seal.
const ID: usize = 10;
const END: usize = 4;
const SEAL: usize = 16;

impl Tokens {
    /// A code that is good until `end`, to the minute. Nothing is kept of it: it carries a seal under the root secret.
    pub fn invitation(&self, id: [u8; ID], end: Timestamp) -> String {
        let minutes = u32::try_from(end.as_second() / 60).unwrap_or(u32::MAX);
        let mut code = [&id[..], &minutes.to_be_bytes()].concat();
        code.extend(seal(&self.ring().signing.derived, &code));
        URL_SAFE_NO_PAD.encode(code)
    }

    /// The id of a code that was made here and is still good. Whether it was used is for its keeper to know.
    pub fn invited_by(&self, code: &str, now: Timestamp) -> Option<String> {
        let code = URL_SAFE_NO_PAD.decode(code.trim()).ok()?;
        if code.len() != ID + END + SEAL {
            return None;
        }
        let (content, sealed) = code.split_at(ID + END);
        let (id, end) = content.split_at(ID);
        let end = i64::from(u32::from_be_bytes(end.try_into().ok()?)) * 60;
        let ring = self.ring();
        let is_ours = ring
            .roots(self.now())
            .any(|(root, _)| equal(&seal(&root.derived, content), sealed));
        (is_ours && now.as_second() < end).then(|| URL_SAFE_NO_PAD.encode(id))
    }
}

fn seal(derived: &Derived, content: &[u8]) -> [u8; SEAL] {
    let seal = mac(&derived.invitations, &[content]);
    *seal.first_chunk().expect("a seal is half a digest")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::ToSpan as _;
    use kugel_types::SystemClock;

    use super::*;
    use crate::Lifetimes;

    #[test]
    fn a_code_is_good_until_its_end_where_it_was_made_and_unchanged() {
        let lifetimes = Lifetimes { user: 1, terminal: 1 };
        let [ours, theirs] =
            ["root", "other"].map(|root| Tokens::new(root, lifetimes, Arc::new(SystemClock)));
        let now: Timestamp = "2026-06-11T05:03:00Z".parse().expect("an instant");
        let end = now + 48.hours();
        let code = ours.invitation([7; ID], end);
        assert_eq!(code.len(), 40);
        let id = ours.invited_by(&code, now).expect("good");
        assert_eq!(ours.invited_by(&format!(" {code}\n"), end - 1.second()), Some(id));
        assert_eq!(ours.invited_by(&code, end), None);
        assert_eq!(theirs.invited_by(&code, now), None);
        for place in 0..code.len() {
            let mut changed = code.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(ours.invited_by(&changed, now), None, "{changed}");
        }
        for other in ["", "A", "%", &code[..39], &format!("{code}AAAA")] {
            assert_eq!(ours.invited_by(other, now), None, "{other}");
        }
    }
}
