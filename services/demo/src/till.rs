//! A till: sessions, sales and their reversal, and the cash in its drawer.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use kugel_proto::cart::v1::cart_service_client::CartServiceClient;
use kugel_proto::cart::v1::transaction_service_client::TransactionServiceClient;
use kugel_proto::cart::v1::{
    AddLineItemsRequest, AddPaymentsRequest, BillCartRequest, CancelCartRequest, Cart, CreateCartRequest,
    DiscountCartRequest, DiscountEntry, LineItemEntry, Payment, PaymentEntry, ReturnTransactionRequest,
    SubtotalCartRequest, VoidTransactionRequest,
};
use kugel_proto::terminal::v1::session_service_client::SessionServiceClient;
use kugel_proto::terminal::v1::{
    CloseTerminalRequest, OpenTerminalRequest, RecordCashInRequest, RecordCashOutRequest,
    SignInTerminalRequest, SignOutTerminalRequest, Terminal,
};
use kugel_rpc::Client as _;
use rust_decimal::Decimal;
use tonic::transport::Channel;

use super::CASH;
use super::client::{Client, Failure, amount, while_doing};
use super::input::Document;
use super::plan::Item;
use super::tender::{self, Tender};

/// Lines that are entered with one call.
const LINES_AT_ONCE: usize = 200;

/// The change fund of every session.
const FLOAT: Decimal = Decimal::from_parts(200, 0, 0, false, 0);

/// Who works at a till.
#[derive(Debug)]
pub(super) struct Cashier {
    /// The staff id.
    pub(super) id: String,
    /// The PIN.
    pub(super) pin: String,
}

/// A sale that was billed.
#[derive(Debug, Clone)]
pub(super) struct Sale {
    /// The till's number.
    pub(super) terminal_no: i32,
    /// The number of the transaction.
    pub(super) transaction_no: i64,
    /// What was paid, by payment method.
    pub(super) payments: BTreeMap<String, Decimal>,
    /// The receipt.
    pub(super) journal_text: String,
}

/// A till.
#[derive(Debug)]
pub(super) struct Till {
    client: Client,
    terminal: Terminal,
    cashier: Cashier,
    drawer: Decimal,
}

impl Till {
    pub(super) fn new(client: Client, terminal: Terminal, cashier: Cashier) -> Self {
        Self {
            client,
            terminal,
            cashier,
            drawer: Decimal::ZERO,
        }
    }

    /// Signs the cashier in.
    pub(super) async fn sign_in(&mut self) -> anyhow::Result<()> {
        let mut sessions = self.sessions();
        let request = self.client.request(SignInTerminalRequest {
            terminal_id: self.terminal.terminal_id.clone(),
            staff_id: self.cashier.id.clone(),
            staff_pin: Some(self.cashier.pin.clone()),
        });
        let answer = sessions
            .sign_in_terminal(request)
            .await
            .map_err(while_doing("sign in"))?;
        self.client.renew(answer.metadata())
    }

    /// Begins a session. Answers with its business date.
    pub(super) async fn open(&mut self) -> anyhow::Result<String> {
        let mut sessions = self.sessions();
        let request = self.client.request(OpenTerminalRequest {
            terminal_id: self.terminal.terminal_id.clone(),
            initial_amount: Some(FLOAT.into()),
        });
        let answer = sessions
            .open_terminal(request)
            .await
            .map_err(while_doing("open a till"))?;
        self.client.renew(answer.metadata())?;
        self.drawer = FLOAT;
        Ok(answer.into_inner().business_date)
    }

    /// Takes the day's cash out, counts the drawer and ends the session.
    pub(super) async fn close(&mut self) -> anyhow::Result<()> {
        let mut sessions = self.sessions();
        if self.drawer > FLOAT {
            let request = self.client.request(RecordCashOutRequest {
                terminal_id: self.terminal.terminal_id.clone(),
                amount: Some((self.drawer - FLOAT).into()),
                description: Some("To the safe".to_owned()),
            });
            sessions
                .record_cash_out(request)
                .await
                .map_err(while_doing("take cash out"))?;
            self.drawer = FLOAT;
        }
        let request = self.client.request(CloseTerminalRequest {
            terminal_id: self.terminal.terminal_id.clone(),
            physical_amount: Some(self.drawer.into()),
        });
        let answer = sessions
            .close_terminal(request)
            .await
            .map_err(while_doing("close a till"))?;
        self.client.renew(answer.metadata())?;
        let difference = amount(answer.into_inner().difference_amount.as_ref())?;
        ensure!(
            difference.is_zero(),
            "till {} was closed with {} in its drawer, and Kugel expected {}",
            self.terminal.terminal_id,
            self.drawer,
            self.drawer - difference
        );
        Ok(())
    }

    /// Signs the cashier out.
    pub(super) async fn sign_out(&mut self) -> anyhow::Result<()> {
        let mut sessions = self.sessions();
        let request = self.client.request(SignOutTerminalRequest {
            terminal_id: self.terminal.terminal_id.clone(),
        });
        let answer = sessions
            .sign_out_terminal(request)
            .await
            .map_err(while_doing("sign out"))?;
        self.client.renew(answer.metadata())
    }

    /// Sells what an invoice says. A cart that is refused half-way is cancelled.
    pub(super) async fn sell(
        &mut self,
        invoice: &Document,
        items: &BTreeMap<String, Item>,
    ) -> Result<Sale, Failure> {
        let customer = Some(invoice.customer.clone()).filter(|customer| !customer.is_empty());
        let mut carts = self.carts();
        let request = self.client.request(CreateCartRequest {
            transaction_type: None,
            user_id: customer,
            user_name: None,
        });
        let cart_id = carts.create_cart(request).await?.into_inner().cart_id;
        match self.fill_and_bill(&cart_id, invoice, items).await {
            Ok(cart) => self.sold(cart),
            Err(Failure::Refused(message)) => {
                let request = self.client.request(CancelCartRequest { cart_id });
                carts
                    .cancel_cart(request)
                    .await
                    .map_err(while_doing("cancel a cart"))?;
                Err(Failure::Refused(message))
            }
            Err(broken) => Err(broken),
        }
    }

    async fn fill_and_bill(
        &self,
        cart_id: &str,
        invoice: &Document,
        items: &BTreeMap<String, Item>,
    ) -> Result<Cart, Failure> {
        let mut carts = self.carts();
        let cart_id = cart_id.to_owned();
        for lines in invoice.lines.chunks(LINES_AT_ONCE) {
            let entry = |line: &super::input::Line| LineItemEntry {
                item_code: line.item_code.clone(),
                quantity: Some(line.quantity.into()),
                unit_price: items
                    .get(&line.item_code)
                    .is_none_or(|item| item.unit_price != line.unit_price)
                    .then(|| line.unit_price.into()),
            };
            let request = self.client.request(AddLineItemsRequest {
                cart_id: cart_id.clone(),
                line_items: lines.iter().map(entry).collect(),
            });
            carts.add_line_items(request).await?;
        }
        let request = self.client.request(SubtotalCartRequest {
            cart_id: cart_id.clone(),
        });
        let mut cart = carts.subtotal_cart(request).await?.into_inner().cart;
        if let Some(percentage) = tender::discount(&invoice.number) {
            let request = self.client.request(DiscountCartRequest {
                cart_id: cart_id.clone(),
                discounts: vec![DiscountEntry {
                    discount_type: "DiscountPercentage".to_owned(),
                    discount_value: Some(percentage.into()),
                    discount_detail: Some("Loyal customer".to_owned()),
                }],
            });
            cart = carts.discount_cart(request).await?.into_inner().cart;
        }
        let balance = amount(cart.and_then(|cart| cart.balance_amount).as_ref())?;
        let request = self.client.request(AddPaymentsRequest {
            cart_id: cart_id.clone(),
            payments: entries(tender::tenders(&invoice.number, balance)),
        });
        carts.add_payments(request).await?;
        let bill = self.client.request(BillCartRequest { cart_id });
        let cart = carts.bill_cart(bill).await?.into_inner().cart;
        Ok(cart.context("the bill shows no cart")?)
    }

    fn sold(&mut self, cart: Cart) -> Result<Sale, Failure> {
        let payments = by_method(&cart.payments)?;
        self.drawer += payments.get(CASH).copied().unwrap_or_default();
        Ok(Sale {
            terminal_no: cart.terminal_no,
            transaction_no: cart.transaction_no,
            payments,
            journal_text: cart.journal_text.unwrap_or_default(),
        })
    }

    /// Voids a sale of this till.
    pub(super) async fn void(&mut self, sale: &Sale) -> Result<(), Failure> {
        self.have_cash_for(sale).await?;
        let request = self.client.request(VoidTransactionRequest {
            tenant_id: self.terminal.tenant_id.clone(),
            store_code: self.terminal.store_code.clone(),
            terminal_no: sale.terminal_no,
            transaction_no: sale.transaction_no,
            payments: back(sale),
        });
        self.transactions().void_transaction(request).await?;
        self.give_back(sale);
        Ok(())
    }

    /// Takes a sale of any till of the store back.
    pub(super) async fn take_back(&mut self, sale: &Sale) -> Result<(), Failure> {
        self.have_cash_for(sale).await?;
        let request = self.client.request(ReturnTransactionRequest {
            tenant_id: self.terminal.tenant_id.clone(),
            store_code: self.terminal.store_code.clone(),
            terminal_no: sale.terminal_no,
            transaction_no: sale.transaction_no,
            payments: back(sale),
        });
        self.transactions().return_transaction(request).await?;
        self.give_back(sale);
        Ok(())
    }

    /// Fetches what the drawer lacks to give a sale's cash back.
    async fn have_cash_for(&mut self, sale: &Sale) -> Result<(), Failure> {
        let cash = sale.payments.get(CASH).copied().unwrap_or_default();
        let missing = cash - self.drawer;
        if missing > Decimal::ZERO {
            let request = self.client.request(RecordCashInRequest {
                terminal_id: self.terminal.terminal_id.clone(),
                amount: Some(missing.into()),
                description: Some("From the safe".to_owned()),
            });
            self.sessions().record_cash_in(request).await?;
            self.drawer += missing;
        }
        Ok(())
    }

    fn give_back(&mut self, sale: &Sale) {
        self.drawer -= sale.payments.get(CASH).copied().unwrap_or_default();
    }

    fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::over(self.client.channel())
    }

    fn carts(&self) -> CartServiceClient<Channel> {
        CartServiceClient::over(self.client.channel())
    }

    fn transactions(&self) -> TransactionServiceClient<Channel> {
        TransactionServiceClient::over(self.client.channel())
    }
}

/// What was paid, net of change.
fn by_method(payments: &[Payment]) -> anyhow::Result<BTreeMap<String, Decimal>> {
    let mut sums = BTreeMap::<_, Decimal>::new();
    for payment in payments {
        *sums.entry(payment.payment_code.clone()).or_default() += amount(payment.amount.as_ref())?;
    }
    Ok(sums)
}

/// Everything that was paid, the way it was paid.
fn back(sale: &Sale) -> Vec<PaymentEntry> {
    entries(sale.payments.iter().map(|(code, amount)| Tender {
        code,
        amount: *amount,
    }))
}

fn entries<'a>(tenders: impl IntoIterator<Item = Tender<'a>>) -> Vec<PaymentEntry> {
    let entry = |tender: Tender<'a>| PaymentEntry {
        payment_code: tender.code.to_owned(),
        amount: Some(tender.amount.into()),
        detail: None,
    };
    tenders.into_iter().map(entry).collect()
}
