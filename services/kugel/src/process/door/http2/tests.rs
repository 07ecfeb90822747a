use std::time::Duration;

use super::*;
use crate::process::door::traffic::Call;

const SECOND: Duration = Duration::from_secs(1);

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

fn watch() -> (Watch, Arc<Traffic>) {
    let traffic = Arc::<Traffic>::default();
    (Watch::new(Limits::default(), Arc::clone(&traffic)), traffic)
}

#[test]
fn frames_are_found_however_they_are_cut() {
    let bytes = [
        frame(HEADERS, END_HEADERS, 1, b"head"),
        frame(DATA, END_STREAM, 1, &[0; 300]),
        frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
        frame(RST_STREAM, 0, 7, &[0; 4]),
    ]
    .concat();
    for size in 1..bytes.len() {
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        for piece in bytes.chunks(size) {
            frames.read(piece, |frame| {
                found.push((frame.kind, frame.length, frame.stream))
            });
        }
        assert_eq!(
            found,
            [
                (HEADERS, 4, 1),
                (DATA, 300, 1),
                (WINDOW_UPDATE, 4, 0),
                (RST_STREAM, 4, 7)
            ],
            "pieces of {size}"
        );
        assert!(frames.is_between());
    }
}

#[test]
fn what_asks_for_nothing_is_paid_for() {
    let now = Instant::now();
    let budget = Budget {
        frames: 3,
        per_second: 2,
    };
    let mut purse = Purse::new(budget, now);
    let paid: Vec<bool> = (0..4).map(|_| purse.pay(now)).collect();
    assert_eq!(paid, [true, true, true, false]);
    assert!(purse.pay(now + SECOND));
    assert!(purse.pay(now + SECOND));
    assert!(!purse.pay(now + SECOND), "two a second");
    let later = now + 3600 * SECOND;
    let paid: Vec<bool> = (0..4).map(|_| purse.pay(later)).collect();
    assert_eq!(
        paid,
        [true, true, true, false],
        "nothing is saved beyond the budget"
    );
}

#[test]
fn a_head_has_its_time_and_a_body_none_of_it() {
    let (mut watch, _) = watch();
    let is_awaited = |watch: &Watch| watch.head_since.is_some();
    let head = frame(HEADERS, 0, 1, b"half");
    watch.heard(&head[..5]).unwrap();
    assert!(is_awaited(&watch), "half of a frame's head");
    watch.heard(&head[5..]).unwrap();
    assert!(is_awaited(&watch), "half of a request's head");
    watch.heard(&frame(CONTINUATION, 0, 1, b"more")).unwrap();
    assert!(is_awaited(&watch));
    let now = watch.head_since.unwrap();
    assert_eq!(watch.due(now), Some(now + watch.limits.unread / Traffic::TICKS));
    assert_eq!(watch.overdue(now + watch.limits.head), Err(Cut::Head));
    watch
        .heard(&frame(CONTINUATION, END_HEADERS, 1, b"rest"))
        .unwrap();
    assert!(!is_awaited(&watch));
    let body = frame(DATA, 0, 1, &[0; 100]);
    watch.heard(&body[..50]).unwrap();
    assert!(!is_awaited(&watch), "the body keeps its own time");
    watch.heard(&[&body[50..], &head[..3]].concat()).unwrap();
    assert!(is_awaited(&watch), "another one has begun");
}

#[test]
fn answers_that_lie_ready_end_the_connection_and_those_that_are_made_do_not() {
    let (mut watch, traffic) = watch();
    let mut now = Instant::now();
    let mut look = |watch: &mut Watch, ticks: u32| {
        for _ in 0..ticks {
            now = watch.due(now)?;
            if let Err(cut) = watch.overdue(now) {
                return Some(cut);
            }
        }
        None
    };
    assert_eq!(watch.due(Instant::now()), None, "nothing is asked for");
    for stream in [1, 3] {
        watch
            .heard(&frame(HEADERS, END_HEADERS | END_STREAM, stream, b"head"))
            .unwrap();
    }
    let (first, second) = (Call::begin(&traffic), Call::begin(&traffic));
    assert_eq!(look(&mut watch, 1000), None, "a silent watch is not unread");
    drop(first);
    watch.said(&frame(HEADERS, END_HEADERS, 1, b"head"));
    assert_eq!(look(&mut watch, 5), None, "the client has time");
    watch.said(&frame(DATA, END_STREAM, 1, b"all of it"));
    assert_eq!(look(&mut watch, 1000), None, "it was taken");
    drop(second);
    assert_eq!(look(&mut watch, Traffic::TICKS), None);
    assert_eq!(look(&mut watch, 3), Some(Cut::Unread));
    watch.heard(&frame(RST_STREAM, 0, 3, &[0; 4])).unwrap();
    assert_eq!(watch.due(Instant::now()), None, "nobody wants it any more");
}

#[test]
fn more_streams_than_are_ever_served_are_a_flood() {
    let (mut watch, _) = watch();
    let heads = (0..4 * STREAMS).map(|number| frame(HEADERS, END_HEADERS, 2 * number + 1, b""));
    assert_eq!(watch.heard(&heads.collect::<Vec<_>>().concat()), Ok(()));
    let next = frame(HEADERS, END_HEADERS, 8 * STREAMS + 1, b"");
    assert_eq!(watch.heard(&next), Err(Cut::Flood));
}

#[test]
fn a_goodbye_waits_for_no_frame_to_end() {
    let (mut watch, _) = watch();
    watch.heard(&frame(HEADERS, END_HEADERS, 5, b"")).unwrap();
    let goodbye = watch.goodbye().unwrap();
    assert_eq!(
        goodbye[..],
        frame(GO_AWAY, 0, 0, &[0, 0, 0, 5, 0, 0, 0, ENHANCE_YOUR_CALM])
    );
    let answer = frame(DATA, END_STREAM, 5, b"answer");
    watch.said(&answer[..10]);
    assert_eq!(watch.goodbye(), None);
    watch.said(&answer[10..]);
    assert!(watch.goodbye().is_some());
}
