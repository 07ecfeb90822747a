//! Circuit breaker: a neighbour that is out is left alone for a while.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Outages in a row that open the circuit.
const FAILURE_LIMIT: u32 = 3;
/// How long it stays open before one call may probe.
const RECOVERY: Duration = Duration::from_secs(60);

/// Closed: calls pass. Open: calls fail at once. Half open: one call probes, the others fail at once.
pub(crate) struct Breaker {
    neighbour: &'static str,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen,
}

impl Breaker {
    pub(crate) fn new(neighbour: &'static str) -> Self {
        Self {
            neighbour,
            state: Mutex::new(State::Closed { failures: 0 }),
        }
    }

    /// True if a call may go out now.
    pub(crate) fn admits(&self) -> bool {
        let mut state = self.state.lock();
        match *state {
            State::Closed { .. } => true,
            State::Open { until } if Instant::now() >= until => {
                *state = State::HalfOpen;
                true
            }
            State::Open { .. } | State::HalfOpen => false,
        }
    }

    /// Notes how a call ended. Only outages count: an answer that says no is an answer.
    pub(crate) fn note(&self, outage: bool) {
        let mut state = self.state.lock();
        *state = match (*state, outage) {
            (_, false) => State::Closed { failures: 0 },
            (State::Closed { failures }, true) if failures + 1 < FAILURE_LIMIT => State::Closed {
                failures: failures + 1,
            },
            (State::Closed { .. } | State::HalfOpen, true) => {
                tracing::warn!(
                    neighbour = self.neighbour,
                    "circuit opened: the neighbour does not answer"
                );
                State::Open {
                    until: Instant::now() + RECOVERY,
                }
            }
            // A call that went out before the circuit opened says nothing new.
            (open @ State::Open { .. }, true) => open,
        };
        let open = !matches!(*state, State::Closed { .. });
        metrics::gauge!("kugel_circuit_open", "neighbour" => self.neighbour).set(u8::from(open));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn three_outages_in_a_row_open_it_and_one_probe_closes_it() {
        let breaker = Breaker::new("terminal");
        for outage in [true, true, false, true, true] {
            breaker.note(outage);
            assert!(breaker.admits(), "not three in a row yet");
        }
        breaker.note(true);
        assert!(!breaker.admits());
        tokio::time::advance(RECOVERY).await;
        assert!(breaker.admits(), "one call probes");
        assert!(!breaker.admits(), "the others wait for it");
        breaker.note(true);
        assert!(!breaker.admits(), "a failed probe opens it again");
        tokio::time::advance(RECOVERY).await;
        assert!(breaker.admits());
        breaker.note(false);
        assert!(breaker.admits() && breaker.admits());
    }
}
