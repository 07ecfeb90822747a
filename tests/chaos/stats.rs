//! What happened, in numbers.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Counted by the tills.
pub(crate) struct Stats {
    /// Commands that were carried out, by till.
    done: Vec<AtomicUsize>,
    /// Commands that were sent again.
    repeats: AtomicUsize,
    /// Refusals by status and code: how many, and the slowest.
    refusals: Mutex<BTreeMap<String, (usize, Duration)>>,
    /// Connections that broke, and answers that did not come in time.
    broken: AtomicUsize,
    silent: AtomicUsize,
    /// Commands that a till did not wait for.
    abandoned: AtomicUsize,
    /// What is wrong with an answer, whatever the books say.
    faults: Mutex<Vec<String>>,
    /// How long commands took from the first try to the success, kill by kill.
    slowest: Mutex<Duration>,
    /// Whom it hit: how often, and how long it took until every till had sold again.
    kills: Mutex<BTreeMap<String, Vec<Duration>>>,
}

/// What the tills had counted at some moment.
pub(crate) struct Mark {
    done: Vec<usize>,
    pub(crate) refused: usize,
    pub(crate) broken: usize,
    pub(crate) silent: usize,
}

impl Stats {
    pub(crate) fn new(tills: i32) -> Self {
        Self {
            done: (0..tills).map(|_| AtomicUsize::new(0)).collect(),
            repeats: AtomicUsize::new(0),
            refusals: Mutex::default(),
            broken: AtomicUsize::new(0),
            silent: AtomicUsize::new(0),
            abandoned: AtomicUsize::new(0),
            faults: Mutex::default(),
            slowest: Mutex::default(),
            kills: Mutex::default(),
        }
    }

    pub(crate) fn done(&self, till: i32, begun: Instant) {
        self.done[usize::try_from(till).unwrap() - 1].fetch_add(1, Ordering::Relaxed);
        let mut slowest = self.slowest.lock().unwrap();
        *slowest = begun.elapsed().max(*slowest);
    }
    pub(crate) fn repeated(&self) {
        self.repeats.fetch_add(1, Ordering::Relaxed);
    }
    pub(crate) fn refused(&self, status: u16, code: &str, after: Duration) {
        let mut refusals = self.refusals.lock().unwrap();
        let refusal = refusals.entry(format!("{status} {code}")).or_default();
        refusal.0 += 1;
        refusal.1 = refusal.1.max(after);
    }
    pub(crate) fn broken(&self) {
        self.broken.fetch_add(1, Ordering::Relaxed);
    }
    pub(crate) fn silent(&self) {
        self.silent.fetch_add(1, Ordering::Relaxed);
    }
    pub(crate) fn abandoned(&self) {
        self.abandoned.fetch_add(1, Ordering::Relaxed);
    }
    pub(crate) fn fault(&self, text: String) {
        println!("  !     {text}");
        self.faults.lock().unwrap().push(text);
    }
    pub(crate) fn faults(&self) -> Vec<String> {
        self.faults.lock().unwrap().clone()
    }
    pub(crate) fn killed(&self, target: &str, recovered: Duration) {
        let mut kills = self.kills.lock().unwrap();
        kills.entry(target.to_owned()).or_default().push(recovered);
    }

    pub(crate) fn mark(&self) -> Mark {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        Mark {
            done: self.done.iter().map(count).collect(),
            refused: self.refusals.lock().unwrap().values().map(|one| one.0).sum(),
            broken: count(&self.broken),
            silent: count(&self.silent),
        }
    }

    /// The longest that any refusal took to come.
    pub(crate) fn slowest_refusal(&self) -> Duration {
        let refusals = self.refusals.lock().unwrap();
        refusals.values().map(|one| one.1).max().unwrap_or_default()
    }

    pub(crate) fn print(&self, elapsed: Duration) {
        let mark = self.mark();
        println!(
            "{} commands in {} s ({}/s), the slowest {:.1} s from its first try to its success; {} repeats: \
             {} refused, {} cut off, {} without an answer in time, {} hung up on",
            mark.commands(),
            elapsed.as_secs(),
            a_second(mark.commands(), elapsed),
            self.slowest.lock().unwrap().as_secs_f64(),
            self.repeats.load(Ordering::Relaxed),
            mark.refused,
            mark.broken,
            mark.silent,
            self.abandoned.load(Ordering::Relaxed),
        );
        for (what, (count, slowest)) in &*self.refusals.lock().unwrap() {
            println!(
                "  refused with {what}: {count}, the slowest after {:.2} s",
                slowest.as_secs_f64()
            );
        }
        for (target, times) in &*self.kills.lock().unwrap() {
            let mut times = times.clone();
            times.sort_unstable();
            println!(
                "  {target:<12} killed {:>3} time(s); every till had sold after {:.1} s (median), {:.1} s (most)",
                times.len(),
                times[times.len() / 2].as_secs_f64(),
                times[times.len() - 1].as_secs_f64()
            );
        }
    }
}

impl Mark {
    pub(crate) fn commands(&self) -> usize {
        self.done.iter().sum()
    }
    /// The tills, by number, that did less than `least` since `earlier`.
    pub(crate) fn behind(&self, earlier: &Self, least: usize) -> Vec<usize> {
        let tills = self.done.iter().zip(&earlier.done).zip(1..);
        let behind = tills.filter(|((now, then), _)| *now - *then < least);
        behind.map(|(_, number)| number).collect()
    }
}

/// How many a second.
pub(crate) fn a_second(count: usize, elapsed: Duration) -> u128 {
    count as u128 * 1_000 / elapsed.as_millis().max(1)
}
