//! The log of a transaction: of a cart that has ended, or of a void or a return.
//!
//! The document is the body of the event, so it is the contract's message, and what a cart and its log have in common is
//! written by the same functions.

use kugel_error::{Error, codes};
use kugel_pricing::{PaymentMethod, PricedDiscount, Tender};
use kugel_proto::Decimal;
use kugel_proto::cart::v1 as pb;
use kugel_types::{EventId, InvalidId, Money, StaffRef};

use crate::domain::cart::{Approved, Cart, CartLine, CartPayment};
use crate::domain::reversal::{Original, Reversed};
use crate::domain::settings::ReceiptText;
use crate::domain::state::CartState;

/// A number as the contract writes it: without zeros at its end.
pub(crate) fn wire(number: rust_decimal::Decimal) -> Option<Decimal> {
    Some(Decimal::from(number))
}

/// An amount of a log. It is our own exact text, so one that cannot be read is a damaged store.
pub(crate) fn money(value: Option<&Decimal>) -> Result<Money, Error> {
    let number = value.map(Decimal::exact).transpose()?;
    Ok(Money::from_decimal(number.unwrap_or_default()))
}

/// A word of a log. It is our own too.
pub(crate) fn readable<T>(read: Result<T, InvalidId>) -> Result<T, Error> {
    read.map_err(|error| {
        codes::CART_INTERNAL
            .error("the transaction cannot be read")
            .caused_by(error)
    })
}

/// The log of a finished cart, without its receipt.
pub(crate) fn of_cart(cart: &Cart, event_id: &EventId) -> pb::TransactionLog {
    let settings = &cart.masters.settings;
    pb::TransactionLog {
        event_id: event_id.to_string(),
        tenant_id: cart.tenant_id.to_string(),
        store_code: cart.store_code.to_string(),
        store_name: cart.store_name.clone(),
        terminal_no: cart.terminal_no.get(),
        transaction_no: cart.transaction_no,
        receipt_no: cart.receipt_no,
        transaction_type: cart.transaction_type.number(),
        business_date: cart.business_date.to_string(),
        open_counter: cart.open_counter,
        business_counter: cart.business_counter,
        generate_date_time: cart.generate_date_time.clone().unwrap_or_default(),
        user: user(cart),
        sales: Some(sales(cart)),
        line_items: lines(cart),
        payments: payments(&cart.payments),
        taxes: taxes(cart),
        subtotal_discounts: discounts(&cart.subtotal_discounts),
        staff: cart.staff.as_ref().map(staff),
        additional_info: Some(pb::TransactionAdditionalInfo {
            invoice_registration_number: settings.invoice_registration_number.clone(),
            receipt_headers: settings.receipt_headers.iter().map(receipt_line).collect(),
            receipt_footers: settings.receipt_footers.iter().map(receipt_line).collect(),
        }),
        currency_code: cart.currency_code.code().to_owned(),
        approvals: approvals(&cart.approvals),
        ..Default::default()
    }
}

/// The log of a void or a return, without its receipt: the original's, with what the reversal makes different.
pub(crate) fn of_reversal(
    original: &pb::TransactionLog,
    reversed: &Reversed<'_>,
    event_id: &EventId,
) -> pb::TransactionLog {
    pb::TransactionLog {
        event_id: event_id.to_string(),
        store_code: reversed.terminal.store.to_string(),
        terminal_no: reversed.terminal.number.get(),
        transaction_no: reversed.numbers.transaction_no,
        receipt_no: reversed.numbers.receipt_no,
        transaction_type: reversed.transaction_type.number(),
        business_date: reversed.session.business_date.to_string(),
        open_counter: reversed.session.open_counter,
        business_counter: reversed.session.business_counter,
        sales: original.sales.clone().map(|sales| pb::TransactionSales {
            reference_date_time: Some(reversed.at.clone()),
            change_amount: wire(rust_decimal::Decimal::ZERO),
            rounding_amount: wire(reversed.rounding_amount.decimal()),
            // Duty is on the receipt for money taken; nobody receives any here.
            is_stamp_duty_applied: false,
            stamp_duty_target_amount: wire(rust_decimal::Decimal::ZERO),
            stamp_duty_amount: wire(rust_decimal::Decimal::ZERO),
            ..sales
        }),
        generate_date_time: reversed.at.clone(),
        payments: payments(&reversed.payments),
        origin: Some(origin(original)),
        staff: Some(staff(reversed.staff)),
        approvals: approvals(reversed.approval),
        receipt_text: String::new(),
        journal_text: String::new(),
        ..original.clone()
    }
}

/// What the rules of reversals need to know of a transaction.
pub(crate) fn original(log: &pb::TransactionLog) -> Result<Original, Error> {
    let sales = log
        .sales
        .as_ref()
        .ok_or_else(|| codes::CART_INTERNAL.error("the transaction has no totals"))?;
    Ok(Original {
        transaction_type: readable(log.transaction_type.try_into())?,
        is_cancelled: sales.is_cancelled,
        total_amount_with_tax: money(sales.total_amount_with_tax.as_ref())?,
        business_counter: log.business_counter,
        payments: log.payments.iter().map(taken).collect::<Result<_, _>>()?,
    })
}

/// A payment as it was taken, as far as the log tells.
fn taken(payment: &pb::Payment) -> Result<CartPayment, Error> {
    Ok(CartPayment {
        payment_no: payment.payment_no,
        payment_name: payment.description.clone(),
        tender: Tender {
            method: PaymentMethod::new(&payment.payment_code, readable(payment.kind())?),
            deposit: money(payment.deposit_amount.as_ref())?,
        },
        payment_amount: money(payment.amount.as_ref())?,
        change_amount: money(payment.change_amount.as_ref())?,
        payment_detail: payment.detail.clone(),
    })
}

fn origin(original: &pb::TransactionLog) -> pb::TransactionOrigin {
    pb::TransactionOrigin {
        generate_date_time: original.generate_date_time.clone(),
        tenant_id: original.tenant_id.clone(),
        store_code: original.store_code.clone(),
        store_name: original.store_name.clone(),
        terminal_no: original.terminal_no,
        transaction_no: original.transaction_no,
        transaction_type: original.transaction_type,
        receipt_no: original.receipt_no,
        business_date: original.business_date.clone(),
    }
}

fn sales(cart: &Cart) -> pb::TransactionSales {
    let sales = &cart.sales;
    pb::TransactionSales {
        reference_date_time: Some(cart.reference_date_time.clone()),
        total_amount: wire(sales.total_amount.decimal()),
        total_amount_with_tax: wire(sales.total_amount_with_tax.decimal()),
        tax_amount: wire(sales.tax_amount.decimal()),
        total_quantity: wire(sales.total_quantity.decimal()),
        change_amount: wire(sales.change_amount.decimal()),
        total_discount_amount: wire(sales.total_discount_amount.decimal()),
        is_cancelled: cart.cart_status == CartState::Cancelled,
        is_stamp_duty_applied: sales.stamp_duty_amount.is_positive(),
        stamp_duty_target_amount: wire(sales.stamp_duty_target_amount.decimal()),
        stamp_duty_amount: wire(sales.stamp_duty_amount.decimal()),
        rounding_amount: wire(sales.rounding_amount.decimal()),
    }
}

/// The lines of a cart.
pub(crate) fn lines(cart: &Cart) -> Vec<pb::LineItem> {
    let discounts = discounts(&cart.subtotal_discounts);
    cart.line_items
        .iter()
        .map(|item| line(item, &discounts))
        .collect()
}

fn line(line: &CartLine, subtotal_discounts: &[pb::Discount]) -> pb::LineItem {
    let (item, priced) = (&*line.item, &line.priced);
    let shares = subtotal_discounts.iter().zip(&priced.allocated);
    let allocated = shares
        .filter(|(_, share)| !share.is_zero())
        .map(|(discount, share)| pb::Discount {
            discount_amount: wire(share.decimal()),
            ..discount.clone()
        });
    pb::LineItem {
        line_no: line.line_no,
        item_code: item.item_code.to_string(),
        description: item.description.clone(),
        description_short: item.description.clone(),
        category_code: item.category_code.clone(),
        image_urls: item.image_urls.clone(),
        unit_price: wire(line.unit_price.decimal()),
        unit_price_original: wire(line.unit_price_original.decimal()),
        is_unit_price_changed: line.is_unit_price_changed,
        quantity: wire(line.quantity.decimal()),
        discounts: discounts(&priced.discounts),
        discounts_allocated: allocated.collect(),
        amount: wire(priced.amount.decimal()),
        tax_code: item.tax_code.clone(),
        is_cancelled: line.is_cancelled,
        is_discount_restricted: item.is_discount_restricted,
        discount_amount: wire(priced.discount_amount.decimal()),
        tax_amount: wire(priced.tax_amount.decimal()),
    }
}

/// Discounts, counted from 1.
pub(crate) fn discounts(discounts: &[PricedDiscount]) -> Vec<pb::Discount> {
    let discount = |(found, seq_no): (&PricedDiscount, i32)| {
        let (asked, promotion) = (&found.discount, found.discount.promotion.as_ref());
        pb::Discount {
            seq_no,
            discount_type: asked.value.name().to_owned(),
            discount_value: wire(asked.value.decimal()),
            discount_amount: wire(found.amount.decimal()),
            detail: asked.detail.clone(),
            promotion_code: promotion.map(|promotion| promotion.code.clone()),
            promotion_type: promotion.map(|promotion| promotion.promotion_type.clone()),
        }
    };
    discounts.iter().zip(1..).map(discount).collect()
}

/// Payments, of a cart or of a reversal.
pub(crate) fn payments(payments: &[CartPayment]) -> Vec<pb::Payment> {
    let payment = |payment: &CartPayment| {
        let method = &payment.tender.method;
        pb::Payment {
            payment_no: payment.payment_no,
            payment_code: method.code.clone(),
            payment_kind: method.kind.name().to_owned(),
            description: payment.payment_name.clone(),
            deposit_amount: wire(payment.tender.deposit.decimal()),
            amount: wire(payment.payment_amount.decimal()),
            detail: payment.payment_detail.clone(),
            change_amount: wire(payment.change_amount.decimal()),
        }
    };
    payments.iter().map(payment).collect()
}

/// The taxes of a cart.
pub(crate) fn taxes(cart: &Cart) -> Vec<pb::Tax> {
    let taxes = cart.taxes.iter().zip(1..).map(|(tax, tax_no)| pb::Tax {
        tax_no,
        tax_code: tax.code.clone(),
        tax_type: tax.tax_type.name().to_owned(),
        tax_name: tax.name.clone(),
        tax_amount: wire(tax.amount.decimal()),
        target_amount: wire(tax.target_amount.decimal()),
        target_quantity: wire(tax.target_quantity.decimal()),
        rate: wire(tax.rate.decimal()),
    });
    taxes.collect()
}

/// What was approved.
pub(crate) fn approvals<'a>(approvals: impl IntoIterator<Item = &'a Approved>) -> Vec<pb::Approval> {
    let approval = |approval: &Approved| pb::Approval {
        permission: approval.permission.clone(),
        staff: Some(staff(&approval.staff)),
        approved_by: Some(staff(&approval.approved_by)),
    };
    approvals.into_iter().map(approval).collect()
}

/// A staff member.
pub(crate) fn staff(staff: &StaffRef) -> pb::Staff {
    pb::Staff {
        id: staff.id.clone(),
        name: staff.name.clone(),
    }
}

/// Who a cart was opened for.
pub(crate) fn user(cart: &Cart) -> Option<pb::User> {
    cart.user.as_ref().map(|user| pb::User {
        id: user.id.clone(),
        name: user.name.clone(),
    })
}

fn receipt_line(line: &ReceiptText) -> pb::ReceiptLine {
    pb::ReceiptLine {
        text: line.text.clone(),
        align: line.align.clone(),
    }
}
