use prost_reflect::DescriptorPool;
use serde_json::{Value, json};

use super::{document, path_of};
use crate::routes::Routes;
use crate::testing::{sample_descriptors, sample_pool};

fn contract() -> Routes {
    Routes::read(&DescriptorPool::decode(kugel_proto::DESCRIPTORS).unwrap()).unwrap()
}

#[test]
fn one_operation() {
    let document = document(&Routes::read(&sample_pool()).unwrap(), sample_descriptors(), None);
    insta::assert_json_snapshot!(document["paths"]["/api/v1/things/{thing_id}"]["get"]);
}

#[test]
fn a_body_without_its_path_fields() {
    let document = document(&Routes::read(&sample_pool()).unwrap(), sample_descriptors(), None);
    insta::assert_json_snapshot!(
        document["paths"]["/api/v1/baskets/{basket_id}/things"]["post"]["requestBody"]
    );
}

/// Every object below `value`, with its path.
fn walk<'v>(value: &'v Value, path: String, visit: &mut impl FnMut(&str, &'v Value)) {
    visit(&path, value);
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| walk(member, format!("{path}/{name}"), visit)),
        Value::Array(elements) => {
            elements
                .iter()
                .enumerate()
                .for_each(|(index, element)| walk(element, format!("{path}/{index}"), visit));
        }
        _ => {}
    }
}

#[test]
fn the_contract_makes_a_sound_document() {
    let routes = contract();
    let document = document(&routes, kugel_proto::DESCRIPTORS, None);
    walk(&document, String::new(), &mut |path, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(
                document.pointer(&reference[1..]).is_some_and(Value::is_object),
                "{path}: {reference}"
            );
        }
    });
    let mut ids = std::collections::HashSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (verb, operation) in operations.as_object().unwrap() {
            let place = format!("{verb} {path}");
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap()),
                "{place}: operationId twice"
            );
            assert!(
                !operation["summary"].as_str().unwrap().is_empty(),
                "{place}: no summary"
            );
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
            for parameter in in_path.clone() {
                assert!(
                    path.contains(&format!("{{{}}}", parameter["name"].as_str().unwrap())),
                    "{place}"
                );
            }
            assert_eq!(
                in_path.count(),
                path.matches('{').count(),
                "{place}: path parameters"
            );
            let mut named: Vec<String> = parameters
                .iter()
                .map(|one| format!("{} {}", one["in"], one["name"]))
                .collect();
            named.sort();
            named.dedup();
            assert_eq!(named.len(), parameters.len(), "{place}: a parameter twice");
            assert!(
                operation["responses"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .any(|status| status.starts_with('2')),
                "{place}"
            );
        }
    }
    for binding in &routes.bindings {
        let verb = binding.verb.as_str().to_ascii_lowercase();
        assert!(
            document["paths"][path_of(binding)][&verb].is_object(),
            "{verb} {}",
            binding.path
        );
    }
}

#[test]
fn what_the_contract_requires_is_required_of_requests() {
    let document = document(&contract(), kugel_proto::DESCRIPTORS, None);
    let line = &document["components"]["schemas"]["cart.v1.LineItemEntry.Input"];
    assert_eq!(line["required"], json!(["itemCode", "quantity"]));
    let fields = &line["properties"];
    assert_eq!(fields["quantity"]["type"], json!(["number", "string"]));
    assert_eq!(fields["unitPrice"]["type"], json!(["number", "string", "null"]));
}

#[test]
fn a_master_is_sent_without_its_key_in_the_path_and_what_only_answers_have() {
    let document = document(&contract(), kugel_proto::DESCRIPTORS, None);
    let path = &document["paths"]["/api/v1/tenants/{tenant_id}/categories/{category_code}"];
    let verbs: Vec<_> = path.as_object().unwrap().keys().collect();
    assert_eq!(verbs, ["delete", "get", "put"]);
    let body = &path["put"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(
        body["required"],
        json!(["description", "descriptionShort", "taxCode"])
    );
    assert_eq!(body["properties"].as_object().unwrap().len(), 3);
    let answer = &document["components"]["schemas"]["master_data.v1.Category"];
    assert_eq!(answer["properties"]["description"]["type"], "string");
    assert_eq!(
        answer["properties"]["lastUpdateDatetime"]["type"],
        json!(["string", "null"])
    );
}

#[test]
fn a_service_has_its_own_document() {
    let document = document(&contract(), kugel_proto::DESCRIPTORS, Some("stock"));
    let tags: Vec<&Value> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    assert_eq!(tags, ["stock"]);
    assert_eq!(
        document["paths"]["/api/v1/tenants"]["post"]["operationId"],
        "stock_set_up_tenant"
    );
}
