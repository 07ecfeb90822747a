//! The OpenAPI 3.1 document, generated from the same descriptors as the routes.

mod comments;
mod oauth;
mod operations;
mod schemas;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, Uri};
use serde_json::{Map, Value, json};

use crate::routes::{Binding, Routes, Segment};
use crate::{Gateway, hosts, reply};
use comments::Comments;
use schemas::Schemas;

/// Answers with the document of all services, or of the one that the request names.
pub(crate) fn serve(gateway: &Gateway, headers: &HeaderMap, uri: &Uri) -> Response<Body> {
    let body = match hosts::named_service(gateway, headers, uri) {
        Ok(None) => gateway.document.get_or_init(|| write(gateway, None)).clone(),
        Ok(service) => write(gateway, service),
        Err(failure) => {
            let style = gateway.settings.code_style();
            return reply::failure(
                failure,
                reply::Language::of(headers),
                style,
                &gateway.routes,
                None,
            );
        }
    };
    let mut response = Response::new(Body::from(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn write(gateway: &Gateway, service: Option<&str>) -> Bytes {
    document(&gateway.routes, gateway.descriptors, service)
        .to_string()
        .into()
}

/// The document of one service or of all. Where services share a path, the one that answers is described.
fn document(routes: &Routes, descriptors: &[u8], service: Option<&str>) -> Value {
    let comments = Comments::read(descriptors);
    let mut schemas = Schemas::new(&routes.schema, &comments);
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut used: HashMap<String, usize> = HashMap::new();
    for binding in shown(routes, service) {
        let operations = paths.entry(path_of(binding)).or_default();
        let verb = binding.verb.as_str().to_ascii_lowercase();
        let name = format!("{}_{}", binding.service.replace('-', "_"), binding.operation);
        let count = used
            .entry(name.clone())
            .and_modify(|count| *count += 1)
            .or_insert(1);
        let id = if *count == 1 {
            name
        } else {
            format!("{name}_{count}")
        };
        let operation = operations::operation(binding, &id, &routes.schema, &mut schemas, &comments);
        operations.insert(verb, operation);
    }
    if service.is_none_or(|name| name == "account") {
        paths.extend(oauth::paths().map(|(path, operations)| (path.to_owned(), operations)));
    }
    let mut components = schemas.finish();
    components.insert("Failure".to_owned(), operations::failure());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Kugel",
            "version": env!("CARGO_PKG_VERSION"),
            "description": include_str!("description.md"),
        },
        "servers": [{"url": "/"}],
        "tags": tags(routes, service, &comments),
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {
                "Failure": {
                    "description": "The request failed.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}},
                },
                "OauthFailure": oauth::failure(),
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "login": oauth::scheme(),
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-KEY"},
            },
        },
    })
}

/// The routes to describe: of those with one method and one path only that which answers.
fn shown<'r>(routes: &'r Routes, service: Option<&str>) -> Vec<&'r Binding> {
    let wanted = routes
        .bindings
        .iter()
        .filter(|binding| service.is_none_or(|name| binding.service == name));
    let mut shown: Vec<&Binding> = Vec::new();
    for binding in wanted {
        let twin = shown
            .iter()
            .position(|known| known.verb == binding.verb && known.path == binding.path);
        match twin {
            Some(at) if binding.service == crate::routes::FANS_OUT => shown[at] = binding,
            Some(_) => {}
            None => shown.push(binding),
        }
    }
    shown
}

/// The path as OpenAPI writes it, which knows no `{name=**}`.
fn path_of(binding: &Binding) -> String {
    let segments = binding.template.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => format!("/{text}"),
        Segment::Variable(field) | Segment::Rest(field) => format!("/{{{}}}", operations::last_field(field)),
    });
    segments.collect()
}

fn tags(routes: &Routes, service: Option<&str>, comments: &Comments) -> Value {
    let mut tags: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for binding in shown(routes, service) {
        let comment = comments.of_service(binding.method.parent_service());
        let texts = tags.entry(&binding.service).or_default();
        if !texts.contains(&comment) {
            texts.push(comment);
        }
    }
    tags.into_iter()
        .map(|(name, texts)| json!({"name": name, "description": texts.join("\n\n")}))
        .collect()
}
