//! The screens of a till, and which of them a status allows.

use kugel_types::names;

use super::Status;

names!(
    /// The screen a till is in.
    FunctionMode, "function mode" {
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
);

impl FunctionMode {
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
}

#[cfg(test)]
mod tests {
    use super::{FunctionMode, Status};

    #[test]
    fn the_refused_modes_are_those_of_the_contract() {
        #[track_caller]
        fn check(status: Status, refused: &[FunctionMode]) {
            for name in FunctionMode::NAMES {
                let mode: FunctionMode = name.parse().expect("a name");
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
}
