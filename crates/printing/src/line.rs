//! A line of paper.

use crate::columns::{self, WIDTH};

/// Where a text stands on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Align {
    /// At the left edge.
    Left,
    /// In the middle.
    Center,
    /// At the right edge.
    Right,
}

impl Align {
    /// Reads the name that settings use (`left`, `center`, `right`); anything else is left.
    pub fn from_name(name: &str) -> Self {
        match name {
            "center" => Self::Center,
            "right" => Self::Right,
            _ => Self::Left,
        }
    }
}

/// A line of paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    Text(Align, String),
    Split(String, String),
    Rule,
}

impl Line {
    /// As text, as wide as the paper.
    pub(crate) fn plain(&self) -> String {
        match self {
            Line::Text(Align::Left, text) => columns::left(text, WIDTH),
            Line::Text(Align::Center, text) => columns::center(text, WIDTH),
            Line::Text(Align::Right, text) => columns::right(text, WIDTH),
            Line::Split(first, second) => columns::left(&format!("{first} {second}"), WIDTH),
            Line::Rule => "-".repeat(WIDTH),
        }
    }
}
