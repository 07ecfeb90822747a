//! Exchanging a refresh token for the next one.

use std::net::IpAddr;

use kugel_auth::RefreshToken;
use kugel_error::{Error, Result, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::SecurityEntry;
use kugel_store::{Missed, RequestKey, Scope, retry};

use super::App;
use super::sessions::Issued;
use crate::domain::{Presented, Session, User};

/// What a client sends for the next tokens.
#[derive(Debug)]
pub struct RefreshForm {
    /// The token.
    pub token: String,
    /// The tenant, or nothing.
    pub client_id: String,
}

impl App {
    /// Exchanges a token. One that was exchanged before ends its session, for somebody else has it too; only the last one
    /// but one may come again for a moment, or under its request's key, and is answered as before.
    pub async fn refresh_token(
        &self,
        request: Option<&RequestKey>,
        address: Option<IpAddr>,
        form: &RefreshForm,
    ) -> Result<Issued> {
        let token = RefreshToken::from_request(&form.token);
        let is_named = |token: &RefreshToken| token.tenant().as_str() == form.client_id;
        let token = token
            .filter(|token| form.client_id.is_empty() || is_named(token))
            .ok_or_else(refused)?;
        let tenant = token.tenant();
        let scope = Scope::from(tenant);
        let work = self.rotate(&scope, request, address, &token);
        let seed: String = self.documents.once(&scope, request, work).await?;
        let next = token.next(&seed);
        let found = self.session_and_user(&scope, &token.session()).await?;
        let (session, user) = found.ok_or_else(refused)?;
        if session.token != next.hash() || user.must_change_password {
            return Err(refused());
        }
        self.issue(tenant, &user, Some(&next)).await
    }

    /// Makes the exchange, unless it was made before, and gives the seed of the next token.
    async fn rotate(
        &self,
        scope: &Scope,
        request: Option<&RequestKey>,
        address: Option<IpAddr>,
        token: &RefreshToken,
    ) -> Result<String> {
        let id = token.session();
        retry("session", &id, || async {
            let stored = self.documents.get::<Session>(scope, &id).await?;
            let stored = stored.ok_or_else(refused)?;
            let now = self.clock.now();
            match stored.judge(&token.hash(), now) {
                Presented::Current => {
                    let seed = RefreshToken::seed();
                    let next = stored.exchanged(token.next(&seed).hash(), seed.clone(), now);
                    let changes = self.documents.changes(&stored.username);
                    let changes = changes.replace(next, stored.revision).answering(request, &seed);
                    self.documents.commit(scope, changes).await?;
                    Ok(seed)
                }
                Presented::Again(seed) => Ok(seed.to_owned()),
                Presented::Expired => Err(Missed::Refused(refused())),
                Presented::Reused => {
                    let kind = SecurityEventKind::RefreshTokenReused;
                    let entry = SecurityEntry::by_anybody(address, kind, &stored.username);
                    let whose = (stored.username.as_str(), stored.generation);
                    self.end_session(token.tenant(), whose, &id, &entry).await?;
                    Err(Missed::Refused(refused()))
                }
            }
        })
        .await
    }

    /// A session and whose it is, if both are still good.
    pub(super) async fn session_and_user(&self, scope: &Scope, id: &str) -> Result<Option<(Session, User)>> {
        let Some(session) = self.documents.get::<Session>(scope, id).await? else {
            return Ok(None);
        };
        let user = self.documents.get::<User>(scope, &session.username).await?;
        let user = user.filter(|user| user.is_active && user.generation == session.generation);
        Ok(user.map(|user| ((*session.value).clone(), (*user.value).clone())))
    }
}

/// The one answer to every token that is not good.
fn refused() -> Error {
    codes::UNAUTHENTICATED.error("the refresh token is not good: log in again")
}
