//! From the wire shape of the logs to what the fold reads. Logs come from the bus, from REST and from our own
//! documents, and go through the same parser every time.

use kugel_error::{Error, codes};
use kugel_proto::Decimal as WireDecimal;
use kugel_proto::cart::v1 as pb;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_types::TerminalNo;
use rust_decimal::Decimal;

use crate::domain::log::{Cash, Close, Discount, Kind, Line, OpenClose, Payment, Session, Tax, Transaction};

/// The largest amount of a single log. Sums of ten million of them still fit into a decimal.
const AMOUNT_LIMIT: i64 = 1_000_000_000_000_000;
/// The most decimals of an amount of a log.
const AMOUNT_PLACES: u32 = 6;

/// Reads a transaction log.
pub fn transaction(log: &TransactionLog) -> Result<Transaction<'_>, Error> {
    let kind = Kind::from_number(log.transaction_type)
        .ok_or_else(|| invalid("transaction_type", "must be 101, 102, 201 or 202"))?;
    if log.transaction_no < 1 {
        return Err(invalid("transaction_no", "must be above zero"));
    }
    if log.generate_date_time.is_empty() {
        return Err(invalid("generate_date_time", "is required"));
    }
    let sales = log
        .sales
        .as_ref()
        .ok_or_else(|| invalid("sales", "is required"))?;
    Ok(Transaction {
        session: session(
            &log.store_code,
            log.terminal_no,
            &log.business_date,
            log.open_counter,
        )?,
        number: log.transaction_no,
        generated: &log.generate_date_time,
        kind,
        cancelled: sales.is_cancelled,
        store_name: &log.store_name,
        currency: &log.currency_code,
        total_with_tax: amount(
            "sales.total_amount_with_tax",
            sales.total_amount_with_tax.as_ref(),
        )?,
        total_discount: amount(
            "sales.total_discount_amount",
            sales.total_discount_amount.as_ref(),
        )?,
        quantity: amount("sales.total_quantity", sales.total_quantity.as_ref())?,
        lines: live_lines(log).map(line).collect::<Result<_, _>>()?,
        payments: payments(log)?,
        taxes: taxes(log)?,
        subtotal_discounts: log
            .subtotal_discounts
            .iter()
            .map(|discount| {
                amount(
                    "subtotal_discounts.discount_amount",
                    discount.discount_amount.as_ref(),
                )
            })
            .collect::<Result<_, _>>()?,
    })
}

fn live_lines(log: &TransactionLog) -> impl Iterator<Item = &pb::LineItem> {
    log.line_items.iter().filter(|line| !line.is_cancelled)
}

fn line(line: &pb::LineItem) -> Result<Line<'_>, Error> {
    Ok(Line {
        item: &line.item_code,
        description: &line.description,
        category: line.category_code.as_deref().unwrap_or_default(),
        tax_code: &line.tax_code,
        quantity: amount("line_items.quantity", line.quantity.as_ref())?,
        amount: amount("line_items.amount", line.amount.as_ref())?,
        discounts: discounts("line_items.discounts.discount_amount", &line.discounts)?,
        allocated: discounts(
            "line_items.discounts_allocated.discount_amount",
            &line.discounts_allocated,
        )?,
    })
}

fn discounts<'log>(field: &str, discounts: &'log [pb::Discount]) -> Result<Vec<Discount<'log>>, Error> {
    let read = |discount: &'log pb::Discount| {
        let kind = discount.promotion_type.as_deref().unwrap_or_default();
        let code = discount.promotion_code.as_deref().filter(|code| !code.is_empty());
        Ok(Discount {
            amount: amount(field, discount.discount_amount.as_ref())?,
            promotion: code.map(|code| (code, kind)),
        })
    };
    discounts.iter().map(read).collect()
}

fn payments(log: &TransactionLog) -> Result<Vec<Payment<'_>>, Error> {
    let payments = log.payments.iter().map(|payment| {
        Ok(Payment {
            code: &payment.payment_code,
            name: &payment.description,
            amount: amount("payments.amount", payment.amount.as_ref())?,
        })
    });
    payments.collect()
}

fn taxes(log: &TransactionLog) -> Result<Vec<Tax<'_>>, Error> {
    let taxes = log.taxes.iter().map(|tax| {
        Ok(Tax {
            code: &tax.tax_code,
            kind: &tax.tax_type,
            name: &tax.tax_name,
            amount: amount("taxes.tax_amount", tax.tax_amount.as_ref())?,
            target: amount("taxes.target_amount", tax.target_amount.as_ref())?,
            quantity: amount("taxes.target_quantity", tax.target_quantity.as_ref())?,
        })
    });
    taxes.collect()
}

/// Reads a cash log.
pub fn cash(log: &CashLog) -> Result<Cash<'_>, Error> {
    Ok(Cash {
        session: session(
            &log.store_code,
            log.terminal_no,
            &log.business_date,
            log.open_counter,
        )?,
        generated: &log.generate_date_time,
        amount: amount("amount", log.amount.as_ref())?,
    })
}

/// Reads an open or close log.
pub fn open_close(log: &OpenCloseLog) -> Result<OpenClose<'_>, Error> {
    let close = match log.operation.as_str() {
        "open" => None,
        "close" => Some(close(log)?),
        _ => return Err(invalid("operation", "must be `open` or `close`")),
    };
    Ok(OpenClose {
        session: session(
            &log.store_code,
            log.terminal_no,
            &log.business_date,
            log.open_counter,
        )?,
        generated: &log.generate_date_time,
        close,
    })
}

fn close(log: &OpenCloseLog) -> Result<Close<'_>, Error> {
    let terminal = log.terminal_info.as_ref();
    let counted = terminal.and_then(|terminal| terminal.physical_amount.as_ref());
    Ok(Close {
        counted_cash: amount("terminal_info.physical_amount", counted)?,
        transactions: log.cart_transaction_count.unwrap_or(0).into(),
        last_transaction: log.cart_transaction_last_no,
        cash_logs: log.cash_in_out_count.unwrap_or(0).into(),
        last_cash: log.cash_in_out_last_datetime.as_deref(),
    })
}

fn session(store: &str, terminal: i32, date: &str, open_counter: i32) -> Result<Session, Error> {
    Ok(Session {
        store: store.parse()?,
        terminal: TerminalNo::new(terminal.into())?,
        date: date.parse()?,
        open_counter,
    })
}

/// An amount, 0 where there is none.
fn amount(field: &str, wire: Option<&WireDecimal>) -> Result<Decimal, Error> {
    let Some(wire) = wire else {
        return Ok(Decimal::ZERO);
    };
    let value = wire.exact().map_err(|error| invalid(field, &error.to_string()))?;
    let value = value.normalize();
    if value.abs() < Decimal::from(AMOUNT_LIMIT) && value.scale() <= AMOUNT_PLACES {
        Ok(value)
    } else {
        Err(invalid(field, "has more than 15 digits or 6 decimals"))
    }
}

fn invalid(field: &str, rule: &str) -> Error {
    codes::INVALID_INPUT
        .error(format!("{field} {rule}"))
        .field(field, rule)
}
