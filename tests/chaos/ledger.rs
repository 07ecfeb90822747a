//! What was sent and what was answered, on disk before anything else happens.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::books::Books;

/// A transaction's place: till and number.
pub(crate) type Place = (i32, i64);

/// What a command does to the books when it is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Effect {
    /// Prepares a sale.
    Nothing,
    /// Makes a transaction.
    Transaction(Transaction),
    /// Moves cash in the drawer.
    Cash { till: i32, amount: i64 },
    /// Brings goods into the stock.
    Stock { item: String, quantity: i64 },
}

/// A transaction as the till means it. Amounts are in yen and positive; the type tells the direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transaction {
    /// 101 sale, -101 cancelled sale, 102 return, 201 void of a sale, 202 void of a return.
    pub(crate) kind: i32,
    /// With tax.
    pub(crate) total: i64,
    /// Item and quantity.
    pub(crate) lines: Vec<(String, i64)>,
    /// Payment code and amount, change taken off.
    pub(crate) payments: Vec<(String, i64)>,
    /// What it reverses.
    pub(crate) origin: Option<Place>,
}

/// A command, as it is sent for the first time or again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Command {
    /// The idempotency key, unique in the whole run.
    pub(crate) key: String,
    /// The till that sends it.
    pub(crate) till: i32,
    /// `POST /carts/…/bill`, for people.
    pub(crate) call: String,
    /// What it is meant to do.
    pub(crate) effect: Effect,
}

/// A success.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The command's key.
    pub(crate) key: String,
    /// The transaction number, if it made a transaction.
    pub(crate) transaction_no: Option<i64>,
    /// The receipt number, if it made a transaction.
    pub(crate) receipt_no: Option<i64>,
    /// The total with tax, if it made a transaction.
    pub(crate) total: Option<i64>,
}

/// A line of the ledger.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Line {
    /// A command is about to be sent.
    Sent(Command),
    /// It was carried out.
    Answered(Answer),
    /// It was refused, and so it is not carried out: the key.
    Refused(String),
}

/// The file, a JSON object a line.
pub(crate) struct Ledger {
    path: PathBuf,
    file: Mutex<File>,
}

impl Ledger {
    pub(crate) fn create(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            file: Mutex::new(File::create_new(path).unwrap()),
        }
    }

    /// Writes a line and waits until it is on disk.
    pub(crate) fn write(&self, line: &Line) {
        let mut text = serde_json::to_string(line).unwrap();
        text.push('\n');
        tokio::task::block_in_place(|| {
            let mut file = self.file.lock().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.sync_data().unwrap();
        });
    }

    /// What the file says must be in the books.
    pub(crate) fn books(&self) -> Books {
        let text = std::fs::read_to_string(&self.path).unwrap();
        Books::of(text.lines().map(|line| serde_json::from_str(line).unwrap()))
    }
}
