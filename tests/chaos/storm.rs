//! The storm: one kill after the other, at any time.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::sleep;

use crate::fleet::Fleet;
use crate::stats::{Mark, Stats};

/// Every till must have sold again so long after a kill.
const RECOVERY_LIMIT: Duration = Duration::from_secs(90);

/// Kills until the number is reached. Everybody's turn comes: targets are drawn like cards.
pub(crate) async fn rage(fleet: &mut Fleet, stats: &Stats, kills: usize, seed: u64) -> Vec<String> {
    let mut dice = StdRng::seed_from_u64(seed);
    let (mut findings, mut deck, mut killed) = (Vec::new(), Vec::new(), 0);
    while killed < kills && findings.is_empty() {
        sleep(Duration::from_millis(dice.random_range(500..3_000))).await;
        let mut hit: Vec<&'static str> = Vec::new();
        // Now and then two at once, or the same again while it is still coming back.
        let together = 1 + usize::from(killed + 1 < kills && dice.random_ratio(1, 4));
        while hit.len() < together {
            if deck.is_empty() {
                deck = fleet.targets();
                deck.shuffle(&mut dice);
            }
            hit.extend(deck.pop());
        }
        let (begun, mark) = (Instant::now(), stats.mark());
        findings.extend(fleet.kill(hit[0]).await);
        if let Some(second) = hit.get(1) {
            if *second == hit[0] {
                fleet.restart().await;
                sleep(Duration::from_millis(dice.random_range(0..300))).await;
            }
            findings.extend(fleet.kill(second).await);
        }
        let away = Duration::from_millis(dice.random_range(0..1_500));
        let restart = async {
            sleep(away).await;
            fleet.restart().await;
            begun.elapsed()
        };
        let (restarted, recovered) = tokio::join!(restart, recovery(stats, &mark, begun));
        killed += hit.len();
        let names = hit.join(" and ");
        match recovered {
            Ok(recovered) => {
                hit.iter().for_each(|target| stats.killed(target, recovered));
                println!(
                    "kill {killed:>3}/{kills}  {names}: back after {:.1} s, every till has sold after {:.1} s; {} commands",
                    restarted.as_secs_f64(),
                    recovered.as_secs_f64(),
                    stats.mark().commands()
                );
            }
            Err(idle) => findings.push(format!(
                "after the kill of {names} the tills {idle:?} did not sell for {RECOVERY_LIMIT:?}"
            )),
        }
    }
    findings
}

/// How long after `begun` every till has carried out two commands since `mark`: the second one has certainly been sent
/// after it. `Err`: these tills have not.
pub(crate) async fn recovery(stats: &Stats, mark: &Mark, begun: Instant) -> Result<Duration, Vec<usize>> {
    loop {
        let idle = stats.mark().behind(mark, 2);
        if idle.is_empty() {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > RECOVERY_LIMIT {
            return Err(idle);
        }
        sleep(Duration::from_millis(5)).await;
    }
}
