//! The screens of a till, and which of them a status allows.

use std::str::FromStr;

use super::Status;

/// The screen a till is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionMode {
    /// The main menu, where every till begins.
    MainMenu,
    /// Opening the terminal.
    OpenTerminal,
    /// Selling.
    Sales,
    /// Taking goods back.
    Returns,
    /// Voiding transactions.
    Void,
    /// Reading reports.
    Reports,
    /// Closing the terminal.
    CloseTerminal,
    /// Reading the journal.
    Journal,
    /// Looking after the device.
    Maintenance,
    /// Moving cash.
    CashInOut,
}

/// A name that no mode has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no function mode {0:?}")]
pub struct UnknownMode(pub String);

impl FunctionMode {
    /// Every mode, as the contract lists them.
    pub const ALL: [Self; 10] = [
        Self::MainMenu,
        Self::OpenTerminal,
        Self::Sales,
        Self::Returns,
        Self::Void,
        Self::Reports,
        Self::CloseTerminal,
        Self::Journal,
        Self::Maintenance,
        Self::CashInOut,
    ];

    /// True if a terminal of that status may be in the mode: what sells needs a session, and opening needs none.
    pub fn allowed_in(self, status: Status) -> bool {
        match (self, status) {
            (Self::OpenTerminal, Status::Opened) => false,
            (Self::OpenTerminal, Status::Idle | Status::Closed) => true,
            (Self::Sales | Self::Returns | Self::Void | Self::CloseTerminal | Self::CashInOut, status) => {
                status == Status::Opened
            }
            (
                Self::MainMenu | Self::Reports | Self::Journal | Self::Maintenance,
                Status::Idle | Status::Opened | Status::Closed,
            ) => true,
        }
    }

    /// The name on the wire and in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::MainMenu => "MainMenu",
            Self::OpenTerminal => "OpenTerminal",
            Self::Sales => "Sales",
            Self::Returns => "Returns",
            Self::Void => "Void",
            Self::Reports => "Reports",
            Self::CloseTerminal => "CloseTerminal",
            Self::Journal => "Journal",
            Self::Maintenance => "Maintenance",
            Self::CashInOut => "CashInOut",
        }
    }
}

impl FromStr for FunctionMode {
    type Err = UnknownMode;
    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        let found = Self::ALL.into_iter().find(|mode| mode.name() == text);
        found.ok_or_else(|| UnknownMode(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{FunctionMode, Status};

    #[test]
    fn the_refused_modes_are_those_of_the_contract() {
        #[track_caller]
        fn check(status: Status, refused: &[FunctionMode]) {
            for mode in FunctionMode::ALL {
                assert_eq!(
                    mode.allowed_in(status),
                    !refused.contains(&mode),
                    "{mode:?} in {status}"
                );
            }
        }
        use FunctionMode::{CashInOut, CloseTerminal, OpenTerminal, Returns, Sales, Void};
        check(Status::Opened, &[OpenTerminal]);
        check(Status::Idle, &[Sales, Returns, Void, CloseTerminal, CashInOut]);
        check(Status::Closed, &[Sales, Returns, Void, CloseTerminal, CashInOut]);
    }

    #[test]
    fn names_read_back_and_others_are_refused() {
        for mode in FunctionMode::ALL {
            assert_eq!(mode.name().parse(), Ok(mode));
        }
        assert!("sales".parse::<FunctionMode>().is_err());
    }
}
