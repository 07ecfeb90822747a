//! The sessions of a till: what its close counted, what lies in its drawer and what the report added up, against its logs.

use std::sync::Arc;

use jiff::Timestamp;
use kugel_cart::TerminalCounter;
use kugel_cart::domain::session::SessionSums;
use kugel_cart::domain::terminal::Session as SoldIn;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_report::domain::log::Session;
use kugel_report::domain::session::Sums;
use kugel_report::records::LogMessage;
use kugel_store::Direction;
use kugel_types::Money;
use rust_decimal::Decimal;

use super::audit::{Audit, Check};
use super::till::Till;
use super::{Break, decimal, name, report, signed, terminal};

/// The sessions of a till, in the order in which they were.
pub(super) struct Sessions<'t> {
    till: &'t Till,
    /// The session that the last transaction belongs to.
    current: Option<Running>,
    /// The last session that was checked, by its number in the till's life.
    done: i32,
    /// The last session, if it has no close.
    unclosed: Option<i32>,
    /// The sums of the last session.
    last: Option<SessionSums>,
    /// Those of the last that was closed.
    closed: Option<SessionSums>,
    /// Those of the last in which something was sold.
    sold: Option<SessionSums>,
    /// What the till should look like after its last log.
    pub(super) state: terminal::State,
}

/// A session whose logs are being added up.
struct Running {
    /// Its number in the till's life.
    number: i32,
    place: Option<(String, i32)>,
    sums: Sums,
    cash: Decimal,
    transactions: i32,
    last_transaction: Option<i64>,
}

impl Running {
    fn new(number: i32) -> Self {
        Self {
            number,
            place: None,
            sums: Sums::default(),
            cash: Decimal::ZERO,
            transactions: 0,
            last_transaction: None,
        }
    }

    /// Adds a log to what the report should have added up. `at` says on which day and in which session of it.
    fn add<L: LogMessage>(
        &mut self,
        log: &L,
        at: (&str, i32),
        name: impl Fn() -> String,
    ) -> Result<(), Break> {
        let broken = |equation| Break {
            record: name(),
            equation,
        };
        let read = log.read().map_err(|error| broken(error.to_string()))?;
        self.sums.add(&read);
        let place = self.place.get_or_insert_with(|| (at.0.to_owned(), at.1));
        if (place.0.as_str(), place.1) == at {
            return Ok(());
        }
        let (date, opening) = place;
        Err(broken(format!(
            "is of date {} session {}, others of its session of date {date} session {opening}",
            at.0, at.1
        )))
    }
}

impl<'t> Sessions<'t> {
    pub(super) fn of(till: &'t Till) -> Self {
        Self {
            till,
            current: None,
            done: 0,
            unclosed: None,
            last: None,
            closed: None,
            sold: None,
            state: terminal::State::default(),
        }
    }

    /// Hears the till's next transaction.
    pub(super) async fn add(&mut self, audit: &mut Audit, log: &TransactionLog) -> anyhow::Result<()> {
        if self
            .current
            .as_ref()
            .is_none_or(|session| session.number != log.business_counter)
        {
            self.end_current(audit).await?;
            self.pass(audit, log.business_counter).await?;
            if log.business_counter <= self.done {
                let equation = format!("is of session {}, which was over", log.business_counter);
                let record = name(log);
                audit.hold(Check::Drawer, Err(Break { record, equation }));
            }
        }
        let session = self
            .current
            .get_or_insert_with(|| Running::new(log.business_counter));
        session.transactions += 1;
        session.last_transaction = Some(log.transaction_no);
        // One that cannot be read is named by the check of the transaction.
        let cash = log.cash().unwrap_or(Money::ZERO);
        session.cash += signed(log, cash.decimal());
        let added = session.add(log, (&log.business_date, log.open_counter), || name(log));
        audit.hold(Check::Drawer, added);
        Ok(())
    }

    /// After the till's last transaction.
    pub(super) async fn end(&mut self, audit: &mut Audit) -> anyhow::Result<()> {
        self.end_current(audit).await?;
        self.pass(audit, i32::MAX).await?;
        terminal::check_till(audit, self.till, &self.state).await
    }

    /// Checks the sessions before one, in which nothing was sold.
    async fn pass(&mut self, audit: &mut Audit, before: i32) -> anyhow::Result<()> {
        while self.done + 1 < before {
            let query = self
                .till
                .query()
                .greater("business_counter", i64::from(self.done));
            let query = query.less("business_counter", i64::from(before));
            let query = query.sort(("business_counter", Direction::Ascending));
            let (shelf, made) = (audit.books.terminal.clone(), audit.books.sessions());
            let found = shelf.page(made, query).await?;
            let next = found.iter().find_map(|document| {
                let log = shelf.read::<OpenCloseLog>(made, document).ok()?;
                (log.business_counter > self.done).then_some(log.business_counter)
            });
            match next {
                Some(number) => self.check(audit, Running::new(number)).await?,
                None => break,
            }
        }
        Ok(())
    }

    async fn end_current(&mut self, audit: &mut Audit) -> anyhow::Result<()> {
        match self.current.take() {
            Some(session) => self.check(audit, session).await,
            None => Ok(()),
        }
    }

    /// Checks a session whose transactions have been added up.
    async fn check(&mut self, audit: &mut Audit, mut session: Running) -> anyhow::Result<()> {
        self.done = self.done.max(session.number);
        let close = self.add_session_logs(audit, &mut session).await?;
        let Some((date, opening)) = session.place.clone() else {
            return Ok(());
        };
        let drawer = self.add_cash_logs(audit, &mut session, (&date, opening)).await?;
        self.note(&session, (&date, opening), close.is_some());
        session.cash += drawer.amount;
        self.state.drawer(&drawer);
        let Till { store, number } = self.till;
        let record = || format!("store {store} terminal {number} date {date} session {opening}");
        if let Some(close) = close {
            audit.hold(Check::Drawer, counted(&close, &session, &drawer, record));
            audit.hold(Check::Drawer, over_short(&close, session.cash, record));
        }
        audit.tally.add("sessions", Decimal::ONE);
        audit.tally.add("cash", session.cash);
        audit.count(Check::Drawer, 1);
        let key = || {
            Ok::<_, kugel_types::InvalidId>(Session {
                store: store.parse()?,
                terminal: kugel_types::TerminalNo::new((*number).into())?,
                date: date.parse()?,
                open_counter: opening,
                is_posted: false,
            })
        };
        let key = key().map_err(|error| Break {
            record: record(),
            equation: error.to_string(),
        });
        match audit.keep(Check::Report, key) {
            Some(key) => report::check(audit, &key, &session.sums, session.cash).await,
            None => Ok(()),
        }
    }

    /// Keeps the sums of the last session, of the last that was closed and of the last in which something was sold.
    fn note(&mut self, session: &Running, (date, opening): (&str, i32), is_closed: bool) {
        let Ok(business_date) = date.parse() else { return };
        let sums = SessionSums {
            session: SoldIn {
                business_date,
                open_counter: opening,
                business_counter: session.number,
            },
            count: session.transactions,
            last_no: session.last_transaction,
            cash: Money::from_decimal(session.cash),
            sealed: is_closed,
        };
        self.last = Some(sums);
        if is_closed {
            self.closed = Some(sums);
        }
        if session.transactions > 0 {
            self.sold = Some(sums);
        }
    }

    /// Adds opening and close. Answers the close.
    async fn add_session_logs(
        &mut self,
        audit: &mut Audit,
        session: &mut Running,
    ) -> anyhow::Result<Option<Arc<OpenCloseLog>>> {
        let (shelf, made) = (audit.books.terminal.clone(), audit.books.sessions());
        let query = self
            .till
            .query()
            .eq("business_counter", i64::from(session.number));
        let mut logs = Vec::new();
        for document in shelf.page(made, query).await? {
            let Some(log) = audit.keep(Check::Terminal, shelf.read::<OpenCloseLog>(made, &document)) else {
                continue;
            };
            let place = (log.business_date.as_str(), log.open_counter);
            let added = session.add(&*log, place, || shelf.name(made, &document.id));
            audit.hold(Check::Terminal, added);
            logs.push(log);
        }
        logs.sort_by_key(|log| log.operation == "close");
        let close = logs.iter().find(|log| log.operation == "close").cloned();
        logs.iter().for_each(|log| self.state.log(log));
        let has = |operation| logs.iter().any(|log| log.operation == operation);
        let unclosed = std::mem::replace(&mut self.unclosed, (!has("close")).then_some(session.number));
        let missing = (!has("open")).then(|| self.till.session_key(session.number, "open"));
        let missing = missing.or(unclosed.map(|number| self.till.session_key(number, "close")));
        if let Some(key) = missing {
            let by = format!("session {}", session.number);
            audit.hold(Check::Terminal, shelf.hold(made, &key, None, "", &by));
        }
        Ok(close)
    }

    /// Adds the movements of cash.
    async fn add_cash_logs(
        &self,
        audit: &mut Audit,
        session: &mut Running,
        (date, opening): (&str, i32),
    ) -> anyhow::Result<Moved> {
        let (shelf, made) = (audit.books.terminal.clone(), audit.books.cash());
        let (mut moved, mut last) = (Moved::default(), String::new());
        loop {
            let query = self.till.query().eq("business_date", date);
            let query = query.eq("open_counter", i64::from(opening)).greater("id", last);
            let documents = shelf.page(made, query).await?;
            let Some(document) = documents.last() else {
                return Ok(moved);
            };
            last = document.id.clone();
            for document in documents {
                let Some(log) = audit.keep(Check::Terminal, shelf.read::<CashLog>(made, &document)) else {
                    continue;
                };
                let place = (log.business_date.as_str(), log.open_counter);
                let added = session.add(&*log, place, || shelf.name(made, &document.id));
                audit.hold(Check::Terminal, added);
                moved.count += 1;
                moved.amount += decimal(log.amount.as_ref()).unwrap_or_default();
                moved.last = moved.last.max(log.generate_date_time.parse().ok());
            }
        }
    }

    /// What the cart service's counter should say of the last session in which something was sold or that was sealed. One
    /// of an earlier build knows none.
    pub(super) fn expect(&self, counter: &mut TerminalCounter) {
        let Some(kept) = &mut counter.session else { return };
        let number = |sums: &SessionSums| sums.session.business_counter;
        let known = || [self.sold, self.closed, self.last].into_iter().flatten();
        let passed = [self.sold, self.closed].into_iter().flatten().max_by_key(number);
        let same = known().find(|sums| number(sums) == number(kept));
        // A seal of a session that has no log yet holds nothing.
        let expected = passed.filter(|sums| number(sums) > number(kept)).or(same);
        let expected = expected.unwrap_or_else(|| SessionSums::begun(kept.session));
        kept.session = expected.session;
        (kept.count, kept.last_no) = (expected.count, expected.last_no);
        // However it is spelt: 0 and 0.00.
        if kept.cash != expected.cash {
            kept.cash = expected.cash;
        }
        // A seal without a close is a close that was broken off.
        kept.sealed |= expected.sealed;
    }
}

/// What the cash logs of a session come to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moved {
    pub(super) count: i32,
    pub(super) amount: Decimal,
    pub(super) last: Option<Timestamp>,
}

/// The close counted what the session holds.
fn counted(
    close: &OpenCloseLog,
    session: &Running,
    drawer: &Moved,
    record: impl Fn() -> String,
) -> Result<(), Break> {
    let last = close.cash_in_out_last_datetime.as_deref();
    let said = (
        close.cart_transaction_count,
        close.cart_transaction_last_no,
        close.cash_in_out_count,
        last.and_then(|time| time.parse::<Timestamp>().ok()),
    );
    let held = (
        Some(session.transactions),
        session.last_transaction,
        Some(drawer.count),
        drawer.last,
    );
    if said == held {
        return Ok(());
    }
    Err(Break {
        record: record(),
        equation: format!(
            "the close log counts {said:?} (transactions, last, cash movements, last), there are {held:?}"
        ),
    })
}

/// The close says what the drawer should hold and, if somebody counted, what is over or short of it. One of an earlier
/// build says neither.
pub(super) fn over_short(
    close: &OpenCloseLog,
    held: Decimal,
    record: impl Fn() -> String,
) -> Result<(), Break> {
    let counted = close.terminal_info.as_ref();
    let counted = decimal(counted.and_then(|terminal| terminal.physical_amount.as_ref()));
    let said = (
        decimal(close.expected_amount.as_ref()),
        decimal(close.over_short_amount.as_ref()),
    );
    let expected = (Some(held), counted.map(|counted| counted - held));
    if said == expected || said == (None, None) {
        return Ok(());
    }
    Err(Break {
        record: record(),
        equation: format!(
            "the close log says {said:?} (expected, over or short) of {counted:?} counted, it is {expected:?}"
        ),
    })
}
