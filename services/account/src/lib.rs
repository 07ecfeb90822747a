//! The account service: registers tenants, keeps their users and service accounts, and issues the tokens that both work with.
//!
//! Which tenants exist is known in the service's shared documents, where ids are unique whatever their case; the users
//! of a tenant lie in the tenant's own. Passwords are kept as argon2id hashes (bcrypt ones of older systems still let
//! their owners in) and leave the service in no form. It keeps the security log of each tenant, of which other services
//! tell it by `terminal_security` and `staff_security`; it publishes no event, announces users and service accounts whose tokens
//! are revoked, and calls no neighbour.
//! What was issued for an account is of its generation, which everything that revokes raises; a login is a session, which
//! can be ended alone. Every service asks for both before it lets a user in.
//! Start reading at [`build`], then [`app::App`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed unwrap fails the test"))]

mod adapters;
pub mod app;
pub mod domain;
mod records;

pub use records::{COLLECTIONS, SecurityEventDocument};

use std::sync::Arc;

use kugel_brake::{Brake, Kind};
use kugel_config::Compatibility;
use kugel_error::Result;
use kugel_proto::account::v1::account_service_server::AccountServiceServer;
use kugel_proto::account::v1::key_service_server::KeyServiceServer;
use kugel_proto::account::v1::role_service_server::RoleServiceServer;
use kugel_proto::account::v1::service_account_service_server::ServiceAccountServiceServer;
use kugel_rpc::{Deps, Parts, Repeats, Routes};
use kugel_state::{State, StateError};
use kugel_store::{Collection, Record as _};
use kugel_types::{Clock, TenantId};

use crate::adapters::events::{SecurityLog, TOPICS};
use crate::adapters::grpc::{Accounts, Keys, Roles, ServiceAccounts};
use crate::app::{App, keep_forgetting, keep_forgetting_sessions};
use crate::domain::Tenant;

/// The service's name: of its database and its port.
pub const NAME: &str = "account";

/// Where the shared documents tell of a tenant: their collection, and the key.
pub fn registration(tenant: &TenantId) -> (&'static Collection, String) {
    (Tenant::COLLECTION, Tenant::key(tenant.as_str()))
}

/// Forgets the failed logins of a user in a state store that this process does not serve from.
pub async fn unlock(
    state: Arc<dyn State>,
    clock: Arc<dyn Clock>,
    tenant: &TenantId,
    username: &str,
) -> std::result::Result<(), StateError> {
    let logins = Brake::new(Kind::Password, state, clock);
    logins.release(app::account(&[tenant.as_str(), username])).await
}

/// Builds the service.
pub fn build(deps: Deps) -> Result<Parts> {
    let forgetting = deps.documents.clone().keep_forgetting();
    let old_entries = keep_forgetting(deps.documents.clone(), deps.clock.clone());
    let old_sessions = keep_forgetting_sessions(deps.documents.clone(), deps.clock.clone());
    let brake = |kind| Brake::new(kind, Arc::clone(&deps.state), Arc::clone(&deps.clock));
    let app = App {
        logins: brake(Kind::Password),
        service_keys: brake(Kind::ApiKey),
        registrations: brake(Kind::Registration),
        registration: deps.settings.registration,
        is_legacy: deps.settings.compatibility == Compatibility::Legacy,
        repeats: Repeats::new(Arc::clone(&deps.clock)),
        documents: deps.documents,
        passwords: deps.passwords,
        bus: Arc::clone(&deps.bus),
        tokens: deps.tokens,
        clock: deps.clock,
        zone: deps.settings.zone(),
    };
    deps.bus
        .subscribe(NAME, TOPICS, Arc::new(SecurityLog(app.clone())));
    let repeats = app.repeats.clone();
    let routes = Routes::new(KeyServiceServer::new(Keys(Arc::clone(&app.tokens))))
        .and(AccountServiceServer::new(Accounts(app.clone())))
        .and(RoleServiceServer::new(Roles(app.clone())))
        .and(ServiceAccountServiceServer::new(ServiceAccounts(app.clone())));
    Ok(Parts {
        name: NAME,
        routes,
        collections: COLLECTIONS.to_vec(),
        outboxes: Vec::new(),
        background: vec![
            Box::pin(forgetting),
            Box::pin(old_entries),
            Box::pin(old_sessions),
            Box::pin(repeats.clone().keep_telling(app.clone())),
        ],
        closing: vec![Box::pin(repeats.tell_rest(app))],
    })
}
