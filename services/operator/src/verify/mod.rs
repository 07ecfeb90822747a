//! `kugel verify`: recomputes what must be conserved, from the transaction log outwards.
//!
//! Documents are compared with documents, a page at a time, so that no tenant is too large. The logs of cart and terminal
//! are the authority. [`till`] reads them till by till: [`sale`] checks each transaction by itself, [`numbers`] their
//! numbering, [`copies`] and [`journal`] what was filed of them, [`sessions`] and [`report`] what was added up, [`remarks`]
//! what was settled with a hole,
//! [`terminal`] what became of the till, [`security`] what the security log was told of it, [`stock`] what was moved. Whatever lies in a service then and was not looked up
//! is looked at by itself. A check names the first record that breaks its equation; nothing is repaired. [`tally`] adds
//! up what can be compared with another place.

mod audit;
mod balance;
mod books;
mod copies;
mod journal;
mod numbers;
mod remarks;
mod report;
mod sale;
mod security;
mod sent;
mod sessions;
mod snapshots;
mod stock;
mod tally;
mod terminal;
#[cfg(test)]
mod tests;
mod till;
mod verdict;

use std::fmt;

use clap::Args;
use kugel_auth::Tokens;
use kugel_bus::Topic;
use kugel_config::Settings;
use kugel_host::Host;
use kugel_proto::cart::v1::TransactionLog;
use kugel_rpc::{Channel, Neighbours, outgoing};
use kugel_store::Scope;
use kugel_terminal::index_keys;
use kugel_types::{InvalidId, TenantId, TransactionType};
use rust_decimal::Decimal;

use self::audit::Audit;
use self::books::Books;
pub use self::tally::Tally;
pub use self::verdict::Verdict;
use crate::export::progress;
use crate::{of, open, with};

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
                say!("{}", verdict.json());
            } else {
                say!("{verdict}");
            }
        }
        if !options.json {
            let said = if clean { "clean" } else { "NOT clean" };
            say!("{} tenant(s): {said}", tenants.len());
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
    let (holdings, rules) = (host.holdings(), sale::rules(inspector).await?);
    // As every start of the service does: keys may be older than the index.
    index_keys(&of(&holdings, kugel_terminal::NAME)?.documents, tenant).await?;
    let books = Books::of(&holdings, tenant)?;
    let total = books.cart.count(books.sales()).await?;
    let progress = progress(total, "{bar:32} {pos}/{len} transactions");
    let audit = &mut Audit::new(tenant.clone(), books, rules, progress);
    let mut tills = terminal::check_places(audit).await?;
    tills.extend(terminal::check_logs(audit).await?);
    let mut transactions = 0;
    for till in &tills {
        transactions += till::check(audit, till).await?;
    }
    till::find_strays(audit, &tills, transactions).await?;
    copies::find_strays::<TransactionLog>(audit).await?;
    sent::find_strays(audit, &[Topic::TranlogReport]).await?;
    journal::check(audit).await?;
    report::check_posted(audit).await?;
    report::find_strays(audit).await?;
    remarks::check(audit).await?;
    stock::check(audit).await?;
    audit.progress.finish_and_clear();
    audit
        .tally
        .hash_documents(&holdings, &Scope::from(tenant))
        .await?;
    let (checks, tally) = audit.outcomes();
    let remarks = std::mem::take(&mut audit.remarks);
    Ok(Verdict {
        tenant: tenant.clone(),
        transactions,
        checks,
        remarks,
        tally,
    })
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
