//! Every method with an effect, called again under its key: at once, with another content, and by the next process.

mod keys;
mod masters;
mod office;
mod trade;

use std::collections::BTreeSet;

use futures::future::join_all;
use kugel_error::codes;
use kugel_proto::Caller;
use kugel_testkit::{Door, Grpc, Rpc, Tenant, Till, World, contract};
use prost_reflect::prost_types::method_options::IdempotencyLevel;
use serde_json::{Value, json};

use crate::shop::Shop;

/// How many send the same call at once.
const HANDS: usize = 16;
/// What the comment of a method says that keeps no answer because it needs none.
const BY_NATURE: &str = "Idempotent by nature";

/// Whether a repetition is told what the first call was told.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    /// It was kept.
    Kept,
    /// Nothing is kept, and yet it is the same.
    Same,
    /// It tells how things are then.
    Afresh,
}

/// A call that was made, to be made again.
struct Call {
    method: &'static str,
    token: String,
    key: String,
    request: Value,
    answer: Value,
    kind: Answer,
}

/// A walk over the methods with an effect. Who walks has the credentials of one tenant.
struct Walk {
    contract: Vec<Rpc>,
    world: World,
    tenant: Tenant,
    till: Till,
    calls: Vec<Call>,
}

impl Walk {
    async fn begin() -> (Self, Shop) {
        let world = World::start().await;
        let shop = Shop::build(&world).await;
        let walk = Self {
            contract: contract(),
            tenant: shop.tenant.clone(),
            till: shop.till.clone(),
            world,
            calls: Vec::new(),
        };
        (walk, shop)
    }

    /// Calls a method that keeps its answer, and then calls it again with some fields changed, which is refused.
    async fn kept(&mut self, method: &'static str, request: Value, other: Value) -> Value {
        let request = self.whole(method, request);
        let answer = self.call(method, request.clone(), Answer::Kept).await;
        if let Value::Object(fields) = other {
            let mut other = request;
            other.as_object_mut().unwrap().extend(fields);
            self.refuse(method, other).await;
        }
        answer
    }

    /// Calls a method whose repetition tells the same, though nothing is kept.
    async fn same(&mut self, method: &'static str, request: Value) -> Value {
        let request = self.whole(method, request);
        self.call(method, request, Answer::Same).await
    }

    /// Calls a method whose repetition does no harm and tells how things are then.
    async fn afresh(&mut self, method: &'static str, request: Value) -> Value {
        let request = self.whole(method, request);
        self.call(method, request, Answer::Afresh).await
    }

    /// Reads, or does what is no part of the walk.
    async fn plain(&self, method: &str, request: Value) -> Value {
        let token = self.token(self.rpc(method));
        let answer = self.grpc(&token).call(method, self.whole(method, request)).await;
        answer.unwrap_or_else(|status| panic!("{method}: {status:?}"))
    }

    async fn call(&mut self, method: &'static str, request: Value, kind: Answer) -> Value {
        let call = Call {
            method,
            token: self.token(self.rpc(method)),
            key: format!("walk-{}", self.calls.len()),
            request,
            answer: Value::Null,
            kind,
        };
        let answers = join_all((0..HANDS).map(|_| self.send(&call))).await;
        for answer in &answers {
            assert!(kind == Answer::Afresh || *answer == answers[0], "{method}");
        }
        let answer = answers[0].clone();
        self.calls.push(Call {
            answer: answer.clone(),
            ..call
        });
        answer
    }

    async fn send(&self, call: &Call) -> Value {
        let grpc = self.grpc(&call.token).metadata("request_id", &call.key);
        let answer = grpc.call(call.method, call.request.clone()).await;
        answer.unwrap_or_else(|status| panic!("{} {}: {status:?}", call.method, call.request))
    }

    /// The last key with another content.
    async fn refuse(&self, method: &str, other: Value) {
        let call = self.calls.last().unwrap();
        let grpc = self.grpc(&call.token).metadata("request_id", &call.key);
        let status = grpc.call(method, other).await.expect_err(method);
        assert_eq!(
            status.code(),
            tonic::Code::FailedPrecondition,
            "{method}: {status:?}"
        );
        assert_eq!(
            crate::doors::code_of(&status),
            codes::REQUEST_REFUSED.code,
            "{method}"
        );
        assert!(status.message().contains("request id"), "{method}: {status:?}");
    }

    /// Stops the process and makes every call again: each is answered as before.
    async fn again(self) -> Self {
        let world = self.world.restart().await;
        let walk = Self { world, ..self };
        for call in &walk.calls {
            let answer = walk.send(call).await;
            let told_before = call.kind == Answer::Afresh || answer == call.answer;
            assert!(told_before, "{}: {answer}\nbefore: {}", call.method, call.answer);
        }
        walk
    }

    /// Every method with an effect was walked over, and its comment says whether it keeps its answer.
    fn check_complete(&self) {
        let walked: BTreeSet<_> = self
            .calls
            .iter()
            .map(|call| (format!("kugel.{}", call.method), call.kind == Answer::Kept))
            .collect();
        let declared: BTreeSet<_> = self
            .contract
            .iter()
            .filter(|rpc| level(rpc) != IdempotencyLevel::NoSideEffects)
            .map(|rpc| (rpc.name().to_owned(), !comment(rpc).contains(BY_NATURE)))
            .collect();
        assert_eq!(walked, declared, "method and whether its answer is kept");
        for rpc in &self.contract {
            let by_nature = comment(rpc).contains(BY_NATURE);
            assert!(
                !by_nature || level(rpc) == IdempotencyLevel::Idempotent,
                "{}",
                rpc.name()
            );
        }
    }

    fn rpc(&self, method: &str) -> &Rpc {
        let name = format!("kugel.{method}");
        let found = self.contract.iter().find(|rpc| rpc.name() == name);
        found.unwrap_or_else(|| panic!("there is no {method}"))
    }

    /// A request with the tenant, where it has a place.
    fn whole(&self, method: &str, mut request: Value) -> Value {
        let input = self.rpc(method).descriptor.input();
        if let Some(field) = input.get_field_by_name("tenant_id")
            && request.get(field.json_name()).is_none()
            && !self.rpc(method).is_public()
        {
            request[field.json_name()] = json!(self.tenant.id);
        }
        request
    }

    /// A token that the method's policy lets in.
    fn token(&self, rpc: &Rpc) -> String {
        if rpc.allows(Caller::User) {
            return self.tenant.token.clone();
        }
        if rpc.allows(Caller::Terminal) {
            return self.till.token.clone();
        }
        let tenant = self.tenant.id.parse().unwrap();
        self.world.tokens().service("test", &tenant).to_string()
    }

    fn grpc(&self, token: &str) -> Grpc {
        // The key means something only to the call that exchanges it for a token: beside a token it is not looked at.
        let grpc = self.world.grpc(Door::Native).bearer(token);
        grpc.metadata("x-api-key", &self.till.api_key)
    }
}

fn level(rpc: &Rpc) -> IdempotencyLevel {
    let proto = rpc.descriptor.method_descriptor_proto();
    let options = proto.options.as_ref();
    options.map_or(IdempotencyLevel::IdempotencyUnknown, |options| {
        options.idempotency_level()
    })
}

/// The comment above a method, its lines joined.
fn comment(rpc: &Rpc) -> String {
    let file = rpc.descriptor.parent_file().file_descriptor_proto().clone();
    let path = rpc.descriptor.path();
    let locations = file.source_code_info.unwrap_or_default().location;
    let location = locations.iter().find(|location| location.path == path);
    let comment = location
        .map(|location| location.leading_comments())
        .unwrap_or_default();
    comment.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_with_an_effect_happens_once_under_its_key() {
    let (mut walk, shop) = Walk::begin().await;
    let newcomer = office::register(&mut walk).await;
    office::users(&mut walk).await;
    office::terminals(&mut walk).await;
    office::set_ups(&mut walk).await;
    masters::small(&mut walk).await;
    masters::items(&mut walk).await;
    masters::item_books(&mut walk).await;
    trade::carts(&mut walk).await;
    trade::reversals(&mut walk).await;
    trade::books(&mut walk).await;
    trade::stock(&mut walk).await;
    office::tenant(&mut walk, newcomer, &shop).await;
    walk.check_complete();
    walk.world.settled().await;
    let books = trade::state(&walk).await;
    let walk = walk.again().await;
    walk.world.settled().await;
    assert_eq!(trade::state(&walk).await, books, "nothing happened again");
    walk.world.finish().await;
}
