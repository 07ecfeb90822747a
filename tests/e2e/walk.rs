//! A walk over every method of the contract: its callers, its routes and how it takes what it cannot use.

use std::collections::BTreeSet;

use http::Method;
use kugel_proto::Caller;
use kugel_testkit::{Binding, Door, Reply, Rest, Rpc, Tenant, Till, World, contract};
use prost_reflect::prost_types::method_options::IdempotencyLevel;
use prost_reflect::{FieldDescriptor, Kind};
use serde_json::{Value, json};

use crate::doors::code_of;

/// Nobody has this token.
pub(crate) const FORGED: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvd25lciJ9.c2lnbmF0dXJl";

#[test]
fn every_method_has_callers_and_routes_or_a_reason() {
    for rpc in contract() {
        let name = rpc.name();
        assert!(!rpc.allow.is_empty(), "{name}: nobody may call it");
        assert!(
            !rpc.is_public() || rpc.allow.len() == 1,
            "{name}: ANYONE stands alone"
        );
        assert!(
            rpc.bindings.is_empty() != rpc.no_binding_reason.is_empty(),
            "{name}: either a route or a reason for none"
        );
        for binding in &rpc.bindings {
            let safe = binding.verb == Method::GET;
            let level = rpc.descriptor.method_descriptor_proto().options.as_ref();
            let declared = level.map(|options| options.idempotency_level());
            let reads = declared == Some(IdempotencyLevel::NoSideEffects);
            assert_eq!(safe, reads, "{name}: {} {}", binding.verb, binding.path);
        }
    }
}

#[test]
fn no_two_methods_of_a_service_share_a_route() {
    let mut seen = BTreeSet::new();
    for rpc in contract() {
        for binding in &rpc.bindings {
            let shape = binding.path_with(|_| "*".to_owned());
            let route = (rpc.service(), binding.verb.to_string(), shape);
            assert!(seen.insert(route.clone()), "{route:?}");
        }
    }
    assert!(seen.len() > 100, "the walk sees the whole contract");
}

#[tokio::test]
async fn nobody_enters_by_grpc_without_a_good_credential() {
    let world = World::start().await;
    let anonymous = world.grpc(Door::Native);
    let forged = anonymous.bearer(FORGED);
    for (number, rpc) in (1..).zip(contract()) {
        // Guesses at one till's key would be braked.
        let keyless = anonymous
            .metadata("x-terminal-id", &format!("T1-tk01-{number}"))
            .metadata("x-api-key", "guess");
        for client in [&anonymous, &forged, &keyless] {
            let answer = client.call_method(&rpc.descriptor, json!({})).await;
            if rpc.is_public() && answer.is_ok() {
                continue;
            }
            let status = answer.expect_err(rpc.name());
            if rpc.is_public() {
                // Let in, and then refused for what is missing.
                assert_ne!(status.code(), tonic::Code::PermissionDenied, "{}", rpc.name());
                assert_ne!(status.code(), tonic::Code::Unimplemented, "{}", rpc.name());
                continue;
            }
            assert_eq!(
                status.code(),
                tonic::Code::Unauthenticated,
                "{}: {status:?}",
                rpc.name()
            );
            assert_eq!(code_of(&status), "200001", "{}", rpc.name());
        }
    }
}

#[tokio::test]
async fn nobody_enters_by_rest_without_a_good_credential() {
    let world = World::start().await;
    for rpc in contract() {
        for binding in &rpc.bindings {
            let path = binding.path_with(|variable| sample(&rpc, variable));
            let body = empty_body(&rpc, binding);
            let rest = world.root().header("x-kugel-service", &rpc.service());
            for rest in [rest.clone(), rest.bearer(FORGED)] {
                let reply = rest.send(binding.verb.clone(), &path, body.as_ref()).await;
                if !rpc.is_bare {
                    reply.envelope();
                }
                if !rpc.is_public() {
                    reply.refused(401, "200001");
                }
            }
        }
    }
}

/// A value that fits the path variable's type.
fn sample(rpc: &Rpc, variable: &str) -> String {
    match rpc.path_field(variable).kind() {
        Kind::String => "x1".to_owned(),
        _ => "1".to_owned(),
    }
}

fn empty_body(rpc: &Rpc, binding: &Binding) -> Option<Value> {
    match binding.body.as_str() {
        "" => None,
        "*" => Some(json!({})),
        field if rpc.descriptor.input().get_field_by_name(field).unwrap().is_list() => Some(json!([])),
        _ => Some(json!({})),
    }
}

/// Credentials of every kind of one tenant.
pub(crate) struct Credentials {
    administrator: String,
    terminal: String,
    service: String,
}

impl Credentials {
    pub(crate) fn of(world: &World, tenant: &Tenant, till: &Till) -> Self {
        let id = tenant.id.parse().unwrap();
        Self {
            administrator: tenant.token.clone(),
            terminal: till.token.clone(),
            service: world.tokens().service("test", &id).to_string(),
        }
    }

    /// A client that the method's policy lets in.
    fn client(&self, world: &World, rpc: &Rpc) -> Rest {
        world
            .root()
            .bearer(self.fitting(rpc))
            .header("x-kugel-service", &rpc.service())
    }

    /// A token that the method's policy lets in.
    pub(crate) fn fitting(&self, rpc: &Rpc) -> &str {
        let user = rpc.allows(Caller::User);
        match rpc {
            _ if user => &self.administrator,
            _ if rpc.allows(Caller::Terminal) => &self.terminal,
            _ => &self.service,
        }
    }
}

#[tokio::test]
async fn every_route_answers_with_the_envelope() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let till = tenant.store("tk01").await.till(1).await;
    let credentials = Credentials::of(&world, &tenant, &till);
    for rpc in contract() {
        for binding in rpc
            .bindings
            .iter()
            .filter(|binding| binding.verb != Method::DELETE)
        {
            let rest = credentials.client(&world, &rpc);
            let path = binding.path_with(|variable| own(&rpc, variable, &till));
            let reply = rest
                .send(binding.verb.clone(), &path, empty_body(&rpc, binding).as_ref())
                .await;
            if !rpc.is_bare {
                reply.envelope();
            }
            check_answered(&rpc, binding, &reply);
        }
    }
}

#[track_caller]
fn check_answered(rpc: &Rpc, binding: &Binding, reply: &Reply) {
    let name = format!("{} {} ({})", binding.verb, binding.path, rpc.name());
    assert!(reply.status < 500, "{name}: {}", reply.text);
    assert!(reply.status != 405, "{name}: {}", reply.text);
    assert!(
        !reply.text.contains("there is nothing at"),
        "{name}: {}",
        reply.text
    );
    assert!(
        reply.status >= 300 || reply.status == rpc.success,
        "{name}: {}",
        reply.text
    );
    assert!(
        !matches!(reply.status, 401 | 403) || rpc.is_public(),
        "{name}: {}",
        reply.text
    );
}

/// A path variable that names what the till's tenant has, where it has it.
fn own(rpc: &Rpc, variable: &str, till: &Till) -> String {
    match variable {
        "tenant_id" => till.store.tenant.id.clone(),
        "store_code" => till.store.code.clone(),
        "terminal_id" => till.terminal_id.clone(),
        _ => sample(rpc, variable),
    }
}

#[tokio::test]
async fn wrong_types_are_refused_with_the_field_named() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let till = tenant.store("tk01").await.till(1).await;
    let credentials = Credentials::of(&world, &tenant, &till);
    let mut checked = 0;
    for rpc in contract() {
        for binding in rpc
            .bindings
            .iter()
            .filter(|binding| matches!(empty_body(&rpc, binding), Some(Value::Object(_))))
        {
            let rest = credentials.client(&world, &rpc);
            let path = binding.path_with(|variable| own(&rpc, variable, &till));
            checked += refuse_wrong_types(&rest, &rpc, binding, &path).await;
        }
    }
    assert!(checked > 100, "only {checked} fields were tried");
}

async fn refuse_wrong_types(rest: &Rest, rpc: &Rpc, binding: &Binding, path: &str) -> usize {
    let fields = rpc.fields_in_body(binding);
    for field in &fields {
        for wrong in wrong_values(field) {
            let body = json!({field.json_name(): wrong});
            let reply = rest.send(binding.verb.clone(), path, Some(&body)).await;
            assert_eq!(reply.status, 422, "{} {body}: {}", rpc.name(), reply.text);
            reply.refused_field(field.json_name());
        }
    }
    fields.len()
}

/// JSON that the field cannot take.
fn wrong_values(field: &FieldDescriptor) -> Vec<Value> {
    if field.is_list() {
        return vec![json!("text"), json!(7), json!({})];
    }
    match field.kind() {
        Kind::String => vec![json!(7), json!(true), json!([]), json!({})],
        Kind::Bool => vec![json!("perhaps"), json!(7), json!({})],
        Kind::Int32 | Kind::Int64 => vec![json!("many"), json!(1.5), json!(true), json!({})],
        Kind::Message(message) if message.full_name() == "google.type.Decimal" => {
            vec![json!("much"), json!(true), json!([]), json!({})]
        }
        Kind::Message(_) => vec![json!("text"), json!(7), json!([])],
        other => panic!("say what is wrong for {other:?}"),
    }
}

/// What the document calls required, in the query as in the body, is refused when it is missing, and nothing else is.
#[tokio::test]
async fn what_is_required_is_what_the_contract_says() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let till = tenant.store("tk01").await.till(1).await;
    let credentials = Credentials::of(&world, &tenant, &till);
    let (mut undeclared, mut checked, mut in_query) = (Vec::new(), 0, 0);
    for rpc in contract() {
        for binding in rpc
            .bindings
            .iter()
            .filter(|binding| binding.verb != Method::DELETE)
        {
            let rest = credentials.client(&world, &rpc);
            let path = binding.path_with(|variable| own(&rpc, variable, &till));
            let body = match empty_body(&rpc, binding) {
                Some(Value::Array(_)) => Some(json!([{}])),
                body => body,
            };
            let reply = rest.send(binding.verb.clone(), &path, body.as_ref()).await;
            let required = rpc.required_by(binding);
            let name = format!("{} {} ({})", binding.verb, binding.path, rpc.name());
            assert!(
                required.is_empty() || reply.status >= 400,
                "{name}: {}",
                reply.text
            );
            for field in missing(&reply) {
                checked += 1;
                in_query += usize::from(body.is_none());
                if !required.contains(field.rsplit('.').next().unwrap()) {
                    undeclared.push(format!("{name}: {field}"));
                }
            }
        }
    }
    assert!(undeclared.is_empty(), "{undeclared:#?}");
    assert!(checked > 80, "only {checked} missing fields were named");
    assert!(in_query > 1, "only {in_query} of them in a query");
}

/// The fields that a refusal says are missing.
fn missing(reply: &Reply) -> Vec<&str> {
    let refused = reply.body["userError"]["fields"].as_array().into_iter().flatten();
    let missing = refused.filter(|violation| violation["message"] == "is required");
    missing
        .filter_map(|violation| violation["field"].as_str())
        .collect()
}
