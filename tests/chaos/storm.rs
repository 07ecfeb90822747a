//! The storm: one kill after the other, at any time.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::sleep;

use crate::fleet::Fleet;
use crate::stats::{Mark, Stats};
use crate::weather::Weather;

/// Every till must have sold again so long after a kill.
const RECOVERY_LIMIT: Duration = Duration::from_secs(90);

/// One kill in so many takes all of Kugel, which comes back in another weather.
const WEATHER: u32 = 6;

/// Kills until the number is reached. Everybody's turn comes: targets are drawn like cards.
pub(crate) async fn rage(fleet: &mut Fleet, stats: &Stats, kills: usize, seed: u64) -> Vec<String> {
    let mut dice = StdRng::seed_from_u64(seed);
    let (mut findings, mut deck, mut killed) = (Vec::new(), Vec::new(), 0);
    while killed < kills && findings.is_empty() {
        sleep(Duration::from_millis(dice.random_range(500..3_000))).await;
        let (begun, mark) = (Instant::now(), stats.mark());
        let (hit, complaints) = match dice.random_ratio(1, WEATHER) {
            true => turn(fleet, &mut dice).await,
            false => strike(fleet, &mut dice, &mut deck, killed + 1 < kills).await,
        };
        findings.extend(complaints);
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

/// Kills one, now and then two at once, or the same again while it is still coming back. Gives whom it hit, and complaints.
async fn strike(
    fleet: &mut Fleet,
    dice: &mut StdRng,
    deck: &mut Vec<&'static str>,
    may_be_two: bool,
) -> (Vec<&'static str>, Vec<String>) {
    let mut hit: Vec<&'static str> = Vec::new();
    let together = 1 + usize::from(may_be_two && dice.random_ratio(1, 4));
    while hit.len() < together {
        if deck.is_empty() {
            *deck = fleet.targets();
            deck.shuffle(dice);
        }
        hit.extend(deck.pop());
    }
    let mut complaints: Vec<_> = fleet.kill(hit[0]).await.into_iter().collect();
    if let Some(second) = hit.get(1) {
        if *second == hit[0] {
            fleet.restart().await;
            sleep(Duration::from_millis(dice.random_range(0..300))).await;
        }
        complaints.extend(fleet.kill(second).await);
    }
    (hit, complaints)
}

/// All of Kugel goes down at once and comes back in another weather: processes that talk to each other agree on the time.
async fn turn(fleet: &mut Fleet, dice: &mut StdRng) -> (Vec<&'static str>, Vec<String>) {
    let weather = Weather::any(dice);
    println!("weather: {weather}");
    (vec!["everything"], fleet.turn(weather).await)
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
