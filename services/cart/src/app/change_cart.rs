//! Reads a cart, and changes it where nothing but the cart is needed.

use std::sync::Arc;

use kugel_error::Error;
use kugel_pricing::Discount;
use kugel_types::{Money, Quantity, TerminalId};

use super::carts::Source;
use super::{App, ShownCart, Till};
use crate::domain::cart::{Cart, CartId};
use crate::domain::state::CartEvent;

impl App {
    /// Reads a cart, in every state.
    pub async fn get_cart(&self, terminal: &TerminalId, id: CartId) -> Result<ShownCart, Error> {
        let loaded = self.carts.load(terminal, id, Source::Document).await?;
        loaded.cart.cart_status.transition(CartEvent::Read)?;
        self.shown(terminal, loaded.cart).await
    }

    /// Changes a cart by a rule that needs nothing but the cart.
    async fn change(
        &self,
        till: &Till,
        id: CartId,
        rule: impl Fn(&mut Cart) -> Result<(), Error> + Send + Sync,
    ) -> Result<Arc<Cart>, Error> {
        self.once(till, self.carts.change(till, id, rule)).await
    }

    /// Cancels a line.
    pub async fn cancel_line_item(&self, till: &Till, id: CartId, line_no: i32) -> Result<Arc<Cart>, Error> {
        self.change(till, id, |cart| cart.cancel_line(line_no)).await
    }

    /// Sets the price of a line by hand.
    pub async fn update_unit_price(
        &self,
        till: &Till,
        id: CartId,
        line_no: i32,
        unit_price: Money,
    ) -> Result<Arc<Cart>, Error> {
        self.change(till, id, |cart| cart.set_unit_price(line_no, unit_price))
            .await
    }

    /// Sets the quantity of a line.
    pub async fn update_quantity(
        &self,
        till: &Till,
        id: CartId,
        line_no: i32,
        quantity: Quantity,
    ) -> Result<Arc<Cart>, Error> {
        self.change(till, id, |cart| cart.set_quantity(line_no, quantity))
            .await
    }

    /// Replaces the manual discounts of a line.
    pub async fn discount_line_item(
        &self,
        till: &Till,
        id: CartId,
        line_no: i32,
        discounts: Vec<Discount>,
    ) -> Result<Arc<Cart>, Error> {
        self.change(till, id, |cart| cart.discount_line(line_no, discounts.clone()))
            .await
    }

    /// Ends the entry of items.
    pub async fn subtotal_cart(&self, till: &Till, id: CartId) -> Result<Arc<Cart>, Error> {
        self.change(till, id, Cart::subtotal).await
    }

    /// Replaces the discounts on the whole cart.
    pub async fn discount_cart(
        &self,
        till: &Till,
        id: CartId,
        discounts: Vec<Discount>,
    ) -> Result<Arc<Cart>, Error> {
        self.change(till, id, |cart| cart.discount(discounts.clone()))
            .await
    }

    /// Goes back from payment to the entry of items.
    pub async fn resume_item_entry(&self, till: &Till, id: CartId) -> Result<Arc<Cart>, Error> {
        self.change(till, id, Cart::resume_item_entry).await
    }
}
