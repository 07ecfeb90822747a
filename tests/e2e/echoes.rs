//! No refusal repeats what it was sent at length, whoever reads it: logs, tills, a person on the telephone.

use kugel_testkit::{Door, World, contract};
use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::shop::Shop;

/// What may be repeated of the input, in characters.
const MOST: usize = 200;

/// A message whose every text is `text`, but for the tenant and the store where they are given.
fn filled(message: &MessageDescriptor, text: &str, place: Option<&Shop>, depth: u8) -> Value {
    let mut members = Map::new();
    for field in message.fields() {
        let value = match (field.kind(), place) {
            (Kind::String, Some(shop)) if field.name() == "tenant_id" => json!(shop.tenant.id),
            (Kind::String, Some(shop)) if field.name() == "store_code" => json!(shop.store.code),
            (Kind::String, _) => json!(text),
            (Kind::Message(inner), _) if depth > 0 && !field.is_map() => {
                filled(&inner, text, place, depth - 1)
            }
            _ => continue,
        };
        let value = if field.is_list() { json!([value]) } else { value };
        members.insert(field.json_name().to_owned(), value);
    }
    Value::Object(members)
}

/// Everything that a status tells.
fn told(status: &Status) -> String {
    format!("{} {:?}", status.message(), status.get_error_details())
}

#[tokio::test]
async fn refusals_repeat_little_of_what_they_were_sent() {
    let world = World::start().await;
    let shop = Shop::build(&world).await;
    let owner = shop.tenant.grpc(Door::Native);
    let till = shop.till.grpc(Door::Native);
    let mut longest = Vec::new();
    for text in ["x".repeat(3_000), "x ".repeat(1_500) + "x"] {
        let echo = &text[..=MOST];
        for rpc in contract() {
            if rpc.name().contains("RegisterTenant") {
                continue;
            }
            for (client, place) in [(&owner, None), (&owner, Some(&shop)), (&till, Some(&shop))] {
                let request = filled(&rpc.descriptor.input(), &text, place, 4);
                let Err(status) = client.call_method(&rpc.descriptor, request).await else {
                    continue;
                };
                if told(&status).contains(echo) {
                    longest.push(format!(
                        "{} {}: {:.90}",
                        rpc.name(),
                        place.is_some(),
                        status.message()
                    ));
                }
            }
        }
    }
    assert!(longest.is_empty(), "{longest:#?}");
}
