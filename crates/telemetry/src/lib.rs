//! Logs and metrics of the process.
//!
//! [`init`] is called once by `main`, before anything else. Log lines are readable on a terminal and JSON elsewhere.
//! [`Metrics::render`] gives the Prometheus text that the gateway serves at `/metrics`.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::Dispatch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Telemetry that cannot start, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not a tracing filter.
    #[error("setting `log`: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Logging was set up before.
    #[error("logging is already set up: {0}")]
    Logging(#[from] tracing_subscriber::util::TryInitError),
    /// Metrics were set up before.
    #[error("metrics are already set up: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// Upper bounds of the histograms' buckets, in seconds: from a read out of memory to our longest deadline.
const SECONDS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// Put before every filter. RabbitMQ's driver logs whole messages when one comes back, and the end of every connection,
/// which its caller tells of with the broker's place and what to do; HTTP/2 writes a line for each stream that a client
/// resets. A filter that names them hears them nevertheless.
const QUIET: &str = "lapin=off,h2=error";

/// The way log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Folds the samples of histograms into their buckets. They pile up otherwise: call it every few seconds.
    pub fn tend(&self) {
        self.0.run_upkeep();
    }
    /// All metrics as Prometheus text.
    pub fn render(&self) -> String {
        self.0.render()
    }
}

/// Log lines of a filter, as they are written to `writer`.
pub fn lines<W>(filter: &str, format: Format, writer: W) -> Result<Dispatch, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let json = match format {
        Format::Json => true,
        Format::Text => false,
        Format::Auto => !std::io::stderr().is_terminal(),
    };
    let registry = tracing_subscriber::registry().with(EnvFilter::try_new(format!("{QUIET},{filter}"))?);
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    Ok(if json {
        registry.with(layer.json().flatten_event(true)).into()
    } else {
        registry.with(layer.with_target(false)).into()
    })
}

/// Sets up logs on standard error and metrics, for the whole process.
pub fn init(filter: &str, format: Format) -> Result<Metrics, TelemetryError> {
    lines(filter, format, std::io::stderr)?.try_init()?;
    let builder = PrometheusBuilder::new().set_buckets(&SECONDS)?;
    Ok(Metrics(builder.install_recorder()?))
}
