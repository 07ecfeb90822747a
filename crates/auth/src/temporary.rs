//! Temporary passwords, which can be shown again though nobody keeps them.

use crate::Tokens;
use crate::derived::mac;

/// Digits and letters that nobody takes for one another, 32 of them.
const SYMBOLS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
/// Symbols of 5 bits: 80 bits, which nobody guesses.
const LENGTH: usize = 16;

impl Tokens {
    /// The temporary password that belongs to a seed (see [`Tokens::seed`]), in four groups.
    pub fn temporary_password(&self, seed: &str, tenant: &str, username: &str) -> String {
        let parts = [seed, "\n", tenant, "\n", username].map(str::as_bytes);
        let digest = self.derived(seed, |derived| mac(&derived.temporary_passwords, &parts));
        let mut password = String::with_capacity(LENGTH + 3);
        for (place, byte) in digest.iter().take(LENGTH).enumerate() {
            if place > 0 && place % 4 == 0 {
                password.push('-');
            }
            password.push(char::from(SYMBOLS[usize::from(byte & 31)]));
        }
        password
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kugel_types::SystemClock;

    use crate::{Lifetimes, Tokens};

    #[test]
    fn a_temporary_password_hangs_on_the_root_and_on_every_part() {
        let lifetimes = Lifetimes { user: 1, terminal: 1 };
        let [ours, theirs] =
            ["root", "other"].map(|root| Tokens::new(root, lifetimes, Arc::new(SystemClock)));
        let first = ours.temporary_password("s", "T1", "clerk");
        assert_eq!(ours.temporary_password("s", "T1", "clerk"), first);
        assert!(
            first.len() == 19 && first.split('-').all(|group| group.len() == 4),
            "{first}"
        );
        for other in [
            ours.temporary_password("t", "T1", "clerk"),
            ours.temporary_password("s", "T2", "clerk"),
            ours.temporary_password("s", "T1", "clark"),
            theirs.temporary_password("s", "T1", "clerk"),
        ] {
            assert_ne!(other, first);
        }
    }
}
