//! Reads the command line and the settings, and picks the exit code.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use kugel::certificate;
use kugel::cli::{Cli, Command, Serve};
use kugel::process::{self, GATEWAY, Kugel, Operations, mesh_port};
use kugel_config::{LogFormat, Settings};
use kugel_operator::{books, events, export, import, rebuild, say, secret, users, verify};
use kugel_telemetry::Format;
use kugel_types::SystemClock;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Every request makes and frees many small texts on several threads, which glibc's allocator gives back to the kernel
/// too eagerly and keeps apart per thread too generously.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    process::keep_to_owner();
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")
        .and_then(|runtime| runtime.block_on(run(cli)));
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Who reads an export has gone away, and knows why.
        Err(error) if is_broken_pipe(&error) => ExitCode::FAILURE,
        Err(error) => {
            // One sentence with its causes: who started Kugel from a shell reads this and nothing else.
            eprintln!("kugel: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

/// False: what was asked for is not well, as the command itself has said.
async fn run(cli: Cli) -> anyhow::Result<bool> {
    process::outlive_file_limit()?;
    let mut settings = Settings::load(cli.config.as_deref())?;
    if let Some(folder) = cli.data_dir {
        settings.data_dir = folder;
    }
    let filter = match &cli.command {
        Command::Serve(_) => &settings.log,
        _ => "warn",
    };
    let metrics = telemetry(&settings, filter)?;
    match cli.command {
        Command::Serve(options) => serve(settings, options, metrics).await?,
        Command::Ready(options) => {
            process::ready(&settings, &options.process).await?;
            say!("{} is ready", options.process);
        }
        Command::Certificate(options) => certificate::run(&options)?,
        Command::Demo(options) => kugel::demo::run(settings, options).await?,
        Command::Export(options) => export::run(settings, options).await?,
        Command::Import(options) => import::run(settings, options).await?,
        Command::Verify(options) => return verify::run(settings, options).await,
        Command::Rebuild(options) => return rebuild::run(settings, options).await,
        Command::Events(options) => return events::run(settings, options).await,
        Command::Users(options) => users::run(settings, options).await?,
        Command::Invite(options) => users::invite(&settings, &options)?,
        Command::Secret(options) => secret::run(&settings, &options)?,
        Command::Books(options) => return books::run(settings, options).await,
    }
    Ok(true)
}

fn telemetry(settings: &Settings, filter: &str) -> anyhow::Result<kugel_telemetry::Metrics> {
    let format = match settings.log_format {
        LogFormat::Auto => Format::Auto,
        LogFormat::Text => Format::Text,
        LogFormat::Json => Format::Json,
    };
    Ok(kugel_telemetry::init(filter, format)?)
}

async fn serve(settings: Settings, options: Serve, metrics: kugel_telemetry::Metrics) -> anyhow::Result<()> {
    process::take_descriptors();
    // Before anybody can see the port: who asks to stop is heard from then on.
    let stop = Stop::listen()?;
    let own_port = options
        .service
        .as_deref()
        .and_then(mesh_port)
        .map(|port| ([127, 0, 0, 1], port).into());
    let address = options.listen.or(own_port).unwrap_or(settings.listen);
    let listener = listen(address, "--listen").await?;
    let operations = options.operations_listen.or(settings.operations_listen);
    let operations = operations.unwrap_or_else(|| beside(address));
    let operations = Operations {
        listener: listen(operations, "--operations-listen").await?,
        metrics,
    };
    let reflects = settings.reflection;
    let place = match &settings.mongodb_uri {
        Some(_) => "documents in MongoDB".to_owned(),
        None => format!("data in {}", settings.data_dir.display()),
    };
    let (clock, operations) = (Arc::new(SystemClock), Some(operations));
    let kugel = match options.service.as_deref() {
        None => Kugel::start(settings, clock, listener, operations).await?,
        Some(GATEWAY) => Kugel::start_gateway(settings, clock, listener, operations).await?,
        Some(service) => Kugel::start_service(service, settings, clock, listener, operations).await?,
    };
    match options.service.as_deref() {
        None => print_welcome(&kugel, &place, reflects),
        Some(GATEWAY) => print_welcome(&kugel, "documents where the seven services keep them", reflects),
        Some(service) => say!("{service} serves gRPC on {}", kugel.url()),
    }
    stop.asked().await;
    say!("stopping: finishing what is under way");
    kugel.stop().await;
    Ok(())
}

async fn listen(address: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}: choose another one with {option}"))
}

/// The port for operations unless somebody names one: on this machine alone, a thousand above the main port.
fn beside(main: SocketAddr) -> SocketAddr {
    let port = match main.port() {
        0 => 0,
        port => port.checked_add(1000).unwrap_or(0),
    };
    ([127, 0, 0, 1], port).into()
}

fn print_welcome(kugel: &Kugel, place: &str, reflects: bool) {
    let url = kugel.url();
    say!("Kugel is ready on {url}, {place}");
    say!("  API page       {url}/docs");
    say!("  OpenAPI        {url}/openapi.json");
    say!("  health         {url}/health");
    let operations = kugel.operations_url();
    if let Some(operations) = &operations {
        say!("  metrics        {operations}/metrics");
    }
    let reflection = if reflects { Some(&url) } else { operations.as_ref() };
    if let Some(reflection) = reflection {
        let options = if reflection.starts_with("https") {
            "--cacert CERTIFICATE"
        } else {
            "--http2-prior-knowledge"
        };
        say!("  gRPC           buf curl {options} --protocol grpc --list-methods {reflection}");
    }
    if url.starts_with("http:") {
        say!("  real sales     kugel demo --server {url}");
    }
    say!("Stop with Ctrl-C.");
}

/// What asks a process to stop.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn asked(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
