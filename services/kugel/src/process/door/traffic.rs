//! What is under way on one connection, told by its calls to whoever watches its wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Ticks that a piece of an answer may lie untaken: as many, then the one that it was handed over in is over too.
const PATIENCE: usize = 12;
/// Places for the ticks of pieces that lie untaken: more than can be asked for.
const RING: usize = 16;

/// Counts without locks, since every call on the connection touches them.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Calls that have ever begun.
    begun: AtomicUsize,
    /// Calls that are not over: their answers are not handed over to the last byte.
    active: AtomicUsize,
    /// The connection has become a WebSocket, which has bounds of its own.
    is_upgraded: AtomicBool,
    tick: AtomicUsize,
    /// Pieces of answers that were handed over and not asked to go on from, by the tick of their handing over.
    untaken: [AtomicUsize; RING],
}

impl Traffic {
    /// How many parts the time that a piece may lie untaken has.
    pub(super) const TICKS: u32 = PATIENCE as u32;

    pub(super) fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    pub(super) fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    /// True while nobody waits for the client to say something.
    pub(super) fn is_busy(&self) -> bool {
        self.active() > 0 || self.is_upgraded.load(Ordering::Relaxed)
    }

    pub(super) fn upgrade(&self) {
        self.is_upgraded.store(true, Ordering::Relaxed);
    }

    /// A piece is handed over. Answers with its tick, for [`Self::taken`].
    pub(super) fn handed(&self) -> usize {
        let tick = self.tick.load(Ordering::Relaxed);
        self.untaken[tick % RING].fetch_add(1, Ordering::Relaxed);
        tick
    }

    /// The piece of that tick is on its way.
    pub(super) fn taken(&self, tick: usize) {
        self.untaken[tick % RING].fetch_sub(1, Ordering::Relaxed);
    }

    /// A part of the time is over. Answers whether a piece has lain untaken for too long.
    pub(super) fn tick(&self) -> bool {
        let tick = self.tick.fetch_add(1, Ordering::Relaxed) + 1;
        let oldest = (tick + RING - (PATIENCE + 1)) % RING;
        self.untaken[oldest].load(Ordering::Relaxed) > 0
    }
}

/// A call, until its answer is handed over or nobody wants it any more.
#[derive(Debug)]
pub(super) struct Call(Arc<Traffic>);

impl Call {
    pub(super) fn begin(traffic: &Arc<Traffic>) -> Self {
        traffic.active.fetch_add(1, Ordering::Relaxed);
        traffic.begun.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(traffic))
    }

    pub(super) fn traffic(&self) -> &Traffic {
        &self.0
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_may_lie_for_as_long_as_it_says() {
        let traffic = Traffic::default();
        for _ in 0..40 {
            let early = traffic.handed();
            assert!(!traffic.tick());
            traffic.taken(early);
            let piece = traffic.handed();
            for _ in 0..PATIENCE {
                assert!(!traffic.tick());
            }
            assert!(traffic.tick(), "nobody took it");
            traffic.taken(piece);
        }
    }
}
