//! Reads the command line and the settings, and picks the exit code.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use kugel::cli::{Cli, Command, Serve};
use kugel::process::{GATEWAY, Kugel, mesh_port};
use kugel_config::{LogFormat, Settings};
use kugel_telemetry::Format;
use kugel_types::SystemClock;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Every request makes and frees many small texts on several threads, which glibc's allocator gives back to the kernel
/// too eagerly and keeps apart per thread too generously.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")
        .and_then(|runtime| runtime.block_on(run(cli)));
    match result {
        Ok(code) => code,
        Err(error) => {
            // One sentence with its causes: who started Kugel from a shell reads this and nothing else.
            eprintln!("kugel: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let mut settings = Settings::load(cli.config.as_deref())?;
    match cli.command {
        Command::Serve(options) => {
            let metrics = telemetry(&settings, &settings.log)?;
            serve(settings, options, metrics).await
        }
        Command::Ready(options) => {
            kugel::process::ready(&settings, &options.process).await?;
            println!("{} is ready", options.process);
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo(options) => {
            telemetry(&settings, "warn")?;
            if let Some(folder) = &options.data_dir {
                settings.data_dir.clone_from(folder);
            }
            kugel::demo::run(settings, options)
                .await
                .map(|()| ExitCode::SUCCESS)
        }
        Command::Verify(options) => {
            telemetry(&settings, "warn")?;
            let settings = settings_in(settings, &options.data_dir);
            kugel::verify::run(settings, options).await.map(exit_code)
        }
        Command::Export(options) => {
            telemetry(&settings, "warn")?;
            let settings = settings_in(settings, &options.data_dir);
            kugel::export::run(settings, options)
                .await
                .map(|()| ExitCode::SUCCESS)
        }
        Command::Import(options) => {
            telemetry(&settings, "warn")?;
            let settings = settings_in(settings, &options.data_dir);
            kugel::import::run(settings, options)
                .await
                .map(|()| ExitCode::SUCCESS)
        }
        Command::Rebuild(options) => {
            telemetry(&settings, "warn")?;
            let settings = settings_in(settings, &options.data_dir);
            kugel::rebuild::run(settings, options).await.map(exit_code)
        }
        Command::Events(options) => {
            telemetry(&settings, "warn")?;
            let settings = settings_in(settings, &options.data_dir);
            kugel::events::run(settings, options).await.map(exit_code)
        }
    }
}

/// The settings with the folder that the command line names, if it names one.
fn settings_in(settings: Settings, folder: &Option<PathBuf>) -> Settings {
    match folder {
        Some(folder) => Settings {
            data_dir: folder.clone(),
            ..settings
        },
        None => settings,
    }
}

fn exit_code(is_well: bool) -> ExitCode {
    if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn telemetry(settings: &Settings, filter: &str) -> anyhow::Result<kugel_telemetry::Metrics> {
    let format = match settings.log_format {
        LogFormat::Auto => Format::Auto,
        LogFormat::Text => Format::Text,
        LogFormat::Json => Format::Json,
    };
    Ok(kugel_telemetry::init(filter, format)?)
}

async fn serve(
    mut settings: Settings,
    options: Serve,
    metrics: kugel_telemetry::Metrics,
) -> anyhow::Result<ExitCode> {
    if let Some(folder) = options.data_dir {
        settings.data_dir = folder;
    }
    let own_port = options
        .service
        .as_deref()
        .and_then(mesh_port)
        .map(|port| ([127, 0, 0, 1], port).into());
    let address = options.listen.or(own_port).unwrap_or(settings.listen);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another one with --listen"))?;
    let place = match &settings.mongodb_uri {
        Some(_) => "documents in MongoDB".to_owned(),
        None => format!("data in {}", settings.data_dir.display()),
    };
    let (clock, metrics) = (Arc::new(SystemClock), Some(metrics));
    let kugel = match options.service.as_deref() {
        None => Kugel::start(settings, clock, listener, metrics).await?,
        Some(GATEWAY) => Kugel::start_gateway(settings, clock, listener, metrics).await?,
        Some(service) => Kugel::start_service(service, settings, clock, listener, metrics).await?,
    };
    match options.service.as_deref() {
        None => print_welcome(kugel.address(), &place),
        Some(GATEWAY) => print_welcome(kugel.address(), "documents where the seven services keep them"),
        Some(service) => println!("{service} serves gRPC on http://{}", kugel.address()),
    }
    wait_for_stop().await?;
    println!("stopping: finishing what is under way");
    kugel.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn print_welcome(address: std::net::SocketAddr, place: &str) {
    println!("Kugel is ready on http://{address}, {place}");
    println!("  API page       http://{address}/docs");
    println!("  OpenAPI        http://{address}/openapi.json");
    println!("  health         http://{address}/health");
    println!("  gRPC           {address}, with reflection:");
    println!(
        "                 buf curl --http2-prior-knowledge --protocol grpc --list-methods http://{address}"
    );
    println!("  real sales     kugel demo --server http://{address}");
    println!("Stop with Ctrl-C.");
}

async fn wait_for_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
