//! The same call through every door: REST, gRPC-Web and native gRPC.

use kugel_testkit::{Binding, Door, Grpc, Rest, Till, contract};
use serde_json::{Map, Number, Value, json};

/// A client of one door.
pub(crate) enum Client {
    Rest(Rest),
    Grpc(Grpc),
}

impl Client {
    /// A till's clients, a door each.
    pub(crate) fn all(till: &Till) -> [Self; 3] {
        [
            Self::Rest(till.rest()),
            Self::Grpc(till.grpc(Door::Web)),
            Self::Grpc(till.grpc(Door::Native)),
        ]
    }

    /// Calls a method with protobuf's JSON. Gives what REST would show as data without nulls, or the six-digit code.
    pub(crate) async fn call(&self, method: &str, request: Value) -> Result<Value, String> {
        let binding = binding_of(method);
        let answer = match self {
            Self::Grpc(grpc) => match grpc.call(method, request).await {
                Ok(answer) if binding.response_body.is_empty() => answer,
                Ok(mut answer) => answer[camel(&binding.response_body)].take(),
                Err(status) => return Err(code_of(&status)),
            },
            Self::Rest(rest) => {
                let (path, body) = in_rest(&binding, request);
                let reply = rest.send(binding.verb.clone(), &path, body.as_ref()).await;
                reply.envelope();
                if reply.status >= 300 {
                    return Err(reply.body["code"].as_str().unwrap().to_owned());
                }
                reply.body["data"].clone()
            }
        };
        Ok(plain(answer))
    }
}

/// The six-digit code of a gRPC failure.
pub(crate) fn code_of(status: &tonic::Status) -> String {
    let reason = kugel_error::reason_of(status);
    reason.map_or_else(|| format!("{status:?}"), |spec| spec.code.to_owned())
}

/// The first REST route of a method.
fn binding_of(method: &str) -> Binding {
    let name = format!("kugel.{method}");
    let rpc = contract().into_iter().find(|rpc| rpc.name() == name).unwrap();
    rpc.bindings[0].clone()
}

/// Spreads a request over path and body, as the route says.
fn in_rest(binding: &Binding, request: Value) -> (String, Option<Value>) {
    let taken = std::cell::RefCell::new(request);
    let path = binding.path_with(|variable| {
        let mut request = taken.borrow_mut();
        let value = match variable.split_once('.') {
            // The body has it too.
            Some((above, field)) => request[camel(above)][camel(field)].clone(),
            None => request[camel(variable)].take(),
        };
        value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned)
    });
    let mut rest = taken.into_inner();
    let body = match binding.body.as_str() {
        "" => None,
        "*" => Some(plain(rest)),
        field => Some(plain(rest[camel(field)].take())),
    };
    (path.trim_start_matches("/api/v1").to_owned(), body)
}

/// Shows decimals as numbers and leaves nulls out, so that answers of all doors look the same.
pub(crate) fn plain(value: Value) -> Value {
    match value {
        Value::Array(rows) => rows.into_iter().map(plain).collect(),
        Value::Object(members) => match decimal(&members) {
            Some(number) => Value::Number(number),
            None => members
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name, plain(value)))
                .collect::<Map<_, _>>()
                .into(),
        },
        other => other,
    }
}

fn decimal(members: &Map<String, Value>) -> Option<Number> {
    let text = members.get("value").filter(|_| members.len() == 1)?.as_str()?;
    text.parse().ok()
}

/// A decimal in protobuf's JSON.
pub(crate) fn decimal_of(text: &str) -> Value {
    json!({"value": text})
}

pub(crate) fn camel(name: &str) -> String {
    let mut upper = false;
    let mut camel = String::new();
    for letter in name.chars() {
        match letter {
            '_' => upper = true,
            _ if std::mem::take(&mut upper) => camel.extend(letter.to_uppercase()),
            _ => camel.push(letter),
        }
    }
    camel
}
