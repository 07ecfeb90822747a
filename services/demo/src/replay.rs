//! Replaying a day: every till takes the next task of its store when it is free.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use futures::future::try_join_all;
use indicatif::ProgressBar;
use jiff::civil::DateTime;

use super::ledger::{Ledger, Reason};
use super::plan::{Action, Plan};
use super::till::{Sale, Till};

/// What was replayed so far.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    /// Sales that were billed, by their place in the plan.
    pub(super) sales: HashMap<usize, Sale>,
    /// Voids.
    pub(super) voids: usize,
    /// Returns.
    pub(super) returns: usize,
    /// The business date of the last session.
    pub(super) business_date: String,
}

/// What became of a task.
enum Outcome {
    Sold(Sale),
    Voided,
    Returned,
    Skipped(Reason),
}

/// What the tills of a store share on a day.
struct Shift<'a> {
    plan: &'a Plan,
    /// The sales of the days before.
    sales: &'a HashMap<usize, Sale>,
    /// The sales of this day that will be voided, with the task that does.
    voids: HashMap<usize, usize>,
    queue: Mutex<VecDeque<usize>>,
    progress: &'a ProgressBar,
}

/// Opens all tills, replays the tasks of a day and closes the tills.
pub(super) async fn replay_day(
    plan: &Plan,
    day: usize,
    tills: &mut [Vec<Till>],
    replayed: &mut Replayed,
    ledger: &mut Ledger,
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    let (_, range) = &plan.days[day];
    let dates = try_join_all(tills.iter_mut().flatten().map(Till::open)).await?;
    replayed.business_date = dates.into_iter().max().unwrap_or_default();
    let shifts: Vec<Shift<'_>> = (0..tills.len())
        .map(|store| {
            let of_store = |place: &usize| plan.tasks[*place].store == store;
            Shift::new(plan, &replayed.sales, range.clone().filter(of_store), progress)
        })
        .collect();
    let work = tills
        .iter_mut()
        .zip(&shifts)
        .flat_map(|(row, shift)| row.iter_mut().map(|till| shift.work(till)));
    let outcomes: Vec<_> = try_join_all(work).await?.into_iter().flatten().collect();
    drop(shifts);
    for (place, outcome) in outcomes {
        replayed.note(plan, place, outcome, ledger);
    }
    try_join_all(tills.iter_mut().flatten().map(Till::close)).await?;
    Ok(())
}

impl Replayed {
    fn note(&mut self, plan: &Plan, place: usize, outcome: Outcome, ledger: &mut Ledger) {
        let lines = &plan.tasks[place].document.lines;
        match outcome {
            Outcome::Sold(sale) => {
                self.sales.insert(place, sale);
            }
            Outcome::Voided => self.voids += 1,
            Outcome::Returned => self.returns += 1,
            Outcome::Skipped(reason) => {
                return ledger.skip(lines.iter().map(|line| line.row.clone()), &reason);
            }
        }
        ledger.replay(lines.len());
    }

    /// The sale that was made last.
    pub(super) fn last_sale(&self) -> Option<&Sale> {
        let last = self.sales.keys().max()?;
        self.sales.get(last)
    }
}

impl<'a> Shift<'a> {
    fn new(
        plan: &'a Plan,
        sales: &'a HashMap<usize, Sale>,
        places: impl Iterator<Item = usize>,
        progress: &'a ProgressBar,
    ) -> Self {
        let mut voids = HashMap::new();
        let mut queue = VecDeque::new();
        for place in places {
            match plan.tasks[place].action {
                // Only the till that sells can void: it does so by itself when the time has come.
                Action::Void(sale) => drop(voids.insert(sale, place)),
                Action::Sell | Action::Return(_) => queue.push_back(place),
            }
        }
        Self {
            plan,
            sales,
            voids,
            queue: Mutex::new(queue),
            progress,
        }
    }

    /// Works at a till until nothing is left to do.
    async fn work(&self, till: &mut Till) -> anyhow::Result<Vec<(usize, Outcome)>> {
        let mut outcomes = Vec::new();
        // The till's own sales that it will void, by time.
        let mut own = BTreeSet::new();
        let mut sold = HashMap::new();
        while let Some(place) = self.next(&mut own) {
            let outcome = self.perform(place, &sold, till).await?;
            if let (Some(void), Outcome::Sold(sale)) = (self.voids.get(&place), &outcome) {
                sold.insert(place, sale.clone());
                own.insert((self.plan.tasks[*void].document.time, *void));
            } else if let (Some(void), Outcome::Skipped(_)) = (self.voids.get(&place), &outcome) {
                outcomes.push((*void, Outcome::Skipped(Reason::SaleRefused)));
                self.progress.inc(self.lines(*void));
            }
            outcomes.push((place, outcome));
            self.progress.inc(self.lines(place));
        }
        Ok(outcomes)
    }

    /// The next task: the till's own void if it is due before what waits for all.
    fn next(&self, own: &mut BTreeSet<(DateTime, usize)>) -> Option<usize> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = queue.front().map(|place| self.plan.tasks[*place].document.time);
        match (own.first(), waiting) {
            (Some((due, _)), Some(time)) if *due > time => queue.pop_front(),
            (Some(_), _) => own.pop_first().map(|(_, place)| place),
            (None, _) => queue.pop_front(),
        }
    }

    async fn perform(
        &self,
        place: usize,
        sold: &HashMap<usize, Sale>,
        till: &mut Till,
    ) -> anyhow::Result<Outcome> {
        let task = &self.plan.tasks[place];
        let result = match task.action {
            Action::Sell => till
                .sell(&task.document, &self.plan.items)
                .await
                .map(Outcome::Sold),
            Action::Void(sale) => match sold.get(&sale) {
                Some(sale) => till.void(sale).await.map(|()| Outcome::Voided),
                None => Ok(Outcome::Skipped(Reason::SaleRefused)),
            },
            Action::Return(sale) => match self.sales.get(&sale) {
                Some(sale) => till.take_back(sale).await.map(|()| Outcome::Returned),
                None => Ok(Outcome::Skipped(Reason::SaleRefused)),
            },
        };
        match result {
            Ok(outcome) => Ok(outcome),
            Err(failure) if failure.is_refusal() => Ok(Outcome::Skipped(Reason::Refused(failure.reason()))),
            Err(failure) => Err(anyhow::Error::from(failure)
                .context(format!("invoice {} cannot be replayed", task.document.number))),
        }
    }

    fn lines(&self, place: usize) -> u64 {
        self.plan.tasks[place].document.lines.len() as u64
    }
}
