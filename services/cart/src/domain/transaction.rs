//! From cart to transaction: the end of a cart.

use kugel_error::{Error, codes};
use kugel_types::{LocalTime, StaffRef};

use super::cart::Cart;
use super::numbering::Numbers;
use super::state::{CartEvent, CartState};
use super::terminal::Session;

/// What a cart is given at its end.
#[derive(Debug, Clone, Copy)]
pub struct Closing<'a> {
    /// The numbers of the transaction.
    pub numbers: Numbers,
    /// The session that it belongs to.
    pub session: Session,
    /// Who is signed in.
    pub staff: Option<&'a StaffRef>,
    /// The present.
    pub now: &'a LocalTime,
}

impl Cart {
    /// Completes a paid cart.
    pub fn bill(&mut self, closing: Closing<'_>) -> Result<(), Error> {
        let next = self.cart_status.transition(CartEvent::Bill)?;
        if self.line_items.iter().all(|line| line.is_cancelled) {
            return Err(codes::NOTHING_SOLD.error("every line was cancelled: cancel the cart instead"));
        }
        let balance = self.sales.balance_amount;
        if balance.is_positive() {
            return Err(codes::BALANCE_REMAINS
                .error(format!("{balance} remains to be paid"))
                .with("balance_amount", balance));
        }
        self.finish(next, closing)
    }

    /// Gives the cart up. Lines and payments stay as they are: the log shows them, and the till hands the money back.
    pub fn cancel(&mut self, closing: Closing<'_>) -> Result<(), Error> {
        let next = self.cart_status.transition(CartEvent::Cancel)?;
        self.finish(next, closing)
    }

    fn finish(&mut self, next: CartState, closing: Closing<'_>) -> Result<(), Error> {
        if let Some(duty) = self.stamp_duty()? {
            self.sales.stamp_duty_target_amount = duty.target_amount;
            self.sales.stamp_duty_amount = duty.amount;
        }
        // The sale belongs to the session that takes the money. All three figures come from there: a mixture of the
        // session in which the cart was opened and of the present one would be in no session's report.
        let session = closing.session;
        self.business_date = session.business_date;
        self.open_counter = session.open_counter;
        self.business_counter = session.business_counter;
        if let Some(staff) = closing.staff {
            self.staff = Some(staff.clone());
        }
        self.transaction_no = closing.numbers.transaction_no;
        self.receipt_no = closing.numbers.receipt_no;
        self.generate_date_time = Some(closing.now.iso());
        self.cart_status = next;
        Ok(())
    }
}
