//! Requests in anybody's name. Those in nobody's are [`Request::new`].

use kugel_auth::{Permissions, Principal, Rights, StaffRights, TerminalClaims, TillRights, UserClaims};
use kugel_proto::Decimal;
use kugel_rpc::{API_KEY, REQUEST_ID, TERMINAL_ID, outgoing};
use kugel_types::StaffRef;
use tonic::Request;

use crate::Stand;

impl Stand {
    /// A request of `mori`, a user who is permitted everything and owns nothing.
    pub fn user<T>(&self, message: T) -> Request<T> {
        self.user_with(Rights::all(), message)
    }

    /// A request of `mori` with rights of the test's own.
    pub fn user_with<T>(&self, rights: Rights, message: T) -> Request<T> {
        let claims = UserClaims {
            tenant: self.tenant.clone(),
            username: "mori".to_owned(),
            is_superuser: false,
            rights,
            generation: 0,
            session: None,
        };
        bearer(&self.tokens.issue_user(&claims), message)
    }

    /// A request of `hq-owner`, who owns the tenant.
    pub fn administrator<T>(&self, message: T) -> Request<T> {
        let claims = UserClaims::superuser(self.tenant.clone(), "hq-owner");
        bearer(&self.tokens.issue_user(&claims), message)
    }

    /// A request of a till with the usual [`claims`].
    pub fn till<T>(&self, id: &str, message: T) -> Request<T> {
        self.till_with(&claims(id), message)
    }

    /// A request of a till with claims of the test's own.
    pub fn till_with<T>(&self, claims: &TerminalClaims, message: T) -> Request<T> {
        self.tills.lock().insert(claims.id.to_string(), claims.clone());
        bearer(&self.tokens.issue_terminal(claims).0, message)
    }

    /// A request with a token that the service under test has issued to a till: it stands as the token says.
    pub fn till_by<T>(&self, token: &str, message: T) -> Request<T> {
        let principal = self.tokens.verify(token).unwrap();
        if let Principal::Terminal(claims) = &*principal {
            self.tills.lock().insert(claims.id.to_string(), claims.clone());
        }
        bearer(token, message)
    }

    /// A request of another service, acting in the tenant.
    pub fn service<T>(&self, name: &'static str, message: T) -> Request<T> {
        outgoing(&self.tokens, name, &self.tenant, message)
    }
}

/// What a till says of itself that is open for the first time, at work by Mori, who has the id 31.
pub fn claims(id: &str) -> TerminalClaims {
    TerminalClaims {
        id: id.parse().unwrap(),
        status: "Opened".to_owned(),
        business_date: None,
        open_counter: 1,
        business_counter: 1,
        staff: Some(StaffRef {
            id: "31".to_owned(),
            name: "Mori".to_owned(),
        }),
        key_id: "key".to_owned(),
        issued_at: 0,
        staff_session: Some(1),
        staff_rights: Some(StaffRights {
            permissions: Permissions::all(),
            discount_limit: None,
        }),
        rights: TillRights::default(),
    }
}

/// A request with any token.
pub fn bearer<T>(token: &str, message: T) -> Request<T> {
    with(Request::new(message), "authorization", &format!("Bearer {token}"))
}

/// A request with the API key of a till.
pub fn api_key<T>(terminal: &str, key: &str, message: T) -> Request<T> {
    with(with(Request::new(message), TERMINAL_ID, terminal), API_KEY, key)
}

/// The request under an id that makes it repeatable.
pub fn repeatable<T>(id: &str, request: Request<T>) -> Request<T> {
    with(request, REQUEST_ID, id)
}

fn with<T>(mut request: Request<T>, name: &'static str, value: &str) -> Request<T> {
    request.metadata_mut().insert(name, value.parse().unwrap());
    request
}

/// A decimal as messages have them.
pub fn decimal(text: &str) -> Option<Decimal> {
    Some(Decimal {
        value: text.to_owned(),
    })
}
