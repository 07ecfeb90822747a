//! From the domain's refusals to public codes. The domain itself names none.

use kugel_error::{Error, codes};

use crate::domain::{Refusal, Status};

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::WrongState(wrong) => {
                let allowed: Vec<_> = wrong.allowed.iter().map(|status| status.name()).collect();
                codes::TERMINAL_STATE
                    .error(message)
                    .with("status", wrong.status)
                    .with("allowed", allowed.join(", "))
            }
            Refusal::WrongMode { status, mode } => {
                let all = [Status::Idle, Status::Opened, Status::Closed];
                let allowing = all.into_iter().filter(|status| mode.allowed_in(*status));
                let allowed: Vec<_> = allowing.map(Status::name).collect();
                codes::TERMINAL_STATE
                    .error(message)
                    .with("status", status)
                    .with("allowed", allowed.join(", "))
            }
            Refusal::InSession {
                date, open_counter, ..
            } => codes::TERMINAL_STATE
                .error(message)
                .with("status", Status::Opened)
                .with("business_date", date)
                .with("open_counter", open_counter),
            Refusal::AlreadySignedIn => codes::ALREADY_SIGNED_IN.error(message),
            Refusal::NotSignedIn => codes::NOT_SIGNED_IN.error(message),
            Refusal::Amount { field, rule } => codes::CASH_AMOUNT_INVALID.error(message).field(field, rule),
            Refusal::NoMultiple { field, unit } => codes::INVALID_INPUT
                .error(message)
                .field(field, format!("must be a multiple of {unit}")),
            Refusal::OverDrawer { held } => codes::CASH_OUT_OVER_DRAWER
                .error(message)
                .field("amount", "must not be more than the drawer holds")
                .with("held_amount", held),
            Refusal::Overflow(_) => codes::CASH_AMOUNT_INVALID.error(message),
        }
    }
}
