//! Whether a secret could be guessed.

use std::collections::HashSet;

/// Different characters that a secret must have. 32 random hexadecimal digits have fewer once in ten million.
const CHARACTERS: usize = 8;
/// Different steps from one character to the next.
const STEPS: usize = 12;

/// True for a text that could be random: neither few characters, nor a walk along the alphabet, nor the same again and again.
/// Of words it knows nothing.
pub(crate) fn could_be_random(text: &str) -> bool {
    let bytes = text.as_bytes();
    let characters: HashSet<u8> = bytes.iter().copied().collect();
    let steps = bytes
        .windows(2)
        .map(|pair| i16::from(pair[1]) - i16::from(pair[0]));
    let steps: HashSet<i16> = steps.collect();
    let pieces: HashSet<&[u8]> = bytes.windows(3).collect();
    let repeats_little = pieces.len() * 4 >= bytes.windows(3).len() * 3;
    characters.len() >= CHARACTERS && steps.len() >= STEPS && repeats_little
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
