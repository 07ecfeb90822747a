//! `Prefer: handling=strict`: what no field is called after is refused, and everything else is as without it.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, Method};
use kugel_config::Settings;
use prost_reflect::DescriptorPool;
use serde_json::{Map, Value, json};

use super::rest::{Answer, send};
use crate::Edge;
use crate::routes::{Binding, Body, Routes, Segment};
use crate::schema::{Field, Kind, MessageId, Schema, Shape};
use crate::testing::{router_of, sample_router};

const STRICT: (&str, &str) = ("prefer", "handling=strict");

/// The names that an answer refuses for being unknown.
fn unknown(answer: &Answer) -> BTreeSet<String> {
    let body = answer.json();
    let fields = body["userError"]["fields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let unknown = fields.iter().filter(|field| field["message"] == "is not known");
    unknown
        .map(|field| field["field"].as_str().unwrap().to_owned())
        .collect()
}

fn applied(headers: &HeaderMap) -> Option<&str> {
    headers
        .get("preference-applied")
        .map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn what_is_unknown_is_named_as_rest_names_it() {
    let things = "/api/v1/things";
    let deep =
        r#"{"quantty": 1, "parts": [{}, {"a.b": {"c": 1}, "unit_prise": 2}], "inner": {"request_id": "r"}}"#;
    for (method, path, body, expected) in [
        (
            Method::POST,
            things,
            deep,
            &[
                "quantty",
                "parts[1].a.b",
                "parts[1].unit_prise",
                "inner.request_id",
            ][..],
        ),
        (
            Method::POST,
            things,
            r#"{"request_id": "r", "thing": {}}"#,
            &["request_id", "thing"],
        ),
        (
            Method::POST,
            "/api/v1/things?colour=1&colour=2",
            r#"{"x": 1}"#,
            &["colour", "x"],
        ),
        (
            Method::POST,
            "/api/v1/baskets/7/things?basket=1",
            r#"[{}, {"y": null}]"#,
            &["things[1].y", "basket"],
        ),
        (
            Method::PUT,
            "/api/v1/token",
            r#"{"user_name": "u", "username": "v"}"#,
            &["username"],
        ),
        (
            Method::GET,
            "/api/v1/things/a?filter=1&filter.max=2&page.x=3&P=4&page=2",
            "",
            &["filter", "filter.max", "page.x", "P"],
        ),
        (Method::DELETE, "/api/v1/things/a?force", "", &["force"]),
    ] {
        let router = sample_router(Settings::for_test());
        let without = send(&router, method.clone(), path, &[], body.to_owned()).await;
        assert!(without.status.is_success(), "{path}: {}", without.text);
        assert_eq!(applied(&without.headers), None);
        let lenient = [("prefer", "handling=lenient")];
        let lenient = send(&router, method.clone(), path, &lenient, body.to_owned()).await;
        assert_eq!((lenient.status, &lenient.text), (without.status, &without.text));
        assert_eq!(applied(&lenient.headers), None);
        let strict = send(&router, method, path, &[STRICT], body.to_owned()).await;
        assert_eq!(strict.status, 422, "{path} {body}: {}", strict.text);
        assert!(strict.text.contains(r#""code":"300001""#), "{}", strict.text);
        let expected = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(unknown(&strict), expected, "{path} {body}");
        assert_eq!(applied(&strict.headers), Some("handling=strict"));
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_with_what_is_unknown() {
    let router = sample_router(Settings::for_test());
    let path = "/api/v1/things?colour=1";
    for body in [
        r#"{"size": -1, "sizes": 2}"#,
        r#"{"sizes": 2, "parts": 3, "more": 4}"#,
    ] {
        let answer = send(&router, Method::POST, path, &[STRICT], body).await;
        let expected = ["colour", "sizes"].map(str::to_owned);
        assert_eq!(unknown(&answer), expected.into(), "{}", answer.text);
        assert!(answer.text.matches(r#""field":"#).count() == 3, "{}", answer.text);
    }
    let many: Map<String, Value> = (0..100).map(|number| (format!("m{number}"), json!(1))).collect();
    let many = send(
        &router,
        Method::POST,
        path,
        &[STRICT],
        Value::from(many).to_string(),
    )
    .await;
    assert_eq!(unknown(&many).len(), 20);
}

#[tokio::test]
async fn every_route_of_the_contract_refuses_what_it_does_not_know() {
    let router = router_of(kugel_proto::DESCRIPTORS, Settings::for_test(), BTreeMap::new());
    let routes = Routes::read(&DescriptorPool::decode(kugel_proto::DESCRIPTORS).unwrap()).unwrap();
    let mut in_bodies = 0;
    for binding in &routes.bindings {
        let call = Call::of(binding, &routes.schema);
        in_bodies += call.unknown.len();
        let path = format!("{}?terminal_id=T-S-1", call.path);
        // Nobody is behind the gateway: what passes it is answered 503.
        let right = call.send(&router, &path, &call.right, &[STRICT]).await;
        assert_eq!(right.status, 503, "{} {path}: {}", binding.verb, right.text);
        assert_eq!(applied(&right.headers), Some("handling=strict"));
        let path = format!("{path}&surplus=1");
        let lenient = call.send(&router, &path, &call.surplus, &[]).await;
        assert_eq!(lenient.status, 503, "{} {path}: {}", binding.verb, lenient.text);
        let strict = call.send(&router, &path, &call.surplus, &[STRICT]).await;
        assert_eq!(strict.status, 422, "{} {path}: {}", binding.verb, strict.text);
        let named = unknown(&strict);
        let expected = [&call.unknown[..], &["surplus".to_owned()]]
            .concat()
            .into_iter()
            .collect();
        assert!(named.is_subset(&expected), "{path}: {named:?} {expected:?}");
        assert_eq!(
            named.len(),
            expected.len().min(20),
            "{path}: {named:?} {expected:?}"
        );
    }
    assert!(in_bodies > 200, "the walk sees bodies: {in_bodies}");
}

/// A request of a route, with what it knows and with what it does not.
struct Call<'r> {
    binding: &'r Binding,
    path: String,
    right: Value,
    surplus: Value,
    unknown: Vec<String>,
}

impl<'r> Call<'r> {
    fn of(binding: &'r Binding, schema: &Schema) -> Self {
        let mut unknown = Vec::new();
        let fields = &schema.message(binding.request).fields;
        let mut body = |surplus: bool| match binding.body {
            Body::None => Value::Null,
            Body::Whole => object(schema, binding.request, "", surplus, 0, &mut unknown),
            Body::Field(index) => {
                let field = &fields[index];
                let path = if field.shape == Shape::Repeated {
                    &field.name
                } else {
                    ""
                };
                value(schema, field, path, surplus, 0, &mut unknown)
            }
        };
        let (right, surplus) = (body(false), body(true));
        Self {
            binding,
            path: path_of(binding),
            right,
            surplus,
            unknown,
        }
    }

    async fn send(&self, router: &Edge, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let service = [("x-kugel-service", self.binding.service.as_str())];
        let headers = [&service[..], headers].concat();
        let body = match self.binding.body {
            Body::None => String::new(),
            _ => body.to_string(),
        };
        send(router, self.binding.verb.clone(), path, &headers, body).await
    }
}

/// An object with every field that is a message or a list of them, and a member too many in each of them if that is wanted.
fn object(
    schema: &Schema,
    id: MessageId,
    path: &str,
    surplus: bool,
    depth: usize,
    unknown: &mut Vec<String>,
) -> Value {
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    let mut members = Map::new();
    if surplus {
        members.insert("surplusMember".to_owned(), json!({"within": [1]}));
        unknown.push(below("surplusMember"));
    }
    for field in &schema.message(id).fields {
        if matches!(field.kind, Kind::Message(_)) && !field.is_output_only && depth < 2 {
            let value = value(schema, field, &below(&field.name), surplus, depth + 1, unknown);
            members.insert(field.name.to_string(), value);
        }
    }
    members.into()
}

fn value(
    schema: &Schema,
    field: &Field,
    path: &str,
    surplus: bool,
    depth: usize,
    unknown: &mut Vec<String>,
) -> Value {
    match (field.shape, &field.kind) {
        (Shape::Map, _) => json!({}),
        (Shape::Repeated, Kind::Message(id)) => {
            let rows =
                (0..2).map(|row| object(schema, *id, &format!("{path}[{row}]"), surplus, depth, unknown));
            rows.collect()
        }
        (Shape::Repeated, _) => json!([]),
        (_, Kind::Message(id)) => object(schema, *id, path, surplus, depth, unknown),
        _ => Value::Null,
    }
}

/// The route's path, with a number for every variable.
fn path_of(binding: &Binding) -> String {
    let segments = binding.template.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => format!("/{text}"),
        Segment::Variable(_) | Segment::Rest(_) => "/1".to_owned(),
    });
    segments.collect()
}
