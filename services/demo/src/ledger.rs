//! The account of the input: every line that was read is replayed or skipped with a reason.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

/// A line as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The file.
    pub(super) file: Arc<str>,
    /// The line of the file where it begins, from 1.
    pub(super) number: u64,
    /// Its columns.
    pub(super) columns: Vec<String>,
}

/// Why a line was not replayed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// The line has fewer columns than the head of the file.
    ColumnMissing,
    /// The invoice number is blank.
    NoInvoice,
    /// The stock code cannot be a key of the catalogue.
    StockCodeUnusable,
    /// The quantity is no number, or has too many digits.
    QuantityUnreadable,
    /// The price is no number, or has too many digits.
    PriceUnreadable,
    /// The date is not written `YYYY-MM-DD HH:MM:SS`.
    DateUnreadable,
    /// The quantity is zero.
    QuantityZero,
    /// The quantity is below zero and the invoice is no cancellation: damaged, lost or counted goods.
    NotSold,
    /// The price is zero.
    PriceZero,
    /// The price is below zero.
    PriceNegative,
    /// The quantity of a cancellation is above zero.
    CancellationPositive,
    /// A cancellation with another line that cannot be replayed: a sale is reversed whole or not at all.
    CancellationUnusable,
    /// A cancellation of nothing that was sold in the files before it.
    SaleUnknown,
    /// A cancellation of a part of a sale.
    SalePart,
    /// A cancellation of a sale that the server refused.
    SaleRefused,
    /// The server said no.
    Refused(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ColumnMissing => "columns are missing",
            Self::NoInvoice => "no invoice number",
            Self::StockCodeUnusable => "stock code cannot be a key",
            Self::QuantityUnreadable => "quantity is no number or has too many digits",
            Self::PriceUnreadable => "price is no number or has too many digits",
            Self::DateUnreadable => "date is not YYYY-MM-DD HH:MM:SS",
            Self::QuantityZero => "quantity is zero",
            Self::NotSold => "quantity below zero outside a cancellation: not a sale",
            Self::PriceZero => "price is zero",
            Self::PriceNegative => "price is below zero",
            Self::CancellationPositive => "quantity above zero in a cancellation",
            Self::CancellationUnusable => "cancellation with another line that cannot be replayed",
            Self::SaleUnknown => "cancellation of something not sold in these files before it",
            Self::SalePart => "cancellation of a part of a sale: sales are reversed whole",
            Self::SaleRefused => "cancellation of a sale that was refused",
            Self::Refused(message) => return write!(formatter, "refused: {message}"),
        })
    }
}

/// The account.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    columns: Vec<String>,
    read: usize,
    replayed: usize,
    skipped: Vec<(Row, Reason)>,
}

impl Ledger {
    /// Keeps the names of the columns for the list of skipped lines. Those of the first file stand for all.
    pub(super) fn head(&mut self, columns: &[String]) {
        if self.columns.is_empty() {
            self.columns = columns.to_vec();
        }
    }

    /// Counts a line that was read.
    pub(super) fn read(&mut self) {
        self.read += 1;
    }

    /// Counts lines that were replayed.
    pub(super) fn replay(&mut self, lines: usize) {
        self.replayed += lines;
    }

    /// Notes lines that were not replayed.
    pub(super) fn skip(&mut self, rows: impl IntoIterator<Item = Row>, reason: &Reason) {
        self.skipped
            .extend(rows.into_iter().map(|row| (row, reason.clone())));
    }

    /// The lines that were not replayed, counted by reason, and that the count is complete.
    pub(super) fn summary(&self) -> anyhow::Result<String> {
        let Self {
            read,
            replayed,
            skipped,
            ..
        } = self;
        let mut counts = BTreeMap::<_, usize>::new();
        for (_, reason) in skipped {
            *counts.entry(reason).or_default() += 1;
        }
        let mut text = format!(
            "{read} lines read = {replayed} replayed + {} skipped",
            skipped.len()
        );
        for (reason, count) in counts {
            text += &format!("\n  {count:>6}  {reason}");
        }
        anyhow::ensure!(
            *read == replayed + skipped.len(),
            "lines were lost on the way: {text}"
        );
        Ok(text)
    }

    /// Lists the skipped lines in a CSV file, in the order of the input.
    pub(super) fn write_skipped(&self, path: &Path) -> anyhow::Result<()> {
        let name = path.display().to_string();
        let mut rows: Vec<_> = self.skipped.iter().collect();
        rows.sort_by(|(a, _), (b, _)| (&a.file, a.number).cmp(&(&b.file, b.number)));
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .from_path(path)
            .context(name.clone())?;
        let mut write = |start: [&str; 3], columns: &[String]| {
            let fields = start.into_iter().chain(columns.iter().map(String::as_str));
            writer.write_record(fields)
        };
        write(["Reason", "File", "Line"], &self.columns).context(name.clone())?;
        for (row, reason) in rows {
            let start = [&reason.to_string(), &*row.file, &row.number.to_string()];
            write(start, &row.columns).context(name.clone())?;
        }
        writer.flush().context(name)
    }
}
