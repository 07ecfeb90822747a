//! From the domain's words to messages.

use std::collections::HashMap;

use kugel_proto::Decimal;
use kugel_proto::cart::v1 as pb;
use kugel_proto::common::v1::ListMetadata;
use kugel_types::Money;

use super::convert::ListQuery;
use crate::app::{ShownCart, Transaction};
use crate::domain::cart::{Cart, CartDiscount, CartLine, CartPayment, CartTax};

fn wire(number: rust_decimal::Decimal) -> Option<Decimal> {
    Some(Decimal::from(number))
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
        transaction_type: cart.transaction_type,
        total_amount: wire(sales.total_amount.decimal()),
        subtotal_amount: wire(sales.total_amount.decimal()),
        total_amount_with_tax: wire(sales.total_amount_with_tax.decimal()),
        total_discount_amount: wire(sales.total_discount_amount.decimal()),
        total_quantity: wire(sales.total_quantity.decimal()),
        deposit_amount: wire(sales.deposit_amount.decimal()),
        change_amount: wire(sales.change_amount.decimal()),
        stamp_duty_amount: wire(sales.stamp_duty_amount.decimal()),
        balance_amount: wire(sales.balance_amount.decimal()),
        line_items: cart.line_items.iter().map(line).collect(),
        payments: cart.payments.iter().map(payment).collect(),
        taxes: cart.taxes.iter().zip(1..).map(tax).collect(),
        subtotal_discounts: cart.subtotal_discounts.iter().map(discount).collect(),
        receipt_text: None,
        journal_text: None,
        staff: cart.staff.as_ref().map(|staff| pb::Staff {
            id: staff.id.clone(),
            name: staff.name.clone(),
        }),
        business_date: Some(cart.business_date.to_string()),
        generate_date_time: cart.generate_date_time.clone(),
        status: None,
        user: cart.user.as_ref().map(|user| pb::User {
            id: user.id.clone(),
            name: user.name.clone(),
        }),
        currency_code: cart.currency_code.code().to_owned(),
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

fn line(line: &CartLine) -> pb::LineItem {
    pb::LineItem {
        line_no: line.line_no,
        item_code: line.item_code.to_string(),
        item_name: line.item_name.clone(),
        category_code: line.category_code.clone(),
        unit_price: wire(line.unit_price.decimal()),
        unit_price_original: wire(line.unit_price_original.decimal()),
        is_unit_price_changed: line.is_unit_price_changed,
        quantity: wire(line.quantity.decimal()),
        amount: wire(line.amount.decimal()),
        discounts: line.discounts.iter().map(discount).collect(),
        image_urls: line.image_urls.clone(),
        is_cancelled: line.is_cancelled,
        is_discount_restricted: line.is_discount_restricted,
        discount_amount: wire(line.discount_amount.decimal()),
        tax_code: line.tax_code.clone(),
        tax_amount: wire(line.tax_amount.decimal()),
    }
}

fn discount(discount: &CartDiscount) -> pb::Discount {
    pb::Discount {
        discount_type: discount.discount_type.name().to_owned(),
        discount_value: wire(discount.discount_value),
        discount_amount: wire(discount.discount_amount.decimal()),
        discount_detail: discount.detail.clone(),
        promotion_code: discount.promotion_code.clone(),
        promotion_type: discount.promotion_type.clone(),
    }
}

fn payment(payment: &CartPayment) -> pb::Payment {
    pb::Payment {
        payment_no: payment.payment_no,
        payment_code: payment.payment_code.clone(),
        payment_name: payment.payment_name.clone(),
        payment_amount: wire(payment.payment_amount.decimal()),
        payment_detail: payment.payment_detail.clone(),
        deposit_amount: wire(payment.deposit_amount.decimal()),
    }
}

fn tax((tax, tax_no): (&CartTax, i32)) -> pb::Tax {
    pb::Tax {
        tax_no,
        tax_code: tax.tax_code.clone(),
        tax_type: tax.tax_type.clone(),
        tax_name: tax.tax_name.clone(),
        tax_amount: wire(tax.tax_amount.decimal()),
        target_amount: wire(tax.target_amount.decimal()),
        target_quantity: wire(tax.target_quantity.decimal()),
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
        line_items: log.line_items.iter().map(logged_line).collect(),
        payments: log.payments.iter().map(logged_payment).collect(),
        taxes: log.taxes.iter().map(logged_tax).collect(),
        subtotal_discounts: log.subtotal_discounts.iter().map(logged_discount).collect(),
        receipt_text: Some(log.receipt_text.clone()),
        journal_text: Some(log.journal_text.clone()),
        staff: log.staff.as_ref().map(|staff| pb::Staff {
            id: staff.id.clone(),
            name: staff.name.clone(),
        }),
        status: Some(pb::TranStatus {
            is_cancelled: sales.is_cancelled,
            is_voided: transaction.is_voided,
            is_refunded: transaction.is_refunded,
        }),
        open_counter: log.open_counter,
        business_counter: log.business_counter,
        user: log.user.as_ref().map(|user| pb::User {
            id: user.id.clone(),
            name: user.name.clone(),
        }),
        origin: log.origin.as_ref().map(origin),
        invoice_issue_no: log.invoice_issue_no.clone(),
        currency_code: log.currency_code.clone(),
    }
}

fn origin(origin: &pb::TransactionOrigin) -> pb::TranOrigin {
    pb::TranOrigin {
        generate_date_time: origin.generate_date_time.clone(),
        store_code: origin.store_code.clone(),
        store_name: Some(origin.store_name.clone()),
        terminal_no: origin.terminal_no,
        transaction_no: origin.transaction_no,
        transaction_type: origin.transaction_type,
        receipt_no: origin.receipt_no,
    }
}

fn logged_line(line: &pb::TransactionLineItem) -> pb::LineItem {
    pb::LineItem {
        line_no: line.line_no,
        item_code: line.item_code.clone(),
        item_name: line.description.clone(),
        category_code: Some(line.category_code.clone()).filter(|code| !code.is_empty()),
        unit_price: line.unit_price.clone(),
        unit_price_original: line.unit_price_original.clone(),
        is_unit_price_changed: line.is_unit_price_changed,
        quantity: line.quantity.clone(),
        amount: line.amount.clone(),
        discounts: line.discounts.iter().map(logged_discount).collect(),
        image_urls: Vec::new(),
        is_cancelled: line.is_cancelled,
        is_discount_restricted: line.is_discount_restricted,
        discount_amount: line.discount_amount.clone(),
        tax_code: line.tax_code.clone(),
        tax_amount: line.tax_amount.clone(),
    }
}

fn logged_discount(discount: &pb::TransactionDiscount) -> pb::Discount {
    pb::Discount {
        discount_type: discount.discount_type.clone(),
        discount_value: discount.discount_value.clone(),
        discount_amount: discount.discount_amount.clone(),
        discount_detail: discount.detail.clone(),
        promotion_code: discount.promotion_code.clone(),
        promotion_type: discount.promotion_type.clone(),
    }
}

fn logged_payment(payment: &pb::TransactionPayment) -> pb::Payment {
    pb::Payment {
        payment_no: payment.payment_no,
        payment_code: payment.payment_code.clone(),
        payment_name: payment.description.clone().unwrap_or_default(),
        payment_amount: payment.amount.clone(),
        payment_detail: payment.detail.clone(),
        deposit_amount: payment.deposit_amount.clone(),
    }
}

fn logged_tax(tax: &pb::TransactionTax) -> pb::Tax {
    pb::Tax {
        tax_no: tax.tax_no,
        tax_code: tax.tax_code.clone(),
        tax_type: tax.tax_type.clone(),
        tax_name: tax.tax_name.clone(),
        tax_amount: tax.tax_amount.clone(),
        target_amount: tax.target_amount.clone(),
        target_quantity: tax.target_quantity.clone(),
    }
}

pub(super) fn metadata(query: &ListQuery, total: u64) -> ListMetadata {
    let filter = &query.filter;
    let mut applied = HashMap::from([
        ("store_code", query.terminal.store.to_string()),
        ("terminal_no", query.terminal.number.to_string()),
    ]);
    let given = [
        ("business_date", filter.business_date.map(|date| date.to_string())),
        (
            "open_counter",
            filter.open_counter.map(|counter| counter.to_string()),
        ),
        ("receipt_no", filter.receipt_no.map(|number| number.to_string())),
        (
            "is_cancelled",
            (!filter.include_cancelled).then(|| "false".to_owned()),
        ),
    ];
    applied.extend(
        given
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| (name, value))),
    );
    if !filter.transaction_types.is_empty() {
        let types: Vec<String> = filter.transaction_types.iter().map(ToString::to_string).collect();
        applied.insert("transaction_type", types.join(","));
    }
    ListMetadata {
        total: i64::try_from(total).unwrap_or(i64::MAX),
        page: i32::try_from(query.page.number).unwrap_or(i32::MAX),
        limit: i32::try_from(query.page.limit).unwrap_or(i32::MAX),
        sort: Some(query.sort.to_string()),
        filter: applied
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}
