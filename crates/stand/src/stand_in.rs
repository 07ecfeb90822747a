//! Neighbours that do the little that a test needs of them.

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;

use futures::future::BoxFuture;
use http::Request;
use kugel_auth::{Principal, TerminalClaims, Tokens};
use kugel_proto::Scoped;
use kugel_proto::account::v1::{GetUserStandingRequest, GetUserStandingResponse, UserStanding};
use kugel_proto::terminal::v1::{
    GetStoreRequest, GetStoreResponse, GetTerminalRequest, GetTerminalResponse, GetTerminalStandingRequest,
    GetTerminalStandingResponse, Store, Terminal, TerminalStaff, TerminalStanding, TillRights,
};
use kugel_rpc::LocalService;
use parking_lot::Mutex;
use prost::Message;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Response, Status};
use tonic_prost::ProstCodec;
use tower::service_fn;

/// Answers the calls that a test names, and every other one with *unimplemented*. A caller is checked as by the real
/// neighbour: it must be of a kind that the method lets in.
#[derive(Default)]
pub struct StandIn(HashMap<String, Method>);

type Method = Box<dyn Fn(Arc<Tokens>, Request<Body>) -> Answer + Send + Sync>;
type Answer = BoxFuture<'static, http::Response<Body>>;

impl StandIn {
    /// An account service that has revoked nothing of anybody.
    pub(crate) fn of_accounts() -> Self {
        Self::default().answering(|_, _: GetUserStandingRequest| {
            Ok(GetUserStandingResponse {
                standing: Some(UserStanding::default()),
            })
        })
    }

    /// A terminal service for which tills stand as they said last.
    pub(crate) fn of_tills(tills: Arc<Mutex<HashMap<String, TerminalClaims>>>) -> Self {
        Self::default().answering(move |_, request: GetTerminalStandingRequest| {
            let tills = tills.lock();
            let claims = tills.get(&request.terminal_id);
            let claims = claims.ok_or_else(|| Status::not_found(request.terminal_id.clone()))?;
            Ok(GetTerminalStandingResponse {
                standing: Some(standing(claims)),
            })
        })
    }

    /// A terminal service that knows these terminals, and nothing more of them.
    pub fn of_terminals(known: &'static [&'static str]) -> Self {
        let store = |_: &Principal, request: GetStoreRequest| {
            Ok(GetStoreResponse {
                store: Some(Store {
                    store_code: request.store_code,
                    currency: "JPY".to_owned(),
                    ..Store::default()
                }),
            })
        };
        Self::default()
            .answering(store)
            .answering(move |_, request: GetTerminalRequest| {
                if known.contains(&request.terminal_id.as_str()) {
                    Ok(GetTerminalResponse::default())
                } else {
                    Err(Status::not_found(request.terminal_id))
                }
            })
    }

    /// Answers the method that takes `Q`. The answer may be a refusal, or [`Status::unavailable`] for a neighbour that
    /// is away.
    #[must_use]
    pub fn answering<Q, A, F>(mut self, answer: F) -> Self
    where
        Q: Scoped + Message + Default + 'static,
        A: Message + Default + 'static,
        F: Fn(&Principal, Q) -> Result<A, Status> + Send + Sync + 'static,
    {
        let (service, method) = Q::METHOD.rsplit_once('.').unwrap();
        let answer = Arc::new(answer);
        let call = move |tokens: Arc<Tokens>, request| -> Answer {
            let answer = answer.clone();
            Box::pin(async move {
                let unary = service_fn(move |request: tonic::Request<Q>| {
                    let principal = principal::<Q>(&tokens, &request);
                    let message = request.into_inner();
                    ready(principal.and_then(|principal| answer(&principal, message).map(Response::new)))
                });
                let mut grpc = Grpc::new(ProstCodec::<A, Q>::default());
                grpc.unary(unary, request).await
            })
        };
        self.0.insert(format!("/{service}/{method}"), Box::new(call));
        self
    }

    pub(crate) fn into_service(self, tokens: Arc<Tokens>) -> LocalService {
        let methods = Arc::new(self.0);
        LocalService::new(service_fn(move |request: Request<Body>| {
            let (methods, tokens) = (methods.clone(), tokens.clone());
            async move {
                let path = request.uri().path().to_owned();
                Ok(match methods.get(&path) {
                    Some(method) => method(tokens, request).await,
                    None => Status::unimplemented(format!("the test does not answer `{path}`")).into_http(),
                })
            }
        }))
    }
}

fn standing(claims: &TerminalClaims) -> TerminalStanding {
    let rights = claims.staff_rights.unwrap_or_default();
    TerminalStanding {
        terminal: Some(Terminal {
            status: claims.status.clone(),
            business_date: claims.business_date.map(|date| date.to_string()),
            open_counter: claims.open_counter,
            business_counter: claims.business_counter,
            staff: claims.staff.as_ref().map(|staff| TerminalStaff {
                staff_id: staff.id.clone(),
                staff_name: staff.name.clone(),
                permissions: rights.permissions.names(),
                discount_limit_percent: rights.discount_limit.map(Into::into),
                staff_pin: None,
            }),
            ..Terminal::default()
        }),
        key_id: claims.key_id.clone(),
        staff_session: claims.staff_session,
        till_rights: Some(TillRights {
            read_other_stores: claims.rights.read_other_stores,
            write_masters: claims.rights.write_masters,
        }),
    }
}

fn principal<Q: Scoped>(tokens: &Tokens, request: &tonic::Request<Q>) -> Result<Arc<Principal>, Status> {
    let bearer = request.metadata().get("authorization");
    let token = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let principal = tokens
        .verify(token.unwrap_or_default())
        .map_err(|error| Status::unauthenticated(error.to_string()))?;
    let kind = principal.kind();
    if !Q::POLICY.allows(kind, false) {
        return Err(Status::permission_denied(format!(
            "{kind:?} may not call {}",
            Q::METHOD
        )));
    }
    Ok(principal)
}
