//! Paying: subtotal, cart discounts, payments, and the way back to the entry of items.

use std::sync::Arc;

use kugel_error::{Error, codes};
use kugel_pricing::{Discount, Tender};
use kugel_types::Money;

use super::cart::{Cart, CartPayment};
use super::masters::PaymentMaster;
use super::state::CartEvent;

/// A payment to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentEntry {
    /// The payment method.
    pub payment_code: String,
    /// What is tendered.
    pub amount: Money,
    /// Free text.
    pub detail: Option<String>,
}

impl Cart {
    /// Ends the entry of items.
    pub fn subtotal(&mut self) -> Result<(), Error> {
        let next = self.cart_status.transition(CartEvent::Subtotal)?;
        self.reprice()?;
        self.cart_status = next;
        Ok(())
    }

    /// Replaces the discounts on the whole cart.
    pub fn discount(&mut self, discounts: Vec<Discount>) -> Result<(), Error> {
        let next = self.cart_status.transition(CartEvent::DiscountCart)?;
        let priced = kugel_pricing::discount_subtotal(&self.basket(), discounts, &self.policy())?;
        self.adopt(priced);
        self.cart_status = next;
        Ok(())
    }

    /// Takes over the store's smallest coin, which may have changed since the cart was opened, until something is paid.
    pub fn take_coin(&mut self, coin: Money) {
        if self.payments.is_empty() {
            self.cash_coin = Some(coin);
        }
    }

    /// Takes payments, each with what the payment master says about its method.
    pub fn pay(
        &mut self,
        entries: &[PaymentEntry],
        masters: &[Option<Arc<PaymentMaster>>],
    ) -> Result<(), Error> {
        let next = self.cart_status.transition(CartEvent::Pay)?;
        let mut taken = Vec::with_capacity(entries.len());
        for (index, (entry, master)) in entries.iter().zip(masters).enumerate() {
            let master = master
                .as_deref()
                .ok_or_else(|| unknown_method(&entry.payment_code, index))?;
            let number = self.payments.len() + taken.len() + 1;
            taken.push(payment_of(
                entry,
                master,
                i32::try_from(number).unwrap_or(i32::MAX),
            ));
        }
        let tenders = taken.iter().map(|payment| payment.tender.clone()).collect();
        let priced = kugel_pricing::pay(&self.basket(), tenders, &self.policy())?;
        self.payments.extend(taken);
        self.adopt(priced);
        self.cart_status = next;
        Ok(())
    }

    /// Goes back to the entry of items. Nothing has been paid then.
    pub fn resume_item_entry(&mut self) -> Result<(), Error> {
        let next = self.cart_status.transition(CartEvent::ResumeItemEntry)?;
        self.payments.clear();
        self.reprice()?;
        self.cart_status = next;
        Ok(())
    }
}

fn unknown_method(payment_code: &str, index: usize) -> Error {
    codes::PAYMENT_METHOD_UNKNOWN
        .error(format!("there is no payment method {payment_code}"))
        .field(format!("payments[{index}].payment_code"), "is no payment method")
        .with("payment_code", payment_code)
}

/// A payment as it is entered. What it settles is still to be found.
pub(crate) fn payment_of(entry: &PaymentEntry, master: &PaymentMaster, payment_no: i32) -> CartPayment {
    CartPayment {
        payment_no,
        payment_name: master.description.clone(),
        tender: Tender {
            method: master.method.clone(),
            deposit: entry.amount,
        },
        payment_amount: Money::ZERO,
        change_amount: Money::ZERO,
        payment_detail: entry.detail.clone(),
    }
}
