//! The receipt of a transaction, laid out from its log: sales, voids and returns alike.

#[cfg(test)]
mod laws;
#[cfg(test)]
mod paper;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_error::{Error, codes};
use kugel_printing::{
    Align, Banner, Origin, ReceiptData, ReceiptDiscount, ReceiptLine, ReceiptPayment, ReceiptTax,
};
use kugel_proto::Decimal;
use kugel_proto::cart::v1 as pb;
use kugel_types::{LocalTime, Money, PaymentKind, Quantity, Rate, TaxRule};

use crate::records::transaction_log::{money, readable};

/// Writes the receipt of a log into it.
pub(crate) fn print(log: &mut pb::TransactionLog, zone: &TimeZone) -> Result<(), Error> {
    let paper = kugel_printing::receipt(&data_of(log, zone)?);
    log.receipt_text = paper.receipt_text();
    log.journal_text = paper.journal_text();
    Ok(())
}

fn data_of(log: &pb::TransactionLog, zone: &TimeZone) -> Result<ReceiptData, Error> {
    let sales = log.sales.clone().unwrap_or_default();
    let additional = log.additional_info.clone().unwrap_or_default();
    let subtotal_discounts = discounts(&log.subtotal_discounts)?;
    let off_subtotal = Money::sum(subtotal_discounts.iter().map(|discount| discount.amount))?;
    Ok(ReceiptData {
        currency: readable(log.currency_code.parse())?,
        transaction_type: readable(log.transaction_type.try_into())?,
        is_cancelled: sales.is_cancelled,
        headers: additional.receipt_headers.iter().map(banner).collect(),
        footers: additional.receipt_footers.iter().map(banner).collect(),
        terminal_no: log.terminal_no,
        staff_id: log.staff.as_ref().map(|staff| staff.id.clone()),
        time: local_time(&log.generate_date_time, zone)?,
        lines: log.line_items.iter().map(line).collect::<Result<_, _>>()?,
        subtotal_amount: money(sales.total_amount.as_ref())?.plus(off_subtotal)?,
        subtotal_discounts,
        taxes: log.taxes.iter().map(tax).collect::<Result<_, _>>()?,
        total_amount_with_tax: money(sales.total_amount_with_tax.as_ref())?,
        rounding_amount: money(sales.rounding_amount.as_ref())?,
        payments: payments(log, money(sales.change_amount.as_ref())?)?,
        origin: log
            .origin
            .as_ref()
            .map(|origin| origin_of(origin, zone))
            .transpose()?,
        receipt_no: log.receipt_no,
        stamp_duty: match sales.is_stamp_duty_applied {
            true => Some(money(sales.stamp_duty_amount.as_ref())?),
            false => None,
        },
        invoice_registration_number: additional.invoice_registration_number,
    })
}

fn quantity(value: Option<&Decimal>) -> Result<Quantity, Error> {
    Ok(Quantity::from_decimal(
        value.map(Decimal::exact).transpose()?.unwrap_or_default(),
    ))
}

fn local_time(text: &str, zone: &TimeZone) -> Result<LocalTime, Error> {
    let instant: Timestamp = text.parse().map_err(|error: jiff::Error| {
        codes::CART_INTERNAL
            .error("the transaction has no valid time")
            .caused_by(error)
    })?;
    Ok(LocalTime::new(instant, zone))
}

fn banner(line: &pb::ReceiptLine) -> Banner {
    Banner {
        text: line.text.clone(),
        align: Align::from_name(&line.align),
    }
}

fn line(line: &pb::LineItem) -> Result<ReceiptLine, Error> {
    let discounts = discounts(&line.discounts)?;
    let off = Money::sum(discounts.iter().map(|discount| discount.amount))?;
    Ok(ReceiptLine {
        description: line.description.clone(),
        unit_price: money(line.unit_price.as_ref())?,
        quantity: quantity(line.quantity.as_ref())?,
        gross_amount: money(line.amount.as_ref())?.plus(off)?,
        tax_code: line.tax_code.clone(),
        discounts,
        is_cancelled: line.is_cancelled,
    })
}

fn discounts(discounts: &[pb::Discount]) -> Result<Vec<ReceiptDiscount>, Error> {
    let read = |discount: &pb::Discount| {
        let rate = match discount.discount_type.as_str() {
            "DiscountPercentage" => Some(Rate::from_decimal(
                money(discount.discount_value.as_ref())?.decimal(),
            )),
            _ => None,
        };
        Ok(ReceiptDiscount {
            rate,
            amount: money(discount.discount_amount.as_ref())?,
        })
    };
    discounts.iter().map(read).collect()
}

fn tax(tax: &pb::Tax) -> Result<ReceiptTax, Error> {
    // The log of an earlier build does not tell the rate. It is the product's table's then.
    let rate = match &tax.rate {
        Some(rate) => Some(Rate::from_decimal(rate.exact()?)),
        None => TaxRule::defaults()
            .into_iter()
            .find(|rule| rule.code == tax.tax_code)
            .map(|rule| rule.rate),
    };
    Ok(ReceiptTax {
        code: tax.tax_code.clone(),
        rate,
        tax_type: readable(tax.tax_type.parse())?,
        name: tax.tax_name.clone(),
        target_amount: money(tax.target_amount.as_ref())?,
        amount: money(tax.tax_amount.as_ref())?,
    })
}

/// The payments. The log of an earlier build tells the change in one sum: it was given for cash alone.
fn payments(log: &pb::TransactionLog, change: Money) -> Result<Vec<ReceiptPayment>, Error> {
    let mut payments = log.payments.iter().map(payment).collect::<Result<Vec<_>, _>>()?;
    let told = Money::sum(payments.iter().map(|payment| payment.change))?;
    if told.is_zero() && change.is_positive() {
        for cash in payments.iter_mut().filter(|payment| payment.is_cash) {
            cash.change = cash.deposit.minus(cash.amount)?;
        }
    }
    Ok(payments)
}

fn payment(payment: &pb::Payment) -> Result<ReceiptPayment, Error> {
    Ok(ReceiptPayment {
        code: payment.payment_code.clone(),
        is_cash: readable(payment.kind())? == PaymentKind::Cash,
        description: payment.description.clone(),
        deposit: money(payment.deposit_amount.as_ref())?,
        amount: money(payment.amount.as_ref())?,
        change: money(payment.change_amount.as_ref())?,
    })
}

fn origin_of(origin: &pb::TransactionOrigin, zone: &TimeZone) -> Result<Origin, Error> {
    Ok(Origin {
        time: local_time(&origin.generate_date_time, zone)?,
        transaction_type: readable(origin.transaction_type.try_into())?,
        store_code: origin.store_code.clone(),
        store_name: origin.store_name.clone(),
        terminal_no: origin.terminal_no,
        receipt_no: origin.receipt_no,
        transaction_no: origin.transaction_no,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_cannot_be_read_is_not_printed() {
        let log = pb::TransactionLog {
            currency_code: "GBP".to_owned(),
            transaction_type: 101,
            generate_date_time: "2026-06-11T14:03:09+09:00".to_owned(),
            ..Default::default()
        };
        let spoilt = |spoil: fn(&mut pb::TransactionLog)| {
            let mut log = log.clone();
            spoil(&mut log);
            print(&mut log, &TimeZone::UTC)
        };
        assert!(spoilt(|_| {}).is_ok());
        for result in [
            spoilt(|log| log.currency_code.clear()),
            spoilt(|log| log.transaction_type = 301),
            spoilt(|log| log.taxes.push(pb::Tax::default())),
        ] {
            assert!(result.expect_err("unreadable").is(&codes::CART_INTERNAL));
        }
    }
}
