//! How long a client of HTTP/1 may take for the head of a request, and say nothing between requests.

use std::sync::Arc;

use tokio::time::Instant;

use super::traffic::Traffic;
use super::{Cut, Limits};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// The rest of a head that has begun, or the first one.
    Head,
    /// The next request.
    Request,
    /// Nothing of the client's: the answer is being made, or bounds of its own hold.
    Nothing,
}

/// Watches what is read.
#[derive(Debug)]
pub(super) struct Watch {
    limits: Limits,
    traffic: Arc<Traffic>,
    awaited: Awaited,
    since: Instant,
    /// Calls that had begun when it was last looked.
    begun: usize,
}

impl Watch {
    /// The first head is awaited since `begun`.
    pub(super) fn new(limits: Limits, traffic: Arc<Traffic>, begun: Instant) -> Self {
        Self {
            limits,
            traffic,
            awaited: Awaited::Head,
            since: begun,
            begun: 0,
        }
    }

    /// Something was read.
    pub(super) fn heard(&mut self) {
        if self.awaited == Awaited::Request {
            (self.awaited, self.since) = (Awaited::Head, Instant::now());
        }
    }

    /// Nothing more can be read for the moment: when is that too long?
    pub(super) fn due(&mut self, now: Instant) -> Option<Instant> {
        let begun = self.traffic.begun();
        if self.traffic.is_busy() {
            self.awaited = Awaited::Nothing;
        } else if self.begun != begun || self.awaited == Awaited::Nothing {
            (self.awaited, self.since) = (Awaited::Request, now);
        }
        self.begun = begun;
        match self.awaited {
            Awaited::Head => Some(self.since + self.limits.head),
            Awaited::Request => Some(self.since + self.limits.idle),
            Awaited::Nothing => None,
        }
    }

    /// Why the connection ends when that time has come.
    pub(super) fn overdue(&self) -> Cut {
        match self.awaited {
            Awaited::Head => Cut::Head,
            Awaited::Request | Awaited::Nothing => Cut::Idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::door::traffic::Call;

    #[test]
    fn a_head_that_has_begun_has_less_time_than_a_client_that_rests() {
        let (limits, traffic) = (Limits::default(), Arc::<Traffic>::default());
        let begun = Instant::now();
        let mut watch = Watch::new(limits, Arc::clone(&traffic), begun);
        let mut now = begun + Duration::from_secs(1);
        assert_eq!(watch.due(now), Some(begun + limits.head), "the first head");
        watch.heard();
        assert_eq!(watch.due(now), Some(begun + limits.head), "no byte prolongs it");
        assert_eq!(watch.overdue(), Cut::Head);
        let call = Call::begin(&traffic);
        assert_eq!(watch.due(now), None, "the answer is being made");
        drop(call);
        now += Duration::from_secs(100);
        assert_eq!(watch.due(now), Some(now + limits.idle), "the till rests");
        assert_eq!(watch.due(now + Duration::from_secs(5)), Some(now + limits.idle));
        assert_eq!(watch.overdue(), Cut::Idle);
        watch.heard();
        let since = watch.since;
        assert_eq!(
            watch.due(now),
            Some(since + limits.head),
            "the next head has begun"
        );
        // A call that began and ended since it was last looked.
        drop(Call::begin(&traffic));
        assert_eq!(watch.due(now), Some(now + limits.idle));
        traffic.upgrade();
        assert_eq!(watch.due(now), None, "a WebSocket keeps its own time");
    }
}
