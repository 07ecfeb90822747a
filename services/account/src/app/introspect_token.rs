//! What a token is worth now (RFC 7662).

use std::sync::Arc;

use kugel_auth::{Principal, RefreshToken, UserClaims};
use kugel_error::Result;
use kugel_rpc::Caller;
use kugel_store::Scope;

use super::App;
use crate::domain::Presented;

/// A token that is good.
#[derive(Debug)]
pub enum Introspection {
    /// To call with, and until when in seconds since 1970.
    Access(Arc<Principal>, i64),
    /// To get the next one with.
    Refresh {
        /// Whose it is.
        username: String,
        /// Its session.
        session: String,
        /// Until when in seconds since 1970.
        expires_at: i64,
    },
}

impl App {
    /// What a token of the caller's tenant is worth; nothing of any other.
    pub async fn introspect_token(&self, caller: &Caller, text: &str) -> Result<Option<Introspection>> {
        let scope = caller.scope();
        if let Some(token) = RefreshToken::from_request(text) {
            if token.tenant() != caller.tenant() {
                return Ok(None);
            }
            let found = self.session_and_user(&scope, &token.session()).await?;
            let found = found
                .filter(|(session, _)| session.judge(&token.hash(), self.clock.now()) == Presented::Current);
            return Ok(found.map(|(session, _)| Introspection::Refresh {
                username: session.username,
                session: session.id,
                expires_at: session.expires_at,
            }));
        }
        let Ok((principal, until)) = self.tokens.verify_until(text) else {
            return Ok(None);
        };
        let is_good = principal.tenant() == Some(caller.tenant())
            && match &*principal {
                Principal::User(claims) => self.is_good(&scope, claims).await?,
                Principal::Terminal(_) => caller.knows_to_hold(Arc::clone(&principal)).await?,
                Principal::Anonymous | Principal::Service { .. } => true,
            };
        Ok(is_good.then_some(Introspection::Access(principal, until)))
    }

    async fn is_good(&self, scope: &Scope, claims: &UserClaims) -> Result<bool> {
        let standing = self.standing(scope, &claims.username).await?;
        Ok(standing.is_some_and(|standing| standing.accepts(claims.generation, claims.session.as_deref())))
    }
}
