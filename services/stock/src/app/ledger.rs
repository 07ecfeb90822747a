//! The one place that changes quantities: levels, history and inbox marks are one commit.

use std::collections::BTreeMap;

use kugel_bus::Failure;
use kugel_error::{Error, codes};
use kugel_store::{Changes, Documents, Missed, Record as _, Revision, Scope, StoreError, Stored, retry};
use kugel_types::{ItemCode, Overflow, StoreCode};

use crate::domain::level::{Level, Step};
use crate::domain::movement::Movement;
use crate::records::{StockRecord, UpdateRecord};

/// The quantities of all stores.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) documents: Documents,
}

/// Why movements were not recorded.
#[derive(Debug)]
pub(crate) enum LedgerError {
    /// A quantity left the range of exact decimals.
    Overflow(Overflow),
    /// The store refused or failed.
    Store(StoreError),
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Overflow(overflow) => overflow.into(),
            LedgerError::Store(StoreError::Contended { .. }) => {
                codes::STOCK_CONFLICT.error("the item is changed by too many others at the same time")
            }
            LedgerError::Store(error) => error.into(),
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Overflow(overflow) => Self::Malformed(overflow.to_string()),
            LedgerError::Store(error) => error.into(),
        }
    }
}

/// What a commit made of movements.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// What each movement did, in order.
    pub(crate) steps: Vec<Step>,
    /// Every item that was touched, with its level afterwards.
    pub(crate) levels: Vec<(StoreCode, ItemCode, Level)>,
}

/// An item on the way through a commit.
struct Account {
    level: Level,
    revision: Option<Revision>,
}

type Accounts<'a> = BTreeMap<(&'a StoreCode, &'a ItemCode), Account>;

impl Ledger {
    /// Records movements, and what `mark` says of where they come from, in one commit. Movements of one item are folded
    /// into one document, and each leaves its own record in the history.
    pub(crate) async fn record(
        &self,
        scope: &Scope,
        actor: &str,
        movements: &[Movement],
        mark: impl Fn(Changes, &[Step]) -> Changes,
    ) -> Result<Recorded, LedgerError> {
        let item = movements.first().map_or("", |movement| movement.item.as_str());
        retry("item", item, || async {
            let mut accounts = self.read(scope, movements).await?;
            let steps = fold(&mut accounts, movements)
                .map_err(|overflow| Missed::Refused(LedgerError::Overflow(overflow)))?;
            // The marks come first: of a repetition the store must say that, and not what else it collides with.
            let changes = mark(self.documents.changes(actor), &steps);
            let changes = stage(changes, &accounts, movements, &steps);
            let committed = self.documents.commit(scope, changes).await;
            committed.map_err(overtaken)?;
            Ok(Recorded {
                steps,
                levels: levels(accounts),
            })
        })
        .await
    }

    async fn read<'a>(&self, scope: &Scope, movements: &'a [Movement]) -> Result<Accounts<'a>, StoreError> {
        let mut accounts: Accounts<'a> = movements
            .iter()
            .map(|movement| {
                (
                    (&movement.store, &movement.item),
                    Account {
                        level: Level::default(),
                        revision: None,
                    },
                )
            })
            .collect();
        let ids: Vec<String> = accounts
            .keys()
            .map(|(store, item)| StockRecord::key(store, item))
            .collect();
        let found: Vec<Option<Stored<StockRecord>>> = self.documents.get_many(scope, &ids).await?;
        for (account, stored) in accounts.values_mut().zip(found) {
            if let Some(stored) = stored {
                *account = Account {
                    level: stored.level(),
                    revision: Some(stored.revision),
                };
            }
        }
        Ok(accounts)
    }
}

fn fold<'a>(accounts: &mut Accounts<'a>, movements: &'a [Movement]) -> Result<Vec<Step>, Overflow> {
    movements
        .iter()
        .map(|movement| {
            let account = accounts
                .get_mut(&(&movement.store, &movement.item))
                .expect("every movement's item was read");
            account.level.apply(movement.change, movement.reference.as_ref())
        })
        .collect()
}

fn stage(mut changes: Changes, accounts: &Accounts<'_>, movements: &[Movement], steps: &[Step]) -> Changes {
    for ((store, item), account) in accounts {
        let record = StockRecord::new(store, item, &account.level);
        changes = match account.revision {
            Some(revision) => changes.replace(record, revision),
            None => changes.insert(record),
        };
    }
    let records = movements
        .iter()
        .zip(steps)
        .map(|(movement, step)| UpdateRecord::new(movement, *step));
    records.fold(changes, |changes, record| changes.write(record.append()))
}

fn levels(accounts: Accounts<'_>) -> Vec<(StoreCode, ItemCode, Level)> {
    accounts
        .into_iter()
        .map(|((store, item), account)| (store.clone(), item.clone(), account.level))
        .collect()
}

/// Whoever creates the same item, or adds to its history, is in the way like whoever changes it.
pub(super) fn overtaken(error: StoreError) -> Missed<LedgerError> {
    error.or_taken(&[StockRecord::COLLECTION, UpdateRecord::COLLECTION])
}
