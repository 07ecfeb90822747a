//! From cart to transaction: the end of a cart, and the log that it leaves.

use kugel_error::{Error, codes};
use kugel_proto::Decimal;
use kugel_proto::cart::v1::{
    ReceiptLine, TransactionAdditionalInfo, TransactionDiscount, TransactionLineItem, TransactionLog,
    TransactionPayment, TransactionSales, TransactionStaff, TransactionTax, TransactionUser,
};
use kugel_types::{EventId, LocalTime};

use super::cart::{Cart, CartDiscount, CartLine, CartPayment, CartTax};
use super::numbering::Numbers;
use super::settings::ReceiptText;
use super::state::{CartEvent, CartState};
use super::terminal::TerminalState;

/// What a cart is given at its end.
#[derive(Debug, Clone, Copy)]
pub struct Closing<'a> {
    /// The numbers of the transaction.
    pub numbers: Numbers,
    /// The terminal as it stands now.
    pub terminal: &'a TerminalState,
    /// The present.
    pub now: &'a LocalTime,
}

/// A number as the contract writes it: without zeros at its end.
pub(crate) fn wire(number: rust_decimal::Decimal) -> Option<Decimal> {
    Some(Decimal::from(number))
}

impl Cart {
    /// Completes a paid cart.
    pub fn bill(&mut self, closing: Closing<'_>) -> Result<(), Error> {
        let next = self.cart_status.transition(CartEvent::Bill)?;
        let balance = self.sales.balance_amount;
        if balance.is_positive() {
            return Err(codes::BALANCE_REMAINS
                .error(format!("{balance} remains to be paid"))
                .with("balance_amount", balance));
        }
        self.finish(next, closing)
    }

    /// Gives the cart up. Lines and payments stay as they are: the log shows them, and the till hands the money back.
    pub fn cancel(&mut self, closing: Closing<'_>) -> Result<(), Error> {
        let next = self.cart_status.transition(CartEvent::Cancel)?;
        self.finish(next, closing)
    }

    fn finish(&mut self, next: CartState, closing: Closing<'_>) -> Result<(), Error> {
        if let Some(duty) = self.stamp_duty()? {
            self.sales.stamp_duty_target_amount = duty.target_amount;
            self.sales.stamp_duty_amount = duty.amount;
        }
        // The sale belongs to the session that takes the money. All three figures come from there: a mixture of the
        // session in which the cart was opened and of the present one would be in no session's report.
        if let Some(session) = closing.terminal.session {
            self.business_date = session.business_date;
            self.open_counter = session.open_counter;
            self.business_counter = session.business_counter;
        }
        if let Some(staff) = &closing.terminal.staff {
            self.staff = Some(staff.clone());
        }
        self.transaction_no = closing.numbers.transaction_no;
        self.receipt_no = closing.numbers.receipt_no;
        self.generate_date_time = Some(closing.now.iso());
        self.cart_status = next;
        Ok(())
    }

    /// The log of a finished cart, without its receipt.
    pub fn log(&self, event_id: &EventId) -> TransactionLog {
        let settings = &self.masters.settings;
        TransactionLog {
            event_id: event_id.to_string(),
            tenant_id: self.tenant_id.to_string(),
            store_code: self.store_code.to_string(),
            store_name: self.store_name.clone(),
            terminal_no: self.terminal_no.get(),
            transaction_no: self.transaction_no,
            receipt_no: self.receipt_no,
            transaction_type: self.transaction_type,
            business_date: self.business_date.to_string(),
            open_counter: self.open_counter,
            business_counter: self.business_counter,
            generate_date_time: self.generate_date_time.clone().unwrap_or_default(),
            user: self.user.as_ref().map(|user| TransactionUser {
                id: user.id.clone(),
                name: user.name.clone(),
            }),
            sales: Some(self.sales_log()),
            line_items: self.line_items.iter().map(|line| self.line_log(line)).collect(),
            payments: self.payments.iter().map(payment_log).collect(),
            taxes: self.taxes.iter().zip(1..).map(tax_log).collect(),
            subtotal_discounts: self
                .subtotal_discounts
                .iter()
                .zip(1..)
                .map(discount_log)
                .collect(),
            origin: None,
            staff: self.staff.as_ref().map(|staff| TransactionStaff {
                id: staff.id.clone(),
                name: staff.name.clone(),
            }),
            additional_info: Some(TransactionAdditionalInfo {
                invoice_registration_number: settings.invoice_registration_number.clone(),
                receipt_headers: settings.receipt_headers.iter().map(receipt_line).collect(),
                receipt_footers: settings.receipt_footers.iter().map(receipt_line).collect(),
            }),
            currency_code: self.currency_code.code().to_owned(),
            ..TransactionLog::default()
        }
    }

    fn sales_log(&self) -> TransactionSales {
        let sales = &self.sales;
        TransactionSales {
            reference_date_time: Some(self.reference_date_time.clone()),
            total_amount: wire(sales.total_amount.decimal()),
            total_amount_with_tax: wire(sales.total_amount_with_tax.decimal()),
            tax_amount: wire(sales.tax_amount.decimal()),
            total_quantity: wire(sales.total_quantity.decimal()),
            change_amount: wire(sales.change_amount.decimal()),
            total_discount_amount: wire(sales.total_discount_amount.decimal()),
            is_cancelled: self.cart_status == CartState::Cancelled,
            is_stamp_duty_applied: sales.stamp_duty_amount.is_positive(),
            stamp_duty_target_amount: wire(sales.stamp_duty_target_amount.decimal()),
            stamp_duty_amount: wire(sales.stamp_duty_amount.decimal()),
        }
    }

    fn line_log(&self, line: &CartLine) -> TransactionLineItem {
        let shares = self
            .subtotal_discounts
            .iter()
            .zip(1..)
            .zip(&line.allocated_amounts);
        let allocated = shares
            .filter(|(_, share)| !share.is_zero())
            .map(|(discount, share)| TransactionDiscount {
                discount_amount: wire(share.decimal()),
                ..discount_log(discount)
            });
        TransactionLineItem {
            line_no: line.line_no,
            item_code: line.item_code.to_string(),
            category_code: line.category_code.clone().unwrap_or_default(),
            description: line.item_name.clone(),
            description_short: line.item_name.clone(),
            unit_price: wire(line.unit_price.decimal()),
            unit_price_original: wire(line.unit_price_original.decimal()),
            is_unit_price_changed: line.is_unit_price_changed,
            quantity: wire(line.quantity.decimal()),
            discounts: line.discounts.iter().zip(1..).map(discount_log).collect(),
            discounts_allocated: allocated.collect(),
            amount: wire(line.amount.decimal()),
            tax_code: line.tax_code.clone(),
            is_cancelled: line.is_cancelled,
            is_discount_restricted: line.is_discount_restricted,
            discount_amount: wire(line.discount_amount.decimal()),
            tax_amount: wire(line.tax_amount.decimal()),
        }
    }
}

fn discount_log((discount, seq_no): (&CartDiscount, i32)) -> TransactionDiscount {
    TransactionDiscount {
        seq_no,
        discount_type: discount.discount_type.name().to_owned(),
        discount_value: wire(discount.discount_value),
        discount_amount: wire(discount.discount_amount.decimal()),
        detail: discount.detail.clone(),
        promotion_code: discount.promotion_code.clone(),
        promotion_type: discount.promotion_type.clone(),
    }
}

fn payment_log(payment: &CartPayment) -> TransactionPayment {
    TransactionPayment {
        payment_no: payment.payment_no,
        payment_code: payment.payment_code.clone(),
        deposit_amount: wire(payment.deposit_amount.decimal()),
        amount: wire(payment.payment_amount.decimal()),
        description: Some(payment.payment_name.clone()),
        detail: payment.payment_detail.clone(),
    }
}

fn tax_log((tax, tax_no): (&CartTax, i32)) -> TransactionTax {
    TransactionTax {
        tax_no,
        tax_code: tax.tax_code.clone(),
        tax_type: tax.tax_type.clone(),
        tax_name: tax.tax_name.clone(),
        tax_amount: wire(tax.tax_amount.decimal()),
        target_amount: wire(tax.target_amount.decimal()),
        target_quantity: wire(tax.target_quantity.decimal()),
    }
}

fn receipt_line(line: &ReceiptText) -> ReceiptLine {
    ReceiptLine {
        text: line.text.clone(),
        align: line.align.clone(),
    }
}
