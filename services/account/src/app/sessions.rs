//! The sessions of users: one for each login, and what ends it.

use std::net::IpAddr;
use std::time::Duration;

use kugel_auth::{RefreshToken, UserClaims};
use kugel_error::Result;
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::SecurityEntry;
use kugel_store::{
    Changes, Direction, Documents, Missed, Page, Query, Record as _, Scope, StoreError, Stored, retry,
};
use kugel_types::{Clock, TenantId};

use super::App;
use crate::domain::{EndedSessions, LastLogin, SESSIONS_MAX, ServiceAccount, Session, Standing, User};

/// Time between two rounds of forgetting.
const ROUND: Duration = Duration::from_secs(3_600);
/// Sessions that are looked at, or forgotten, in one commit.
const CHUNK: u32 = 500;

/// Seconds for a token that is being issued while its session ends.
const UNDER_WAY: i64 = 60;

/// What a client gets for what it was granted.
#[derive(Debug)]
pub struct Issued {
    /// The token to call with.
    pub access_token: String,
    /// How long it lives, in seconds.
    pub expires_in: i64,
    /// The token to get the next one with.
    pub refresh_token: Option<String>,
}

impl App {
    /// Tokens for a user; without a session only the one to call with.
    pub(super) async fn issue(
        &self,
        tenant: &TenantId,
        user: &User,
        refresh: Option<&RefreshToken>,
    ) -> Result<Issued> {
        let mut claims = self.claims(tenant.clone(), user).await?;
        claims.session = refresh.map(RefreshToken::session);
        Ok(Issued {
            access_token: self.tokens.issue_user(&claims),
            expires_in: self.tokens.user_lifetime(),
            refresh_token: refresh.map(RefreshToken::reveal),
        })
    }

    /// Begins a session and notes the login. Who has too many loses the oldest.
    pub(super) async fn begin_session(
        &self,
        tenant: &TenantId,
        user: &User,
        address: Option<IpAddr>,
    ) -> Result<RefreshToken> {
        let (scope, username, now) = (Scope::from(tenant), &user.username, self.clock.now());
        let token = RefreshToken::first(tenant);
        let session = Session::begin(token.session(), username, user.generation, token.hash(), now);
        let login = LastLogin {
            username: username.clone(),
            last_login: now,
        };
        let changes = self.documents.changes(username).insert(session).upsert(login);
        let oldest = sessions_of(username).sort(("created_at", Direction::Ascending));
        let others = self.documents.find::<Session>(&scope, oldest).await?;
        let surplus = usize::try_from(others.total)
            .unwrap_or(usize::MAX)
            .saturating_sub(SESSIONS_MAX - 1);
        let surplus = others.rows.iter().take(surplus);
        let changes = surplus.fold(changes, |changes, row| changes.delete::<Session>(&row.id, None));
        let entry = SecurityEntry::by_anybody(address, SecurityEventKind::Login, username).of(username);
        self.commit(tenant, changes, &[entry]).await?;
        Ok(token)
    }

    /// Ends a session of a user: its refresh tokens, and the access tokens that came from it. Nothing is left to end of one
    /// that has ended, or that began under another generation.
    pub(super) async fn end_session(
        &self,
        tenant: &TenantId,
        (username, generation): (&str, i64),
        session: &str,
        entry: &SecurityEntry,
    ) -> Result<()> {
        let scope = Scope::from(tenant);
        let is_ended = retry("session", session, || async {
            let (user, ended) = tokio::try_join!(
                self.documents.get::<User>(&scope, username),
                self.documents.get::<EndedSessions>(&scope, username),
            )?;
            let now = self.clock.now();
            let is_known = |ended: &EndedSessions| ended.at(now).any(|known| known.id == session);
            let user = user.filter(|user| user.generation == generation);
            let Some(user) = user.filter(|_| !ended.as_ref().is_some_and(|ended| is_known(ended))) else {
                return Ok::<_, Missed>(false);
            };
            let until = now.as_second() + self.tokens.user_lifetime() + UNDER_WAY;
            let changes = self.documents.changes(username);
            let former = ended
                .as_ref()
                .map_or_else(|| EndedSessions::none(username), |ended| (*ended.value).clone());
            let changes = match (former.and(session, until, now), &ended) {
                (Some(more), Some(ended)) => changes.replace(more, ended.revision),
                (Some(first), None) => changes.insert(first),
                // Too many to be told apart: all of them end.
                (None, _) => self.revoking(&scope, &user, changes).await?,
            };
            let changes = changes.delete::<Session>(session, None);
            let committed = self.commit(tenant, changes, std::slice::from_ref(entry)).await;
            committed.map_err(|error| error.or_taken(&[EndedSessions::COLLECTION]))?;
            Ok(true)
        })
        .await?;
        if is_ended {
            self.announce_user(tenant, username);
        }
        Ok(())
    }

    /// Revokes everything that was issued for an account.
    pub(super) async fn revoking(
        &self,
        scope: &Scope,
        user: &Stored<User>,
        changes: Changes,
    ) -> std::result::Result<Changes, StoreError> {
        let raised = (*user.value).clone().raised(changes.at());
        let changes = changes.replace(raised, user.revision);
        self.ending_sessions(scope, &user.username, changes).await
    }

    /// Removes what is kept of all sessions of a user, whose generation is raised in the same commit or who is removed.
    pub(super) async fn ending_sessions(
        &self,
        scope: &Scope,
        username: &str,
        changes: Changes,
    ) -> std::result::Result<Changes, StoreError> {
        let sessions = self
            .documents
            .find::<Session>(scope, sessions_of(username))
            .await?;
        let changes = changes.delete::<EndedSessions>(username, None);
        let rows = sessions.rows.iter();
        Ok(rows.fold(changes, |changes, row| changes.delete::<Session>(&row.id, None)))
    }

    /// What tokens of a user are held against. Nothing for somebody who may not work.
    pub async fn standing(&self, scope: &Scope, username: &str) -> Result<Option<Standing>> {
        if let Some(name) = UserClaims::service_account_of(username) {
            let account = self.documents.get::<ServiceAccount>(scope, name).await?;
            let account = account.filter(|account| account.is_good(self.clock.now()));
            return Ok(account.map(|account| Standing {
                generation: account.generation,
                ended_sessions: Vec::new(),
            }));
        }
        let (user, ended) = tokio::try_join!(
            self.documents.get::<User>(scope, username),
            self.documents.get::<EndedSessions>(scope, username),
        )?;
        let now = self.clock.now();
        let ended = ended.iter().flat_map(|ended| ended.at(now));
        let ended_sessions = ended.map(|session| session.id.clone()).collect();
        Ok(user.filter(|user| user.is_active).map(|user| Standing {
            generation: user.generation,
            ended_sessions,
        }))
    }
}

/// All sessions of a user, as far as they are looked at at once.
fn sessions_of(username: &str) -> Query {
    Query::all().eq("username", username).page(Page {
        limit: CHUNK,
        number: 1,
    })
}

/// Forgets sessions that have expired, for as long as the service runs.
pub(crate) async fn keep_forgetting(documents: Documents, clock: std::sync::Arc<dyn Clock>) {
    loop {
        tokio::time::sleep(ROUND).await;
        if let Err(error) = forget(&documents, clock.now().as_second()).await {
            tracing::warn!(%error, "expired sessions could not be forgotten");
        }
    }
}

async fn forget(documents: &Documents, now: i64) -> std::result::Result<(), StoreError> {
    for scope in documents.scopes().await? {
        match forget_in(documents, &scope, now).await {
            // The store has said so itself, and other tenants are not held up.
            Err(error) if error.is_final() => {}
            forgotten => forgotten?,
        }
    }
    Ok(())
}

async fn forget_in(documents: &Documents, scope: &Scope, now: i64) -> std::result::Result<(), StoreError> {
    loop {
        let expired = Query::all().at_most("expires_at", now).page(Page {
            limit: CHUNK,
            number: 1,
        });
        let rows = documents.find::<Session>(scope, expired).await?.rows;
        let changes = rows
            .iter()
            .fold(documents.changes("housekeeping"), |changes, row| {
                changes.delete::<Session>(&row.id, None)
            });
        if changes.is_empty() {
            return Ok(());
        }
        documents.commit(scope, changes).await?;
    }
}
