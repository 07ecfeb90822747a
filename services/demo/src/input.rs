//! Reading invoice lines: a file is a day, and the lines of an invoice number are a document.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use anyhow::Context as _;
use csv::ByteRecord;
use jiff::civil::DateTime;
use kugel_types::{ItemCode, Money, Quantity};
use rust_decimal::Decimal;

use super::ledger::{Ledger, Reason, Row};

/// The columns that are needed; the first file that lacks one is refused.
const COLUMNS: [&str; 6] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
];

/// How dates are written.
const DATE: &str = "%Y-%m-%d %H:%M:%S";

/// A line that can be replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it stands.
    pub(super) row: Row,
    /// The item.
    pub(super) item_code: String,
    /// The item's name, maybe blank.
    pub(super) description: String,
    /// How much, above zero: in a cancellation what is taken back.
    pub(super) quantity: Decimal,
    /// The price of one unit, above zero.
    pub(super) unit_price: Decimal,
}

/// An invoice, or the cancellation of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    /// Its number.
    pub(super) number: String,
    /// Whether it cancels.
    pub(super) is_cancellation: bool,
    /// The customer; empty if unknown.
    pub(super) customer: String,
    /// The customer's country; empty if unknown.
    pub(super) country: String,
    /// When it was made.
    pub(super) time: DateTime,
    /// Its lines.
    pub(super) lines: Vec<Line>,
}

/// The documents of a file in the order they were made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Day {
    /// The file's name.
    pub(super) name: String,
    /// The documents.
    pub(super) documents: Vec<Document>,
}

/// Where the columns stand.
struct Columns {
    needed: [usize; 6],
    customer: Option<usize>,
    country: Option<usize>,
}

/// What a line says, as far as it says it.
struct Entry {
    number: String,
    customer: String,
    country: String,
    time: DateTime,
    line: Result<Line, (Row, Reason)>,
}

/// Reads the lines of a day. Those that cannot be replayed go to the ledger at once.
pub(super) fn read_day(name: &str, source: impl Read, ledger: &mut Ledger) -> anyhow::Result<Day> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
    let head = texts(reader.byte_headers().context(name.to_owned())?);
    let columns = Columns::find(&head).with_context(|| format!("{name} is no file of invoice lines"))?;
    ledger.head(&head);
    let file: Arc<str> = name.into();
    let mut documents = Documents::default();
    for record in reader.into_byte_records() {
        let record = record.context(name.to_owned())?;
        ledger.read();
        let row = Row {
            file: file.clone(),
            number: record.position().map_or(0, csv::Position::line),
            columns: texts(&record),
        };
        match columns.entry(row) {
            Ok(entry) => documents.add(entry, ledger),
            Err((row, reason)) => ledger.skip([row], &reason),
        }
    }
    Ok(documents.finish(name, ledger))
}

/// Files of older systems are not always UTF-8: what cannot be read is replaced, never a reason to lose a line.
fn texts(record: &ByteRecord) -> Vec<String> {
    record
        .iter()
        .map(|field| String::from_utf8_lossy(field).into_owned())
        .collect()
}

impl Columns {
    fn find(head: &[String]) -> anyhow::Result<Self> {
        let find = |name: &str| head.iter().position(|column| column.trim() == name);
        let mut needed = [0; 6];
        for (place, name) in needed.iter_mut().zip(COLUMNS) {
            *place = find(name).with_context(|| format!("it has no column {name}"))?;
        }
        Ok(Self {
            needed,
            customer: find("CustomerID"),
            country: find("Country"),
        })
    }

    /// What a row says. Without a number or a time it belongs to no document.
    fn entry(&self, row: Row) -> Result<Entry, (Row, Reason)> {
        let column = |place: usize| row.columns.get(place).map(|text| text.trim().to_owned());
        let needed: Option<Vec<String>> = self.needed.into_iter().map(column).collect();
        let Some(Ok([number, code, description, quantity, date, price])) =
            needed.map(<[String; 6]>::try_from)
        else {
            return Err((row, Reason::ColumnMissing));
        };
        let optional = |place: Option<usize>| place.and_then(column).unwrap_or_default();
        let (customer, country) = (optional(self.customer), optional(self.country));
        if number.is_empty() {
            return Err((row, Reason::NoInvoice));
        }
        let Ok(time) = DateTime::strptime(DATE, &date) else {
            return Err((row, Reason::DateUnreadable));
        };
        let line = match amounts(&code, &quantity, &price, is_cancellation(&number)) {
            Ok((quantity, unit_price)) => Ok(Line {
                row,
                item_code: code,
                description,
                quantity,
                unit_price,
            }),
            Err(reason) => Err((row, reason)),
        };
        Ok(Entry {
            number,
            // Spreadsheets make a decimal of a whole number.
            customer: customer.trim_end_matches(".0").to_owned(),
            country,
            time,
            line,
        })
    }
}

fn is_cancellation(number: &str) -> bool {
    number.starts_with('C')
}

/// The quantity and the price of a line that can be replayed, both above zero.
fn amounts(code: &str, quantity: &str, price: &str, cancels: bool) -> Result<(Decimal, Decimal), Reason> {
    if code.parse::<ItemCode>().is_err() {
        return Err(Reason::StockCodeUnusable);
    }
    let quantity = quantity
        .parse::<Quantity>()
        .map_err(|_| Reason::QuantityUnreadable)?;
    let price = price.parse::<Money>().map_err(|_| Reason::PriceUnreadable)?;
    match (quantity.is_zero(), quantity.is_negative(), cancels) {
        (true, _, _) => return Err(Reason::QuantityZero),
        (false, true, false) => return Err(Reason::NotSold),
        (false, false, true) => return Err(Reason::CancellationPositive),
        (false, true, true) | (false, false, false) => {}
    }
    match (price.is_zero(), price.is_negative()) {
        (true, _) => Err(Reason::PriceZero),
        (false, true) => Err(Reason::PriceNegative),
        (false, false) => Ok((quantity.decimal().abs(), price.decimal())),
    }
}

/// The documents of a day while it is read.
#[derive(Default)]
struct Documents {
    places: HashMap<String, usize>,
    documents: Vec<Document>,
    /// Cancellations that have a line which cannot be replayed.
    incomplete: Vec<bool>,
}

impl Documents {
    fn add(&mut self, entry: Entry, ledger: &mut Ledger) {
        let place = *self.places.entry(entry.number.clone()).or_insert_with(|| {
            self.documents.push(Document {
                is_cancellation: is_cancellation(&entry.number),
                number: entry.number,
                customer: entry.customer,
                country: entry.country,
                time: entry.time,
                lines: Vec::new(),
            });
            self.incomplete.push(false);
            self.documents.len() - 1
        });
        let document = &mut self.documents[place];
        match entry.line {
            Ok(line) => document.lines.push(line),
            Err((row, reason)) => {
                ledger.skip([row], &reason);
                self.incomplete[place] |= document.is_cancellation;
            }
        }
    }

    fn finish(self, name: &str, ledger: &mut Ledger) -> Day {
        let mut documents = Vec::with_capacity(self.documents.len());
        for (document, incomplete) in self.documents.into_iter().zip(self.incomplete) {
            if incomplete {
                let rows = document.lines.into_iter().map(|line| line.row);
                ledger.skip(rows, &Reason::CancellationUnusable);
            } else if !document.lines.is_empty() {
                documents.push(document);
            }
        }
        // In the same minute a sale comes before what may cancel it.
        documents.sort_by_key(|document| (document.time, document.is_cancellation));
        Day {
            name: name.to_owned(),
            documents,
        }
    }
}
