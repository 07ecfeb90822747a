//! Two multitudes of records compared in a fixed space, however many there are.
//!
//! Each record is hashed into one of a fixed number of buckets, where one side adds and the other takes away. Equal
//! multitudes leave every bucket empty. A bucket that is not tells which few records to read again by name.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

const BUCKETS: usize = 4096;
/// Uneven buckets whose records are read again.
const TOLD: usize = 8;

/// What one side has more than the other.
pub(super) struct Balance {
    buckets: Vec<[u64; 2]>,
}

impl Default for Balance {
    fn default() -> Self {
        Self {
            buckets: vec![[0; 2]; BUCKETS],
        }
    }
}

impl Balance {
    /// Adds a record of the one side.
    pub(super) fn add(&mut self, record: &str) {
        let (bucket, prints) = place(record);
        for (sum, print) in self.buckets[bucket].iter_mut().zip(prints) {
            *sum = sum.wrapping_add(print);
        }
    }

    /// Takes away a record of the other side.
    pub(super) fn take(&mut self, record: &str) {
        let (bucket, prints) = place(record);
        for (sum, print) in self.buckets[bucket].iter_mut().zip(prints) {
            *sum = sum.wrapping_sub(print);
        }
    }

    /// The first buckets in which the sides differ.
    pub(super) fn uneven(&self) -> Option<Uneven> {
        let buckets = self.buckets.iter().enumerate();
        let uneven = buckets
            .filter(|(_, sums)| **sums != [0; 2])
            .map(|(bucket, _)| bucket);
        let buckets: Vec<usize> = uneven.take(TOLD).collect();
        let left = BTreeMap::new();
        (!buckets.is_empty()).then_some(Uneven { buckets, left })
    }
}

/// The records of a few buckets, to be told by name.
pub(super) struct Uneven {
    buckets: Vec<usize>,
    /// How often the one side has a record more than the other, and where it was seen last.
    left: BTreeMap<String, (i64, String)>,
}

impl Uneven {
    /// Hears a record of either side again: `sign` is 1 for the one and −1 for the other.
    pub(super) fn hear(&mut self, record: &str, sign: i64, name: impl FnOnce() -> String) {
        if self.buckets.contains(&place(record).0) {
            let (count, last) = self.left.entry(record.to_owned()).or_default();
            *count += sign;
            *last = name();
        }
    }

    /// A record that one side has more often, by how many, and where: of the other side if there is one.
    pub(super) fn first(self) -> Option<(String, i64, String)> {
        let left = self.left.into_iter().filter(|(_, (count, _))| *count != 0);
        let first = left.min_by_key(|(_, (count, _))| *count > 0);
        first.map(|(record, (count, name))| (record, count, name))
    }
}

fn place(record: &str) -> (usize, [u64; 2]) {
    let print = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, record).hash(&mut hasher);
        hasher.finish()
    };
    let prints = [print(0), print(1)];
    let bucket = usize::try_from(prints[0] % BUCKETS as u64).unwrap_or_default();
    (bucket, prints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_one_side_only_is_named() {
        let records: Vec<String> = (0..10_000).map(|number| format!("record {number}")).collect();
        let mut balance = Balance::default();
        records.iter().for_each(|record| balance.add(record));
        records.iter().rev().for_each(|record| balance.take(record));
        assert!(balance.uneven().is_none());
        balance.take("record 17");
        let mut uneven = balance.uneven().unwrap();
        for record in &records {
            uneven.hear(record, 1, || "log".to_owned());
            uneven.hear(record, -1, || "history".to_owned());
        }
        uneven.hear("record 17", -1, || "copy".to_owned());
        assert_eq!(
            uneven.first(),
            Some(("record 17".to_owned(), -1, "copy".to_owned()))
        );
    }
}
