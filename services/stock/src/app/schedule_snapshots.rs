//! Keeps the schedules and takes the snapshots that they ask for.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kugel_error::{Error, codes};
use kugel_rpc::Caller;
use kugel_store::{Record as _, Scope, Stored};
use kugel_types::StoreCode;

use super::take_snapshot::Order;
use super::{ACTOR, App};
use crate::domain::schedule::{Schedule, Targets};
use crate::domain::schedule_draft::Draft;
use crate::records::{RunRecord, ScheduleRecord, SnapshotRecord};

/// A run that could not begin in time is still made up for so long.
const LATENESS_LIMIT: SignedDuration = SignedDuration::from_hours(1);
/// A tenant is checked this often even if nothing is due: for snapshots that have grown too old, and for schedules
/// that were set through another process.
const LOOK_INTERVAL: SignedDuration = SignedDuration::from_hours(1);
/// Who is named in snapshots of the schedule.
const SCHEDULER: &str = "scheduled_system";

/// The schedule in force for a tenant.
pub(crate) struct InForce {
    pub(crate) schedule: Schedule,
    /// Absent for the default schedule.
    pub(crate) stored: Option<Stored<ScheduleRecord>>,
    pub(crate) last_run: Option<RunRecord>,
    /// Absent while the schedule is disabled.
    pub(crate) next_run: Option<Timestamp>,
}

impl App {
    /// The schedule in force: the tenant's own, else the default.
    pub(crate) async fn schedule_in_force(&self, scope: &Scope) -> Result<InForce, Error> {
        let stored: Option<Stored<ScheduleRecord>> = self.documents.get(scope, ScheduleRecord::KEY).await?;
        self.with_run(scope, stored).await
    }

    async fn with_run(
        &self,
        scope: &Scope,
        stored: Option<Stored<ScheduleRecord>>,
    ) -> Result<InForce, Error> {
        let schedule = match &stored {
            Some(stored) => self.check(stored.draft())?,
            None => Schedule::default_with(self.retention_days),
        };
        let last_run: Option<Stored<RunRecord>> = self.documents.get(scope, RunRecord::KEY).await?;
        let next_run = schedule
            .enabled
            .then(|| schedule.next(self.clock.now(), &self.zone))
            .flatten();
        Ok(InForce {
            schedule,
            stored,
            last_run: last_run.map(|run| (*run.value).clone()),
            next_run,
        })
    }

    /// Replaces the tenant's schedule.
    pub(crate) async fn replace_schedule(&self, caller: &Caller, draft: Draft) -> Result<InForce, Error> {
        let schedule = self.check(draft)?;
        let work = async {
            let scope = caller.scope();
            let former: Option<Stored<ScheduleRecord>> =
                self.documents.get(&scope, ScheduleRecord::KEY).await?;
            let changes = self.documents.changes(&caller.actor());
            let record = Arc::new(ScheduleRecord::new(&schedule));
            let stored = match &former {
                Some(former) => changes.replaced(Arc::clone(&record), former),
                None => changes.inserted(Arc::clone(&record)),
            };
            let in_force = self.with_run(&scope, Some(stored)).await?;
            let answer = (in_force.stored, in_force.last_run, in_force.next_run);
            let changes = changes
                .upsert(ScheduleRecord::clone(&record))
                .answering(caller.request(), &answer);
            self.documents.commit(&scope, changes).await?;
            self.looks.lock().remove(&scope);
            Ok(answer)
        };
        let (stored, last_run, next_run) = caller.once(&self.documents, work).await?;
        Ok(InForce {
            schedule,
            stored,
            last_run,
            next_run,
        })
    }

    /// Removes the tenant's schedule: the default one is in force again.
    pub(crate) async fn delete_schedule(&self, caller: &Caller) -> Result<(), Error> {
        let work = async {
            let scope = caller.scope();
            let changes = self
                .documents
                .changes(&caller.actor())
                .delete::<ScheduleRecord>(ScheduleRecord::KEY, None)
                .answering(caller.request(), &());
            self.documents.commit(&scope, changes).await?;
            self.looks.lock().remove(&scope);
            Ok(())
        };
        caller.once(&self.documents, work).await
    }

    fn check(&self, draft: Draft) -> Result<Schedule, Error> {
        draft.check(self.retention_days).map_err(|refusals| {
            let row = if refusals.iter().all(|refusal| refusal.is_policy) {
                &codes::SNAPSHOT_INVALID
            } else {
                &codes::INVALID_INPUT
            };
            let rules: Vec<_> = refusals
                .iter()
                .map(|refusal| format!("{} {}", refusal.field, refusal.rule))
                .collect();
            refusals
                .iter()
                .fold(row.error(rules.join("; ")), |error, refusal| {
                    error.field(refusal.field, refusal.rule)
                })
        })
    }

    /// Does what is due at all tenants. A tenant's failure is logged and does not hold up the others.
    pub async fn run_due(&self) {
        let scopes = match self.documents.scopes().await {
            Ok(scopes) => scopes,
            Err(error) => {
                return tracing::error!(%error, "the tenants of the snapshot schedules cannot be listed");
            }
        };
        let now = self.clock.now();
        for scope in scopes.iter().filter(|scope| self.needs_look(scope, now)) {
            if let Err(error) = self.run_tenant(scope, now).await {
                tracing::error!(tenant.id = %scope, %error, "the snapshot schedule could not be carried out");
            }
        }
    }

    fn needs_look(&self, scope: &Scope, now: Timestamp) -> bool {
        *scope != Scope::Commons && self.looks.lock().get(scope).is_none_or(|look| *look <= now)
    }

    async fn run_tenant(&self, scope: &Scope, now: Timestamp) -> Result<(), Error> {
        let in_force = self.schedule_in_force(scope).await?;
        let days = in_force.schedule.retention_days;
        self.remove_old_snapshots(scope, ACTOR, now, days).await?;
        if let Some(due) = in_force.due(now, &self.zone) {
            self.run(scope, &in_force.schedule.targets, due, now).await?;
        }
        let in_an_hour = now + LOOK_INTERVAL;
        let look = in_force.next_run.map_or(in_an_hour, |next| next.min(in_an_hour));
        self.looks.lock().insert(scope.clone(), look);
        Ok(())
    }

    async fn run(
        &self,
        scope: &Scope,
        targets: &Targets,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let stores = match targets {
            Targets::All => self.stores_with_stock(scope).await?,
            Targets::Stores(stores) => stores.clone(),
        };
        for store in &stores {
            self.run_store(scope, store, due).await;
        }
        let run = RunRecord {
            due_at: due,
            executed_at: now,
        };
        Ok(self
            .documents
            .commit(scope, self.documents.changes(ACTOR).upsert(run))
            .await?)
    }

    /// The key says when the snapshot was due: another process, or a run that was broken off, does not take it twice.
    async fn run_store(&self, scope: &Scope, store: &StoreCode, due: Timestamp) {
        let id = format!("{store}-{}", due.strftime("%Y%m%dT%H%M%SZ"));
        let order = Order {
            id,
            store,
            created_by: SCHEDULER.to_owned(),
            request: None,
        };
        match self.take_snapshot(scope, ACTOR, order).await {
            Ok(_) => {}
            Err(error) if error.is_duplicate_in(SnapshotRecord::COLLECTION.name) => {}
            Err(error) => tracing::error!(tenant.id = %scope, %store, %error, "the snapshot was not taken"),
        }
    }
}

impl InForce {
    /// The run to be made now, if there is one: due, not too long ago, not before the schedule was set, and not made.
    fn due(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let due = self
            .schedule
            .enabled
            .then(|| self.schedule.latest(now, zone))
            .flatten()?;
        let set_at = self
            .stored
            .as_ref()
            .map(|stored| stored.updated_at.unwrap_or(stored.created_at));
        let is_late = now.duration_since(due) > LATENESS_LIMIT;
        let is_before_its_schedule = set_at.is_some_and(|set_at| set_at > due);
        let is_done = self.last_run.as_ref().is_some_and(|run| run.due_at >= due);
        (!is_late && !is_before_its_schedule && !is_done).then_some(due)
    }
}
