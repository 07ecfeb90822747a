//! JSON schemas of messages. A message has two: one for what is sent (what the contract marks as `REQUIRED` is required,
//! numbers may be text) and one for what is answered (everything is there, nulls included).

use std::collections::BTreeMap;

use kugel_proto::{LIST_MAX, TEXT_MAX};
use serde_json::{Map, Value, json};

use super::comments::Comments;
use crate::schema::{Field, Kind, MessageId, Schema, Shape};

/// Which way a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Response,
}

/// Collects the schemas that a document refers to.
pub(super) struct Schemas<'a> {
    schema: &'a Schema,
    comments: &'a Comments,
    components: BTreeMap<String, Value>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(schema: &'a Schema, comments: &'a Comments) -> Self {
        Self {
            schema,
            comments,
            components: BTreeMap::new(),
        }
    }

    /// Everything that was referred to.
    pub(super) fn finish(self) -> BTreeMap<String, Value> {
        self.components
    }

    /// A reference to a message's schema.
    pub(super) fn message(&mut self, id: MessageId, direction: Direction) -> Value {
        let full_name = self.schema.message(id).descriptor.full_name();
        let name = full_name.strip_prefix("kugel.").unwrap_or(full_name);
        let name = match direction {
            Direction::Request => format!("{name}.Input"),
            Direction::Response => name.to_owned(),
        };
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        if !self.components.contains_key(&name) {
            // Entered before its fields are walked: messages may contain themselves.
            self.components.insert(name.clone(), Value::Null);
            let object = self.object(id, direction, &[]);
            self.components.insert(name, object);
        }
        reference
    }

    /// A message's schema in place, without some of its fields.
    pub(super) fn object(&mut self, id: MessageId, direction: Direction, except: &[usize]) -> Value {
        let message = self.schema.message(id);
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (index, field) in message.fields.iter().enumerate() {
            let is_sent = direction == Direction::Response || !field.is_output_only;
            if is_sent && !except.contains(&index) {
                properties.insert(field.name.to_string(), self.field(field, direction));
                if direction == Direction::Response || field.is_required {
                    required.push(field.name.to_string());
                }
            }
        }
        let mut object = json!({"type": "object"});
        if !required.is_empty() {
            object["required"] = required.into();
        }
        object["properties"] = properties.into();
        describe(&mut object, self.comments.of_message(&message.descriptor));
        object
    }

    /// A field's schema with its comment.
    pub(super) fn field(&mut self, field: &Field, direction: Direction) -> Value {
        let one = |schemas: &mut Self| {
            let mut value = schemas.value(&field.kind, direction);
            if direction == Direction::Request && matches!(field.kind, Kind::Text) {
                value["maxLength"] = limit(field, "max_length", TEXT_MAX).into();
            }
            value
        };
        let mut value = match (field.shape, &field.kind) {
            (Shape::Repeated, _) => json!({"type": "array", "items": one(self)}),
            (Shape::Map, Kind::Message(entry)) => {
                let value = &self.schema.message(*entry).fields[1].kind;
                json!({"type": "object", "additionalProperties": self.value(value, direction)})
            }
            // What every request has, every answer has as well.
            (Shape::Optional, _) if !field.is_required => nullable(one(self)),
            _ => one(self),
        };
        if direction == Direction::Request && field.shape == Shape::Repeated {
            value["maxItems"] = limit(field, "max_items", LIST_MAX).into();
        }
        describe(&mut value, self.comments.of_field(&field.descriptor));
        value
    }

    /// The schema of one value.
    fn value(&mut self, kind: &Kind, direction: Direction) -> Value {
        match kind {
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Integer { minimum, maximum, .. } => {
                let small = *maximum <= i128::from(u32::MAX);
                let format = if small { "int32" } else { "int64" };
                let mut value = json!({"type": "integer", "format": format});
                if *minimum == 0 {
                    value["minimum"] = 0.into();
                }
                value
            }
            Kind::Float | Kind::Double => json!({"type": "number"}),
            Kind::Decimal if direction == Direction::Request => {
                json!({"type": ["number", "string"], "format": "decimal"})
            }
            Kind::Decimal => json!({"type": "number", "format": "decimal"}),
            Kind::Text => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Enum(values) => {
                let names: Vec<String> = values.values().map(|value| value.name().to_owned()).collect();
                json!({"type": "string", "enum": names})
            }
            Kind::Message(id) => self.message(*id, direction),
            Kind::WellKnown(message) => match message.full_name() {
                "google.protobuf.Timestamp" => json!({"type": "string", "format": "date-time"}),
                "google.protobuf.Duration" => json!({"type": "string"}),
                "google.protobuf.Struct" => json!({"type": "object"}),
                _ => json!({}),
            },
        }
    }
}

/// What `kugel.options.v1` allows a request in this field.
fn limit(field: &Field, option: &str, standard: usize) -> u64 {
    let pool = field.descriptor.parent_pool();
    let options = field.descriptor.options();
    let extension = pool.get_extension_by_name(&format!("kugel.options.v1.{option}"));
    let said = extension.and_then(|extension| match options.has_extension(&extension) {
        true => options.get_extension(&extension).as_u32(),
        false => None,
    });
    said.map_or(standard as u64, u64::from)
}

/// The same, or null.
pub(super) fn nullable(mut value: Value) -> Value {
    match value.get_mut("type") {
        Some(Value::String(kind)) => {
            value["type"] = json!([kind.as_str(), "null"]);
            if let Some(Value::Array(values)) = value.get_mut("enum") {
                values.push(Value::Null);
            }
        }
        Some(Value::Array(kinds)) => kinds.push("null".into()),
        _ => value = json!({"anyOf": [value, {"type": "null"}]}),
    }
    value
}

fn describe(value: &mut Value, comment: &str) {
    if !comment.is_empty() {
        value["description"] = comment.into();
    }
}
