//! Ending a session by any of its tokens (RFC 7009). Who has one is let in by it.

use std::net::IpAddr;
use std::sync::Arc;

use kugel_auth::{Principal, RefreshToken, UserClaims};
use kugel_error::{Error, Result, codes};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::SecurityEntry;
use kugel_store::{Scope, retry};
use kugel_types::TenantId;

use super::App;
use crate::domain::{ServiceAccount, Session, User};

impl App {
    /// Ends the session of a token, or of the caller without one. A token that is good for nothing is revoked already.
    pub async fn revoke_token(
        &self,
        caller: Option<Arc<Principal>>,
        address: Option<IpAddr>,
        token: &str,
    ) -> Result<()> {
        if let Some(refresh) = RefreshToken::from_request(token) {
            let scope = Scope::from(refresh.tenant());
            let session = self.documents.get::<Session>(&scope, &refresh.session()).await?;
            let Some(session) = session else { return Ok(()) };
            let whose = (session.username.as_str(), session.generation);
            let entry = logged_out(address, &session.username);
            return self
                .end_session(refresh.tenant(), whose, &session.id, &entry)
                .await;
        }
        let holder = if token.is_empty() {
            let nobody =
                || codes::UNAUTHENTICATED.error("a token is needed: in the request, or that of the call");
            Some(caller.ok_or_else(nobody)?)
        } else {
            self.tokens.verify(token).ok()
        };
        match holder.as_deref() {
            Some(Principal::User(claims)) => self.revoke_claims(address, claims).await,
            Some(Principal::Terminal(_) | Principal::Service { .. }) => Err(unsupported()),
            Some(Principal::Anonymous) | None => Ok(()),
        }
    }

    async fn revoke_claims(&self, address: Option<IpAddr>, claims: &UserClaims) -> Result<()> {
        let UserClaims { tenant, username, .. } = claims;
        let entry = logged_out(address, username);
        if let Some(service) = claims.service_account() {
            return self.end_tokens_of(tenant, service, claims, &entry).await;
        }
        match &claims.session {
            Some(session) => {
                self.end_session(tenant, (username, claims.generation), session, &entry)
                    .await
            }
            // It cannot be told from others: all of them end.
            None => self.end_all(tenant, (username, claims.generation), &entry).await,
        }
    }

    /// A service account's token cannot be told from its others: all of them end, and its keys get more.
    async fn end_tokens_of(
        &self,
        tenant: &TenantId,
        service: &str,
        claims: &UserClaims,
        entry: &SecurityEntry,
    ) -> Result<()> {
        let scope = Scope::from(tenant);
        retry("service account", service, || async {
            let account = self.documents.get::<ServiceAccount>(&scope, service).await?;
            let Some(account) = account.filter(|account| account.generation == claims.generation) else {
                return Ok::<_, kugel_store::Missed>(());
            };
            let raised = (*account.value).clone().raised(self.clock.now());
            let changes = self.documents.changes(&claims.username);
            let changes = changes.replace(raised, account.revision);
            self.commit(tenant, changes, std::slice::from_ref(entry)).await?;
            Ok(())
        })
        .await?;
        self.announce_user(tenant, &claims.username);
        Ok(())
    }

    async fn end_all(
        &self,
        tenant: &TenantId,
        (username, generation): (&str, i64),
        entry: &SecurityEntry,
    ) -> Result<()> {
        let scope = Scope::from(tenant);
        retry("user", username, || async {
            let user = self.documents.get::<User>(&scope, username).await?;
            let Some(user) = user.filter(|user| user.generation == generation) else {
                return Ok::<_, kugel_store::Missed>(());
            };
            let changes = self.documents.changes(username);
            let changes = self.revoking(&scope, &user, changes).await?;
            self.commit(tenant, changes, std::slice::from_ref(entry)).await?;
            Ok(())
        })
        .await?;
        self.announce_user(tenant, username);
        Ok(())
    }
}

fn logged_out(address: Option<IpAddr>, username: &str) -> SecurityEntry {
    SecurityEntry::by_anybody(address, SecurityEventKind::LoggedOut, username).of(username)
}

fn unsupported() -> Error {
    codes::INVALID_INPUT
        .error("this kind of token is not revoked here: rotate the terminal's key instead")
        .field("token", "must be a user's access token or a refresh token")
}
