//! The circuit breaker: what does not answer is left alone for a while.
//!
//! It knows neither what it stands before nor how that is called. Start reading at [`CircuitBreaker`].

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Outages in a row that open the circuit.
const FAILURE_LIMIT: u32 = 3;
/// How long it stays open before one call may probe.
const RECOVERY: Duration = Duration::from_secs(60);

/// Closed: calls pass. Open: calls fail at once. Half open: one call probes, the others fail at once.
///
/// Stands before everything that is reached by the network and that Kugel can do without for a minute: the state store,
/// and neighbours.
pub struct CircuitBreaker {
    neighbour: &'static str,
    circuit: Mutex<Circuit>,
}

#[derive(Clone, Copy)]
enum Circuit {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen,
}

/// A call that the circuit lets pass. One that is given up without [`Self::ended`] says nothing about the neighbour.
#[must_use = "the breaker learns from how the call ends"]
pub struct Trial<'breaker> {
    breaker: &'breaker CircuitBreaker,
    is_probe: bool,
}

impl CircuitBreaker {
    /// A closed circuit before `neighbour`, which names it in log and metrics.
    pub fn new(neighbour: &'static str) -> Self {
        show(neighbour, false);
        Self {
            neighbour,
            circuit: Mutex::new(Circuit::Closed { failures: 0 }),
        }
    }

    /// Lets a call pass, or not.
    pub fn admit(&self) -> Option<Trial<'_>> {
        let mut circuit = self.circuit.lock();
        let is_probe = match *circuit {
            Circuit::Closed { .. } => false,
            Circuit::Open { until } if Instant::now() >= until => {
                *circuit = Circuit::HalfOpen;
                true
            }
            Circuit::Open { .. } | Circuit::HalfOpen => return None,
        };
        Some(Trial {
            breaker: self,
            is_probe,
        })
    }

    fn note(&self, is_outage: bool) {
        let mut circuit = self.circuit.lock();
        let was_closed = matches!(*circuit, Circuit::Closed { .. });
        *circuit = match (*circuit, is_outage) {
            (_, false) => Circuit::Closed { failures: 0 },
            (Circuit::Closed { failures }, true) if failures + 1 < FAILURE_LIMIT => Circuit::Closed {
                failures: failures + 1,
            },
            (Circuit::Closed { .. } | Circuit::HalfOpen, true) => Circuit::Open {
                until: Instant::now() + RECOVERY,
            },
            // A call that went out before the circuit opened says nothing new.
            (open @ Circuit::Open { .. }, true) => open,
        };
        let is_closed = matches!(*circuit, Circuit::Closed { .. });
        drop(circuit);
        let neighbour = self.neighbour;
        match (was_closed, is_closed) {
            (true, false) => {
                tracing::warn!(
                    neighbour,
                    "circuit opened: no answer {FAILURE_LIMIT} times in a row, next try in {RECOVERY:?}"
                );
                show(neighbour, true);
            }
            (false, true) => {
                tracing::info!(neighbour, "circuit closed: there is an answer again");
                show(neighbour, false);
            }
            _ => {}
        }
    }
}

impl Trial<'_> {
    /// Notes how the call ended. Only outages count: an answer that says no is an answer.
    pub fn ended(mut self, is_outage: bool) {
        self.is_probe = false;
        self.breaker.note(is_outage);
    }
}

impl Drop for Trial<'_> {
    /// A probe that was given up must not keep the circuit half open for ever: the next call probes.
    fn drop(&mut self) {
        let mut circuit = self.breaker.circuit.lock();
        if self.is_probe && matches!(*circuit, Circuit::HalfOpen) {
            *circuit = Circuit::Open {
                until: Instant::now(),
            };
        }
    }
}

fn show(neighbour: &'static str, is_open: bool) {
    metrics::gauge!("kugel_circuit_open", "neighbour" => neighbour).set(u8::from(is_open));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(breaker: &CircuitBreaker, is_outage: bool) -> bool {
        let trial = breaker.admit();
        let passed = trial.is_some();
        if let Some(trial) = trial {
            trial.ended(is_outage);
        }
        passed
    }

    #[tokio::test(start_paused = true)]
    async fn three_outages_in_a_row_open_it_and_one_probe_closes_it() {
        let breaker = CircuitBreaker::new("terminal");
        for is_outage in [true, true, false, true, true, true] {
            assert!(call(&breaker, is_outage), "not three in a row yet");
        }
        assert!(!call(&breaker, false));
        tokio::time::advance(RECOVERY).await;
        let probe = breaker.admit().expect("one call probes");
        assert!(breaker.admit().is_none(), "the others wait for it");
        probe.ended(true);
        assert!(breaker.admit().is_none(), "a failed probe opens it again");
        tokio::time::advance(RECOVERY).await;
        assert!(call(&breaker, false) && call(&breaker, false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_given_up_leaves_the_next_call_to_probe() {
        let breaker = CircuitBreaker::new("terminal");
        (0..3).for_each(|_| assert!(call(&breaker, true)));
        tokio::time::advance(RECOVERY).await;
        drop(breaker.admit().expect("a probe"));
        assert!(call(&breaker, false));
        assert!(call(&breaker, false), "closed");
    }
}
