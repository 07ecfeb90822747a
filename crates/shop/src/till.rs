//! A till: sessions, sales, their reversal, and the cash in its drawer.

use kugel_proto::cart::v1::cart_service_client::CartServiceClient;
use kugel_proto::cart::v1::transaction_service_client::TransactionServiceClient;
use kugel_proto::cart::v1::{
    AddLineItemsRequest, AddPaymentsRequest, BillCartRequest, CancelCartRequest, Cart, CreateCartRequest,
    DiscountCartRequest, DiscountEntry, LineItemEntry, PaymentEntry, ReturnTransactionRequest,
    SubtotalCartRequest, VoidTransactionRequest,
};
use kugel_proto::terminal::v1::session_service_client::SessionServiceClient;
use kugel_proto::terminal::v1::terminal_service_client::TerminalServiceClient;
use kugel_proto::terminal::v1::{
    CloseTerminalRequest, CloseTerminalResponse, IssueTerminalTokenRequest, OpenTerminalRequest,
    RecordCashInRequest, RecordCashOutRequest, SignInTerminalRequest, SignOutTerminalRequest, Terminal,
};
use kugel_rpc::Client as _;
use kugel_rpc::{API_KEY, TERMINAL_ID};
use rust_decimal::Decimal;
use tonic::metadata::{Ascii, MetadataValue};

use crate::failure::while_doing;
use crate::{Client, Failure, Transport};

/// A till. Its token follows it through its sessions.
#[derive(Debug, Clone)]
pub struct Till {
    /// The terminal as it was entered, with its API key.
    pub terminal: Terminal,
    /// The till's connection.
    pub client: Client,
}

impl Till {
    /// Gets a terminal token for the terminal's API key.
    pub(crate) async fn switch_on(transport: Transport, terminal: Terminal) -> Result<Self, Failure> {
        let mut client = Client::new(transport);
        let mut request = client.request(IssueTerminalTokenRequest {
            terminal_id: terminal.terminal_id.clone(),
        });
        let text = |text: Option<&str>, what: &str| -> Result<MetadataValue<Ascii>, Failure> {
            let value = text.and_then(|text| text.parse().ok());
            value.ok_or_else(|| Failure::lacking("enter a till", what))
        };
        let key = text(terminal.api_key.as_deref(), "the API key")?;
        request.metadata_mut().insert(API_KEY, key);
        let id = text(Some(&terminal.terminal_id), "the terminal id")?;
        request.metadata_mut().insert(TERMINAL_ID, id);
        let mut terminals = TerminalServiceClient::over(client.transport());
        let answer = terminals
            .issue_terminal_token(request)
            .await
            .map_err(while_doing("get a terminal token"))?;
        client.authorize(&answer.into_inner().access_token)?;
        Ok(Self { terminal, client })
    }

    /// Signs a cashier in.
    pub async fn sign_in(&mut self, staff_id: &str, pin: &str) -> Result<(), Failure> {
        let request = self.client.request(SignInTerminalRequest {
            terminal_id: self.id(),
            staff_id: staff_id.to_owned(),
            staff_pin: Some(pin.to_owned()),
        });
        let answer = self.sessions().sign_in_terminal(request).await;
        self.client
            .renew(answer.map_err(while_doing("sign in"))?.metadata())
    }

    /// Signs the cashier out.
    pub async fn sign_out(&mut self) -> Result<(), Failure> {
        let terminal_id = self.id();
        let request = self.client.request(SignOutTerminalRequest { terminal_id });
        let answer = self.sessions().sign_out_terminal(request).await;
        self.client
            .renew(answer.map_err(while_doing("sign out"))?.metadata())
    }

    /// Begins a session with a change fund. Answers with its business date.
    pub async fn open(&mut self, change_fund: Decimal) -> Result<String, Failure> {
        let request = self.client.request(OpenTerminalRequest {
            terminal_id: self.id(),
            initial_amount: Some(change_fund.into()),
        });
        let answer = self.sessions().open_terminal(request).await;
        let answer = answer.map_err(while_doing("open a till"))?;
        self.client.renew(answer.metadata())?;
        Ok(answer.into_inner().business_date)
    }

    /// Ends the session with the cash that was counted.
    pub async fn close(&mut self, counted: Option<Decimal>) -> Result<CloseTerminalResponse, Failure> {
        let request = self.client.request(CloseTerminalRequest {
            terminal_id: self.id(),
            physical_amount: counted.map(Into::into),
        });
        let answer = self.sessions().close_terminal(request).await;
        let answer = answer.map_err(while_doing("close a till"))?;
        self.client.renew(answer.metadata())?;
        Ok(answer.into_inner())
    }

    /// Puts cash into the drawer.
    pub async fn cash_in(&self, amount: Decimal, description: &str) -> Result<(), Failure> {
        let request = self.client.request(RecordCashInRequest {
            terminal_id: self.id(),
            amount: Some(amount.into()),
            description: Some(description.to_owned()),
        });
        let answer = self.sessions().record_cash_in(request).await;
        answer.map(drop).map_err(while_doing("put cash in"))
    }

    /// Takes cash out of the drawer.
    pub async fn cash_out(&self, amount: Decimal, description: &str) -> Result<(), Failure> {
        let request = self.client.request(RecordCashOutRequest {
            terminal_id: self.id(),
            amount: Some(amount.into()),
            description: Some(description.to_owned()),
        });
        let answer = self.sessions().record_cash_out(request).await;
        answer.map(drop).map_err(while_doing("take cash out"))
    }

    /// Opens a cart and gives its id.
    pub async fn cart(&self, customer: Option<&str>) -> Result<String, Failure> {
        let request = self.client.request(CreateCartRequest {
            transaction_type: None,
            user_id: customer.map(ToOwned::to_owned),
            user_name: None,
        });
        let answer = self.carts().create_cart(request).await;
        let answer = answer.map_err(while_doing("open a cart"))?;
        Ok(answer.into_inner().cart_id)
    }

    /// Adds lines.
    pub async fn add(&self, cart_id: &str, line_items: Vec<LineItemEntry>) -> Result<(), Failure> {
        let cart_id = cart_id.to_owned();
        let request = self.client.request(AddLineItemsRequest { cart_id, line_items });
        let answer = self.carts().add_line_items(request).await;
        answer.map(drop).map_err(while_doing("add lines"))
    }

    /// Goes on to paying.
    pub async fn subtotal(&self, cart_id: &str) -> Result<Cart, Failure> {
        let cart_id = cart_id.to_owned();
        let request = self.client.request(SubtotalCartRequest { cart_id });
        let answer = self.carts().subtotal_cart(request).await;
        cart("go on to paying", answer.map(|answer| answer.into_inner().cart))
    }

    /// Takes something off the subtotal.
    pub async fn discount(&self, cart_id: &str, discount: DiscountEntry) -> Result<Cart, Failure> {
        let (cart_id, discounts) = (cart_id.to_owned(), vec![discount]);
        let request = self.client.request(DiscountCartRequest { cart_id, discounts });
        let answer = self.carts().discount_cart(request).await;
        cart("give a discount", answer.map(|answer| answer.into_inner().cart))
    }

    /// Pays.
    pub async fn pay(&self, cart_id: &str, payments: Vec<PaymentEntry>) -> Result<(), Failure> {
        let cart_id = cart_id.to_owned();
        let request = self.client.request(AddPaymentsRequest { cart_id, payments });
        let answer = self.carts().add_payments(request).await;
        answer.map(drop).map_err(while_doing("pay"))
    }

    /// Makes a cart that is paid a transaction.
    pub async fn bill(&self, cart_id: &str) -> Result<Cart, Failure> {
        let cart_id = cart_id.to_owned();
        let request = self.client.request(BillCartRequest { cart_id });
        let answer = self.carts().bill_cart(request).await;
        cart("bill a cart", answer.map(|answer| answer.into_inner().cart))
    }

    /// Cancels a cart.
    pub async fn cancel(&self, cart_id: &str) -> Result<(), Failure> {
        let cart_id = cart_id.to_owned();
        let request = self.client.request(CancelCartRequest { cart_id });
        let answer = self.carts().cancel_cart(request).await;
        answer.map(drop).map_err(while_doing("cancel a cart"))
    }

    /// Voids a transaction of this till.
    pub async fn void(&self, transaction_no: i64, payments: Vec<PaymentEntry>) -> Result<(), Failure> {
        let request = self.client.request(VoidTransactionRequest {
            tenant_id: self.terminal.tenant_id.clone(),
            store_code: self.terminal.store_code.clone(),
            terminal_no: self.terminal.terminal_no,
            transaction_no,
            payments,
        });
        let answer = self.transactions().void_transaction(request).await;
        answer.map(drop).map_err(while_doing("void a sale"))
    }

    /// Takes back what a till of the store has sold.
    pub async fn take_back(
        &self,
        terminal_no: i32,
        transaction_no: i64,
        payments: Vec<PaymentEntry>,
    ) -> Result<(), Failure> {
        let request = self.client.request(ReturnTransactionRequest {
            tenant_id: self.terminal.tenant_id.clone(),
            store_code: self.terminal.store_code.clone(),
            terminal_no,
            transaction_no,
            payments,
        });
        let answer = self.transactions().return_transaction(request).await;
        answer.map(drop).map_err(while_doing("take a sale back"))
    }

    fn id(&self) -> String {
        self.terminal.terminal_id.clone()
    }

    fn sessions(&self) -> SessionServiceClient<Transport> {
        SessionServiceClient::over(self.client.transport())
    }

    fn carts(&self) -> CartServiceClient<Transport> {
        CartServiceClient::over(self.client.transport())
    }

    fn transactions(&self) -> TransactionServiceClient<Transport> {
        TransactionServiceClient::over(self.client.transport())
    }
}

fn cart(doing: &'static str, answer: Result<Option<Cart>, tonic::Status>) -> Result<Cart, Failure> {
    let cart = answer.map_err(while_doing(doing))?;
    cart.ok_or_else(|| Failure::lacking(doing, "the cart"))
}
