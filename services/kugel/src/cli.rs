//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The backend behind the tills: seven services and a gateway in one executable.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    /// Settings file (TOML). Environment variables override it.
    #[arg(long, global = true, value_name = "FILE", env = "KUGEL_CONFIG")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything in one process, or one of the eight processes of the mesh.
    Serve(Serve),
    /// Ask a running process whether it is ready: exit code 0 says yes.
    Ready(Ready),
    /// Create a tenant with stores and tills and replay real sales through a running Kugel.
    Demo(Demo),
    /// Recompute what must be conserved and name the first record that breaks it.
    Verify(Verify),
    /// Write everything of one tenant into one file.
    ///
    /// The file holds the documents of all seven services, with password hashes, hashes of API keys and the events that have
    /// not arrived yet. Nothing may be written to the tenant meanwhile: the embedded store is locked, and where MongoDB is
    /// shared with running services a change is noticed and the export refused.
    Export(Export),
    /// Bring a tenant's file into the store that the settings name.
    ///
    /// The file is checked to its last line before anything is written. The tenant must not exist where it is imported, and
    /// is registered there last: an import that was cut off is repeated, or taken back with --take-back. Other tenants may
    /// be served meanwhile where MongoDB is shared with running services.
    Import(Import),
    /// Make the journal, the stock or the reports of a tenant anew from the logs.
    ///
    /// Removes what events made of the service's documents and folds all events of the past again, from the transactions of
    /// the cart service and the logs of the terminal service. What came another way stays: changes of stock by hand,
    /// thresholds, snapshots and schedules, journal entries and transactions that were posted. Totals and digest are printed
    /// before and after, and everything is verified.
    ///
    /// The embedded store is locked meanwhile. Where MongoDB is shared with running services, stop all processes of the
    /// service that is rebuilt, and of `kugel serve` in one process: two that fold at the same time would count twice. The
    /// others may go on, their events wait in the service's queue and count once; the verification is then repeated when
    /// nothing is sold. Cut off, the command is run again before the service serves.
    Rebuild(Rebuild),
    /// List events that have not arrived, show one, or send them again.
    ///
    /// Events wait in the outboxes of the cart and the terminal service until every consumer has processed them. In the
    /// mesh a consumer lays aside what it cannot process, with the reason: those are dead letters. Looking changes nothing,
    /// and sending again is harmless, because every consumer counts an event once.
    Events(Events),
}

/// `kugel serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// One process of the mesh: gateway, account, terminal, master-data, cart, report, journal or stock.
    pub service: Option<String>,
    /// Address and port to listen on [default: 127.0.0.1:8080; a single service: its port of the mesh].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Folder of the embedded store [default: kugel-data].
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// `kugel ready`
#[derive(Debug, Args)]
pub struct Ready {
    /// The process: gateway on this machine, or a service where the settings say it is.
    #[arg(default_value = "gateway")]
    pub process: String,
}

/// `kugel demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Files of invoice lines, a day each: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice.
    /// Without one, the day that ships with Kugel is replayed.
    #[arg(value_name = "CSV")]
    pub files: Vec<PathBuf>,
    /// The running Kugel to sell through. Without one, the demo starts Kugel in its own process on `--data-dir`.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Folder of the embedded store, if the demo starts Kugel itself [default: kugel-data].
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Tenant to create. An existing one is never touched: choose another name to replay again.
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Tills that sell at the same time.
    #[arg(long, value_name = "COUNT", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub terminals: u16,
    /// Where to list the lines that could not be replayed [default: only counted by reason on screen].
    #[arg(long, value_name = "FILE")]
    pub skipped: Option<PathBuf>,
}

/// `kugel verify`
#[derive(Debug, Default, Args)]
pub struct Verify {
    /// Folder of the embedded store; no other process may be using it [default: kugel-data].
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Only this tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Print a JSON object a tenant instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `kugel export`
#[derive(Debug, Args)]
pub struct Export {
    /// The tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: String,
    /// The file to write, `-` for the standard output [default: ID.kugel].
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Folder of the embedded store; no other process may be using it [default: kugel-data].
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// `kugel import`
#[derive(Debug, Args)]
pub struct Import {
    /// The file that `kugel export` wrote.
    #[arg(value_name = "FILE", required_unless_present = "take_back")]
    pub file: Option<PathBuf>,
    /// Instead: remove what an import of this tenant left behind that was cut off.
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    pub take_back: Option<String>,
    /// Folder of the embedded store; no other process may be using it [default: kugel-data].
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// `kugel rebuild`
#[derive(Debug, Args)]
pub struct Rebuild {
    /// What to make anew.
    pub service: Folding,
    /// The tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: String,
    /// Folder of the embedded store; no other process may be using it [default: kugel-data].
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// The services whose documents are made of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Folding {
    /// The electronic journal.
    Journal,
    /// Levels and history of stock.
    Stock,
    /// The sums that reports are made of.
    Report,
}

impl Folding {
    /// The service's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Stock => "stock",
            Self::Report => "report",
        }
    }
}

/// `kugel events`
#[derive(Debug, Args)]
pub struct Events {
    /// What to do.
    #[command(subcommand)]
    pub command: EventsCommand,
    /// Folder of the embedded store; no other process may be using it [default: kugel-data].
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// What to do with events.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// List undelivered events and dead letters with their reasons.
    List(ListEvents),
    /// Show one event: who has processed it, why others have not, and what it says.
    Show {
        /// The event.
        id: String,
    },
    /// Send again: dead letters to their queue, undelivered events to who has not processed them.
    Replay(ReplayEvents),
}

/// `kugel events list`
#[derive(Debug, Args)]
pub struct ListEvents {
    /// Only this tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Print a JSON object a line instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `kugel events replay`
#[derive(Debug, Args)]
pub struct ReplayEvents {
    /// One event.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub id: Option<String>,
    /// Everything that has not arrived.
    #[arg(long)]
    pub all: bool,
    /// Only of this tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
}
