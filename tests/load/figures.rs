//! Figures and how they are printed.

use std::time::{Duration, Instant};

/// Prints one figure beside its target.
pub(crate) fn line(what: &str, measured: &str, target: &str) {
    println!("{what:<46} {measured:<44} {target}");
}

/// Latencies of many calls.
#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn record(&mut self, begun: Instant) {
        self.add(begun.elapsed());
    }
    pub(crate) fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
    /// `p50 … p99 …` in milliseconds.
    pub(crate) fn percentiles(mut self) -> String {
        self.0.sort_unstable();
        let at = |share: f64| {
            let position = ((self.0.len() as f64 * share) as usize).min(self.0.len() - 1);
            self.0[position].as_secs_f64() * 1000.0
        };
        format!("p50 {:.3} ms, p99 {:.3} ms", at(0.5), at(0.99))
    }
}

/// A share of a processor time in microseconds.
pub(crate) fn each(calls: usize, cpu: Duration) -> String {
    format!("{:.0} us", cpu.as_secs_f64() * 1e6 / calls as f64)
}

/// Calls a second.
pub(crate) fn rate(calls: usize, elapsed: Duration) -> String {
    format!("{:.0}/s", calls as f64 / elapsed.as_secs_f64())
}
