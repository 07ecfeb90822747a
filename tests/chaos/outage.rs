//! One server stays away for a while.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::fleet::{Fleet, REQUEST_TIMEOUT};
use crate::stats::{Stats, a_second};
use crate::storm::recovery;

/// Long enough for any till to serve several customers.
const WINDOW: Duration = Duration::from_secs(5);

/// Sales must go on so soon after the database is back.
const SOON: Duration = Duration::from_secs(15);

/// Without the state store or the broker, sales go on: no command is refused, cut off or left without an answer.
pub(crate) async fn unnoticed(
    fleet: &mut Fleet,
    stats: &Stats,
    server: &'static str,
    seconds: u64,
) -> Vec<String> {
    let mut findings = Vec::new();
    let quiet = stats.mark();
    sleep(WINDOW).await;
    let before = stats.mark().commands() - quiet.commands();
    findings.extend(fleet.kill(server).await);
    let (begun, mark) = (Instant::now(), stats.mark());
    while begun.elapsed() < Duration::from_secs(seconds) {
        let window = stats.mark();
        sleep(WINDOW).await;
        let idle = stats.mark().behind(&window, 1);
        if !idle.is_empty() {
            findings.push(format!(
                "without {server} the tills {idle:?} sold nothing for {WINDOW:?}"
            ));
        }
    }
    let (now, away) = (stats.mark(), begun.elapsed());
    let troubles = [
        ("refused", now.refused - mark.refused),
        ("cut off", now.broken - mark.broken),
        ("not answered in time", now.silent - mark.silent),
    ];
    let troubles = troubles.iter().filter(|(_, count)| *count > 0);
    findings
        .extend(troubles.map(|(trouble, count)| format!("without {server} {count} commands were {trouble}")));
    println!(
        "{server} away for {} s: {} commands/s, before {}/s",
        away.as_secs(),
        a_second(now.commands() - mark.commands(), away),
        a_second(before, WINDOW)
    );
    fleet.restart().await;
    println!("{server} is back");
    findings
}

/// Without the database, everything is refused, clearly and within the deadline; afterwards sales go on by themselves.
pub(crate) async fn refused(fleet: &mut Fleet, stats: &Stats, seconds: u64) -> Vec<String> {
    let mut findings = Vec::new();
    sleep(WINDOW).await;
    findings.extend(fleet.kill("mongodb").await);
    let mark = stats.mark();
    sleep(Duration::from_secs(seconds)).await;
    let now = stats.mark();
    println!(
        "the database away for {seconds} s: {} commands refused, the slowest after {:.2} s",
        now.refused - mark.refused,
        stats.slowest_refusal().as_secs_f64()
    );
    if now.refused == mark.refused {
        findings.push("without the database nothing was refused".to_owned());
    }
    if now.broken > mark.broken || now.silent > mark.silent {
        findings.push(format!(
            "without the database {} commands were cut off and {} not answered in time",
            now.broken - mark.broken,
            now.silent - mark.silent
        ));
    }
    if stats.slowest_refusal() > REQUEST_TIMEOUT + Duration::from_secs(1) {
        findings.push("a refusal took longer than the deadline".to_owned());
    }
    fleet.restart().await;
    let (begun, mark) = (Instant::now(), stats.mark());
    match recovery(stats, &mark, begun).await {
        Ok(recovered) => {
            println!(
                "every till sold again {:.1} s after the database was back",
                recovered.as_secs_f64()
            );
            if recovered > SOON {
                findings.push(format!("the tills did not sell again within {SOON:?}"));
            }
        }
        Err(idle) => findings.push(format!("the tills {idle:?} did not sell again")),
    }
    findings
}
