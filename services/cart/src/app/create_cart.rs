//! Opens a cart.

use kugel_error::Error;
use kugel_types::TerminalId;

use super::{App, Till};
use crate::domain::cart::{Cart, CartId, Opening, User, check_sale};
use crate::domain::settings::CartSettings;

/// What a new cart is asked to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewCart {
    /// The transaction type; a sale if absent.
    pub transaction_type: Option<i32>,
    /// The id of the customer or operator.
    pub user_id: Option<String>,
    /// The name of the customer or operator.
    pub user_name: Option<String>,
}

impl App {
    /// Opens an empty cart at a terminal that is opened and has somebody signed in.
    pub async fn create_cart(&self, till: &Till, wish: NewCart) -> Result<CartId, Error> {
        check_sale(wish.transaction_type)?;
        self.once(till, async {
            let cart = self.new_cart(till, &wish).await?;
            self.carts.insert(till, cart).await
        })
        .await
    }

    async fn new_cart(&self, terminal: &TerminalId, wish: &NewCart) -> Result<Cart, Error> {
        let state = self.terminals.terminal(terminal).await?;
        let (session, staff) = state.selling()?;
        let store = self.terminals.store(&terminal.tenant, &terminal.store).await?;
        let settings = self.masters.settings(&terminal.tenant).await?;
        let named = wish.user_id.is_some() || wish.user_name.is_some();
        Cart::open(Opening {
            terminal,
            store: &store,
            session,
            staff,
            user: named.then(|| User {
                id: wish.user_id.clone(),
                name: wish.user_name.clone(),
            }),
            settings: CartSettings::at(terminal, &settings, &self.defaults)?.in_currency(store.currency)?,
            now: &self.now(),
        })
    }
}
