//! `kugel verify`: recomputes what must be conserved, from the transaction log outwards.
//!
//! The log is the authority for sales. [`sale`] checks each transaction by itself, [`numbers`] their numbering,
//! [`drawer`], [`journal`], [`report`] and [`stock`] what other services made of them. A check names the first record
//! that breaks its equation; nothing is repaired. [`tally`] adds up what can be compared with another place.

mod drawer;
mod journal;
mod numbers;
mod report;
mod sale;
mod stock;
mod tally;
mod verdict;

use std::fmt;

use clap::Args;
use kugel_auth::Tokens;
use kugel_config::Settings;
use kugel_host::Host;
use kugel_proto::cart::v1::transaction_service_client::TransactionServiceClient;
use kugel_proto::cart::v1::{StreamTransactionsRequest, TransactionLog};
use kugel_proto::terminal::v1::ListStoresRequest;
use kugel_proto::terminal::v1::store_service_client::StoreServiceClient;
use kugel_rpc::{Channel, Client as _, Neighbours, outgoing};
use kugel_store::Scope;
use kugel_types::{InvalidId, TenantId, TransactionType};
use rust_decimal::Decimal;

pub use self::tally::Tally;
pub use self::verdict::Verdict;
use crate::{open, with};

/// The arguments of `kugel verify`.
#[derive(Debug, Default, Args)]
pub struct Options {
    /// Only this tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Print a JSON object a tenant instead of text.
    #[arg(long)]
    pub json: bool,
}

/// An equation that does not hold: which, for which record, and how it reads there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Break {
    record: String,
    equation: String,
}

impl fmt::Display for Break {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.record, self.equation)
    }
}

/// What a check comes to: how many records it looked at, or the first that breaks it.
type Outcome = Result<usize, Break>;

/// Asks services in the name of the verification.
pub(crate) struct Inspector<'a> {
    neighbours: &'a Neighbours,
    tokens: &'a Tokens,
    tenant: &'a TenantId,
}

impl Inspector<'_> {
    pub(crate) fn channel(&self, service: &str) -> Channel {
        self.neighbours.channel(service)
    }
    pub(crate) fn request<T>(&self, message: T) -> tonic::Request<T> {
        outgoing(self.tokens, "verify", self.tenant, message)
    }
    pub(crate) fn tenant_id(&self) -> String {
        self.tenant.to_string()
    }
}

/// Checks the tenants of a data folder, or of the MongoDB that the settings name: unheard by the processes that serve it,
/// and meaningful while nothing is sold through them. True: everything is conserved.
pub async fn run(settings: Settings, options: Options) -> anyhow::Result<bool> {
    with(open(settings).await?, async |host| {
        host.work();
        host.settled().await;
        let mut tenants = host.tenants().await?;
        if let Some(wanted) = &options.tenant {
            tenants.retain(|tenant| tenant.as_str() == wanted);
            anyhow::ensure!(!tenants.is_empty(), "there is no tenant {wanted} here");
        }
        let mut clean = true;
        for tenant in &tenants {
            let verdict = look_at(host, tenant).await?;
            clean &= verdict.is_clean();
            if options.json {
                println!("{}", verdict.json());
            } else {
                println!("{verdict}");
            }
        }
        if !options.json {
            let said = if clean { "clean" } else { "NOT clean" };
            println!("{} tenant(s): {said}", tenants.len());
        }
        Ok(clean)
    })
    .await
}

/// Verifies one tenant, and says what it comes to.
pub async fn look_at(host: &Host, tenant: &TenantId) -> anyhow::Result<Verdict> {
    let inspector = &Inspector {
        neighbours: host.neighbours(),
        tokens: host.tokens(),
        tenant,
    };
    let log = transactions(inspector).await?;
    let mut tally = Tally::of_log(&log);
    let checks = vec![
        ("each transaction adds up", sale::check(inspector, &log).await?),
        ("numbers without hole or repeat", numbers::check(&log)),
        ("drawer", drawer::check(inspector, &log, &mut tally).await?),
        (
            "journal = log",
            journal::check(inspector, &log, &mut tally).await?,
        ),
        ("report = recount = log", report::check(inspector, &log).await?),
        (
            "stock = opening - sold + returned",
            stock::check(inspector, &log, &mut tally).await?,
        ),
    ];
    tally
        .hash_documents(&host.holdings(), &Scope::from(tenant))
        .await?;
    Ok(Verdict {
        tenant: tenant.clone(),
        transactions: log.len(),
        checks,
        tally,
    })
}

/// The whole log of a tenant, by store, terminal and number.
async fn transactions(inspector: &Inspector<'_>) -> anyhow::Result<Vec<TransactionLog>> {
    let mut client = TransactionServiceClient::over(inspector.channel("cart"));
    let message = StreamTransactionsRequest {
        tenant_id: inspector.tenant_id(),
        ..Default::default()
    };
    let mut stream = client
        .stream_transactions(inspector.request(message))
        .await?
        .into_inner();
    let mut log = Vec::new();
    while let Some(row) = stream.message().await? {
        log.extend(row.transaction);
    }
    log.sort_by(|a, b| key(a).cmp(&key(b)));
    Ok(log)
}

/// The codes of the tenant's stores.
pub(crate) async fn stores(inspector: &Inspector<'_>) -> anyhow::Result<Vec<String>> {
    let mut client = StoreServiceClient::over(inspector.channel("terminal"));
    let message = ListStoresRequest {
        tenant_id: inspector.tenant_id(),
        limit: Some(0),
        ..Default::default()
    };
    match client.list_stores(inspector.request(message)).await {
        Ok(answer) => Ok(answer
            .into_inner()
            .stores
            .into_iter()
            .map(|store| store.store_code)
            .collect()),
        // An account may exist before anything was set up for it.
        Err(status) if status.code() == tonic::Code::NotFound => Ok(Vec::new()),
        Err(status) => Err(status.into()),
    }
}

/// What identifies a transaction within its tenant.
pub(crate) fn key(log: &TransactionLog) -> (&str, i32, i64) {
    (&log.store_code, log.terminal_no, log.transaction_no)
}

/// How a record is named to people.
pub(crate) fn name(log: &TransactionLog) -> String {
    format!(
        "store {} terminal {} transaction {}",
        log.store_code, log.terminal_no, log.transaction_no
    )
}

/// The decimal of a record; one that is missing or no number breaks every equation.
pub(crate) fn decimal(value: Option<&kugel_proto::Decimal>) -> Option<Decimal> {
    value.and_then(|value| value.exact().ok())
}

/// The sum of decimals, or `None` if one is missing or the sum overflows.
pub(crate) fn sum<'a>(values: impl IntoIterator<Item = Option<&'a kugel_proto::Decimal>>) -> Option<Decimal> {
    values
        .into_iter()
        .try_fold(Decimal::ZERO, |total, value| total.checked_add(decimal(value)?))
}

/// What the transaction is.
pub(crate) fn kind(log: &TransactionLog) -> Result<TransactionType, Break> {
    log.transaction_type.try_into().map_err(|error: InvalidId| Break {
        record: name(log),
        equation: error.to_string(),
    })
}

/// An amount as it counts in totals. One of an unknown type counts for nothing: the check of the transaction names it.
pub(crate) fn signed(log: &TransactionLog, amount: Decimal) -> Decimal {
    kind(log).map_or(Decimal::ZERO, |kind| kind.money().of(amount))
}

pub(crate) fn is_cancelled(log: &TransactionLog) -> bool {
    log.sales.as_ref().is_some_and(|sales| sales.is_cancelled)
}

/// An equation between two sums of a record.
pub(crate) fn equal(
    record: impl Fn() -> String,
    equation: &str,
    left: Option<Decimal>,
    right: Option<Decimal>,
) -> Result<(), Break> {
    let show = |side: Option<Decimal>| {
        side.map_or_else(|| "not a number".to_owned(), |side| side.normalize().to_string())
    };
    if left.is_some() && left == right {
        return Ok(());
    }
    Err(Break {
        record: record(),
        equation: format!("{equation}: {} is not {}", show(left), show(right)),
    })
}
