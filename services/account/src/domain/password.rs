//! What a new password must be.

use serde::{Deserialize, Serialize};
use zxcvbn::{Score, zxcvbn};

use super::Mistake;

/// The longest password, in characters.
pub const LONGEST: usize = 128;
/// The shortest one where the tenant says nothing, and the least that it may say.
const SHORTEST: u32 = 8;
/// The shortest one for clients of the older system.
const SHORTEST_LEGACY: u32 = 4;
/// The most that a tenant may ask for.
const POLICY_MAX: u32 = 64;
/// Characters that are rated: what is strong by its beginning is strong, and one of a hundred that could be spelt in many
/// ways would take a second.
const RATED: usize = 20;

/// What a tenant asks of new passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordPolicy {
    /// The shortest password, in characters.
    pub minimum_length: u32,
}

impl PasswordPolicy {
    /// What holds where a tenant has said nothing. Older clients may choose short passwords.
    pub fn default_for(is_legacy: bool) -> Self {
        Self {
            minimum_length: if is_legacy { SHORTEST_LEGACY } else { SHORTEST },
        }
    }

    /// What is wrong with a policy that is asked for.
    pub fn mistake(self) -> Option<Mistake> {
        let fits = (SHORTEST..=POLICY_MAX).contains(&self.minimum_length);
        (!fits).then(|| {
            (
                "policy.minimum_length",
                format!("must be {SHORTEST} to {POLICY_MAX}"),
            )
        })
    }

    /// What is wrong with a new password of somebody who is known by `names`. A well-known, sequential or neighbouring
    /// one, or one that repeats a name, is among the first million that a guesser tries. One below the usual length is,
    /// whatever it is, and is refused only if it is among the first thousand.
    pub fn refusal(self, password: &str, names: &[&str]) -> Option<String> {
        let length = password.chars().count();
        let shortest = usize::try_from(self.minimum_length).unwrap_or(LONGEST);
        if !(shortest..=LONGEST).contains(&length) {
            return Some(format!("must have {shortest} to {LONGEST} characters"));
        }
        let least = if length < SHORTEST as usize {
            Score::One
        } else {
            Score::Two
        };
        let rated: String = password.chars().take(RATED).collect();
        let plain = names
            .iter()
            .map(|name| name.replace(|letter: char| !letter.is_alphanumeric(), ""));
        let plain: Vec<String> = plain.collect();
        let names = names.iter().copied().chain(plain.iter().map(String::as_str));
        let names: Vec<&str> = names.chain(["kugel"]).collect();
        (zxcvbn(&rated, &names).score() < least)
            .then(|| "is too easy to guess: choose some words that do not belong together".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["hq-owner", "Q7301"];

    fn is_good(minimum_length: u32, password: &str) -> bool {
        PasswordPolicy { minimum_length }
            .refusal(password, &NAMES)
            .is_none()
    }

    #[test]
    fn what_a_guesser_tries_first_is_refused() {
        for known in [
            "12345678",
            "password",
            "Password1",
            "P@ssw0rd",
            "passw0rd123",
            "qwertyuiop",
            "1qaz2wsx",
            "zaq12wsx",
            "asdfghjkl",
            "abcdefgh",
            "aaaaaaaa",
            "abcd1234",
            "trustno1",
            "letmein!",
            "welcome1",
            "sunshine1",
            "iloveyou2",
            "20260611",
            "hq-owner",
            "hq-owner1",
            "HQ-OWNER",
            "Q7301Q7301",
            "kugelkugel",
            "admin123",
        ] {
            assert!(!is_good(8, known), "{known}");
        }
    }

    #[test]
    fn what_somebody_thought_of_is_good() {
        for chosen in [
            "plum-Tree-9",
            "owl-Nest-4",
            "x7Kp2mQz",
            "another-tree-9",
            "correct horse",
            "ninja-Cat-3",
        ] {
            assert!(is_good(8, chosen), "{chosen}");
        }
        assert!(is_good(8, &"plum-Tree-9 ".repeat(10)));
    }

    #[test]
    fn a_length_is_the_tenants_choice_above_a_floor() {
        assert!(!is_good(8, "x7Kp2mQ") && is_good(8, "x7Kp2mQz"));
        assert!(!is_good(12, "plum-Tree-9") && is_good(12, "plum-Tree-99"));
        assert!(!is_good(8, &"plum-Tree-9 ".repeat(11)), "132 characters");
        for (length, is_one) in [
            (0, false),
            (4, false),
            (7, false),
            (8, true),
            (64, true),
            (65, false),
        ] {
            let policy = PasswordPolicy {
                minimum_length: length,
            };
            assert_eq!(policy.mistake().is_none(), is_one, "{length}");
        }
    }

    #[test]
    fn older_clients_may_choose_short_ones_but_not_the_first_that_come_to_mind() {
        let legacy = PasswordPolicy::default_for(true).minimum_length;
        for (password, is_chosen) in [
            ("owl4", true),
            ("x7Kp", true),
            ("owl", false),
            ("1234", false),
            ("0000", false),
            ("pass", false),
            ("12345678", false),
        ] {
            assert_eq!(is_good(legacy, password), is_chosen, "{password}");
        }
        assert!(!is_good(
            PasswordPolicy::default_for(false).minimum_length,
            "owl4"
        ));
    }
}
