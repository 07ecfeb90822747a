//! Whether a secret could be guessed.

use std::collections::HashSet;

use zxcvbn::matching::patterns::MatchPattern;
use zxcvbn::zxcvbn;

/// Different characters that a secret must have. 32 random hexadecimal digits have fewer once in ten million.
const CHARACTERS: usize = 8;
/// Different steps from one character to the next.
const STEPS: usize = 12;

/// Runs of one kind of character, small letters, capitals or digits. Sentences have one or two, and 32 random hexadecimal
/// digits fewer than this once in seventy thousand.
const RUNS: usize = 4;
/// What a secret must withstand, in quarters of a bit: 75 bits, some 10^23 guesses. 32 random letters and digits have some
/// 100 bits, since chance writes short words as well, and fewer than this once in some ten thousand.
const GUESSES: u32 = 300;
/// The same of a letter or digit that is no part of a word: it takes ten guesses, as `zxcvbn` counts.
const CHARACTER: u32 = 13;
/// Characters that are looked at: who guesses these has to be refused whatever follows.
const LOOKED_AT: usize = 64;
/// The longest word, date or walk along the keyboard that is looked for; the shortest has three characters.
const WORD: usize = 14;

/// True for a text that could be random: neither few characters, nor a walk along the alphabet, nor the same again and again,
/// nor words, names, dates and neighbouring keys one after the other.
pub(crate) fn could_be_random(text: &str) -> bool {
    let bytes = text.as_bytes();
    let characters: HashSet<u8> = bytes.iter().copied().collect();
    let steps = bytes
        .windows(2)
        .map(|pair| i16::from(pair[1]) - i16::from(pair[0]));
    let steps: HashSet<i16> = steps.collect();
    let pieces: HashSet<&[u8]> = bytes.windows(3).collect();
    let repeats_little = pieces.len() * 4 >= bytes.windows(3).len() * 3;
    characters.len() >= CHARACTERS
        && steps.len() >= STEPS
        && repeats_little
        && runs(bytes) >= RUNS
        && (is_hexadecimal(bytes) || guesses(text) >= GUESSES)
}

/// Six letters write few words.
fn is_hexadecimal(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
}

fn runs(bytes: &[u8]) -> usize {
    let letters_and_digits = bytes.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let kinds: Vec<_> = letters_and_digits
        .map(|byte| (byte.is_ascii_digit(), byte.is_ascii_uppercase()))
        .collect();
    kinds.chunk_by(|one, next| one == next).count()
}

/// How many guesses it takes, in quarters of a bit, for who tries words before letters: the least over all ways to cut the text
/// into both. A sign that was there before separates words, and is no guess.
///
/// `zxcvbn` by itself counts no further than 10^19, which any long text has.
fn guesses(text: &str) -> u32 {
    let characters: Vec<char> = text.chars().take(LOOKED_AT).collect();
    let mut least = vec![0];
    for (end, character) in characters.iter().enumerate() {
        let separates = !character.is_alphanumeric() && characters[..end].contains(character);
        let mut best = least[end] + if separates { 0 } else { CHARACTER };
        for begin in (end + 1).saturating_sub(WORD)..(end + 1).saturating_sub(2) {
            // A word costs something as well.
            if least[begin] + CHARACTER < best
                && let Some(cost) = word(&characters[begin..=end])
            {
                best = best.min(least[begin] + cost);
            }
        }
        least.push(best);
    }
    least[characters.len()]
}

/// The guesses for a piece that is one word or the like as a whole. None if it takes billions: that is no word.
fn word(piece: &[char]) -> Option<u32> {
    let piece: String = piece.iter().collect();
    let found = zxcvbn(&piece, &[]);
    match found.sequence() {
        [whole] if !matches!(whole.pattern, MatchPattern::BruteForce) => {
            let guesses = u128::from(found.guesses()).checked_pow(4)?;
            guesses.checked_ilog2()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_made_passes_and_what_fingers_repeat_does_not() {
        for text in [
            "7421ed2cbdd1baad6ad20aace0d019f1",
            "8e1d70ad4c3b72cb364ef7c50bc7e083c3a9432714317ba83f2148fe2736eebc",
            "Iaq5Jn1GjwOFvos8EeTUB47iV3cQmr0h",
            "c41d1e5b-9a0f-4a36-8f2e-6f0b7d3a21c9-5b7e9d02-71c4-4e8a",
            "q83/Jc+0ZbV6mXy2TgQwR1uKfH5eNsDpLoAiYt7BkEM=",
            &"8e1d70ad4c3b72cb364ef7c50bc7e083c3a9432714317ba83f2148fe2736eebc".repeat(20)[..70],
        ] {
            assert!(could_be_random(text), "{text}");
        }
        for text in [
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "0123456789abcdef0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz012345",
            "changeme-changeme-changeme-changeme",
            "secretsecretsecretsecretsecretsecret",
            "12121212121212121212121212121212",
            "00000000000000000000000000000001",
            "change this secret key in production please",
            "your-secret-key-here-at-least-32-chars",
            "qwertyuiopasdfghjklzxcvbnm123456",
            "MySuperSecretKeyForProduction2024!",
            "SuperSecureProductionKeyDoNotShare#2025",
            "thequickbrownfoxjumpsoverthelazydog",
            "WeWillRockYouQueen1977FreddieMercury",
            "iloveyou1234password!letmein9876admin",
            "p4ssw0rd!p4ssw1rd!P4ssw0rd!Passw0rd",
            "mein geheimer schluessel fuer die kasse",
            "watashinohimitsunokagidesu2024tokyo",
            "31415926535897932384626433832795028841",
        ] {
            assert!(!could_be_random(text), "{text}");
        }
    }

    /// The digits of pi and of a multiplication are no secret, but as even as one: what `openssl rand -hex 16` makes passes.
    #[test]
    fn even_digits_pass() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u128;
        for _ in 0..10_000 {
            state = state
                .wrapping_mul(0xda94_2042_e4dd_58b5_a7c1_5c8b_2b5d_11e3)
                .rotate_left(41);
            let text = format!("{state:032x}");
            assert!(could_be_random(&text), "{text}");
        }
    }
}
