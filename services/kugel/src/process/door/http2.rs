//! What a client of HTTP/2 may do with frames: how long it may take for the head of a request, how long it may leave
//! answers unread, and how many frames it may send that ask for nothing.
//!
//! hyper and h2 bound the rest by themselves: the list of headers, CONTINUATION and empty DATA frames, streams at a time,
//! and streams that are reset before they are served.

use std::sync::Arc;

use tokio::time::Instant;

use super::traffic::Traffic;
use super::{Budget, Cut, Limits, STREAMS};

const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const GO_AWAY: u8 = 0x7;
const WINDOW_UPDATE: u8 = 0x8;
const CONTINUATION: u8 = 0x9;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const ENHANCE_YOUR_CALM: u8 = 0xb;
/// Length, type, flags and stream.
const HEAD: usize = 9;

/// A frame without its payload.
#[derive(Debug, Clone, Copy)]
struct Frame {
    length: usize,
    kind: u8,
    flags: u8,
    stream: u32,
}

/// Finds the frames in bytes that come in pieces.
#[derive(Debug, Default)]
struct Frames {
    head: [u8; HEAD],
    known: usize,
    /// Bytes of the payload that are still to come.
    left: usize,
}

impl Frames {
    fn read(&mut self, mut bytes: &[u8], mut found: impl FnMut(Frame)) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let length = self.left.min(bytes.len());
                self.left -= length;
                bytes = &bytes[length..];
                continue;
            }
            let length = (HEAD - self.known).min(bytes.len());
            self.head[self.known..self.known + length].copy_from_slice(&bytes[..length]);
            self.known += length;
            bytes = &bytes[length..];
            if self.known == HEAD {
                let [a, b, c, kind, flags, stream @ ..] = self.head;
                self.known = 0;
                self.left = u32::from_be_bytes([0, a, b, c]) as usize;
                found(Frame {
                    length: self.left,
                    kind,
                    flags,
                    stream: u32::from_be_bytes(stream) & (u32::MAX >> 1),
                });
            }
        }
    }

    fn is_between(&self) -> bool {
        self.known == 0 && self.left == 0
    }
}

/// What is left of a budget.
#[derive(Debug)]
struct Purse {
    budget: Budget,
    left: u128,
    filled: Instant,
}

impl Purse {
    fn new(budget: Budget, now: Instant) -> Self {
        let left = budget.frames.into();
        Self {
            budget,
            left,
            filled: now,
        }
    }

    /// Pays for a frame. False: it cannot be paid.
    fn pay(&mut self, now: Instant) -> bool {
        let gained = (now - self.filled).as_millis() * u128::from(self.budget.per_second) / 1000;
        if gained > 0 {
            self.left = (self.left + gained).min(self.budget.frames.into());
            self.filled = now;
        }
        let paid = self.left.checked_sub(1);
        self.left = paid.unwrap_or(0);
        paid.is_some()
    }
}

/// Watches what is read and written after the client's preface.
#[derive(Debug)]
pub(super) struct Watch {
    limits: Limits,
    traffic: Arc<Traffic>,
    heard: Frames,
    said: Frames,
    /// Streams that have neither an end of ours nor a reset.
    open: Vec<u32>,
    newest: u32,
    purse: Option<Purse>,
    /// The last frame that was read belongs to a head that has not ended.
    is_in_head: bool,
    /// Since when a head, or the head of a frame, is incomplete.
    head_since: Option<Instant>,
    tick_at: Option<Instant>,
    /// Bytes of answers that were ever sent.
    sent: u64,
    /// Since when answers lie that are handed over whole, and what was sent until then.
    unsent: Option<(Instant, u64)>,
}

impl Watch {
    pub(super) fn new(limits: Limits, traffic: Arc<Traffic>) -> Self {
        Self {
            limits,
            traffic,
            heard: Frames::default(),
            said: Frames::default(),
            open: Vec::new(),
            newest: 0,
            purse: limits.budget.map(|budget| Purse::new(budget, Instant::now())),
            is_in_head: false,
            head_since: None,
            tick_at: None,
            sent: 0,
            unsent: None,
        }
    }

    /// These bytes were read. An error says that there were too many frames.
    pub(super) fn heard(&mut self, bytes: &[u8]) -> Result<(), Cut> {
        let (open, newest, purse) = (&mut self.open, &mut self.newest, &mut self.purse);
        let (is_in_head, head_since) = (&mut self.is_in_head, &mut self.head_since);
        let mut is_flood = false;
        self.heard.read(bytes, |frame| {
            match frame.kind {
                HEADERS if frame.stream > *newest => {
                    *newest = frame.stream;
                    open.push(frame.stream);
                }
                RST_STREAM => close(open, frame.stream),
                _ => {}
            }
            if frame.kind != CONTINUATION {
                *head_since = None;
            }
            *is_in_head = matches!(frame.kind, HEADERS | CONTINUATION) && frame.flags & END_HEADERS == 0;
            // What begins, carries or ends a call is bounded elsewhere. Everything else asks for nothing.
            let is_free = matches!(frame.kind, DATA | HEADERS | WINDOW_UPDATE | CONTINUATION);
            if let Some(purse) = purse.as_mut().filter(|_| !is_free) {
                is_flood |= !purse.pay(Instant::now());
            }
            // More than are served at a time are refused, which takes no longer than to read them.
            is_flood |= open.len() > 4 * STREAMS as usize;
        });
        let is_cut_off = self.heard.known > 0
            || (self.heard.left > 0 && matches!(self.heard.head[3], HEADERS | CONTINUATION));
        if !(self.is_in_head || is_cut_off) {
            self.head_since = None;
        } else if self.head_since.is_none() {
            self.head_since = Some(Instant::now());
        }
        if is_flood { Err(Cut::Flood) } else { Ok(()) }
    }

    /// These bytes were written.
    pub(super) fn said(&mut self, bytes: &[u8]) {
        let (open, sent) = (&mut self.open, &mut self.sent);
        self.said.read(bytes, |frame| {
            let has_ended = match frame.kind {
                DATA => {
                    *sent += frame.length as u64;
                    frame.flags & END_STREAM != 0
                }
                HEADERS => frame.flags & END_STREAM != 0,
                RST_STREAM => true,
                _ => false,
            };
            if has_ended {
                close(open, frame.stream);
            }
        });
    }

    /// Nothing more can be read for the moment: when is it to be looked again?
    pub(super) fn due(&mut self, now: Instant) -> Option<Instant> {
        if self.open.is_empty() {
            (self.tick_at, self.unsent) = (None, None);
        } else if self.tick_at.is_none() {
            self.tick_at = Some(now + self.limits.unread / Traffic::TICKS);
        }
        let head = self.head_since.map(|since| since + self.limits.head);
        [head, self.tick_at].into_iter().flatten().min()
    }

    /// Looks when that time has come. An error says why the connection ends.
    pub(super) fn overdue(&mut self, now: Instant) -> Result<(), Cut> {
        if self
            .head_since
            .is_some_and(|since| since + self.limits.head <= now)
        {
            return Err(Cut::Head);
        }
        if self.tick_at.is_some_and(|tick| tick > now) {
            return Ok(());
        }
        self.tick_at = None;
        if self.traffic.tick() || self.has_waited(now) {
            return Err(Cut::Unread);
        }
        Ok(())
    }

    /// True if answers that are handed over whole have been lying for too long. h2 keeps the last piece of each until the
    /// client has room for it, so nobody asks for the next one.
    fn has_waited(&mut self, now: Instant) -> bool {
        if self.open.len() <= self.traffic.active() {
            self.unsent = None;
            return false;
        }
        let (since, sent) = *self.unsent.get_or_insert((now, self.sent));
        now - since > self.limits.unread + self.limits.time_for(self.sent - sent)
    }

    /// The frame that says goodbye to a client that asks for too much, if none is being written.
    pub(super) fn goodbye(&self) -> Option<[u8; HEAD + 8]> {
        let mut frame = [0; HEAD + 8];
        frame[2] = 8;
        frame[3] = GO_AWAY;
        frame[HEAD..HEAD + 4].copy_from_slice(&self.newest.to_be_bytes());
        frame[HEAD + 7] = ENHANCE_YOUR_CALM;
        self.said.is_between().then_some(frame)
    }
}

fn close(open: &mut Vec<u32>, stream: u32) {
    if let Some(place) = open.iter().position(|other| *other == stream) {
        open.swap_remove(place);
    }
}

#[cfg(test)]
mod tests;
