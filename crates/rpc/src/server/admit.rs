//! Admission: the method's policy, as proto declares it, against the caller's credential.

use std::net::IpAddr;
use std::sync::Arc;

use futures::stream::{self, Stream, StreamExt as _};
use kugel_auth::{ApiKey, Approval, Principal, Reach, TerminalClaims, UserClaims};
use kugel_error::{Error, codes};
use kugel_proto::{Caller as Kind, Scoped};
use kugel_store::{Documents, RequestKey, Scope};
use kugel_types::{StoreCode, TenantId, TerminalId, TerminalNo};
use prost::Message;
use serde::de::DeserializeOwned;
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Status};

use super::approval;
use super::authenticate::{Credential, PresentedKey, ServesLegacy};
use super::content;
use super::request_key::{request_key, visitor};
use crate::{CLIENT_ADDRESS, ClientAddress, Standings, TERMINAL_ID};

/// Who is calling, after the method's policy has let them in. Cannot be made otherwise.
#[derive(Clone)]
pub struct Caller {
    principal: Arc<Principal>,
    tenant: TenantId,
    request: Option<RequestKey>,
    approval: Option<Arc<Approval>>,
    traceparent: Option<String>,
    address: Option<IpAddr>,
    standings: Option<Arc<Standings>>,
}

impl Caller {
    /// The credential's tenant: the only one whose data this call may touch.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }
    /// The tenant's documents.
    pub fn scope(&self) -> Scope {
        Scope::Tenant(self.tenant.clone())
    }
    /// The name for `created_by` and `updated_by`.
    pub fn actor(&self) -> String {
        self.principal.actor()
    }
    /// Who exactly.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
    /// The terminal, if a terminal is calling.
    pub fn terminal(&self) -> Option<&kugel_auth::TerminalClaims> {
        match &*self.principal {
            Principal::Terminal(claims) => Some(claims),
            _ => None,
        }
    }
    /// What makes the call repeatable, if the caller wants that.
    pub fn request(&self) -> Option<&RequestKey> {
        self.request.as_ref()
    }
    /// Does the work unless the same call was carried out before: see [`Documents::once`].
    pub async fn once<A: DeserializeOwned>(
        &self,
        documents: &Documents,
        work: impl Future<Output = Result<A, Error>>,
    ) -> Result<A, Error> {
        documents.once(&self.scope(), self.request(), work).await
    }
    /// What lets the person at the till do this, besides what she may do herself. The call keeps both names.
    pub fn approval(&self) -> Option<&Approval> {
        self.approval.as_deref()
    }
    /// W3C trace context of the call.
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }
    /// Where the client is, if the gateway has told it.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }
    /// Whether a credential of the caller's tenant holds now, whoever has it.
    pub async fn knows_to_hold(&self, principal: Arc<Principal>) -> Result<bool, Error> {
        let Some(standings) = &self.standings else {
            return Ok(true);
        };
        match standings.of(principal).await {
            Ok(_) => Ok(true),
            Err(error) if error.is(&codes::UNAUTHENTICATED) => Ok(false),
            Err(error) => Err(error),
        }
    }
    /// The messages until the credential does not hold any more, and then why: an answer without an end of its own.
    pub fn while_it_holds<T, S>(
        &self,
        messages: S,
    ) -> impl Stream<Item = Result<T, Status>> + Send + use<T, S>
    where
        S: Stream<Item = Result<T, Status>> + Unpin + Send,
    {
        let (principal, standings) = (self.principal.clone(), self.standings.clone());
        let revoked = async move {
            match standings {
                Some(standings) => standings.end_of(principal).await,
                None => std::future::pending().await,
            }
        };
        stream::unfold(
            (messages, Box::pin(revoked)),
            |(mut messages, mut revoked)| async {
                let next = tokio::select! {
                    error = &mut revoked => Some(Err(error.into())),
                    next = messages.next() => next,
                };
                next.map(|next| (next, (messages, revoked)))
            },
        )
    }
    /// A caller for the tests of use cases, which have no transport.
    pub fn for_test(principal: Principal) -> Self {
        let tenant = principal.tenant().expect("a test's caller has a tenant").clone();
        Self {
            principal: Arc::new(principal),
            tenant,
            request: None,
            approval: None,
            traceparent: None,
            address: None,
            standings: None,
        }
    }
}

/// Who is calling a method that asks for no credential.
#[derive(Debug)]
pub struct Visitor {
    /// The credential, if a good one was sent all the same.
    pub principal: Option<Arc<Principal>>,
    /// The API key that was sent, for the call that exchanges it for a token.
    pub api_key: Option<ApiKey>,
    /// True if the key was compared with that of the terminal beside it already, and is not its own.
    pub is_key_refused: bool,
    /// The terminal that was named beside the key.
    pub terminal_id: Option<String>,
    /// What makes the call repeatable, if the caller wants that. The visitors at one address are one caller, told apart by
    /// what they send.
    pub request: Option<RequestKey>,
    /// Where the client is, if the gateway has told it.
    pub address: Option<IpAddr>,
}

/// Lets a caller in, or says why not: the kind of credential, the tenant, store and terminal that the request names, and
/// how much it holds. A method without a policy does not get this far: it does not build.
pub fn admit<T: Scoped + Message>(request: Request<T>) -> Result<(Caller, T), Status> {
    const {
        assert!(
            !is_public(T::POLICY.allow),
            "a method for anyone has visitors: use `welcome`"
        )
    };
    let (metadata, extensions, mut message) = request.into_parts();
    let (principal, approved) = approval::added::<T>(principal::<T>(&extensions)?, &extensions)?;
    check_scope(&principal, &message, extensions.get::<ServesLegacy>().is_some())?;
    let tenant = principal
        .tenant()
        .ok_or_else(|| codes::UNAUTHENTICATED.error("a credential is required"))?
        .clone();
    content::check(&mut message)?;
    let permit = approved.as_ref().map(approval::permit);
    let request = request_key(&metadata, &extensions, &principal.identity(), permit, &message)?;
    Ok((
        Caller {
            principal,
            tenant,
            request,
            approval: approved.map(|approved| approved.approval),
            traceparent: text(&metadata, "traceparent"),
            address: address(&metadata),
            standings: extensions.get::<Arc<Standings>>().cloned(),
        },
        message,
    ))
}

/// Lets anyone in, for the methods whose policy says so.
pub fn welcome<T: Scoped + Message>(request: Request<T>) -> Result<(Visitor, T), Status> {
    const {
        assert!(
            is_public(T::POLICY.allow),
            "a method with a policy admits its callers: use `admit`"
        )
    };
    let (metadata, extensions, mut message) = request.into_parts();
    let principal = match extensions.get::<Credential>() {
        Some(Credential::Good(principal)) => Some(principal.clone()),
        _ => None,
    };
    let presented = extensions.get::<PresentedKey>();
    let api_key = presented.map(|presented| presented.key.clone());
    let is_key_refused = presented.is_some_and(|presented| presented.is_refused);
    content::check(&mut message)?;
    let address = address(&metadata);
    let request = request_key(&metadata, &extensions, &visitor(address), None, &message)?;
    Ok((
        Visitor {
            principal,
            api_key,
            is_key_refused,
            terminal_id: text(&metadata, TERMINAL_ID),
            request,
            address,
        },
        message,
    ))
}

const fn is_public(allow: &[i32]) -> bool {
    allow.len() == 1 && allow[0] == Kind::Anyone as i32
}

fn text(metadata: &MetadataMap, name: &str) -> Option<String> {
    metadata
        .get(name)
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
}

fn address(metadata: &MetadataMap) -> Option<IpAddr> {
    let told = metadata.get(CLIENT_ADDRESS)?.to_str().ok()?;
    told.parse().ok().map(ClientAddress::get)
}

fn principal<T: Scoped>(extensions: &Extensions) -> Result<Arc<Principal>, Error> {
    let principal = match extensions.get::<Credential>() {
        Some(Credential::Good(principal)) => principal.clone(),
        Some(Credential::Refused(error)) => return Err(codes::UNAUTHENTICATED.error(error.message())),
        Some(Credential::None) | None => {
            return Err(codes::UNAUTHENTICATED
                .error("a credential is required: a bearer token, or an API key with its terminal id"));
        }
    };
    let legacy = extensions.get::<ServesLegacy>().is_some();
    let by_setting = T::POLICY.terminal_by_setting
        && matches!(&*principal, Principal::Terminal(claims) if legacy || claims.rights.write_masters);
    if by_setting || T::POLICY.allows(principal.kind(), legacy) {
        return Ok(principal);
    }
    // Methods for services alone do not tell others that they would be known anywhere.
    if T::POLICY.allow == [Kind::Service as i32] {
        return Err(codes::UNAUTHENTICATED.error("only services may call this"));
    }
    Err(codes::PERMISSION_DENIED
        .error("this kind of credential may not call this")
        .with("method", T::METHOD))
}

fn check_scope<T: Scoped>(principal: &Principal, message: &T, legacy: bool) -> Result<(), Error> {
    let own = principal.tenant();
    if let Some(text) = message.tenant_id().filter(|text| !text.is_empty())
        && own.is_none_or(|tenant| tenant.as_str() != text)
    {
        let error = codes::SCOPE_MISMATCH.error("the tenant does not match the credential");
        return Err(error.field("tenant_id", "is not the credential's tenant"));
    }
    let terminal = match message.terminal_id().filter(|text| !text.is_empty()) {
        Some(text) => {
            let not_found = || codes::NOT_FOUND.error(format!("terminal {text} is not found"));
            let id: TerminalId = text.parse().map_err(|_| not_found())?;
            if own != Some(&id.tenant) {
                return Err(not_found());
            }
            Some(id)
        }
        None => None,
    };
    let store = || match message.store_code().filter(|text| !text.is_empty()) {
        Some(text) => Ok::<_, Error>(Some(text.parse::<StoreCode>()?)),
        None => Ok(terminal.as_ref().map(|id| id.store.clone())),
    };
    match principal {
        Principal::User(claims) => check_permission::<T>(claims, store()?.as_ref()),
        Principal::Terminal(claims) => {
            check_staff::<T>(claims, legacy)?;
            let number = match message.terminal_no() {
                Some(number) if number != 0 => Some(TerminalNo::new(number)?),
                _ => terminal.as_ref().map(|id| id.number),
            };
            check_place::<T>(claims, store()?, number, legacy)
        }
        Principal::Anonymous | Principal::Service { .. } => Ok(()),
    }
}

/// Checks that a user has the permission that the method asks for, for the store or the tenant that the request names.
fn check_permission<T: Scoped>(claims: &UserClaims, store: Option<&StoreCode>) -> Result<(), Error> {
    let Some(permission) = T::POLICY.permission() else {
        return Ok(());
    };
    let reach = match store {
        _ if T::POLICY.any_store => Reach::AnyStore,
        Some(store) => Reach::Store(store),
        None => Reach::Tenant,
    };
    if claims.rights.allow(permission, reach) {
        return Ok(());
    }
    let (name, place) = (
        permission.name(),
        store.map_or_else(
            || "for the tenant".to_owned(),
            |store| format!("for store {store}"),
        ),
    );
    Err(codes::PERMISSION_DENIED
        .error(format!(
            "this needs the permission {name} {place}: a role of yours would have to give it"
        ))
        .with("method", T::METHOD)
        .with("permission", name))
}

/// Whether the person at the till is permitted what the method asks for.
fn check_staff<T: Scoped>(claims: &TerminalClaims, legacy: bool) -> Result<(), Error> {
    let Some(permission) = T::POLICY.permission().filter(|_| T::POLICY.staff) else {
        return Ok(());
    };
    let refused = |who: &str| {
        let name = permission.name();
        codes::PERMISSION_DENIED
            .error(format!("{who}: it needs the permission {name}"))
            .with("method", T::METHOD)
            .with("permission", name)
    };
    let rights = claims.staff_rights.unwrap_or_default();
    match &claims.staff {
        None if T::POLICY.needs_staff && !legacy => {
            Err(refused("nobody is signed in at the till who may do this"))
        }
        Some(staff) if !rights.permissions.contains(permission) => {
            Err(refused(&format!("{} may not do this", staff.name)).with("staff_id", &staff.id))
        }
        _ => Ok(()),
    }
}

/// Whether a terminal may act at the store, and for the terminal, that the request names.
fn check_place<T: Scoped>(
    claims: &TerminalClaims,
    store: Option<StoreCode>,
    number: Option<TerminalNo>,
    legacy: bool,
) -> Result<(), Error> {
    let policy = T::POLICY;
    let reads_others = !T::HAS_EFFECT && (legacy || claims.rights.read_other_stores);
    let is_bound = (policy.own_store && !reads_others) || policy.own_terminal;
    if is_bound && store.is_some_and(|store| store != claims.id.store) {
        return Err(codes::PERMISSION_DENIED.error("a terminal may only act in its own store"));
    }
    if policy.own_terminal && number.is_some_and(|number| number != claims.id.number) {
        return Err(codes::PERMISSION_DENIED.error("a terminal may only act for itself"));
    }
    Ok(())
}
