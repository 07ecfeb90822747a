//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
#[derive(Debug, Args)]
pub struct Verify {
    /// Folder of the embedded store; no other process may be using it [default: kugel-data].
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Only this tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
}
