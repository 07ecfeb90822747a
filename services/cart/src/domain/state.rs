//! The life of a cart: which event is allowed in which state, and where it leads.

use std::fmt;

use kugel_error::{Error, codes};
use serde::{Deserialize, Serialize};

/// Where a cart is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum CartState {
    /// Not created yet. Never stored.
    #[default]
    Initial,
    /// Open and empty.
    Idle,
    /// Items are being entered.
    EnteringItem,
    /// Item entry is over; the cart is being paid.
    Paying,
    /// Billed. Final.
    Completed,
    /// Given up. Final.
    Cancelled,
}

/// What can happen to a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CartEvent {
    /// The cart is opened.
    Create,
    /// The cart is read.
    Read,
    /// The whole cart is given up.
    Cancel,
    /// Lines are added.
    AddItems,
    /// A line is cancelled.
    CancelLine,
    /// The price of a line is set by hand.
    ChangeUnitPrice,
    /// The quantity of a line is set.
    ChangeQuantity,
    /// The discounts of a line are replaced.
    DiscountLine,
    /// Item entry ends.
    Subtotal,
    /// The discounts of the whole cart are replaced.
    DiscountCart,
    /// Payments are taken.
    Pay,
    /// The paid cart is completed.
    Bill,
    /// Payment is broken off to enter more items.
    ResumeItemEntry,
}

impl CartState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Initial,
        Self::Idle,
        Self::EnteringItem,
        Self::Paying,
        Self::Completed,
        Self::Cancelled,
    ];

    /// The state after `event`, or `None` if the event is not allowed here.
    ///
    /// Every pair is written down, so that a new state or event does not compile until it is thought through.
    pub fn after(self, event: CartEvent) -> Option<Self> {
        use CartEvent as E;
        use CartState as S;
        match (event, self) {
            (E::Create, S::Initial) => Some(S::Idle),
            (E::Create, S::Idle | S::EnteringItem | S::Paying | S::Completed | S::Cancelled) => None,
            (E::Read, S::Idle | S::EnteringItem | S::Paying | S::Completed | S::Cancelled) => Some(self),
            (E::Read, S::Initial) => None,
            (E::Cancel, S::Idle | S::EnteringItem | S::Paying) => Some(S::Cancelled),
            (E::Cancel, S::Initial | S::Completed | S::Cancelled) => None,
            (E::AddItems, S::Idle | S::EnteringItem) => Some(S::EnteringItem),
            (E::AddItems, S::Initial | S::Paying | S::Completed | S::Cancelled) => None,
            (E::CancelLine | E::ChangeUnitPrice | E::ChangeQuantity | E::DiscountLine, S::EnteringItem) => {
                Some(self)
            }
            (
                E::CancelLine | E::ChangeUnitPrice | E::ChangeQuantity | E::DiscountLine,
                S::Initial | S::Idle | S::Paying | S::Completed | S::Cancelled,
            ) => None,
            (E::Subtotal, S::EnteringItem) => Some(S::Paying),
            (E::Subtotal, S::Initial | S::Idle | S::Paying | S::Completed | S::Cancelled) => None,
            (E::DiscountCart, S::Paying) => Some(self),
            (E::DiscountCart, S::Initial | S::Idle | S::EnteringItem | S::Completed | S::Cancelled) => None,
            // Paying while items are entered is allowed and does not end the entry.
            (E::Pay, S::EnteringItem | S::Paying) => Some(self),
            (E::Pay, S::Initial | S::Idle | S::Completed | S::Cancelled) => None,
            (E::Bill, S::Paying) => Some(S::Completed),
            (E::Bill, S::Initial | S::Idle | S::EnteringItem | S::Completed | S::Cancelled) => None,
            (E::ResumeItemEntry, S::Paying) => Some(S::EnteringItem),
            (E::ResumeItemEntry, S::Initial | S::Idle | S::EnteringItem | S::Completed | S::Cancelled) => {
                None
            }
        }
    }

    /// The state after `event`; the error names the states in which the event would be allowed.
    pub fn transition(self, event: CartEvent) -> Result<Self, Error> {
        self.after(event).ok_or_else(|| {
            let allowed: Vec<&str> = Self::ALL
                .iter()
                .filter(|state| state.after(event).is_some())
                .map(|state| state.name())
                .collect();
            let allowed = allowed.join(", ");
            codes::OPERATION_NOT_ALLOWED
                .error(format!(
                    "{event:?} is not allowed in state {self}, only in {allowed}"
                ))
                .with("state", self)
                .with("allowed_states", allowed)
        })
    }

    /// The name on the wire and in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "Initial",
            Self::Idle => "Idle",
            Self::EnteringItem => "EnteringItem",
            Self::Paying => "Paying",
            Self::Completed => "Completed",
            Self::Cancelled => "Cancelled",
        }
    }
}

impl fmt::Display for CartState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::CartEvent::*;
    use super::CartState::{self, *};
    use super::*;

    const EVENTS: [CartEvent; 13] = [
        Create,
        Read,
        Cancel,
        AddItems,
        CancelLine,
        ChangeUnitPrice,
        ChangeQuantity,
        DiscountLine,
        Subtotal,
        DiscountCart,
        Pay,
        Bill,
        ResumeItemEntry,
    ];

    /// One row for each event: the states after it from Initial, Idle, EnteringItem, Paying, Completed, Cancelled.
    #[test]
    fn the_matrix_is_that_of_the_contract() {
        const NO: Option<CartState> = None;
        let rows: [(CartEvent, [Option<CartState>; 6]); 13] = [
            (Create, [Some(Idle), NO, NO, NO, NO, NO]),
            (
                Read,
                [
                    NO,
                    Some(Idle),
                    Some(EnteringItem),
                    Some(Paying),
                    Some(Completed),
                    Some(CartState::Cancelled),
                ],
            ),
            (
                Cancel,
                [NO, Some(Cancelled), Some(Cancelled), Some(Cancelled), NO, NO],
            ),
            (AddItems, [NO, Some(EnteringItem), Some(EnteringItem), NO, NO, NO]),
            (CancelLine, [NO, NO, Some(EnteringItem), NO, NO, NO]),
            (ChangeUnitPrice, [NO, NO, Some(EnteringItem), NO, NO, NO]),
            (ChangeQuantity, [NO, NO, Some(EnteringItem), NO, NO, NO]),
            (DiscountLine, [NO, NO, Some(EnteringItem), NO, NO, NO]),
            (Subtotal, [NO, NO, Some(Paying), NO, NO, NO]),
            (DiscountCart, [NO, NO, NO, Some(Paying), NO, NO]),
            (Pay, [NO, NO, Some(EnteringItem), Some(Paying), NO, NO]),
            (Bill, [NO, NO, NO, Some(Completed), NO, NO]),
            (ResumeItemEntry, [NO, NO, NO, Some(EnteringItem), NO, NO]),
        ];
        for (event, expected) in rows {
            for (state, expected) in CartState::ALL.into_iter().zip(expected) {
                assert_eq!(state.after(event), expected, "{event:?} in {state}");
            }
        }
    }

    #[test]
    fn nothing_leaves_a_final_state() {
        for event in EVENTS {
            for state in [Completed, Cancelled] {
                assert!(
                    state.after(event).is_none() || event == Read,
                    "{event:?} in {state}"
                );
            }
        }
    }

    #[test]
    fn a_refusal_names_the_states_that_would_do() {
        let error = Idle.transition(Bill).expect_err("an idle cart cannot be billed");
        assert!(error.is(&codes::OPERATION_NOT_ALLOWED));
        assert!(error.message().ends_with("only in Paying"), "{}", error.message());
    }
}
