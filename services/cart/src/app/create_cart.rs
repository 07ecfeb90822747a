//! Opens a cart.

use kugel_error::Error;
use kugel_types::TerminalId;

use super::{App, Till};
use crate::domain::cart::{Cart, CartId, CartMasters, NO_NUMBER, Sales, User, sale_type};
use crate::domain::settings::CartSettings;
use crate::domain::state::{CartEvent, CartState};

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
        let transaction_type = sale_type(wish.transaction_type)?;
        self.once(till, async {
            let cart = self.new_cart(till, &wish, transaction_type).await?;
            self.carts.insert(till, cart).await
        })
        .await
    }

    async fn new_cart(
        &self,
        terminal: &TerminalId,
        wish: &NewCart,
        transaction_type: i32,
    ) -> Result<Cart, Error> {
        let state = self.terminals.terminal(terminal).await?;
        let (session, staff) = state.selling()?;
        let store = self.terminals.store(&terminal.tenant, &terminal.store).await?;
        let settings = self.masters.settings(&terminal.tenant).await?;
        let settings = CartSettings::at(terminal, &settings, &self.defaults)?;
        let named = wish.user_id.is_some() || wish.user_name.is_some();
        Ok(Cart {
            cart_id: CartId::generate(),
            tenant_id: terminal.tenant.clone(),
            store_code: terminal.store.clone(),
            store_name: store.name.clone(),
            currency_code: store.currency,
            terminal_no: terminal.number,
            transaction_type,
            transaction_no: NO_NUMBER,
            receipt_no: NO_NUMBER,
            user: named.then(|| User {
                id: wish.user_id.clone(),
                name: wish.user_name.clone(),
            }),
            staff: Some(staff.clone()),
            cart_status: CartState::Initial.transition(CartEvent::Create)?,
            reference_date_time: self.now().iso(),
            generate_date_time: None,
            business_date: session.business_date,
            open_counter: session.open_counter,
            business_counter: session.business_counter,
            sales: Sales::default(),
            line_items: Vec::new(),
            subtotal_discounts: Vec::new(),
            payments: Vec::new(),
            taxes: Vec::new(),
            masters: CartMasters {
                taxes: Vec::new(),
                settings,
                promotions: None,
            },
        })
    }
}
