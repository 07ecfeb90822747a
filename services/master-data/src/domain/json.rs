//! The one form that JSON texts are stored in.

use serde::de::IgnoredAny;

/// A JSON list or object with `, ` and `: ` between its parts and no other blanks. Anything else stays as it is.
///
/// Older tools wrote such settings as Python literals (`[{'text': None}]`); these become JSON as well. The text is
/// rewritten piece by piece rather than parsed and printed, so order of keys and digits of numbers stay as sent.
pub fn canonical(text: &str) -> String {
    let trimmed = text.trim();
    let looks_like_json = matches!(trimmed.chars().next(), Some('[' | '{')) && trimmed.ends_with([']', '}']);
    let rewritten = looks_like_json.then(|| rewrite(trimmed)).flatten();
    rewritten
        .filter(|json| serde_json::from_str::<IgnoredAny>(json).is_ok())
        .unwrap_or_else(|| text.to_owned())
}

fn rewrite(text: &str) -> Option<String> {
    let mut json = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let used = match first {
            '"' | '\'' => {
                let (value, used) = quoted(rest, first)?;
                separate(&mut json);
                json.push_str(&serde_json::to_string(&value).ok()?);
                used
            }
            ',' | ':' => {
                json.push(first);
                json.push(' ');
                1
            }
            '[' | ']' | '{' | '}' => {
                close_trailing_comma(&mut json, first);
                json.push(first);
                1
            }
            _ if first.is_whitespace() => first.len_utf8(),
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "[]{},:'\"".contains(c));
                let word = &rest[..end.unwrap_or(rest.len())];
                separate(&mut json);
                json.push_str(match word {
                    "True" => "true",
                    "False" => "false",
                    "None" => "null",
                    other => other,
                });
                word.len()
            }
        };
        rest = &rest[used..];
    }
    Some(json)
}

/// Keeps two values without a comma apart: `[1 2]` must not become `[12]`, but stay broken and therefore as sent.
fn separate(json: &mut String) {
    if !json.ends_with(['[', '{', ' ']) {
        json.push(' ');
    }
}

/// Python allows a comma before the closing bracket; JSON does not.
fn close_trailing_comma(json: &mut String, bracket: char) {
    if matches!(bracket, ']' | '}') && json.ends_with(", ") {
        json.truncate(json.len() - 2);
    }
}

/// The text between two `quote`s and how many bytes it took, quotes included.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find_map(|(position, character)| {
        let closes = character == quote && !escaped;
        escaped = character == '\\' && !escaped;
        closes.then_some(position)
    })?;
    let inner = &text[1..end];
    let literal = if quote == '"' {
        format!("\"{inner}\"")
    } else {
        format!("\"{}\"", inner.replace("\\'", "'").replace('"', "\\\""))
    };
    Some((serde_json::from_str(&literal).ok()?, end + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(canonical(text), expected);
    }

    #[test]
    fn json_is_respaced_and_python_becomes_json() {
        check(
            "[{'text': 'See you', 'align': 'center'}]",
            r#"[{"text": "See you", "align": "center"}]"#,
        );
        check(r#" [{"text":"Lane 4"}] "#, r#"[{"text": "Lane 4"}]"#);
        check(
            "{'a': True, 'b': None, 'c': [False,],}",
            r#"{"a": true, "b": null, "c": [false]}"#,
        );
        check(r#"{"z":1.50,"a":-2e3}"#, r#"{"z": 1.50, "a": -2e3}"#);
        check(r#"["また\u3042", 'it\'s "so"']"#, r#"["またあ", "it's \"so\""]"#);
        check("[]", "[]");
    }

    #[test]
    fn other_texts_stay_as_sent() {
        for text in [
            "",
            " plain ",
            "123",
            "\"text\"",
            "[1, 2",
            "{not json}",
            "[1 2]",
            "{'open: 1}",
            "[,]]",
        ] {
            check(text, text);
        }
    }

    proptest! {
        #[test]
        fn the_value_stays_the_same(texts in prop::collection::vec(".*", 0..4), number in any::<i64>()) {
            let value = serde_json::json!({"texts": texts, "number": number, "nested": [null, {"b": true}]});
            let canonical = canonical(&value.to_string());
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&canonical).unwrap(), &value);
            prop_assert_eq!(super::canonical(&canonical), canonical);
        }

        #[test]
        fn no_text_breaks_it(text in "[\\[\\]{},:'\"\\\\a1 ]{0,20}") {
            canonical(&text);
        }
    }
}
