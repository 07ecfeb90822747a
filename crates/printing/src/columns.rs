//! Terminal columns: East Asian wide characters take two, combining marks none.

use unicode_width::UnicodeWidthChar;

/// Columns of the paper.
pub const WIDTH: usize = 32;

/// The columns that a text takes.
pub fn width(text: &str) -> usize {
    // Summed by character, as `cut` does, so that the two always agree.
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// The longest beginning of a text that fits into `columns`. It may be one column short: a wide character is not
/// halved.
pub fn cut(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (position, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > columns {
            return &text[..position];
        }
    }
    text
}

/// The text with blanks behind it up to `columns`. Longer text stays as it is.
pub fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", blanks(columns, text))
}

/// The text with blanks before it up to `columns`. Longer text stays as it is.
pub fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", blanks(columns, text))
}

/// The text in the middle of `columns`, the smaller half of the blanks before it.
pub fn center(text: &str, columns: usize) -> String {
    let free = columns.saturating_sub(width(text));
    format!("{}{text}{}", " ".repeat(free / 2), " ".repeat(free - free / 2))
}

/// The left part of a split line: what `second` and one blank leave of the paper.
pub(crate) fn first_of_split(first: &str, second: &str) -> String {
    let columns = WIDTH.saturating_sub(width(second) + 1);
    // Padded after the cut too: a wide character that did not fit must not shift the right part.
    left(cut(first, columns), columns)
}

fn blanks(columns: usize, text: &str) -> String {
    " ".repeat(columns.saturating_sub(width(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns_and_are_not_halved() {
        assert_eq!(width("外税10%"), 7);
        assert_eq!(width("ｶﾅ"), 2);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(cut("領収証", 5), "領収");
        assert_eq!(left("領収", 5), "領収 ");
        assert_eq!(right("領収", 5), " 領収");
        assert_eq!(center("領収", 7), " 領収  ");
        assert_eq!(center("領収証", 4), "領収証");
    }

    #[test]
    fn a_split_line_keeps_its_right_part_whole() {
        assert_eq!(first_of_split("abc", "1,000"), left("abc", 26));
        assert_eq!(width(&first_of_split(&"商".repeat(20), "1,000")), 26);
        assert_eq!(
            first_of_split(&"商".repeat(20), "10,000"),
            format!("{} ", "商".repeat(12))
        );
        assert_eq!(first_of_split("abc", &"9".repeat(40)), "");
    }
}
