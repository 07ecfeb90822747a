//! Paging and sorting as the tills speak them: `page` from 1, `limit` rows, `sort` as `field:1,field:-1`.

use crate::InvalidId;

/// Which rows of a list are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows a page; 0 means all.
    pub limit: u32,
    /// The page, from 1.
    pub number: u32,
}

impl Page {
    /// The most rows that may be asked for at once.
    pub const LIMIT_MAX: u32 = 10_000;

    /// Takes `limit` and `page` from the wire; `None` means the default.
    pub fn new(limit: Option<i32>, page: Option<i32>, default_limit: u32) -> Result<Self, InvalidId> {
        let invalid = |kind, value: i32, rule| InvalidId {
            kind,
            text: value.to_string(),
            rule,
        };
        let limit = match limit {
            None => default_limit,
            Some(value) => u32::try_from(value)
                .ok()
                .filter(|limit| *limit <= Self::LIMIT_MAX)
                .ok_or_else(|| invalid("limit", value, "0 (all) to 10000"))?,
        };
        let number = match page {
            None => 1,
            Some(value @ 1..) => value.unsigned_abs(),
            Some(value) => return Err(invalid("page", value, "1 or more")),
        };
        Ok(Self { limit, number })
    }
    /// Everything, on one page.
    pub const fn all() -> Self {
        Self { limit: 0, number: 1 }
    }
    /// Rows before this page.
    pub fn skip(self) -> u64 {
        u64::from(self.number - 1) * u64::from(self.limit)
    }
}

/// The way a field is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first, written `1`.
    Ascending,
    /// Largest first, written `-1`.
    Descending,
}

/// An order: fields with their directions, the most significant first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sort(pub Vec<(String, Direction)>);

impl Sort {
    /// Takes `field:1,field:-1` from the wire. Whether the fields exist is for the list to say.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            kind: "sort",
            text: text.to_owned(),
            rule: "`field:1` or `field:-1`, joined with `,`",
        };
        text.split(',')
            .map(|part| match part.trim().split_once(':') {
                Some((field, "1")) if !field.is_empty() => Ok((field.to_owned(), Direction::Ascending)),
                Some((field, "-1")) if !field.is_empty() => Ok((field.to_owned(), Direction::Descending)),
                _ => Err(invalid()),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl From<(&str, Direction)> for Sort {
    /// An order by one field.
    fn from((field, direction): (&str, Direction)) -> Self {
        Self(vec![(field.to_owned(), direction)])
    }
}

impl std::fmt::Display for Sort {
    /// As list metadata shows it: `field:1, field:-1`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, (field, direction)) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            let number = if *direction == Direction::Ascending { 1 } else { -1 };
            write!(formatter, "{separator}{field}:{number}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_is_shown_as_it_was_read() {
        assert_eq!(Sort::parse("a:1, b:-1").expect("valid").to_string(), "a:1, b:-1");
        for text in ["", "a", "a:2", "a:asc", ":1", "a:1,"] {
            assert!(Sort::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn pages_out_of_range_are_refused() {
        assert!(Page::new(Some(-1), None, 100).is_err());
        assert!(Page::new(None, Some(0), 100).is_err());
        assert_eq!(Page::new(Some(20), Some(3), 100).expect("valid").skip(), 40);
    }
}
