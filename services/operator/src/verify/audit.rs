//! What a verification has found so far.

use std::collections::BTreeMap;

use indicatif::ProgressBar;
use kugel_proto::master_data::v1::Tax;
use kugel_store::Collection;
use kugel_types::TenantId;

use super::balance::Balance;
use super::books::Books;
use super::tally::Tally;
use super::{Break, Outcome};

/// What is checked, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Check {
    Sale,
    Numbers,
    Drawer,
    Terminal,
    Events,
    Security,
    Journal,
    Report,
    Stock,
}

impl Check {
    const ALL: [(Self, &str); 9] = [
        (Self::Sale, "each transaction adds up"),
        (Self::Numbers, "numbers without hole or repeat"),
        (Self::Drawer, "drawer"),
        (Self::Terminal, "terminals = their logs"),
        (Self::Events, "each log has its event"),
        (Self::Security, "security log = what it was told"),
        (Self::Journal, "journal = log"),
        (Self::Report, "report = recount = log"),
        (Self::Stock, "stock = opening - sold + returned"),
    ];
}

/// A verification under way.
pub(super) struct Audit {
    pub(super) tenant: TenantId,
    pub(super) books: Books,
    /// The tax rules by code.
    pub(super) rules: BTreeMap<String, Tax>,
    pub(super) tally: Tally,
    /// Changes of stock: those that the log makes against those of the history.
    pub(super) changes: Balance,
    pub(super) progress: ProgressBar,
    /// Sessions that were settled with a hole, each as a line.
    pub(super) remarks: Vec<String>,
    /// Copies that were found where they should be, by service and collection.
    copies: BTreeMap<(&'static str, &'static str), u64>,
    found: BTreeMap<Check, Outcome>,
}

impl Audit {
    pub(super) fn new(
        tenant: TenantId,
        books: Books,
        rules: BTreeMap<String, Tax>,
        progress: ProgressBar,
    ) -> Self {
        Self {
            tenant,
            books,
            rules,
            tally: Tally::default(),
            changes: Balance::default(),
            progress,
            remarks: Vec::new(),
            copies: BTreeMap::new(),
            found: BTreeMap::new(),
        }
    }

    /// Notes that records were looked at.
    pub(super) fn count(&mut self, check: Check, records: usize) {
        if let Ok(count) = self.found.entry(check).or_insert(Ok(0)) {
            *count += records;
        }
    }

    /// Keeps the first break of a check.
    pub(super) fn hold(&mut self, check: Check, outcome: Result<(), Break>) {
        if let (Err(broken), Ok(_)) = (outcome, &*self.found.entry(check).or_insert(Ok(0))) {
            self.found.insert(check, Err(broken));
        }
    }

    /// The value, or `None` after its break was kept.
    pub(super) fn keep<T>(&mut self, check: Check, outcome: Result<T, Break>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(broken) => {
                self.hold(check, Err(broken));
                None
            }
        }
    }

    /// Notes copies that were found under their keys.
    pub(super) fn copied(&mut self, service: &'static str, collection: &Collection, copies: usize) {
        *self.copies.entry((service, collection.name)).or_default() += copies as u64;
    }

    /// How many copies were found under their keys.
    pub(super) fn copies(&self, service: &'static str, collection: &Collection) -> u64 {
        let found = self.copies.get(&(service, collection.name));
        found.copied().unwrap_or_default()
    }

    /// The outcome of each check, by name.
    pub(super) fn outcomes(&mut self) -> (Vec<(&'static str, Outcome)>, Tally) {
        let outcomes = Check::ALL.map(|(check, name)| (name, self.found.remove(&check).unwrap_or(Ok(0))));
        (outcomes.into(), std::mem::take(&mut self.tally))
    }
}
