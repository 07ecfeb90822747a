//! From the domain's words to messages.

use kugel_proto::cart::v1 as pb;
use kugel_types::Money;

use crate::app::{ShownCart, Transaction};
use crate::domain::cart::Cart;
use crate::domain::session::SessionSums;
use crate::records::transaction_log::{self, wire};

pub(super) fn session(sums: &SessionSums) -> pb::SessionSums {
    pb::SessionSums {
        business_date: sums.session.business_date.to_string(),
        open_counter: sums.session.open_counter,
        business_counter: sums.session.business_counter,
        transaction_count: sums.count,
        last_transaction_no: sums.last_no,
        cash_amount: wire(sums.cash.decimal()),
        is_sealed: sums.sealed,
    }
}

pub(super) fn cart(cart: &Cart) -> pb::Cart {
    let sales = &cart.sales;
    pb::Cart {
        cart_id: cart.cart_id.to_string(),
        cart_status: cart.cart_status.name().to_owned(),
        tenant_id: cart.tenant_id.to_string(),
        store_code: cart.store_code.to_string(),
        store_name: Some(cart.store_name.clone()),
        terminal_no: cart.terminal_no.get(),
        transaction_no: cart.transaction_no,
        receipt_no: cart.receipt_no,
        transaction_type: cart.transaction_type.number(),
        total_amount: wire(sales.total_amount.decimal()),
        subtotal_amount: wire(sales.total_amount.decimal()),
        total_amount_with_tax: wire(sales.total_amount_with_tax.decimal()),
        total_discount_amount: wire(sales.total_discount_amount.decimal()),
        total_quantity: wire(sales.total_quantity.decimal()),
        deposit_amount: wire(sales.deposit_amount.decimal()),
        change_amount: wire(sales.change_amount.decimal()),
        stamp_duty_amount: wire(sales.stamp_duty_amount.decimal()),
        balance_amount: wire(sales.balance_amount.decimal()),
        line_items: transaction_log::lines(cart),
        payments: transaction_log::payments(&cart.payments),
        taxes: transaction_log::taxes(cart),
        subtotal_discounts: transaction_log::discounts(&cart.subtotal_discounts),
        receipt_text: None,
        journal_text: None,
        staff: cart.staff.as_ref().map(transaction_log::staff),
        business_date: Some(cart.business_date.to_string()),
        generate_date_time: cart.generate_date_time.clone(),
        status: None,
        user: transaction_log::user(cart),
        currency_code: cart.currency_code.code().to_owned(),
        rounding_amount: wire(sales.rounding_amount.decimal()),
        cash_balance_amount: wire(sales.cash_balance_amount.decimal()),
        approvals: transaction_log::approvals(&cart.approvals),
    }
}

pub(super) fn shown(shown: &ShownCart) -> pb::Cart {
    let log = shown.log.as_deref();
    pb::Cart {
        receipt_text: log.map(|log| log.receipt_text.clone()),
        journal_text: log.map(|log| log.journal_text.clone()),
        ..cart(&shown.cart)
    }
}

pub(super) fn transaction(transaction: &Transaction) -> pb::Tran {
    let log = &*transaction.log;
    let sales = log.sales.clone().unwrap_or_default();
    // The sums of what is in the log already; exact text of our own, so a failure to read it would be a damaged store.
    let deposits = log
        .payments
        .iter()
        .filter_map(|payment| payment.deposit_amount.as_ref()?.exact().ok());
    let deposit = Money::sum(deposits.map(Money::from_decimal)).unwrap_or_default();
    pb::Tran {
        tenant_id: log.tenant_id.clone(),
        store_code: log.store_code.clone(),
        store_name: Some(log.store_name.clone()),
        terminal_no: log.terminal_no,
        transaction_no: log.transaction_no,
        receipt_no: log.receipt_no,
        transaction_type: log.transaction_type,
        business_date: log.business_date.clone(),
        generate_date_time: log.generate_date_time.clone(),
        total_amount: sales.total_amount_with_tax.clone(),
        total_amount_with_tax: sales.total_amount_with_tax,
        total_discount_amount: sales.total_discount_amount,
        total_quantity: sales.total_quantity,
        deposit_amount: wire(deposit.decimal()),
        change_amount: sales.change_amount,
        stamp_duty_amount: sales.stamp_duty_amount,
        line_items: log.line_items.clone(),
        payments: log.payments.clone(),
        taxes: log.taxes.clone(),
        subtotal_discounts: log.subtotal_discounts.clone(),
        receipt_text: Some(log.receipt_text.clone()),
        journal_text: Some(log.journal_text.clone()),
        staff: log.staff.clone(),
        status: Some(pb::TranStatus {
            is_cancelled: sales.is_cancelled,
            is_voided: transaction.is_voided,
            is_refunded: transaction.is_refunded,
        }),
        open_counter: log.open_counter,
        business_counter: log.business_counter,
        user: log.user.clone(),
        origin: log.origin.clone(),
        invoice_issue_no: log.invoice_issue_no.clone(),
        currency_code: log.currency_code.clone(),
        rounding_amount: sales.rounding_amount,
        approvals: log.approvals.clone(),
    }
}
