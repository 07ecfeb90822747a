//! A terminal and everything that changes it.

use jiff::Timestamp;
use kugel_auth::ApiKeyHash;
use kugel_types::{BusinessDate, Money, Overflow, StaffRef, TerminalId};
use serde::{Deserialize, Serialize};

use super::{Count, Drawer, FunctionMode, Operation, StaffRights, Status, Watch, WrongState};

/// A till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// Who it is.
    #[serde(rename = "terminal_id")]
    pub id: TerminalId,
    /// What people call it.
    pub description: String,
    /// The screen it is in.
    pub function_mode: FunctionMode,
    /// Where it is in its life.
    pub status: Status,
    /// The day of the present or last session.
    pub business_date: Option<BusinessDate>,
    /// Sessions on that day.
    pub open_counter: i32,
    /// Sessions in its life.
    pub business_counter: i32,
    /// The change fund of the present or last session.
    pub initial_amount: Option<Money>,
    /// The cash counted at the last close.
    pub physical_amount: Option<Money>,
    /// Who is signed in.
    pub staff: Option<StaffRef>,
    /// By what, and what that permits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<SignedIn>,
    /// The session's cash logs in sum.
    #[serde(flatten)]
    pub drawer: Drawer,
    /// The hash of its API key.
    pub api_key_hash: ApiKeyHash,
}

/// A staff member's session at a till.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SignedIn {
    /// When it began, in microseconds since 1970.
    pub at: i64,
    /// The staff member's record that it began by: its generation. 0 in a session that an earlier version began.
    pub record: i64,
    /// What the person may do.
    pub rights: StaffRights,
}

/// Why a terminal does not do what it is asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The status does not allow it.
    #[error(transparent)]
    WrongState(#[from] WrongState),
    /// The status does not allow the screen.
    #[error("the terminal is {status}, which does not allow the mode {}", mode.name())]
    WrongMode {
        /// Where the terminal is.
        status: Status,
        /// The screen that was asked for.
        mode: FunctionMode,
    },
    /// A session is open.
    #[error("terminal {id} is in session {open_counter} of {date}: close it first")]
    InSession {
        /// The terminal.
        id: TerminalId,
        /// The day of the session.
        date: BusinessDate,
        /// The session of that day.
        open_counter: i32,
    },
    /// Somebody is signed in already.
    #[error("a staff member is already signed in")]
    AlreadySignedIn,
    /// Nobody is signed in.
    #[error("no staff member is signed in")]
    NotSignedIn,
    /// An amount that is not what the operation can take.
    #[error("{field} {rule}")]
    Amount {
        /// The amount's name in the request.
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// An amount that no coins make up, or a coin that no minor units do.
    #[error("{field} must be a multiple of {unit}")]
    NoMultiple {
        /// The amount's name in the request.
        field: &'static str,
        /// What should make it up.
        unit: Money,
    },
    /// More cash than there is.
    #[error("the drawer holds {held}")]
    OverDrawer {
        /// What the drawer holds.
        held: Money,
    },
    /// Sums that no longer fit a decimal.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl Terminal {
    /// A till that was never opened.
    pub fn new(id: TerminalId, description: String, api_key_hash: ApiKeyHash) -> Self {
        Self {
            id,
            description,
            function_mode: FunctionMode::MainMenu,
            status: Status::Idle,
            business_date: None,
            open_counter: 0,
            business_counter: 0,
            initial_amount: None,
            physical_amount: None,
            staff: None,
            signed_in: None,
            drawer: Drawer::default(),
            api_key_hash,
        }
    }

    /// Begins a session on `today`, or on the last session's day if that is later: clocks and time zones are changed, but
    /// the books never go back, and no day has two sessions of one counter. The day's counter goes on within the day;
    /// the life's counter never begins again.
    pub fn open(
        &mut self,
        today: BusinessDate,
        initial_amount: Option<Money>,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let opened = self.status.after(Operation::Open)?;
        refuse_negative("initial_amount", initial_amount)?;
        let drawer = match initial_amount {
            Some(fund) => Drawer::default().moved(fund, at)?,
            None => Drawer::default(),
        };
        self.status = opened;
        self.drawer = drawer;
        self.open_counter = match self.business_date {
            Some(last) if last >= today => self.open_counter + 1,
            Some(_) | None => 1,
        };
        self.business_date = self.business_date.max(Some(today));
        self.business_counter += 1;
        self.initial_amount = initial_amount;
        Ok(())
    }

    /// Ends the session.
    pub fn close(&mut self, physical_amount: Option<Money>) -> Result<(), Refusal> {
        let closed = self.status.after(Operation::Close)?;
        refuse_negative("physical_amount", physical_amount)?;
        self.status = closed;
        self.physical_amount = physical_amount;
        Ok(())
    }

    /// Checks that no session is open, whose close nobody could write once the terminal is gone.
    pub fn check_deletable(&self) -> Result<(), Refusal> {
        match (self.status, self.business_date) {
            (Status::Opened, Some(date)) => Err(Refusal::InSession {
                id: self.id.clone(),
                date,
                open_counter: self.open_counter,
            }),
            _ => Ok(()),
        }
    }

    /// Moves cash; `signed` is above zero for cash that comes in. Gives what was taken out beyond what the drawer held, if
    /// that is watched.
    pub fn move_cash(
        &mut self,
        signed: Money,
        watch: Option<&Watch>,
        at: Timestamp,
    ) -> Result<Option<Money>, Refusal> {
        if self.staff.is_none() {
            return Err(Refusal::NotSignedIn);
        }
        self.status.after(Operation::MoveCash)?;
        if signed.is_zero() {
            return Err(Refusal::Amount {
                field: "amount",
                rule: "must not be zero",
            });
        }
        let over_drawer = watch.map(|watch| watch.over_drawer(self, signed)).transpose()?;
        self.drawer = self.drawer.moved(signed, at)?;
        Ok(over_drawer.flatten())
    }

    /// Signs a staff member in, in any status.
    pub fn sign_in(&mut self, staff: StaffRef, signed_in: SignedIn) -> Result<(), Refusal> {
        if self.staff.is_some() {
            return Err(Refusal::AlreadySignedIn);
        }
        self.staff = Some(staff);
        self.signed_in = Some(signed_in);
        Ok(())
    }

    /// Signs out whoever is signed in. An open session goes on.
    pub fn sign_out(&mut self) {
        self.staff = None;
        self.signed_in = None;
    }

    /// Moves to another screen.
    pub fn enter(&mut self, mode: FunctionMode) -> Result<(), Refusal> {
        if !mode.allowed_in(self.status) {
            return Err(Refusal::WrongMode {
                status: self.status,
                mode,
            });
        }
        self.function_mode = mode;
        Ok(())
    }

    /// The drawer of the session that was closed, given what its sales brought in.
    pub fn count(&self, from_sales: Money) -> Result<Count, Overflow> {
        let (expected, counted) = (self.drawer.amount.plus(from_sales)?, self.physical_amount);
        let over_short = counted.map(|counted| counted.minus(expected)).transpose()?;
        Ok(Count {
            expected,
            counted,
            over_short,
        })
    }
}

fn refuse_negative(field: &'static str, amount: Option<Money>) -> Result<(), Refusal> {
    match amount {
        Some(amount) if amount.is_negative() => Err(Refusal::Amount {
            field,
            rule: "must not be below zero",
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use kugel_auth::ApiKey;

    use super::*;

    fn terminal() -> Terminal {
        let id = "Q7301-tk01-4".parse().expect("valid");
        Terminal::new(id, "front counter".to_owned(), ApiKey::from_request("").hash())
    }

    fn day(text: &str) -> BusinessDate {
        text.parse().expect("a date")
    }

    fn money(text: &str) -> Money {
        text.parse().expect("an amount")
    }

    fn staff() -> StaffRef {
        StaffRef {
            id: "31".to_owned(),
            name: "Mori".to_owned(),
        }
    }

    #[test]
    fn counters_go_on_within_a_day_and_begin_again_on_the_next() {
        let mut till = terminal();
        let mut seen = Vec::new();
        for today in ["20260611", "20260611", "20260612"] {
            till.open(day(today), None, Timestamp::UNIX_EPOCH).expect("opens");
            seen.push((till.open_counter, till.business_counter));
            till.close(None).expect("closes");
        }
        assert_eq!(seen, [(1, 1), (2, 2), (1, 3)]);
    }

    #[test]
    fn the_drawer_holds_the_fund_the_movements_and_the_sales() {
        let mut till = terminal();
        till.sign_in(staff(), SignedIn::default())
            .expect("nobody was signed in");
        till.open(day("20260611"), Some(money("20000")), Timestamp::UNIX_EPOCH)
            .expect("opens");
        till.move_cash(money("500"), None, Timestamp::UNIX_EPOCH)
            .expect("moves");
        till.move_cash(money("-3000"), None, Timestamp::UNIX_EPOCH)
            .expect("moves");
        assert_eq!((till.drawer.count, till.drawer.amount), (3, money("17500")));
        for (counted, over_short) in [("18700", "-34.5"), ("18734.5", "0"), ("19000", "265.5")] {
            let mut till = till.clone();
            till.close(Some(money(counted))).expect("closes");
            let count = till.count(money("1234.5")).expect("fits");
            assert_eq!(
                (count.expected, count.counted),
                (money("18734.5"), Some(money(counted)))
            );
            assert_eq!(count.over_short, Some(money(over_short)));
        }
        till.close(None).expect("closes");
        let count = till.count(money("1234.5")).expect("fits");
        assert_eq!((count.counted, count.over_short), (None, None), "nobody counted");
    }

    #[test]
    fn a_new_session_forgets_the_former_fund_and_keeps_the_former_count() {
        let mut till = terminal();
        till.open(day("20260611"), Some(money("100")), Timestamp::UNIX_EPOCH)
            .expect("opens");
        till.close(Some(money("90"))).expect("closes");
        till.open(day("20260611"), None, Timestamp::UNIX_EPOCH)
            .expect("opens");
        assert_eq!(
            (till.initial_amount, till.physical_amount),
            (None, Some(money("90")))
        );
        assert_eq!(till.drawer, Drawer::default());
    }

    #[test]
    fn moving_cash_asks_for_staff_before_it_asks_for_a_session() {
        let mut till = terminal();
        assert_eq!(
            till.move_cash(money("1"), None, Timestamp::UNIX_EPOCH),
            Err(Refusal::NotSignedIn)
        );
        till.sign_in(staff(), SignedIn::default())
            .expect("nobody was signed in");
        assert!(matches!(
            till.move_cash(money("1"), None, Timestamp::UNIX_EPOCH),
            Err(Refusal::WrongState(WrongState {
                status: Status::Idle,
                ..
            }))
        ));
    }

    #[test]
    fn amounts_that_no_drawer_can_hold_are_refused() {
        let mut till = terminal();
        till.sign_in(staff(), SignedIn::default())
            .expect("nobody was signed in");
        let refused = till
            .clone()
            .open(day("20260611"), Some(money("-1")), Timestamp::UNIX_EPOCH);
        assert!(matches!(refused, Err(Refusal::Amount { .. })));
        till.open(day("20260611"), Some(money("0")), Timestamp::UNIX_EPOCH)
            .expect("zero is an amount");
        assert_eq!(till.drawer.count, 1);
        assert!(matches!(
            till.move_cash(Money::ZERO, None, Timestamp::UNIX_EPOCH),
            Err(Refusal::Amount { .. })
        ));
        assert!(matches!(
            till.close(Some(money("-1"))),
            Err(Refusal::Amount { .. })
        ));
    }

    #[test]
    fn staff_signs_in_once_and_out_as_often_as_it_likes() {
        let mut till = terminal();
        till.sign_in(staff(), SignedIn::default())
            .expect("nobody was signed in");
        assert_eq!(
            till.sign_in(staff(), SignedIn::default()),
            Err(Refusal::AlreadySignedIn)
        );
        till.sign_out();
        till.sign_out();
        assert_eq!(till.staff, None);
    }
}
