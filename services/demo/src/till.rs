//! A till: sessions, the sale of an invoice and its reversal, and the cash in its drawer.

use std::collections::BTreeMap;

use anyhow::ensure;
use kugel_proto::cart::v1::{Cart, DiscountEntry, LineItemEntry, Payment, PaymentEntry};
use kugel_shop::{Failure, amount};
use rust_decimal::Decimal;

use super::CASH;
use super::input::{Document, Line};
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
    till: kugel_shop::Till,
    cashier: Cashier,
    drawer: Decimal,
}

impl Till {
    pub(super) fn new(till: kugel_shop::Till, cashier: Cashier) -> Self {
        Self {
            till,
            cashier,
            drawer: Decimal::ZERO,
        }
    }

    /// Signs the cashier in.
    pub(super) async fn sign_in(&mut self) -> anyhow::Result<()> {
        Ok(self.till.sign_in(&self.cashier.id, &self.cashier.pin).await?)
    }

    /// Signs the cashier out.
    pub(super) async fn sign_out(&mut self) -> anyhow::Result<()> {
        Ok(self.till.sign_out().await?)
    }

    /// Begins a session. Answers with its business date.
    pub(super) async fn open(&mut self) -> anyhow::Result<String> {
        let business_date = self.till.open(FLOAT).await?;
        self.drawer = FLOAT;
        Ok(business_date)
    }

    /// Takes the day's cash out, counts the drawer and ends the session.
    pub(super) async fn close(&mut self) -> anyhow::Result<()> {
        if self.drawer > FLOAT {
            self.till.cash_out(self.drawer - FLOAT, "To the safe").await?;
            self.drawer = FLOAT;
        }
        let closed = self.till.close(Some(self.drawer)).await?;
        let difference = amount(closed.difference_amount.as_ref())?;
        ensure!(
            difference.is_zero(),
            "till {} was closed with {} in its drawer, and Kugel expected {}",
            self.till.terminal.terminal_id,
            self.drawer,
            self.drawer - difference
        );
        Ok(())
    }

    /// Sells what an invoice says. A cart that is refused half-way is cancelled.
    pub(super) async fn sell(
        &mut self,
        invoice: &Document,
        items: &BTreeMap<String, Item>,
    ) -> Result<Sale, Failure> {
        let customer = Some(&*invoice.customer).filter(|customer| !customer.is_empty());
        let cart_id = self.till.cart(customer).await?;
        match self.fill_and_bill(&cart_id, invoice, items).await {
            Ok(cart) => self.sold(cart),
            Err(failure) => {
                if failure.is_refusal() {
                    self.till.cancel(&cart_id).await?;
                }
                Err(failure)
            }
        }
    }

    async fn fill_and_bill(
        &self,
        cart_id: &str,
        invoice: &Document,
        items: &BTreeMap<String, Item>,
    ) -> Result<Cart, Failure> {
        let entry = |line: &Line| LineItemEntry {
            item_code: line.item_code.clone(),
            quantity: Some(line.quantity.into()),
            unit_price: items
                .get(&line.item_code)
                .is_none_or(|item| item.unit_price != line.unit_price)
                .then(|| line.unit_price.into()),
        };
        for lines in invoice.lines.chunks(LINES_AT_ONCE) {
            self.till.add(cart_id, lines.iter().map(entry).collect()).await?;
        }
        let mut cart = self.till.subtotal(cart_id).await?;
        if let Some(percentage) = tender::discount(&invoice.number) {
            let discount = DiscountEntry {
                discount_type: "DiscountPercentage".to_owned(),
                discount_value: Some(percentage.into()),
                discount_detail: Some("Loyal customer".to_owned()),
            };
            cart = self.till.discount(cart_id, discount).await?;
        }
        let balance = amount(cart.balance_amount.as_ref())?;
        let payments = entries(tender::tenders(&invoice.number, balance));
        self.till.pay(cart_id, payments).await?;
        self.till.bill(cart_id).await
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
        self.till.void(sale.transaction_no, back(sale)).await?;
        self.give_back(sale);
        Ok(())
    }

    /// Takes a sale of any till of the store back.
    pub(super) async fn take_back(&mut self, sale: &Sale) -> Result<(), Failure> {
        self.have_cash_for(sale).await?;
        let payments = back(sale);
        self.till
            .take_back(sale.terminal_no, sale.transaction_no, payments)
            .await?;
        self.give_back(sale);
        Ok(())
    }

    /// Fetches what the drawer lacks to give a sale's cash back.
    async fn have_cash_for(&mut self, sale: &Sale) -> Result<(), Failure> {
        let cash = sale.payments.get(CASH).copied().unwrap_or_default();
        let missing = cash - self.drawer;
        if missing > Decimal::ZERO {
            self.till.cash_in(missing, "From the safe").await?;
            self.drawer += missing;
        }
        Ok(())
    }

    fn give_back(&mut self, sale: &Sale) {
        self.drawer -= sale.payments.get(CASH).copied().unwrap_or_default();
    }
}

/// What was paid, net of change.
fn by_method(payments: &[Payment]) -> Result<BTreeMap<String, Decimal>, Failure> {
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
