//! Tokens: JSON Web Tokens signed with Ed25519 (EdDSA).
//!
//! The claims are those of the older API plus `aud`; `kid` in the header names the kind and its key. Each kind has a key
//! pair of its own, derived from the root secret with HMAC-SHA256, whose public half is published.

use std::sync::Arc;

use jiff::Timestamp;
use kugel_types::{Clock, TenantId};
use parking_lot::RwLock;
use serde::Serialize;

use crate::claims::{TerminalToken, Times, UserToken, terminal, user};
use crate::key::Kind;
use crate::keyring::Keyring;
use crate::rights::GrantClaim;
use crate::{Lifetimes, Principal, Secrets, TerminalClaims, UserClaims, signature};

/// Why a token is not accepted. The text is for the log: callers only learn that authentication failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not one of our tokens, or changed since.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// It was valid once.
    #[error("the token has expired")]
    Expired,
    /// It was issued in the future.
    #[error("the token is not valid yet: a clock is wrong")]
    NotYetValid,
}

/// How many seconds the clock of who issued a token may be ahead of ours.
pub(crate) const AHEAD: i64 = 60;
/// Service tokens live five minutes: a new one needs no question to anybody.
const SERVICE_LIFETIME: i64 = 300;

/// Issues and verifies tokens.
pub struct Tokens {
    pub(crate) keyring: RwLock<Arc<Keyring>>,
    pub(crate) lifetimes: Lifetimes,
    clock: Arc<dyn Clock>,
}

impl Tokens {
    /// Derives the keys of all kinds from `secrets`: one root secret, or several (see [`Secrets`]).
    pub fn new(secrets: impl Into<Secrets>, lifetimes: Lifetimes, clock: Arc<dyn Clock>) -> Self {
        signature::provide();
        Self {
            keyring: RwLock::new(Arc::new(Keyring::new(secrets.into()))),
            lifetimes,
            clock,
        }
    }

    /// The keys of this moment.
    pub(crate) fn ring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.read())
    }

    /// The time in seconds since 1970, as tokens carry it.
    pub fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// A token for a user who has proved the password.
    pub fn issue_user(&self, claims: &UserClaims) -> String {
        let end = self.now() + self.lifetimes.user;
        self.issue_until(claims, end)
    }

    /// A token for a service account that has proved a key, and its life in seconds: that of a user's, but not beyond an
    /// end.
    pub fn issue_service_account(&self, claims: &UserClaims, end: Option<Timestamp>) -> (String, i64) {
        let now = self.now();
        let longest = now + self.lifetimes.user;
        let end = end.map_or(longest, |end| end.as_second().min(longest));
        (self.issue_until(claims, end), end - now)
    }

    fn issue_until(&self, claims: &UserClaims, end: i64) -> String {
        let now = self.now();
        // An owner's rights are told by the one claim.
        let grants = claims.rights.grants().iter().filter(|_| !claims.is_superuser);
        let token = UserToken {
            sub: claims.username.clone(),
            tenant_id: claims.tenant.to_string(),
            is_superuser: claims.is_superuser,
            is_service_account: claims.service_account().is_some(),
            service: claims.service_account().map(str::to_owned),
            grants: grants.map(GrantClaim::from).collect(),
            generation: Some(claims.generation),
            sid: claims.session.clone(),
            aud: Kind::User.audience(),
            times: Times::from_to(now, end),
        };
        self.sign(Kind::User, &token)
    }

    /// A token for a terminal in its present state, and its life in seconds.
    pub fn issue_terminal(&self, claims: &TerminalClaims) -> (String, i64) {
        let now = self.now();
        let token = TerminalToken {
            sub: format!("terminal:{}", claims.id),
            tenant_id: claims.id.tenant.to_string(),
            store_code: claims.id.store.to_string(),
            terminal_no: claims.id.number.get(),
            terminal_id: claims.id.to_string(),
            status: claims.status.clone(),
            token_type: "terminal".to_owned(),
            business_date: claims.business_date.map(|date| date.to_string()),
            open_counter: claims.open_counter,
            business_counter: claims.business_counter,
            staff_id: claims.staff.as_ref().map(|staff| staff.id.clone()),
            staff_name: claims.staff.as_ref().map(|staff| staff.name.clone()),
            key_id: claims.key_id.clone(),
            staff_session: claims.staff_session,
            iss: "terminal-service".to_owned(),
            aud: Kind::Terminal.audience(),
            times: Times::from_to(now, now + self.lifetimes.terminal),
        };
        (self.sign(Kind::Terminal, &token), self.lifetimes.terminal)
    }

    /// The identity of service `name` within a tenant. Made once and used until shortly before it expires.
    pub fn service(&self, name: &'static str, tenant: &TenantId) -> Arc<str> {
        let (now, ring) = (self.now(), self.ring());
        let key = (tenant.clone(), name);
        // One that would live longer is from before the clock was set back: others would refuse it.
        if let Some((token, expires)) = ring.issued.get(&key)
            && (now + 31..=now + SERVICE_LIFETIME).contains(&expires)
        {
            return token;
        }
        let token = UserToken {
            sub: format!("service:{name}"),
            tenant_id: tenant.to_string(),
            is_superuser: false,
            is_service_account: true,
            service: Some(name.to_owned()),
            grants: Vec::new(),
            generation: None,
            sid: None,
            aud: Kind::Service.audience(),
            times: Times::from_to(now, now + SERVICE_LIFETIME),
        };
        let token: Arc<str> = self.sign(Kind::Service, &token).into();
        ring.issued.insert(key, (token.clone(), now + SERVICE_LIFETIME));
        token
    }

    /// Who a token speaks for.
    pub fn verify(&self, token: &str) -> Result<Arc<Principal>, TokenError> {
        self.verify_until(token).map(|(principal, _)| principal)
    }

    /// Who a token speaks for, and until when in seconds since 1970. A token that was verified before is looked up, not
    /// computed again.
    pub fn verify_until(&self, token: &str) -> Result<(Arc<Principal>, i64), TokenError> {
        let (now, ring) = (self.now(), self.ring());
        let (principal, expires) = match ring.verified.get(token) {
            Some(known) => known,
            None => {
                let fresh = decode(&ring, token, now)?;
                ring.verified.insert(token.to_owned(), fresh.clone());
                fresh
            }
        };
        if expires <= now {
            Err(TokenError::Expired)
        } else {
            Ok((principal, expires))
        }
    }

    pub(crate) fn sign(&self, kind: Kind, claims: &impl Serialize) -> String {
        self.ring().signing.key(kind).sign(claims)
    }
}

/// Who a token speaks for, and until when: a token ends with its key. What begins in the future is refused: its end is as far
/// away as the clock was wrong that it was issued by.
fn decode(ring: &Keyring, token: &str, now: i64) -> Result<(Arc<Principal>, i64), TokenError> {
    let invalid = |error: &dyn std::fmt::Display| TokenError::Invalid(error.to_string());
    let header = jsonwebtoken::decode_header(token).map_err(|error| invalid(&error))?;
    let id = header.kid.unwrap_or_default();
    let (name, _) = id.split_once('-').unwrap_or((&id, ""));
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
    let (principal, begins, expires, end) = match kind.ok_or_else(|| invalid(&"unknown kind of token"))? {
        kind @ Kind::User => {
            let (claims, end): (UserToken, _) = ring.check(kind, token, &id, now)?;
            let (begins, expires) = (claims.times.begin(), claims.times.exp);
            let claims = user(claims).map_err(|error| invalid(&error))?;
            (Principal::User(claims), begins, expires, end)
        }
        kind @ Kind::Service => {
            let (claims, end): (UserToken, _) = ring.check(kind, token, &id, now)?;
            let (begins, expires) = (claims.times.begin(), claims.times.exp);
            let tenant = claims.tenant_id.parse().map_err(|error| invalid(&error))?;
            let name = claims
                .service
                .ok_or_else(|| invalid(&"a service token without service"))?;
            (Principal::Service { tenant, name }, begins, expires, end)
        }
        kind @ Kind::Terminal => {
            let (claims, end): (TerminalToken, _) = ring.check(kind, token, &id, now)?;
            let (begins, expires) = (claims.times.begin(), claims.times.exp);
            let claims = terminal(claims).map_err(|error| invalid(&error))?;
            (Principal::Terminal(claims), begins, expires, end)
        }
        Kind::Approval => return Err(invalid(&"an approval is no credential")),
    };
    if begins > now + AHEAD {
        return Err(TokenError::NotYetValid);
    }
    Ok((Arc::new(principal), expires.min(end)))
}

#[cfg(test)]
mod tests {
    use kugel_proto::Permission;
    use kugel_types::{ManualClock, StaffRef};

    use super::*;
    use crate::{Grant, Rights, TillRights};

    fn tokens(root: &str) -> (Tokens, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::for_test(
            "2026-06-11T00:00:00Z".parse().expect("instant"),
        ));
        (
            Tokens::new(
                root,
                Lifetimes {
                    user: 1800,
                    terminal: 86400,
                },
                clock.clone(),
            ),
            clock,
        )
    }

    fn tenant() -> TenantId {
        "Q7301".parse().expect("valid")
    }

    fn user(username: &str) -> UserClaims {
        UserClaims {
            tenant: tenant(),
            username: username.to_owned(),
            is_superuser: false,
            rights: Rights::default(),
            generation: 1_800_000_000_000_000,
            session: Some("s".to_owned()),
        }
    }

    #[test]
    fn every_kind_reads_back_as_issued() {
        let (tokens, _) = tokens("root");
        let grant = |permissions: &[Permission], stores: Option<&str>| Grant {
            permissions: permissions.iter().copied().collect(),
            stores: stores.map(|code| [code.parse().expect("a store code")].into()),
        };
        let clerk = UserClaims {
            rights: Rights::of([
                grant(&[Permission::SalesRead, Permission::StockRead], None),
                grant(&[Permission::PricesWrite], Some("tk01")),
            ]),
            ..user("clerk")
        };
        for claims in [UserClaims::superuser(tenant(), "hq-owner"), clerk, user("nobody")] {
            let read = tokens.verify(&tokens.issue_user(&claims)).expect("valid");
            assert_eq!(*read, Principal::User(claims));
        }
        let service = tokens
            .verify(&tokens.service("report", &tenant()))
            .expect("valid");
        assert_eq!(
            *service,
            Principal::Service {
                tenant: tenant(),
                name: "report".into()
            }
        );
        let claims = TerminalClaims {
            id: "Q7301-tk01-4".parse().expect("valid"),
            status: "Opened".into(),
            business_date: Some("20260611".parse().expect("valid")),
            open_counter: 2,
            business_counter: 57,
            staff: Some(StaffRef {
                id: "31".into(),
                name: "Mori".into(),
            }),
            key_id: "k".into(),
            issued_at: 1_781_136_000,
            staff_session: Some(1_749_600_000_000_000),
            staff_rights: None,
            rights: TillRights::default(),
        };
        let (token, lifetime) = tokens.issue_terminal(&claims);
        assert_eq!(lifetime, 86400);
        assert_eq!(
            *tokens.verify(&token).expect("valid"),
            Principal::Terminal(claims)
        );
    }

    #[test]
    fn forged_foreign_and_expired_tokens_are_refused() {
        let (ours, clock) = tokens("root");
        let token = ours.issue_user(&user("u"));
        let (theirs, _) = tokens("another root");
        assert!(matches!(theirs.verify(&token), Err(TokenError::Invalid(_))));
        for forged in ["", "a.b.c", &token[..token.len() - 2], &format!("{token}x")] {
            assert!(
                matches!(ours.verify(forged), Err(TokenError::Invalid(_))),
                "{forged}"
            );
        }
        assert!(ours.verify(&token).is_ok());
        clock.advance(1800);
        assert_eq!(
            ours.verify(&token),
            Err(TokenError::Expired),
            "also when it was verified before"
        );
    }

    #[test]
    fn what_begins_in_the_future_is_refused_but_for_a_minute() {
        let (tokens, clock) = tokens("root");
        let now = tokens.now();
        let token = |kind: Kind, iat: i64, nbf: Option<i64>| {
            let mut claims = serde_json::json!({
                "sub": "u", "tenant_id": "Q7301", "is_superuser": false, "service": "cart", "store_code": "tk01",
                "terminal_no": 4, "terminal_id": "Q7301-tk01-4", "status": "Opened", "token_type": "terminal",
                "open_counter": 1, "business_counter": 1, "iss": "x", "aud": kind.audience(), "iat": iat,
                "exp": now + 900,
            });
            if let Some(nbf) = nbf {
                claims["nbf"] = nbf.into();
            }
            tokens.sign(kind, &claims)
        };
        for kind in [Kind::User, Kind::Terminal, Kind::Service] {
            let far = [(now + 61, None), (now, Some(now + 61)), (now + 61, Some(0))];
            for (iat, nbf) in far {
                let refused = tokens.verify(&token(kind, iat, nbf));
                assert_eq!(refused, Err(TokenError::NotYetValid), "{kind:?}: {iat}, {nbf:?}");
            }
            for (iat, nbf) in [(now + 60, Some(now + 60)), (now - 9, None)] {
                assert!(tokens.verify(&token(kind, iat, nbf)).is_ok(), "{kind:?}: {iat}");
            }
        }
        let early = token(Kind::User, now + 61, None);
        clock.advance(1);
        assert!(tokens.verify(&early).is_ok(), "in time");
    }

    #[test]
    fn a_service_whose_clock_is_set_back_shows_no_token_from_its_future() {
        let (tokens, clock) = tokens("root");
        clock.advance(3600);
        let before = tokens.service("cart", &tenant());
        assert_eq!(tokens.service("cart", &tenant()), before, "made once");
        clock.advance(-3600);
        let after = tokens.service("cart", &tenant());
        assert_eq!(tokens.verify(&before), Err(TokenError::NotYetValid));
        assert!(tokens.verify(&after).is_ok());
    }

    #[test]
    fn a_kind_cannot_pass_for_another() {
        let (tokens, _) = tokens("root");
        let service = tokens.service("cart", &tenant());
        // The header is replaced by that of a user token; the signature is still the service key's.
        let token = tokens.issue_user(&user("u"));
        let forged = format!(
            "{}{}",
            token.split('.').next().expect("header"),
            &service[service.find('.').expect("dot")..]
        );
        assert!(matches!(tokens.verify(&forged), Err(TokenError::Invalid(_))));
    }
}
