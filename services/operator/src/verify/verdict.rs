//! What a verification comes to, for people and for programs.

use std::fmt;

use kugel_types::TenantId;
use serde::Serialize;

use super::tally::Tally;
use super::{Break, Outcome};

/// What the verification of a tenant came to.
#[derive(Debug)]
pub struct Verdict {
    pub(super) tenant: TenantId,
    pub(super) transactions: u64,
    pub(super) checks: Vec<(&'static str, Outcome)>,
    /// Sessions that were settled with a hole, each as a line.
    pub(super) remarks: Vec<String>,
    pub(super) tally: Tally,
}

#[derive(Serialize)]
struct Shown<'a> {
    tenant: &'a str,
    clean: bool,
    breaks: Vec<String>,
    remarks: &'a [String],
    #[serde(flatten)]
    tally: super::tally::Shown,
}

impl Verdict {
    /// True if everything is conserved.
    pub fn is_clean(&self) -> bool {
        self.breaks().next().is_none()
    }

    /// Figures and digests: equal wherever the same documents lie.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The verdict as a JSON object.
    pub fn json(&self) -> String {
        let breaks = self.breaks().map(|(name, broken)| format!("{name}: {broken}"));
        let shown = Shown {
            tenant: self.tenant.as_str(),
            clean: self.is_clean(),
            breaks: breaks.collect(),
            remarks: &self.remarks,
            tally: self.tally.shown(),
        };
        serde_json::to_string(&shown).expect("texts and decimals are always JSON")
    }

    fn breaks(&self) -> impl Iterator<Item = (&'static str, &Break)> {
        self.checks
            .iter()
            .filter_map(|(name, outcome)| Some((*name, outcome.as_ref().err()?)))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "tenant {}: {} transactions",
            self.tenant, self.transactions
        )?;
        for (name, outcome) in &self.checks {
            match outcome {
                Ok(count) => writeln!(formatter, "  ok    {name} ({count})")?,
                Err(broken) => writeln!(formatter, "  BREAK {name}: {broken}")?,
            }
        }
        for remark in &self.remarks {
            writeln!(formatter, "  note  {remark}")?;
        }
        self.tally.fmt(formatter)
    }
}
