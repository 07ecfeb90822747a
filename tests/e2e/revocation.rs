//! Credentials die: whatever ends what was issued for a user, every service refuses it.

use std::time::Duration;

use futures::future::join_all;
use kugel_config::Secret;
use kugel_proto::Caller;
use kugel_testkit::{Door, Grpc, Relay, Rpc, Size, Tenant, World, contract, eventually};
use prost_reflect::prost_types::method_options::IdempotencyLevel;
use serde_json::{Value, json};
use tonic::Code;

use crate::doors::code_of;

/// A limit, no promise: an announcement takes moments, and without a broker what is remembered is asked for again
/// after 10 seconds.
pub(crate) const SOON: Duration = Duration::from_secs(60);
const PASSWORD: &str = "plum-Tree-9";

/// How something that was issued ends.
#[derive(Debug, Clone, Copy)]
enum End {
    LoggedOut,
    LoggedOutByRefreshToken,
    RefreshTokenReused,
    LoggedOutEverywhere,
    PasswordChanged,
    PasswordReset,
    RolesChanged,
    RoleChanged,
    Deactivated,
    Deleted,
    DeletedAndMadeAgain,
}

const ENDS: [End; 11] = [
    End::LoggedOut,
    End::LoggedOutByRefreshToken,
    End::RefreshTokenReused,
    End::LoggedOutEverywhere,
    End::PasswordChanged,
    End::PasswordReset,
    End::RolesChanged,
    End::RoleChanged,
    End::Deactivated,
    End::Deleted,
    End::DeletedAndMadeAgain,
];

/// A user who may do everything, logged in.
struct Clerk {
    name: String,
    access: String,
    refresh: String,
}

/// A role that nobody but this user has.
fn role_of(name: &str) -> String {
    format!("of_{}", name.replace('-', "_"))
}

impl Clerk {
    async fn hired(tenant: &Tenant, name: &str) -> Self {
        // It is there already if somebody of that name was.
        let role = json!({"name": role_of(name), "permissions": ["sales.read"]});
        tenant.rest().post("/accounts/roles", role).await;
        let roles = json!([{"role": "owner"}, {"role": role_of(name)}]);
        let account = json!({"username": name, "password": PASSWORD, "roles": roles});
        tenant.rest().post("/accounts/users", account).await.created();
        Self::logged_in(tenant, name).await
    }

    async fn logged_in(tenant: &Tenant, name: &str) -> Self {
        let form = format!("username={name}&password={PASSWORD}&client_id={}", tenant.id);
        let login = tenant.site().rest().form("/accounts/token", &form).await;
        let token = |name: &str| login.body[name].as_str().unwrap().to_owned();
        Self {
            name: name.to_owned(),
            access: token("access_token"),
            refresh: token("refresh_token"),
        }
    }

    async fn form(&self, tenant: &Tenant, path: &str, form: &str) -> u16 {
        tenant.site().rest().form(path, form).await.status
    }

    /// Ends what was issued. All but one ways are an administrator's or the user's own.
    async fn end(&self, tenant: &Tenant, end: End) {
        let (rest, path) = (tenant.rest(), format!("/accounts/users/{}", self.name));
        match end {
            End::LoggedOut | End::LoggedOutByRefreshToken => {
                let token = match end {
                    End::LoggedOut => &self.access,
                    _ => &self.refresh,
                };
                let form = format!("token={token}");
                assert_eq!(self.form(tenant, "/accounts/token/revoke", &form).await, 200);
            }
            End::RefreshTokenReused => {
                let form = |token: &str| format!("grant_type=refresh_token&refresh_token={token}");
                let next = tenant.site().rest();
                let next = next.form("/accounts/token", &form(&self.refresh)).await;
                let second = next.body["refresh_token"].as_str().unwrap();
                assert_eq!(self.form(tenant, "/accounts/token", &form(second)).await, 200);
                assert_eq!(
                    self.form(tenant, "/accounts/token", &form(&self.refresh)).await,
                    401
                );
            }
            End::LoggedOutEverywhere => {
                drop(rest.post(&format!("{path}/logout"), json!({})).await.ok());
            }
            End::PasswordChanged => {
                let change = json!({
                    "tenantId": tenant.id, "username": self.name,
                    "currentPassword": PASSWORD, "newPassword": "fig-Tree-11",
                });
                tenant.site().rest().post("/accounts/password", change).await.ok();
            }
            End::PasswordReset => {
                let reset = format!("{path}/reset-password");
                rest.post(&reset, json!({})).await.ok();
            }
            End::RolesChanged => {
                let roles = json!({"roles": [{"role": "manager"}]});
                rest.put(&format!("{path}/roles"), roles).await.ok();
            }
            End::RoleChanged => {
                let role = format!("/accounts/roles/{}", role_of(&self.name));
                let permissions = json!({"permissions": ["stock.read"]});
                rest.put(&role, permissions).await.ok();
            }
            End::Deactivated => {
                rest.put(&path, json!({"isActive": false})).await.ok();
            }
            End::Deleted | End::DeletedAndMadeAgain => {
                rest.delete(&path).await.ok();
                if matches!(end, End::DeletedAndMadeAgain) {
                    Self::hired(tenant, &self.name).await;
                }
            }
        }
    }
}

/// The methods that let such callers in and answer once.
pub(crate) fn methods(caller: Caller) -> Vec<Rpc> {
    let methods = contract().into_iter();
    let unary = methods.filter(|rpc| rpc.allows(caller) && !rpc.descriptor.is_server_streaming());
    unary.collect()
}

fn only_reads(rpc: &Rpc) -> bool {
    let proto = rpc.descriptor.method_descriptor_proto();
    let options = proto.options.as_ref();
    options.is_some_and(|options| options.idempotency_level() == IdempotencyLevel::NoSideEffects)
}

/// A reading method of each service.
pub(crate) fn one_of_each(methods: &[Rpc]) -> Vec<&Rpc> {
    let mut found: Vec<&Rpc> = Vec::new();
    for rpc in methods.iter().filter(|rpc| only_reads(rpc)) {
        if !found.iter().any(|known| known.service() == rpc.service()) {
            found.push(rpc);
        }
    }
    found
}

/// Whether the credential is good for a method, whatever becomes of the call.
pub(crate) async fn is_good(grpc: &Grpc, tenant: &Tenant, rpc: &Rpc) -> bool {
    let input = rpc.descriptor.input();
    let request: Value = match input.get_field_by_name("tenant_id") {
        Some(scope) => json!({scope.json_name(): tenant.id}),
        None => json!({}),
    };
    match grpc.call_method(&rpc.descriptor, request).await {
        Err(status) if status.code() == Code::Unauthenticated => {
            assert_eq!(code_of(&status), "200001", "{}", rpc.name());
            false
        }
        // Whoever goes on showing a wrong key is not even asked any more.
        Err(status) if status.code() == Code::ResourceExhausted => {
            assert_eq!(code_of(&status), "200003", "{}", rpc.name());
            false
        }
        _ => true,
    }
}

/// Returns when every service refuses a token.
pub(crate) async fn refused_everywhere(grpc: &Grpc, tenant: &Tenant, methods: &[&Rpc]) {
    eventually(SOON, async || {
        let answers = join_all(methods.iter().map(|rpc| is_good(grpc, tenant, rpc))).await;
        answers.iter().all(|is_good| !is_good).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_what_was_issued_every_service_refuses_it() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let methods = methods(Caller::User);
    let services = one_of_each(&methods);
    assert!(services.len() >= 7, "each service is asked");
    for (number, end) in ENDS.into_iter().enumerate() {
        let clerk = Clerk::hired(&tenant, &format!("clerk-{number}")).await;
        let grpc = world.grpc(Door::Native).bearer(&clerk.access);
        for rpc in methods.iter().filter(|rpc| only_reads(rpc)) {
            assert!(is_good(&grpc, &tenant, rpc).await, "{}", rpc.name());
        }
        clerk.end(&tenant, end).await;
        refused_everywhere(&grpc, &tenant, &services).await;
        for rpc in &methods {
            assert!(!is_good(&grpc, &tenant, rpc).await, "{end:?}: {}", rpc.name());
        }
        let form = format!("grant_type=refresh_token&refresh_token={}", clerk.refresh);
        assert_eq!(
            clerk.form(&tenant, "/accounts/token", &form).await,
            401,
            "{end:?}"
        );
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_alone_and_the_next_login_is_let_in_at_once() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let methods = methods(Caller::User);
    let services = one_of_each(&methods);
    let first = Clerk::hired(&tenant, "clerk").await;
    let second = Clerk::logged_in(&tenant, "clerk").await;
    let [ended, stays] = [&first, &second].map(|one| world.grpc(Door::Native).bearer(&one.access));
    first.end(&tenant, End::LoggedOut).await;
    refused_everywhere(&ended, &tenant, &services).await;
    for rpc in &services {
        assert!(is_good(&stays, &tenant, rpc).await, "{}", rpc.name());
    }
    second.end(&tenant, End::LoggedOutEverywhere).await;
    let third = Clerk::logged_in(&tenant, "clerk").await;
    let third = world.grpc(Door::Native).bearer(&third.access);
    for rpc in &services {
        assert!(is_good(&third, &tenant, rpc).await, "{}", rpc.name());
    }
    refused_everywhere(&stays, &tenant, &services).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_is_sent_away_when_he_is_logged_out() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    tenant.store("s1").await;
    let clerk = Clerk::hired(&tenant, "clerk").await;
    let watch = "stock.v1.StockService.WatchStockAlerts";
    let scope = json!({"tenantId": tenant.id, "storeCode": "s1"});
    let grpc = world.grpc(Door::Native).bearer(&clerk.access);
    let mut alerts = grpc.stream(watch, scope).await.unwrap();
    assert!(alerts.next().await.unwrap().is_some(), "connected");
    clerk.end(&tenant, End::LoggedOut).await;
    let ended = tokio::time::timeout(SOON, alerts.next()).await.unwrap();
    assert_eq!(code_of(&ended.unwrap_err()), "200001");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_while_the_broker_is_away_is_refused_all_the_same() {
    let Some(servers) = Size::of_the_mesh("revocation without a broker") else {
        return;
    };
    let mut amqp = Relay::to(&servers.amqp);
    amqp.open().await;
    let world = World::start_with(|settings| settings.amqp_url = Some(Secret::new(amqp.url()))).await;
    let tenant = world.tenant().await;
    let methods = methods(Caller::User);
    let services = one_of_each(&methods);
    for (number, end) in [End::LoggedOut, End::Deactivated, End::PasswordReset]
        .into_iter()
        .enumerate()
    {
        let clerk = Clerk::hired(&tenant, &format!("clerk-{number}")).await;
        let grpc = world.grpc(Door::Native).bearer(&clerk.access);
        for rpc in &services {
            assert!(is_good(&grpc, &tenant, rpc).await, "{}", rpc.name());
        }
        amqp.close().await;
        clerk.end(&tenant, end).await;
        refused_everywhere(&grpc, &tenant, &services).await;
    }
    // Who is let in again is so at once, whatever the services remember.
    let clerk = Clerk::hired(&tenant, "clerk").await;
    let grpc = world.grpc(Door::Native).bearer(&clerk.access);
    for rpc in &services {
        assert!(is_good(&grpc, &tenant, rpc).await, "{}", rpc.name());
    }
    clerk.end(&tenant, End::LoggedOutEverywhere).await;
    let clerk = Clerk::logged_in(&tenant, "clerk").await;
    let grpc = world.grpc(Door::Native).bearer(&clerk.access);
    for rpc in &services {
        assert!(is_good(&grpc, &tenant, rpc).await, "{}", rpc.name());
    }
    amqp.open().await;
    world.finish().await;
}
