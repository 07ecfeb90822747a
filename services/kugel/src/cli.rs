//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::certificate;
use clap::{Args, Parser, Subcommand};
use kugel_operator::{books, events, export, import, rebuild, secret, users, verify};

/// The backend behind the tills: seven services and a gateway in one executable.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    /// Settings file (TOML). Environment variables override it.
    #[arg(long, global = true, value_name = "FILE", env = "KUGEL_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder of the embedded store; one process uses it at a time [default: kugel-data].
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
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
    /// Make a self-signed certificate and its key, for the port of a shop's box.
    ///
    /// Writes certificate.pem and key.pem, and says how Kugel serves with them and who has to trust what. A running Kugel
    /// shows a renewed certificate at once.
    Certificate(certificate::Options),
    /// Create a tenant with stores and tills and replay real sales through a running Kugel.
    Demo(Demo),
    /// Recompute what must be conserved and name the first record that breaks it.
    Verify(verify::Options),
    /// Write everything of one tenant into one file.
    ///
    /// The file holds the documents of all seven services, with password hashes, hashes of API keys and the events that have
    /// not arrived yet. Nothing may be written to the tenant meanwhile: the embedded store is locked, and where MongoDB is
    /// shared with running services a change is noticed and the export refused.
    Export(export::Options),
    /// Bring a tenant's file into the store that the settings name.
    ///
    /// The file is checked to its last line before anything is written. The tenant must not exist where it is imported, and
    /// is registered there last: an import that was cut off is repeated, or taken back with --take-back. Other tenants may
    /// be served meanwhile where MongoDB is shared with running services.
    Import(import::Options),
    /// Make the journal, the stock or the reports of a tenant again from the logs.
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
    Rebuild(rebuild::Options),
    /// List events that have not arrived, show one, or send them again.
    ///
    /// Events wait in the outboxes of the cart and the terminal service until every consumer has processed them. In the
    /// mesh a consumer lays aside what it cannot process, with the reason: those are dead letters. Looking changes nothing,
    /// and sending again is harmless, because every consumer counts an event once.
    Events(events::Options),
    /// List the sessions that hold a daily report up, mend one, or settle it with a remark.
    ///
    /// A session settles when everything that its terminal announced at the close has arrived. To mend it is to read its
    /// logs again from where they were made, and to count again in the reports (for journal and stock: `kugel rebuild`); to
    /// settle it is to go on although a log is lost for good.
    /// Superusers do the same while Kugel serves, by the methods of BooksService.
    Books(books::Options),
    /// Let a user in who has lost the password.
    ///
    /// For the case that no superuser of the tenant can: they reset passwords and unlock accounts while Kugel serves. The
    /// embedded store is locked meanwhile; MongoDB may be shared with running services.
    Users(users::Options),
    /// Print an invitation code, with which one tenant may register where REGISTRATION is `invitation`.
    ///
    /// Kugel may be running: the code is sealed with the root secret, from SECRET_KEY or the data folder, and nothing is
    /// kept of it before it is used.
    Invite(users::Invite),
    /// Change the root secret of a data folder.
    Secret(secret::Options),
}

/// `kugel serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// One process of the mesh: gateway, account, terminal, master-data, cart, report, journal or stock.
    pub service: Option<String>,
    /// Address and port to listen on [default: 127.0.0.1:8080; a single service: its port of the mesh].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Address and port for metrics and reflection [default: on this machine alone, a thousand above the other port].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub operations_listen: Option<SocketAddr>,
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
    /// What to replay.
    #[command(flatten)]
    pub replay: kugel_demo::Options,
    /// The running Kugel to sell through. Without one, the demo starts Kugel in its own process on `--data-dir`.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
}
