//! What a session's logs add up to, and how the large part of it is kept in pieces.

use serde::{Deserialize, Serialize};

use super::groups::Groups;
use super::items::Items;
use super::log::{Cash, OpenClose, Session, Transaction};
use super::products::{ProductFigures, included_tax};
use super::settlement::Received;
use super::totals::Totals;

/// A log of any kind.
#[derive(Debug, Clone)]
pub enum Log<'log> {
    /// A transaction.
    Transaction(Transaction<'log>),
    /// Cash in or out.
    Cash(Cash),
    /// Opening or close.
    OpenClose(OpenClose),
}

impl Log<'_> {
    /// The session it belongs to.
    pub fn session(&self) -> &Session {
        match self {
            Self::Transaction(transaction) => &transaction.session,
            Self::Cash(cash) => &cash.session,
            Self::OpenClose(log) => &log.session,
        }
    }

    /// The same log as one that was posted.
    #[must_use]
    pub fn posted(mut self) -> Self {
        let session = match &mut self {
            Self::Transaction(transaction) => &mut transaction.session,
            Self::Cash(cash) => &mut cash.session,
            Self::OpenClose(log) => &mut log.session,
        };
        session.is_posted = true;
        self
    }
}

/// The sums over any number of logs of one session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums {
    /// Money.
    pub totals: Totals,
    /// What arrived.
    pub received: Received,
    /// What was sold, by category and promotion.
    pub groups: Groups,
    /// What was sold, by item.
    pub items: Items,
}

impl Sums {
    /// Counts a log.
    pub fn add(&mut self, log: &Log<'_>) {
        match log {
            Log::Transaction(transaction) => {
                self.received.transaction(transaction.number);
                self.totals.add(transaction);
                self.add_lines(transaction);
            }
            Log::Cash(cash) => {
                self.received.cash(cash.generated);
                self.totals.add_cash(cash);
            }
            Log::OpenClose(log) => {
                self.received.open_close(log);
                if let Some(close) = &log.close {
                    self.totals.counts.add(close.counted);
                }
            }
        }
    }

    fn add_lines(&mut self, transaction: &Transaction<'_>) {
        if transaction.cancelled {
            return;
        }
        let sign = transaction.kind.money();
        for (position, (line, tax)) in transaction
            .lines
            .iter()
            .zip(included_tax(transaction))
            .enumerate()
        {
            let earlier = &transaction.lines[..position];
            let figures = ProductFigures::of_line(sign, line, tax);
            self.groups.add(sign, line, figures, earlier);
            self.items.add(sign, line, figures, earlier);
        }
    }

    /// Adds the sums over other logs of the session.
    pub fn merge(&mut self, other: &Self) {
        self.totals.merge(&other.totals);
        self.received.merge(&other.received);
        self.groups.merge(&other.groups);
        self.items = Items::sum([&self.items, &other.items]);
    }
}

/// Parts of the same size that are merged into one.
const MERGED_TOGETHER: usize = 8;

/// The parts that a session's sums over items are kept in.
///
/// They may name every item of a shop. To rewrite them with every sale would cost more than all the rest, so each batch
/// of logs writes a part of its own, and eight parts of one size become one of the next size. A sum is thus written once
/// for each size, not once for each batch, and no more than seven parts of a size are there to read. The close of a
/// session makes one part of all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Parts {
    /// From the oldest and largest to the newest and smallest: the number that names the part, and its size.
    present: Vec<(u64, u8)>,
    next: u64,
}

/// How the next part comes to be.
#[derive(Debug, PartialEq, Eq)]
pub struct NextPart {
    /// The number that names it.
    pub number: u64,
    /// The parts that it takes in and that then go away.
    pub absorbs: Vec<u64>,
}

impl Parts {
    /// Makes room for one part more.
    pub fn add(&mut self) -> NextPart {
        let number = self.next;
        self.next += 1;
        let (mut size, mut absorbs) = (0, Vec::new());
        while let Some(start) = (self.present.len() + 1).checked_sub(MERGED_TOGETHER)
            && self.present[start..].iter().all(|(_, other)| *other == size)
        {
            absorbs.extend(self.present.drain(start..).map(|(number, _)| number));
            size += 1;
        }
        self.present.push((number, size));
        NextPart { number, absorbs }
    }

    /// The numbers of the parts.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        self.present.iter().map(|(number, _)| *number)
    }

    /// Makes one part of all: no more are expected.
    pub fn add_last(&mut self) -> NextPart {
        let absorbs = self.present.drain(..).map(|(number, _)| number).collect();
        let number = self.next;
        self.next += 1;
        self.present.push((number, u8::MAX));
        NextPart { number, absorbs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stay_few_and_none_is_lost() {
        let mut parts = Parts::default();
        let mut present = std::collections::BTreeSet::new();
        let mut moved = 0;
        for _ in 0..10_000 {
            let next = parts.add();
            moved += next.absorbs.len();
            for absorbed in &next.absorbs {
                assert!(present.remove(absorbed));
            }
            assert!(present.insert(next.number));
            assert!(parts.present.len() <= 7 * 5);
        }
        assert_eq!(present, parts.numbers().collect());
        assert!(moved < 12_000, "{moved} parts were written again");
    }

    #[test]
    fn eight_of_a_size_become_one() {
        let mut parts = Parts::default();
        for _ in 0..7 {
            assert!(parts.add().absorbs.is_empty());
        }
        assert_eq!(
            parts.add(),
            NextPart {
                number: 7,
                absorbs: (0..7).collect()
            }
        );
        assert_eq!(parts.numbers().collect::<Vec<_>>(), [7]);
    }
}
