//! Whether a credential still holds: what was issued for an account, or came from a session, that is gone since.
//!
//! A token is signed for as long as it lives; what revokes it is known to the service that keeps the account. Each process
//! asks there and remembers the answer until the account changes, which is announced. Where announcements do not arrive,
//! an answer is remembered for [`REMEMBERED`] and no longer: that is how long a revoked token is good at most.

use std::sync::Arc;
use std::time::Duration;

use kugel_auth::{Principal, TerminalClaims, Tokens, UserClaims};
use kugel_bus::{Announcement, Bus, ChangeKind};
use kugel_error::{Error, codes};
use kugel_proto::account::v1::GetUserStandingRequest;
use kugel_proto::account::v1::account_service_client::AccountServiceClient;
use kugel_proto::terminal::v1::GetTerminalStandingRequest;
use kugel_proto::terminal::v1::terminal_service_client::TerminalServiceClient;
use kugel_types::TenantId;
use tokio::sync::watch;

use super::api_keys;
use crate::{Channel, Client as _, ReadCache, outgoing};

/// How long an answer is remembered.
pub(super) const REMEMBERED: Duration = Duration::from_secs(10);
/// Seconds that the clocks of two processes may differ.
const CLOCKS_APART: i64 = 5;

/// Asks, for every service of the process, whether credentials still hold.
pub struct Standings {
    accounts: AccountServiceClient<Channel>,
    tokens: Arc<Tokens>,
    users: Arc<ReadCache<(TenantId, String), Arc<UserStanding>>>,
    terminals: TerminalServiceClient<Channel>,
    tills: Arc<ReadCache<String, TillStanding>>,
    /// Tells those who wait for the end of a credential that one may have ended.
    changed: watch::Sender<()>,
}

/// What a user's tokens are held against.
struct UserStanding {
    generation: i64,
    ended_sessions: Vec<String>,
}

/// A terminal as it stood when the terminal service was asked.
#[derive(Clone)]
struct TillStanding {
    principal: Arc<Principal>,
    /// In seconds since 1970.
    asked_at: i64,
}

impl TillStanding {
    /// True if a token is of the key and the staff session that the terminal had.
    fn accepts(&self, token: &TerminalClaims) -> bool {
        let Principal::Terminal(now) = &*self.principal else {
            return false;
        };
        token.key_id == now.key_id && (token.staff.is_none() || token.staff_session == now.staff_session)
    }

    /// True if the token may be of a key or a session that began since.
    fn may_be_older_than(&self, token: &TerminalClaims) -> bool {
        token.issued_at + CLOCKS_APART >= self.asked_at
    }
}

impl Standings {
    /// Asks the account service behind `accounts`.
    pub fn new(accounts: Channel, terminals: Channel, tokens: Arc<Tokens>, bus: &dyn Bus) -> Self {
        Self::remembering(REMEMBERED, accounts, terminals, tokens, bus)
    }

    /// The same with another time that answers are remembered for; none at all if it is zero.
    pub fn remembering(
        time: Duration,
        accounts: Channel,
        terminals: Channel,
        tokens: Arc<Tokens>,
        bus: &dyn Bus,
    ) -> Self {
        let users: Arc<ReadCache<(TenantId, String), _>> = Arc::new(ReadCache::new(10_000, time));
        let tills: Arc<ReadCache<String, _>> = Arc::new(ReadCache::new(10_000, time));
        let changed = watch::Sender::new(());
        let (stale_users, stale_tills, tell) = (users.clone(), tills.clone(), changed.clone());
        bus.on_change(Box::new(move |announcement| {
            let Announcement::Changed(change) = announcement else {
                stale_users.invalidate_all();
                stale_tills.invalidate_all();
                tell.send_replace(());
                return;
            };
            match change.kind {
                ChangeKind::User => stale_users.invalidate(&(change.tenant.clone(), change.key.clone())),
                ChangeKind::Terminal => stale_tills.invalidate(&change.key),
                kind if api_keys::concerns_all_tills(kind) => {
                    let tenant = format!("{}-", change.tenant);
                    stale_tills.invalidate_if(move |id| id.starts_with(&tenant));
                }
                _ => return,
            }
            tell.send_replace(());
        }));
        Self {
            accounts: AccountServiceClient::over(accounts),
            terminals: TerminalServiceClient::over(terminals),
            tokens,
            users,
            tills,
            changed,
        }
    }

    /// Who a credential speaks for now; an error if it does not hold any more, or if nobody can say.
    pub(crate) async fn of(&self, principal: Arc<Principal>) -> Result<Arc<Principal>, Error> {
        match &*principal {
            Principal::User(claims) => self.check_user(claims).await?,
            Principal::Terminal(claims) => return self.till(claims).await,
            Principal::Anonymous | Principal::Service { .. } => {}
        }
        Ok(principal)
    }

    /// The terminal as it stands now, if the token is of the key and the staff session that it has.
    async fn till(&self, token: &TerminalClaims) -> Result<Arc<Principal>, Error> {
        let id = token.id.to_string();
        let mut known = self.tills.get_or_load(id.clone(), self.load_till(token)).await?;
        if !known.accepts(token) && known.may_be_older_than(token) {
            // The announcement was missed, or is on its way.
            self.tills.invalidate(&id);
            known = self.tills.get_or_load(id, self.load_till(token)).await?;
        }
        if known.accepts(token) {
            Ok(known.principal)
        } else {
            Err(codes::UNAUTHENTICATED.error("the token was revoked: ask for a new one with the API key"))
        }
    }

    async fn load_till(&self, token: &TerminalClaims) -> Result<TillStanding, Error> {
        let asked_at = self.tokens.now();
        let message = GetTerminalStandingRequest {
            terminal_id: token.id.to_string(),
        };
        let request = outgoing(&self.tokens, "gateway", &token.id.tenant, message);
        let answer = self.terminals.clone().get_terminal_standing(request).await;
        let answer = answer.map_err(|status| match status.code() {
            tonic::Code::NotFound => revoked().caused_by(status),
            _ => codes::NEIGHBOUR_FAILED
                .error("the terminal service could not say whether the token still holds")
                .caused_by(status),
        })?;
        let standing = answer.into_inner().standing.ok_or_else(revoked)?;
        let claims = api_keys::claims(token.id.clone(), standing);
        let claims = claims.map_err(|error| revoked().caused_by(error))?;
        Ok(TillStanding {
            principal: Arc::new(Principal::Terminal(claims)),
            asked_at,
        })
    }

    /// Returns when a credential does not hold any more, and says so. While nobody can say, it goes on.
    pub(crate) async fn end_of(&self, principal: Arc<Principal>) -> Error {
        let mut changes = self.changed.subscribe();
        loop {
            match self.of(principal.clone()).await {
                Err(error) if error.is(&codes::UNAUTHENTICATED) => return error,
                _ => {}
            }
            // The sender is this very object, so waiting for it ends by a change or not at all.
            let _ = tokio::time::timeout(REMEMBERED, changes.changed()).await;
        }
    }

    async fn check_user(&self, claims: &UserClaims) -> Result<(), Error> {
        let key = (claims.tenant.clone(), claims.username.clone());
        let mut standing = self.users.get_or_load(key.clone(), self.load(claims)).await?;
        if standing.generation < claims.generation {
            // The token is newer than what is remembered: its announcement was missed, or is on its way.
            self.users.invalidate(&key);
            standing = self.users.get_or_load(key, self.load(claims)).await?;
        }
        let has_ended = |session: &String| standing.ended_sessions.contains(session);
        if standing.generation == claims.generation && !claims.session.as_ref().is_some_and(has_ended) {
            Ok(())
        } else {
            Err(revoked())
        }
    }

    /// Nobody is remembered for not being there: who is made again is let in at once.
    async fn load(&self, claims: &UserClaims) -> Result<Arc<UserStanding>, Error> {
        let message = GetUserStandingRequest {
            username: claims.username.clone(),
        };
        let request = outgoing(&self.tokens, "gateway", &claims.tenant, message);
        let answer = self.accounts.clone().get_user_standing(request).await;
        let answer = answer.map_err(|status| {
            codes::NEIGHBOUR_FAILED
                .error("the account service could not say whether the token still holds")
                .caused_by(status)
        })?;
        let standing = answer.into_inner().standing.ok_or_else(revoked)?;
        Ok(Arc::new(UserStanding {
            generation: standing.generation,
            ended_sessions: standing.ended_sessions,
        }))
    }
}

/// The one answer to every credential that has ended before its time.
fn revoked() -> Error {
    codes::UNAUTHENTICATED.error("the token was revoked: log in again")
}

#[cfg(test)]
mod tests;
