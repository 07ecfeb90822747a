//! Lines of paper and their two renderings.

use crate::columns::{self, WIDTH};
use crate::line::{Align, Line};
use crate::xml;

/// A piece of paper, built line by line from the top.
///
/// ```
/// let mut paper = kugel_printing::Printout::new();
/// paper.center("【 領 収 証 】").rule().split("合計", "1,000").blank();
/// assert!(paper.journal_text().starts_with("         【 領 収 証 】"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Printout {
    lines: Vec<Line>,
}

impl Printout {
    /// An empty piece of paper.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds a text at the left edge.
    pub fn left(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.text(Align::Left, text)
    }
    /// Adds a text in the middle.
    pub fn center(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.text(Align::Center, text)
    }
    /// Adds a text at the right edge.
    pub fn right(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.text(Align::Right, text)
    }
    /// Adds a text. A text longer than the paper is wide is kept whole; the printer breaks it.
    pub fn text(&mut self, align: Align, text: impl AsRef<str>) -> &mut Self {
        self.push(Line::Text(align, printable(text.as_ref())))
    }
    /// Adds a line of two parts: the left one is cut or padded, the right one is kept whole.
    pub fn split(&mut self, first: impl AsRef<str>, second: impl AsRef<str>) -> &mut Self {
        let second = printable(second.as_ref());
        let first = columns::first_of_split(&printable(first.as_ref()), &second);
        self.push(Line::Split(first, second))
    }
    /// Adds a line of hyphens.
    pub fn rule(&mut self) -> &mut Self {
        self.push(Line::Rule)
    }
    /// Adds an empty line.
    pub fn blank(&mut self) -> &mut Self {
        self.push(Line::Text(Align::Left, String::new()))
    }

    /// Plain text: every line padded to 32 columns and ended by a line feed.
    pub fn journal_text(&self) -> String {
        let mut text = String::with_capacity(self.lines.len() * (WIDTH + 16));
        for line in &self.lines {
            text.push_str(&line.plain());
            text.push('\n');
        }
        text
    }
    /// XML for the printer driver: `PrintData` with one `Page` of `Line` elements.
    pub fn receipt_text(&self) -> String {
        xml::print_data(&self.lines)
    }

    fn push(&mut self, line: Line) -> &mut Self {
        self.lines.push(line);
        self
    }
}

/// The text on one line: a line feed in an item's name must not forge a line of the journal, and XML cannot hold
/// control characters at all.
fn printable(text: &str) -> String {
    let forbidden = |character: char| {
        character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
    };
    text.chars()
        .map(|character| if forbidden(character) { ' ' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_journal_is_as_wide_as_the_paper() {
        let mut paper = Printout::new();
        paper
            .left("店舗名 梅東京一号店")
            .center("中")
            .right("右")
            .rule()
            .blank();
        paper
            .split("商".repeat(30), "10,000")
            .split("bank deposit", "-3,000円");
        let text = paper.journal_text();
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            assert_eq!(columns::width(line), WIDTH, "{line:?}");
        }
        assert!(text.contains("bank deposit            -3,000円\n"));
    }

    #[test]
    fn a_text_cannot_forge_a_line() {
        let mut paper = Printout::new();
        paper.left("a\nb\u{0}c\u{2028}d");
        assert_eq!(paper.journal_text().lines().count(), 1);
        assert!(paper.receipt_text().contains("a b c d"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_stays_on_its_line_and_inside_its_element(
            first in "\\PC{0,40}|[<>&\"'\\x00-\\x1f\\u{2028}]{0,9}",
            second in "[ -~]{0,20}",
        ) {
            let mut paper = Printout::new();
            paper.left(&first).center(&first).right(&first).split(&first, &second);
            let journal = paper.journal_text();
            proptest::prop_assert_eq!(journal.split_terminator('\n').count(), 4);
            let split = journal.split_terminator('\n').next_back().unwrap();
            proptest::prop_assert_eq!(columns::width(split), WIDTH);
            proptest::prop_assert!(split.ends_with(&second));
            // Every angle bracket belongs to an element: 1 declaration, 2 + 2 outer tags, 2 a line, and the items.
            let receipt = paper.receipt_text();
            let items = receipt.matches("Item1").count() + receipt.matches("Item2").count();
            proptest::prop_assert_eq!(receipt.matches('<').count(), receipt.matches('>').count());
            proptest::prop_assert!(receipt.matches('<').count() <= 5 + 4 * 2 + items);
        }
    }

    #[test]
    fn text_longer_than_the_paper_is_kept() {
        let mut paper = Printout::new();
        paper.left("x".repeat(40));
        assert_eq!(paper.journal_text(), format!("{}\n", "x".repeat(40)));
    }
}
