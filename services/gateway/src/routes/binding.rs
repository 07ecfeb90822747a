//! One REST route: everything about it that can be known at start.

use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode};
use prost_reflect::{DynamicMessage, ExtensionDescriptor, MessageDescriptor, MethodDescriptor, Value};

use super::template::Template;
use crate::schema::{Kind, MessageId, Schema, Shape};

/// The message of a list's page.
const LIST_METADATA: &str = "kugel.common.v1.ListMetadata";

/// A route.
pub(crate) struct Binding {
    /// The service's short name: `cart`, `master-data`.
    pub service: String,
    /// `/kugel.cart.v1.CartService/GetCart`.
    pub grpc_path: PathAndQuery,
    pub method: MethodDescriptor,
    pub verb: Method,
    /// The template's text.
    pub path: String,
    pub template: Template,
    /// For each variable of the path the fields that lead to it.
    pub variables: Vec<Vec<(MessageId, usize)>>,
    /// Which variable is the terminal's id.
    pub terminal_variable: Option<usize>,
    pub request: MessageId,
    pub response: MessageId,
    pub body: Body,
    /// False if a request may come without a body.
    pub needs_body: bool,
    pub answer: Answer,
    pub success: StatusCode,
    /// What lets anybody keep the answer, if it may be kept.
    pub kept: Option<HeaderValue>,
    /// The envelope's `operation`: `get_cart`.
    pub operation: String,
    /// The envelope up to `data`'s value, and after it.
    pub envelope_head: String,
    pub envelope_tail: String,
}

impl Binding {
    /// The message that the body fills, if that is a field of the request, under that field's name.
    pub(crate) fn body_message<'a>(&self, schema: &'a Schema) -> Option<(&'a str, MessageId)> {
        let Body::Field(index) = self.body else {
            return None;
        };
        let field = &schema.message(self.request).fields[index];
        match field.kind {
            Kind::Message(id) => Some((field.descriptor.name(), id)),
            _ => None,
        }
    }
}

/// Where the request's body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    Whole,
    Field(usize),
}

/// What the answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The response message alone, without the envelope.
    Bare,
    /// The response has no fields: `data` is null.
    Empty,
    /// `data` is the response message.
    Message,
    /// `data` is one field; another may be the envelope's `metadata`.
    Field { data: usize, metadata: Option<usize> },
}

/// The routes of a method: its `google.api.http` rule and the additional bindings of it.
pub(super) fn of_method(method: &MethodDescriptor, schema: &mut Schema) -> Result<Vec<Binding>, String> {
    let pool = method.parent_pool();
    let options = method.options();
    let option = |name: &str| extension(&options, pool.get_extension_by_name(name));
    let Some(rule) = option("google.api.http") else {
        return Ok(Vec::new());
    };
    let rest = option("kugel.options.v1.rest");
    let additional = list(&rule, "additional_bindings");
    std::iter::once(rule)
        .chain(additional)
        .map(|rule| {
            of_rule(method, &rule, rest.as_ref(), schema)
                .map_err(|why| format!("{}: {why}", method.full_name()))
        })
        .collect()
}

fn of_rule(
    method: &MethodDescriptor,
    rule: &DynamicMessage,
    rest: Option<&DynamicMessage>,
    schema: &mut Schema,
) -> Result<Binding, String> {
    if method.is_client_streaming() || method.is_server_streaming() {
        return Err("a stream cannot have a REST binding".to_owned());
    }
    let (verb, path) = verb_and_path(rule)?;
    let template = Template::parse(&path)?;
    let (request, response) = (schema.add(&method.input()), schema.add(&method.output()));
    let variables: Vec<_> = template
        .variables()
        .map(|field| chain(schema, request, field))
        .collect::<Result<_, _>>()?;
    let terminal_variable = template.variables().position(|field| field == "terminal_id");
    let body = match text(rule, "body").as_str() {
        "" => Body::None,
        "*" => Body::Whole,
        field => Body::Field(single(schema, request, field)?),
    };
    let bare = rest.is_some_and(|rest| {
        rest.get_field_by_name("bare")
            .is_some_and(|value| value.as_bool() == Some(true))
    });
    let answer = match text(rule, "response_body").as_str() {
        _ if bare => Answer::Bare,
        "" if schema.message(response).fields.is_empty() => Answer::Empty,
        "" => Answer::Message,
        field => Answer::Field {
            data: single(schema, response, field)?,
            metadata: list_metadata(schema, response, &method.output()),
        },
    };
    // What replaces something says what it is to be.
    let is_change = verb == Method::PUT || verb == Method::PATCH;
    let success = success(rest)?;
    let operation = snake_case(method.name());
    Ok(Binding {
        service: short_name(method.parent_service().package_name()),
        grpc_path: format!("/{}/{}", method.parent_service().full_name(), method.name())
            .parse()
            .map_err(|_| "the method's name makes no path")?,
        method: method.clone(),
        verb,
        terminal_variable,
        envelope_head: format!(
            r#"{{"success":true,"code":{},"message":"{} succeeded","userError":null,"data":"#,
            success.as_u16(),
            operation.replace('_', " ")
        ),
        envelope_tail: format!(r#","operation":"{operation}"}}"#),
        path,
        template,
        request,
        response,
        needs_body: needs_body(schema, request, body, &variables, is_change),
        body,
        variables,
        answer,
        success,
        kept: kept(rest),
        operation,
    })
}

/// True if the body is a list, is what something becomes, or holds what is required and not in the path.
fn needs_body(
    schema: &Schema,
    request: MessageId,
    body: Body,
    variables: &[Vec<(MessageId, usize)>],
    is_change: bool,
) -> bool {
    let fields = &schema.message(request).fields;
    let (id, above) = match body {
        Body::None => return false,
        Body::Whole => (request, Vec::new()),
        Body::Field(index) => match fields[index].kind {
            Kind::Message(id) if fields[index].shape == Shape::Optional => (id, vec![(request, index)]),
            _ => return true,
        },
    };
    let open = schema.message(id).fields.iter().enumerate().filter(|(index, _)| {
        let chain = [&above[..], &[(id, *index)]].concat();
        !variables.iter().any(|variable| variable.starts_with(&chain))
    });
    open.into_iter().any(|(_, field)| is_change || field.is_required)
}

/// The status of a successful answer: `rest.success_status`, or 200.
fn success(rest: Option<&DynamicMessage>) -> Result<StatusCode, String> {
    let status = rest
        .and_then(|rest| rest.get_field_by_name("success_status")?.as_i32())
        .filter(|status| *status != 0)
        .unwrap_or(200);
    let status = u16::try_from(status)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok());
    status.ok_or_else(|| "success_status is no HTTP status".to_owned())
}

/// The header of an answer that may be kept: `rest.max_age_seconds`.
fn kept(rest: Option<&DynamicMessage>) -> Option<HeaderValue> {
    let seconds = rest?.get_field_by_name("max_age_seconds")?.as_i32()?;
    let header = || HeaderValue::from_str(&format!("public, max-age={seconds}"));
    (seconds > 0).then(header)?.ok()
}

fn verb_and_path(rule: &DynamicMessage) -> Result<(Method, String), String> {
    for (field, verb) in [
        ("get", Method::GET),
        ("put", Method::PUT),
        ("post", Method::POST),
        ("delete", Method::DELETE),
        ("patch", Method::PATCH),
    ] {
        if rule.has_field_by_name(field) {
            return Ok((verb, text(rule, field)));
        }
    }
    Err("the http rule names no method and path".to_owned())
}

/// The fields that lead from a message to a scalar.
pub(crate) fn chain(
    schema: &Schema,
    mut id: MessageId,
    path: &str,
) -> Result<Vec<(MessageId, usize)>, String> {
    let mut fields = Vec::new();
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        let index = single(schema, id, name)?;
        fields.push((id, index));
        let field = &schema.message(id).fields[index];
        match (&field.kind, names.peek()) {
            (Kind::Message(inner), Some(_)) if matches!(field.shape, Shape::Optional) => id = *inner,
            (Kind::Message(_), _) => return Err(format!("`{path}` does not lead to a single value")),
            (_, Some(_)) => return Err(format!("`{name}` in `{path}` has no fields")),
            (_, None) => {}
        }
    }
    Ok(fields)
}

fn single(schema: &Schema, id: MessageId, name: &str) -> Result<usize, String> {
    let message = schema.message(id);
    let unknown = || format!("{} has no field `{name}`", message.descriptor.full_name());
    message.by_name(name).map(|(index, _)| index).ok_or_else(unknown)
}

fn list_metadata(schema: &Schema, response: MessageId, descriptor: &MessageDescriptor) -> Option<usize> {
    let field = descriptor.get_field_by_name("metadata")?;
    let kind = field.kind();
    let is_list = kind
        .as_message()
        .is_some_and(|message| message.full_name() == LIST_METADATA);
    if is_list {
        schema
            .message(response)
            .by_name("metadata")
            .map(|(index, _)| index)
    } else {
        None
    }
}

fn extension(options: &DynamicMessage, extension: Option<ExtensionDescriptor>) -> Option<DynamicMessage> {
    let extension = extension?;
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message().cloned()
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message
        .get_field_by_name(field)
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn list(message: &DynamicMessage, field: &str) -> Vec<DynamicMessage> {
    let value = message.get_field_by_name(field);
    let elements = value.as_deref().and_then(Value::as_list).unwrap_or_default();
    elements
        .iter()
        .filter_map(|element| element.as_message().cloned())
        .collect()
}

/// `kugel.master_data.v1` is the service `master-data`.
pub(crate) fn short_name(package: &str) -> String {
    package.split('.').nth(1).unwrap_or(package).replace('_', "-")
}

/// `GetCart` becomes `get_cart`.
fn snake_case(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
