//! What must be in Kugel's books by the ledger, and whether it is.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::ledger::{Answer, Command, Effect, Line, Place, Transaction};
use crate::observed::{Entry, Observed, Sums};

/// The books as the ledger has them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Books {
    /// What was acknowledged, by place.
    transactions: BTreeMap<Place, (Transaction, i64)>,
    /// What was sent and never acknowledged: it may be there, once.
    unanswered: Vec<Command>,
    /// Acknowledged cash movements by till.
    cash: BTreeMap<i32, Vec<i64>>,
    /// What came into the stock before the first sale.
    opening: BTreeMap<String, i64>,
    /// Contradictions within the ledger itself.
    contradictions: Vec<String>,
}

impl Books {
    pub(crate) fn of(lines: impl Iterator<Item = Line>) -> Self {
        let mut books = Self::default();
        let mut sent = BTreeMap::new();
        for line in lines {
            match line {
                // Sent again under the same key, it is the same command.
                Line::Sent(command) => _ = sent.insert(command.key.clone(), command),
                Line::Refused(key) => _ = sent.remove(&key),
                Line::Answered(answer) => match sent.remove(&answer.key) {
                    Some(command) => books.acknowledge(command, &answer),
                    None => books
                        .contradictions
                        .push(format!("{}: answered twice", answer.key)),
                },
            }
        }
        books.unanswered = sent
            .into_values()
            .filter(|command| command.effect != Effect::Nothing)
            .collect();
        books
    }

    fn acknowledge(&mut self, command: Command, answer: &Answer) {
        match command.effect {
            Effect::Nothing => {}
            Effect::Cash { till, amount } => self.cash.entry(till).or_default().push(amount),
            Effect::Stock { item, quantity } => *self.opening.entry(item).or_default() += quantity,
            Effect::Transaction(transaction) => {
                let (Some(number), Some(receipt)) = (answer.transaction_no, answer.receipt_no) else {
                    let contradiction = format!("{}: was answered without its numbers", command.key);
                    return self.contradictions.push(contradiction);
                };
                if answer.total != Some(transaction.total) {
                    self.contradictions.push(format!(
                        "{}: the till expects {}, the answer says {:?}",
                        command.key, transaction.total, answer.total
                    ));
                }
                let place = (command.till, number);
                if self.transactions.insert(place, (transaction, receipt)).is_some() {
                    self.contradictions.push(format!(
                        "till {} was told number {number} for two commands",
                        command.till
                    ));
                }
            }
        }
    }

    /// In one line, for people.
    pub(crate) fn totals(&self) -> String {
        let count = |kinds: &[i32]| {
            let kinds_of = self.transactions.values().map(|(one, _)| one.kind);
            kinds_of.filter(|kind| kinds.contains(kind)).count()
        };
        format!(
            "{} sales, {} cancelled, {} returns, {} voids, {} cash movements; {} unanswered",
            count(&[101]),
            count(&[-101]),
            count(&[102]),
            count(&[201, 202]),
            self.cash.values().map(Vec::len).sum::<usize>(),
            self.unanswered.len()
        )
    }

    /// Everything in which `observed` differs from the ledger.
    pub(crate) fn compare(&self, observed: &Observed) -> Vec<String> {
        let mut findings = self.contradictions.clone();
        let mut books = self.clone();
        findings.extend(books.admit_unanswered(&observed.log));
        findings.extend(numbers(&observed.log));
        let expected = books.entries();
        findings.extend(differences("log", &expected, &observed.log));
        findings.extend(differences("journal", &expected, &observed.journal));
        findings.extend(equal("stock", &books.stock(), &observed.stock));
        findings.extend(equal("cash in the journal", &books.cash(), &observed.cash));
        findings.extend(equal("report", &books.sums(), &observed.sums));
        findings
    }

    /// An unanswered command may have been carried out, once: each takes at most one transaction that nobody was told of.
    fn admit_unanswered(&mut self, log: &[Entry]) -> Vec<String> {
        let mut findings = Vec::new();
        for entry in log {
            let place = (entry.till, entry.number);
            if self.transactions.contains_key(&place) {
                continue;
            }
            let position = self.unanswered.iter().position(|command| {
                command.till == entry.till
                    && matches!(&command.effect, Effect::Transaction(one) if one.kind == entry.kind && one.total == entry.total)
            });
            match position.map(|position| self.unanswered.swap_remove(position).effect) {
                Some(Effect::Transaction(one)) => _ = self.transactions.insert(place, (one, entry.receipt)),
                _ => findings.push(format!("log: nobody was told of {entry:?}")),
            }
        }
        findings
    }

    fn entries(&self) -> Vec<Entry> {
        let entry = |(&(till, number), (transaction, receipt)): (&Place, &(Transaction, i64))| Entry {
            till,
            number,
            receipt: *receipt,
            kind: transaction.kind,
            total: transaction.total,
        };
        self.transactions.iter().map(entry).collect()
    }

    fn stock(&self) -> BTreeMap<String, i64> {
        let mut stock = self.opening.clone();
        for (transaction, _) in self.transactions.values() {
            for (item, quantity) in &transaction.lines {
                *stock.entry(item.clone()).or_default() -= direction(transaction.kind) * quantity;
            }
        }
        stock
    }

    fn cash(&self) -> BTreeMap<i32, Vec<i64>> {
        let mut cash = self.cash.clone();
        cash.values_mut().for_each(|amounts| amounts.sort_unstable());
        cash
    }

    fn sums(&self) -> Sums {
        let mut sums = Sums {
            cash_in: self.cash.values().flatten().sum(),
            ..Sums::default()
        };
        for (transaction, _) in self.transactions.values() {
            let amount = direction(transaction.kind) * transaction.total;
            match transaction.kind {
                101 | 201 => sums.gross += amount,
                102 | 202 => sums.returns -= amount,
                _ => {}
            }
            for (code, paid) in &transaction.payments {
                *sums.payments.entry(code.clone()).or_default() += direction(transaction.kind) * paid;
            }
        }
        sums.payments.retain(|_, amount| *amount != 0);
        sums
    }

    /// Must be found, each of them: a comparison that cannot fail proves nothing. Gives what was overlooked.
    pub(crate) fn overlooked(&self, observed: &Observed) -> Vec<String> {
        let Some(last) = observed.log.last().cloned() else {
            return vec!["nothing was sold".to_owned()];
        };
        type Fault = (&'static str, fn(&mut Observed, Entry));
        let faults: [Fault; 6] = [
            ("a lost sale", |seen, _| _ = seen.log.pop()),
            ("a doubled sale", |seen, last| {
                let number = last.number + 1;
                seen.log.push(Entry { number, ..last });
            }),
            ("a wrong amount", |seen, _| {
                seen.log.last_mut().unwrap().total += 1;
            }),
            ("a sale that is not in the journal", |seen, _| {
                _ = seen.journal.pop();
            }),
            ("a sale that is in the journal twice", |seen, last| {
                seen.journal.push(last);
            }),
            ("goods that left twice", |seen, _| {
                *seen.stock.values_mut().next().unwrap() -= 1;
            }),
        ];
        let missed = |(_, fault): &Fault| {
            let mut seen = observed.clone();
            fault(&mut seen, last.clone());
            self.compare(&seen).is_empty()
        };
        let missed = faults.iter().filter(|fault| missed(fault));
        missed
            .map(|(name, _)| format!("the check overlooks {name}"))
            .collect()
    }
}

/// How goods and money count: 1 out of the shop, -1 back into it.
fn direction(kind: i32) -> i64 {
    match kind {
        101 | 202 => 1,
        102 | 201 => -1,
        _ => 0,
    }
}

/// Numbers of a till begin at 1 and have no hole and no repeat; receipt numbers go with them.
fn numbers(log: &[Entry]) -> Vec<String> {
    let mut next: BTreeMap<i32, (i64, i64)> = BTreeMap::new();
    let mut findings = Vec::new();
    for entry in log {
        let (number, receipt) = next.entry(entry.till).or_insert((1, 111_111));
        if (entry.number, entry.receipt) != (*number, *receipt) {
            findings.push(format!(
                "till {}: number {number} receipt {receipt} should follow, {} and {} do",
                entry.till, entry.number, entry.receipt
            ));
        }
        *number = entry.number + 1;
        *receipt = if entry.receipt == 999_999 {
            111_111
        } else {
            entry.receipt + 1
        };
    }
    findings
}

/// What is in only one of two lists of transactions.
fn differences(place: &str, expected: &[Entry], found: &[Entry]) -> Vec<String> {
    let mut counts: BTreeMap<&Entry, i64> = BTreeMap::new();
    for entry in expected {
        *counts.entry(entry).or_default() -= 1;
    }
    for entry in found {
        *counts.entry(entry).or_default() += 1;
    }
    let differing = counts.into_iter().filter(|(_, count)| *count != 0);
    differing
        .map(|(entry, count)| match count {
            ..0 => format!("{place}: LOST {entry:?}"),
            _ => format!("{place}: {count} time(s) too often {entry:?}"),
        })
        .collect()
}

fn equal<T: PartialEq + Debug>(place: &str, expected: &T, found: &T) -> Option<String> {
    (expected != found).then(|| format!("{place}: {found:?} should be {expected:?}"))
}
