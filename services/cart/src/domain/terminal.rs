//! What the cart service needs to know about terminals and stores.

use kugel_error::{Error, codes};
use kugel_types::{BusinessDate, Currency, Money, StaffRef};
use serde::{Deserialize, Serialize};

/// A terminal as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalState {
    /// True while a session is open.
    pub is_opened: bool,
    /// The present or last session; `None` before the first opening.
    pub session: Option<Session>,
    /// Who is signed in.
    pub staff: Option<StaffRef>,
    /// True while the device is looked after.
    pub is_in_maintenance: bool,
}

/// A session of a terminal: from opening to closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The day in the books.
    pub business_date: BusinessDate,
    /// The opening of that day, from 1.
    pub open_counter: i32,
    /// The opening in the terminal's life.
    pub business_counter: i32,
}

/// A store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreState {
    /// The name.
    pub name: String,
    /// The currency it sells in.
    pub currency: Currency,
    /// The smallest coin that it takes.
    pub cash_coin: Money,
}

impl TerminalState {
    /// The session and the staff member of a terminal that may sell.
    pub fn selling(&self) -> Result<(Session, &StaffRef), Error> {
        let session = self.opened()?;
        if self.is_in_maintenance {
            return Err(codes::CART_TERMINAL_STATE
                .error("the terminal is in the mode Maintenance: go to another one to sell"));
        }
        let Some(staff) = &self.staff else {
            return Err(codes::CART_SIGN_IN_REQUIRED.error("nobody is signed in at the terminal: sign in"));
        };
        Ok((session, staff))
    }

    /// The open session.
    pub fn opened(&self) -> Result<Session, Error> {
        if !self.is_opened {
            return Err(codes::CART_TERMINAL_STATE.error("the terminal is closed: open it"));
        }
        self.session
            .ok_or_else(|| codes::CART_NOT_CREATED.error("the terminal is opened without a business date"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_opened_terminal_with_staff_and_session_sells() {
        let staff = StaffRef {
            id: "31".to_owned(),
            name: "Mori".to_owned(),
        };
        let date = "20260611".parse().expect("date");
        let session = Session {
            business_date: date,
            open_counter: 1,
            business_counter: 1,
        };
        let state = |is_opened, staff: Option<&StaffRef>, session| TerminalState {
            is_opened,
            session,
            staff: staff.cloned(),
            is_in_maintenance: false,
        };
        let maintained = TerminalState {
            is_in_maintenance: true,
            ..state(true, Some(&staff), Some(session))
        };
        assert!(
            maintained
                .selling()
                .expect_err("refused")
                .is(&codes::CART_TERMINAL_STATE)
        );
        assert!(state(true, Some(&staff), Some(session)).selling().is_ok());
        for (state, expected) in [
            (state(false, None, None), &codes::CART_TERMINAL_STATE),
            (state(true, None, Some(session)), &codes::CART_SIGN_IN_REQUIRED),
            (state(true, Some(&staff), None), &codes::CART_NOT_CREATED),
        ] {
            assert!(state.selling().expect_err("refused").is(expected));
        }
    }
}
