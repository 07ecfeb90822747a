//! Operations: what a route takes and answers.

use prost_reflect::DynamicMessage;
use serde_json::{Value, json};

use super::comments::{Comments, first_sentence};
use super::schemas::{Direction, Schemas, nullable};
use crate::routes::{Answer, Binding, Body};
use crate::schema::{Kind, MessageId, Schema, Shape};

/// The numbers of `kugel.options.v1.Caller`.
const ANYONE: i32 = 1;
const TERMINAL: i32 = 4;

/// Describes a route. `id` is unique in the document.
pub(super) fn operation(
    binding: &Binding,
    id: &str,
    schema: &Schema,
    schemas: &mut Schemas<'_>,
    comments: &Comments,
) -> Value {
    let comment = comments.of_method(&binding.method);
    let mut operation = json!({
        "tags": [binding.service],
        "operationId": id,
        "summary": first_sentence(comment),
        "description": comment,
        "parameters": parameters(binding, schema, schemas),
        "responses": responses(binding, schema, schemas),
        "security": security(binding),
    });
    if let Some(body) = request_body(binding, schema, schemas) {
        operation["requestBody"] = body;
    }
    operation
}

/// What the method's policy says under a name.
fn policy(binding: &Binding, name: &str) -> Option<prost_reflect::Value> {
    let pool = binding.method.parent_pool();
    let policy = pool.get_extension_by_name("kugel.options.v1.policy")?;
    let options: DynamicMessage = binding.method.options();
    let policy = options.get_extension(&policy);
    let value = policy.as_message()?.get_field_by_name(name)?;
    Some(value.into_owned())
}

/// The kinds of caller that the method's policy lets in.
fn callers(binding: &Binding) -> Vec<i32> {
    let allow = policy(binding, "allow");
    let allow = allow
        .as_ref()
        .and_then(prost_reflect::Value::as_list)
        .unwrap_or_default();
    allow
        .iter()
        .filter_map(prost_reflect::Value::as_enum_number)
        .collect()
}

fn security(binding: &Binding) -> Value {
    let callers = callers(binding);
    if callers.contains(&ANYONE) {
        return json!([]);
    }
    let mut schemes = vec![json!({"bearer": []})];
    if callers.iter().any(|caller| *caller != TERMINAL) {
        schemes.push(json!({"login": []}));
    }
    if callers.contains(&TERMINAL) {
        schemes.push(json!({"apiKey": []}));
    }
    schemes.into()
}

fn parameters(binding: &Binding, schema: &Schema, schemas: &mut Schemas<'_>) -> Value {
    let mut parameters = Vec::new();
    for (name, chain) in std::iter::zip(binding.template.variables(), &binding.variables) {
        let (id, index) = chain[chain.len() - 1];
        let field = &schema.message(id).fields[index];
        let mut shown = schemas.field(field, Direction::Request);
        if matches!(field.kind, Kind::Text) {
            shown["minLength"] = 1.into();
        }
        parameters.push(parameter("path", last_field(name), true, shown));
    }
    if binding.body != Body::Whole {
        let start = (binding.request, String::new());
        query_parameters(binding, schema, schemas, start, &mut parameters);
    }
    let known = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
    if callers(binding).contains(&TERMINAL) && !known("terminal_id") {
        let comment = "The terminal that an API key belongs to. Not needed with a token.";
        parameters.push(parameter(
            "query",
            "terminal_id",
            false,
            json!({"type": "string", "description": comment}),
        ));
    }
    if binding.verb != http::Method::GET {
        let comment = "Makes the call repeatable: for 24 hours the same key and body get the same answer.";
        let shown = json!({"type": "string", "description": comment, "pattern": "^[!-~]{1,128}$"});
        parameters.push(parameter("header", "Idempotency-Key", false, shown));
    }
    if policy(binding, "staff").and_then(|staff| staff.as_bool()) == Some(true) {
        let comment = "What another person approved of this call, where the one who is signed in at the terminal may not do \
                       it: see CreateApproval.";
        let shown = json!({"type": "string", "description": comment});
        parameters.push(parameter("header", "X-Approval", false, shown));
    }
    parameters.into()
}

/// Fields that are neither in the path nor in the body, nested ones with their path.
fn query_parameters(
    binding: &Binding,
    schema: &Schema,
    schemas: &mut Schemas<'_>,
    (id, prefix): (MessageId, String),
    parameters: &mut Vec<Value>,
) {
    for (index, field) in schema.message(id).fields.iter().enumerate() {
        let top = id == binding.request && prefix.is_empty();
        if top && (binding.body == Body::Field(index) || in_path(binding, &[(id, index)])) {
            continue;
        }
        let name = format!("{prefix}{}", field.descriptor.name());
        match (&field.kind, field.shape) {
            // One level is enough for a filter, and a message may contain itself.
            (Kind::Message(inner), Shape::Optional) if prefix.is_empty() => {
                query_parameters(binding, schema, schemas, (*inner, format!("{name}.")), parameters);
            }
            (Kind::Message(_) | Kind::WellKnown(_), _) | (_, Shape::Map) => {}
            _ => {
                let shown = schemas.field(field, Direction::Request);
                parameters.push(parameter("query", &name, field.is_required, not_null(shown)));
            }
        }
    }
}

/// A query cannot say null.
fn not_null(mut shown: Value) -> Value {
    if let Some(Value::Array(kinds)) = shown.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if kinds.len() == 1 {
            let kind = kinds.remove(0);
            shown["type"] = kind;
        }
    }
    shown
}

/// True if the path takes the field that these lead to, or one within it.
fn in_path(binding: &Binding, fields: &[(MessageId, usize)]) -> bool {
    binding.variables.iter().any(|chain| chain.starts_with(fields))
}

/// The name of a path variable without what leads to its field: a document has one name for a place in a path, and
/// `{item_code}` and `{item.item_code}` are one place.
pub(super) fn last_field(variable: &str) -> &str {
    variable.rsplit('.').next().unwrap_or(variable)
}

/// Moves a schema's comment to its parameter.
fn parameter(place: &str, name: &str, required: bool, mut schema: Value) -> Value {
    let description = schema
        .as_object_mut()
        .and_then(|schema| schema.remove("description"));
    let mut parameter = json!({"name": name, "in": place, "required": required, "schema": schema});
    if let Some(description) = description {
        parameter["description"] = description;
    }
    parameter
}

fn request_body(binding: &Binding, schema: &Schema, schemas: &mut Schemas<'_>) -> Option<Value> {
    let fields = &schema.message(binding.request).fields;
    // What the path says need not be in the body.
    let in_path = |id: MessageId, above: &[(MessageId, usize)]| -> Vec<usize> {
        (0..schema.message(id).fields.len())
            .filter(|index| in_path(binding, &[above, &[(id, *index)]].concat()))
            .collect()
    };
    let shown = match binding.body {
        Body::None => return None,
        Body::Field(index) => match fields[index].kind {
            Kind::Message(inner) if in_path(binding.request, &[]).contains(&index) => {
                let said = in_path(inner, &[(binding.request, index)]);
                schemas.object(inner, Direction::Request, &said)
            }
            _ => schemas.field(&fields[index], Direction::Request),
        },
        Body::Whole => {
            let said = in_path(binding.request, &[]);
            if said.len() == fields.len() {
                return None;
            }
            schemas.object(binding.request, Direction::Request, &said)
        }
    };
    let content = json!({"application/json": {"schema": shown}});
    Some(json!({"required": binding.needs_body, "content": content}))
}

fn responses(binding: &Binding, schema: &Schema, schemas: &mut Schemas<'_>) -> Value {
    let shown = match binding.answer {
        Answer::Bare => schemas.message(binding.response, Direction::Response),
        Answer::Empty => envelope(binding, json!({"type": "null"}), json!({"type": "null"})),
        Answer::Message => {
            let data = schemas.message(binding.response, Direction::Response);
            envelope(binding, data, json!({"type": "null"}))
        }
        Answer::Field { data, metadata } => {
            let message = schema.message(binding.response);
            let page = metadata.map(|index| schemas.field(&message.fields[index], Direction::Response));
            let data = schemas.field(&message.fields[data], Direction::Response);
            envelope(binding, data, page.unwrap_or_else(|| json!({"type": "null"})))
        }
    };
    let success = json!({"description": "Success", "content": {"application/json": {"schema": shown}}});
    let failure = json!({"$ref": "#/components/responses/Failure"});
    let mut responses = json!({binding.success.as_str(): success, "422": failure, "default": failure});
    if !callers(binding).contains(&ANYONE) {
        responses["401"] = failure;
    }
    responses
}

/// The envelope of a success.
fn envelope(binding: &Binding, data: Value, metadata: Value) -> Value {
    json!({
        "type": "object",
        "required": ["success", "code", "message", "userError", "data", "metadata", "operation"],
        "properties": {
            "success": {"const": true},
            "code": {"const": binding.success.as_u16()},
            "message": {"type": "string"},
            "userError": {"type": "null"},
            "data": data,
            "metadata": metadata,
            "operation": {"const": binding.operation},
        },
    })
}

/// The envelope of every failure.
pub(super) fn failure() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["success", "code", "message", "userError", "data", "metadata", "operation"],
        "properties": {
            "success": {"const": false},
            "code": {
                "type": ["string", "integer"],
                "description": "The six-digit code, or the HTTP status where the setting error_code_style says so.",
            },
            "message": {"type": "string", "description": "For developers, in English. Names the fields at fault."},
            "userError": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"type": "string", "pattern": "^[0-9]{6}$"},
                    "message": {"type": "string", "description": "For the user, in the language of Accept-Language."},
                    "fields": {
                        "type": "array",
                        "description": "The fields at fault. Left out where there are none.",
                        "items": {
                            "type": "object",
                            "required": ["field", "message"],
                            "properties": {"field": text, "message": text},
                        },
                    },
                },
            },
            "data": {"type": "null"},
            "metadata": {"type": "null"},
            "operation": nullable(text.clone()),
        },
    })
}
