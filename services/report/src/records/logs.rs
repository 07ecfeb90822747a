//! The logs as documents, and from their messages to what the fold reads. Logs come from the bus, from REST and from our
//! own documents, and go through the same parser every time.

use jiff::Timestamp;
use kugel_error::{Error, codes};
use kugel_proto::Decimal as WireDecimal;
use kugel_proto::cart::v1 as pb;
use kugel_proto::cart::v1::TransactionLog;
use kugel_proto::terminal::v1::{CashLog, OpenCloseLog};
use kugel_store::{Action, Body, Collection, Field, Record, Write};
use kugel_types::{InvalidId, TerminalNo, TransactionType};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::log::{
    Cash, Close, Counted, Discount, Line, OpenClose, Payment, Session, Tax, Transaction,
};
use crate::domain::session::Log;

/// Transaction logs. The terminal's number for one is unique: a second log of the number is the same one again.
pub static TRANSACTION_LOGS: Collection = logs("transaction_logs");
/// Cash logs. Two of them may carry the same time, so the event tells them apart.
pub static CASH_LOGS: Collection = logs("cash_logs");
/// Open and close logs. A session has one of each.
pub static OPEN_CLOSE_LOGS: Collection = logs("open_close_logs");
/// All collections of logs.
pub static LOGS: [&Collection; 3] = [&TRANSACTION_LOGS, &CASH_LOGS, &OPEN_CLOSE_LOGS];

const FIELDS: &[Field] = &[Field::text("store_code"), Field::text("business_date")];

const fn logs(name: &'static str) -> Collection {
    Collection {
        name,
        fields: FIELDS,
        indexes: &[],
    }
}

/// The members of a transaction's log that nothing is counted from and the journal keeps: half of its bytes.
pub const TEXTS: &[&str] = &["receipt_text", "journal_text"];

/// A message that is a log.
pub trait LogMessage: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Where it is filed.
    const COLLECTION: &'static Collection;

    /// The natural key. Terminal and transaction numbers are padded, so that the order of keys is the order of numbers.
    fn key(&self) -> String;
    /// The log as the fold reads it.
    fn read(&self) -> Result<Log<'_>, Error>;
}

/// A log as it came, but for its texts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Filed<L>(pub L);

impl<L: LogMessage> Record for Filed<L> {
    const COLLECTION: &'static Collection = L::COLLECTION;
    fn id(&self) -> String {
        self.0.key()
    }
}

/// A log of any kind.
pub(crate) trait AnyLog: Send + Sync {
    /// The log as the fold reads it.
    fn read(&self) -> Result<Log<'_>, Error>;
    /// The write that files the log. `body` is its JSON text as it came, of which only the texts are left out.
    fn filed(&self, body: &Body) -> Result<Write, serde_json::Error>;
}

impl<L: LogMessage> AnyLog for L {
    fn read(&self) -> Result<Log<'_>, Error> {
        LogMessage::read(self)
    }
    fn filed(&self, body: &Body) -> Result<Write, serde_json::Error> {
        Ok(Write {
            collection: L::COLLECTION,
            id: self.key(),
            action: Action::Append(body.without(TEXTS)?),
        })
    }
}

impl LogMessage for TransactionLog {
    const COLLECTION: &'static Collection = &TRANSACTION_LOGS;
    fn key(&self) -> String {
        format!(
            "{}/{:04}/{:012}",
            self.store_code, self.terminal_no, self.transaction_no
        )
    }
    fn read(&self) -> Result<Log<'_>, Error> {
        transaction(self).map(Log::Transaction)
    }
}

impl LogMessage for CashLog {
    const COLLECTION: &'static Collection = &CASH_LOGS;
    fn key(&self) -> String {
        let Self {
            store_code,
            terminal_no,
            business_date,
            open_counter,
            event_id,
            ..
        } = self;
        format!("{store_code}/{terminal_no:04}/{business_date}/{open_counter}/{event_id}")
    }
    fn read(&self) -> Result<Log<'_>, Error> {
        cash(self).map(Log::Cash)
    }
}

impl LogMessage for OpenCloseLog {
    const COLLECTION: &'static Collection = &OPEN_CLOSE_LOGS;
    fn key(&self) -> String {
        let Self {
            store_code,
            terminal_no,
            business_date,
            open_counter,
            operation,
            ..
        } = self;
        format!("{store_code}/{terminal_no:04}/{business_date}/{open_counter}/{operation}")
    }
    fn read(&self) -> Result<Log<'_>, Error> {
        open_close(self).map(Log::OpenClose)
    }
}

/// The largest amount of a single log. Sums of ten million of them still fit into a decimal.
const AMOUNT_LIMIT: i64 = 1_000_000_000_000_000;
/// The most decimals of an amount of a log.
const AMOUNT_PLACES: u32 = 6;

fn transaction(log: &TransactionLog) -> Result<Transaction<'_>, Error> {
    let kind = TransactionType::try_from(log.transaction_type).map_err(in_field("transaction_type"))?;
    if log.transaction_no < 1 {
        return Err(invalid("transaction_no", "must be above zero"));
    }
    time("generate_date_time", &log.generate_date_time)?;
    let sales = log
        .sales
        .as_ref()
        .ok_or_else(|| invalid("sales", "is required"))?;
    let currency = Some(log.currency_code.as_str()).filter(|code| !code.is_empty());
    let currency = currency.map(str::parse);
    Ok(Transaction {
        session: session(
            &log.store_code,
            log.terminal_no,
            &log.business_date,
            log.open_counter,
        )?,
        number: log.transaction_no,
        kind,
        cancelled: sales.is_cancelled,
        store_name: &log.store_name,
        currency: currency.transpose().map_err(in_field("currency_code"))?,
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
        cash: drawer(log)?,
        rounding: amount("sales.rounding_amount", sales.rounding_amount.as_ref())?,
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

/// Cash that the payments bring into the drawer.
fn drawer(log: &TransactionLog) -> Result<Decimal, Error> {
    for payment in &log.payments {
        payment.kind().map_err(in_field("payments.payment_kind"))?;
        amount("payments.change_amount", payment.change_amount.as_ref())?;
    }
    let cash = log.cash();
    Ok(cash
        .map_err(|error| invalid("payments", &error.to_string()))?
        .decimal())
}

fn taxes(log: &TransactionLog) -> Result<Vec<Tax<'_>>, Error> {
    let taxes = log.taxes.iter().map(|tax| {
        Ok(Tax {
            code: &tax.tax_code,
            kind: tax.kind().map_err(in_field("taxes.tax_type"))?,
            name: &tax.tax_name,
            amount: amount("taxes.tax_amount", tax.tax_amount.as_ref())?,
            target: amount("taxes.target_amount", tax.target_amount.as_ref())?,
            quantity: amount("taxes.target_quantity", tax.target_quantity.as_ref())?,
        })
    });
    taxes.collect()
}

fn cash(log: &CashLog) -> Result<Cash, Error> {
    Ok(Cash {
        session: session(
            &log.store_code,
            log.terminal_no,
            &log.business_date,
            log.open_counter,
        )?,
        generated: time("generate_date_time", &log.generate_date_time)?,
        amount: amount("amount", log.amount.as_ref())?,
    })
}

fn open_close(log: &OpenCloseLog) -> Result<OpenClose, Error> {
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
        generated: time("generate_date_time", &log.generate_date_time)?,
        close,
    })
}

fn close(log: &OpenCloseLog) -> Result<Close, Error> {
    let last_cash = log.cash_in_out_last_datetime.as_deref();
    let last_cash = last_cash.map(|text| time("cash_in_out_last_datetime", text));
    let terminal = log.terminal_info.as_ref();
    let cash = terminal.and_then(|terminal| terminal.physical_amount.as_ref());
    let counted = cash
        .zip(log.over_short_amount.as_ref())
        .map(|(cash, over_short)| {
            Ok::<_, Error>(Counted {
                cash: amount("terminal_info.physical_amount", Some(cash))?,
                over_short: amount("over_short_amount", Some(over_short))?,
            })
        });
    Ok(Close {
        counted: counted.transpose()?,
        transactions: log.cart_transaction_count.unwrap_or(0).into(),
        last_transaction: log.cart_transaction_last_no,
        cash_logs: log.cash_in_out_count.unwrap_or(0).into(),
        last_cash: last_cash.transpose()?,
    })
}

fn session(store: &str, terminal: i32, date: &str, open_counter: i32) -> Result<Session, Error> {
    Ok(Session {
        store: store.parse()?,
        terminal: TerminalNo::new(terminal.into())?,
        date: date.parse()?,
        open_counter,
        is_posted: false,
    })
}

/// An instant. Till and zone may write the same one differently, so texts are never compared.
fn time(field: &str, text: &str) -> Result<Timestamp, Error> {
    let rule = match text {
        "" => "is required",
        _ => "must be ISO 8601 with an offset",
    };
    text.parse().map_err(|_| invalid(field, rule))
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

fn in_field(field: &'static str) -> impl Fn(InvalidId) -> Error {
    move |unknown| invalid(field, &format!("must be {}", unknown.rule))
}

fn invalid(field: &str, rule: &str) -> Error {
    codes::INVALID_INPUT
        .error(format!("{field} {rule}"))
        .field(field, rule)
}
