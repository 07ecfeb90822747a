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
/// The shortest name that is looked for in a password, in characters.
const SHORTEST_NAME: usize = 3;

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
    /// one, or one that repeats a name, is among the first million that a guesser tries; and a name counts for nothing, so
    /// what is left without it must be good too. One below the usual length is among the first million, whatever it is, and is
    /// refused only if it is among the first thousand.
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
        let names = spellings(names);
        let rest = without(password, &names);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let is_weak = |text: &str| {
            let rated: String = text.chars().take(RATED).collect();
            zxcvbn(&rated, &names).score() < least
        };
        (is_weak(password) || (rest != password && is_weak(&rest)))
            .then(|| "is too easy to guess: choose some words that do not belong together".to_owned())
    }
}

/// The names of somebody and of the product, in small letters: as they stand, without what is neither letter nor digit,
/// and by their parts.
fn spellings(names: &[&str]) -> Vec<String> {
    let mut spellings = vec!["kugel".to_owned()];
    for name in names {
        let name = name.to_lowercase();
        let parts = name.split(|letter: char| !letter.is_alphanumeric());
        spellings.extend(parts.clone().map(str::to_owned));
        spellings.push(parts.collect());
        spellings.push(name);
    }
    spellings
}

/// What is left of a password without the names, in whatever case, backwards, or with digits and signs for letters.
fn without(password: &str, names: &[String]) -> String {
    let letters: Vec<char> = password.chars().collect();
    let mut is_kept = vec![true; letters.len()];
    let names = names.iter().map(|name| name.chars().collect::<Vec<char>>());
    for name in names.filter(|name| name.len() >= SHORTEST_NAME) {
        let backwards: Vec<char> = name.iter().rev().copied().collect();
        for (start, piece) in letters.windows(name.len()).enumerate() {
            let is = |name: &[char]| {
                piece
                    .iter()
                    .zip(name)
                    .all(|(sign, letter)| may_mean(*sign, *letter))
            };
            if is(&name) || is(&backwards) {
                is_kept[start..start + name.len()].fill(false);
            }
        }
    }
    let kept = letters.iter().zip(is_kept).filter(|(_, is_kept)| *is_kept);
    kept.map(|(letter, _)| letter).collect()
}

/// Whether somebody writes the sign for the letter.
fn may_mean(sign: char, letter: char) -> bool {
    sign.to_lowercase().eq([letter])
        || match letter {
            'a' => matches!(sign, '4' | '@'),
            'e' => sign == '3',
            'g' => matches!(sign, '6' | '9'),
            'i' | 'l' => matches!(sign, '1' | '!' | '|'),
            'o' => sign == '0',
            's' => matches!(sign, '5' | '$'),
            't' => matches!(sign, '7' | '+'),
            _ => false,
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
            "kugel2024!",
            "Kugel2024!",
            "!2024kugel",
            "kug3l2024!",
            "legukab1!",
            "kugelkugel2024!",
            "kugel-12345",
            "Q7301-kugel",
            "Q7301-2024!",
            "Q7301!admin",
            "hq-owner-2024!",
            "hqowner2024!",
            "owner#2024!",
            "hq-owner@Q7301",
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
            "kugel-plum-Tree-9",
            "Q7301-x7Kp2mQz",
            "q1-owl-Nest-4",
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
