//! The header `Prefer` (RFC 7240), of which the gateway honours `handling=strict`.

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const PREFER: HeaderName = HeaderName::from_static("prefer");
pub(crate) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// What an answer says of a request that was read strictly.
pub(crate) const STRICT: HeaderValue = HeaderValue::from_static("handling=strict");

/// True if the client wants to be told of everything that it sends and nobody reads. The first word on how to handle a
/// request counts; preferences that are not known are passed over.
pub(crate) fn is_strict(headers: &HeaderMap) -> bool {
    let handling = headers.get_all(PREFER).iter().find_map(|line| {
        let line = String::from_utf8_lossy(line.as_bytes());
        split(&line, ',').into_iter().find_map(handling)
    });
    handling.is_some_and(|handling| handling.eq_ignore_ascii_case("strict"))
}

/// The value of the preference `handling`, without the parameters that may follow it.
fn handling(preference: &str) -> Option<String> {
    let preference = split(preference, ';')[0];
    let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
    name.trim()
        .eq_ignore_ascii_case("handling")
        .then(|| unquoted(value.trim()))
}

/// The parts between separators that stand in no quotes, at least one.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(|letter| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match letter {
            '\\' if is_quoted => is_escaped = !was_escaped,
            '"' if !was_escaped => is_quoted = !is_quoted,
            _ => return letter == separator && !is_quoted,
        }
        false
    })
    .collect()
}

/// A word, without quotes if it has them.
fn unquoted(word: &str) -> String {
    let inner = word.strip_prefix('"').and_then(|word| word.strip_suffix('"'));
    inner.map_or_else(|| word.to_owned(), |inner| inner.replace('\\', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_on_handling_counts_wherever_it_stands() {
        for (lines, expected) in [
            (&["handling=strict"][..], true),
            (&["Handling=STRICT"], true),
            (&["handling=\"strict\""], true),
            (&["handling=\"str\\ict\""], true),
            (&["\thandling = strict ; foo=\"a;b\""], true),
            (&["respond-async, wait=10, handling=strict"], true),
            (&["return=minimal", "handling=strict"], true),
            (&[",, ,handling=strict"], true),
            (&["note=\"handling=lenient, a\\\",b\", handling=strict"], true),
            (&["handling=strict, handling=lenient"], true),
            (&["handling=strict", "handling=lenient"], true),
            (&["handling=lenient, handling=strict"], false),
            (&["handling=lenient", "handling=strict"], false),
            (&["note=\"a, handling=strict\""], false),
            (&["note; handling=strict"], false),
            (&["handling"], false),
            (&["handling=\"\""], false),
            (&["handling=stricter"], false),
            (&["xhandling=strict"], false),
            (&["strict"], false),
            (&[""], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(PREFER, HeaderValue::from_str(line).unwrap());
            }
            assert_eq!(is_strict(&headers), expected, "{lines:?}");
        }
        let mut headers = HeaderMap::new();
        headers.append(
            PREFER,
            HeaderValue::from_bytes(b"a=\xff, handling=strict").unwrap(),
        );
        assert!(is_strict(&headers));
    }
}
