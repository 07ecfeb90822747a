//! The contract as tests walk it: every method with its callers and its REST bindings.

use std::collections::BTreeSet;

use http::Method;
use kugel_proto::{Caller, Permission};
use prost_reflect::{DynamicMessage, FieldDescriptor, MethodDescriptor};
use serde_json::Value;

use crate::grpc::POOL;

/// A method of the contract.
pub struct Rpc {
    /// Its descriptor.
    pub descriptor: MethodDescriptor,
    /// Who may call it.
    pub allow: Vec<Caller>,
    /// True if its answer comes without the envelope.
    pub is_bare: bool,
    /// What a user has to be permitted, `sales.sell`; nothing where no user is let in.
    pub permission: String,
    /// What else the policy says.
    pub flags: Vec<String>,
    /// Its REST routes, the first one first.
    pub bindings: Vec<Binding>,
    /// Why it has none.
    pub no_binding_reason: String,
    /// The HTTP status of its success.
    pub success: u16,
}

/// A REST route of a method.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The HTTP method.
    pub verb: Method,
    /// The path with its variables in braces.
    pub path: String,
    /// The request field that the body fills, `*` for all that the path leaves, nothing for no body.
    pub body: String,
    /// The response field that is shown as the data, nothing for the whole message.
    pub response_body: String,
}

/// Every method of every service.
pub fn contract() -> Vec<Rpc> {
    POOL.services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(Rpc::read)
        .collect()
}

impl Rpc {
    fn read(descriptor: MethodDescriptor) -> Self {
        let options = descriptor.options();
        let rest = extension(&options, "kugel.options.v1.rest");
        let policy = extension(&options, "kugel.options.v1.policy");
        let http = extension(&options, "google.api.http");
        let more = http["additionalBindings"].as_array().cloned().unwrap_or_default();
        let status = rest["successStatus"].as_u64().unwrap_or(0);
        Self {
            allow: callers(&policy),
            permission: permission(&policy),
            flags: flags(&policy),
            is_bare: rest["bare"] == true,
            bindings: std::iter::once(&http)
                .chain(&more)
                .filter_map(Binding::read)
                .collect(),
            no_binding_reason: rest["noBindingReason"].as_str().unwrap_or_default().to_owned(),
            success: u16::try_from(status)
                .ok()
                .filter(|status| *status != 0)
                .unwrap_or(200),
            descriptor,
        }
    }

    /// Its name, `kugel.cart.v1.CartService.GetCart`.
    pub fn name(&self) -> &str {
        self.descriptor.full_name()
    }

    /// True if this kind of caller is let in.
    pub fn allows(&self, caller: Caller) -> bool {
        self.allow.contains(&caller)
    }

    /// True if the policy says so: `anyStore`, `ownStore`, `ownTerminal`, `terminalBySetting`.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| known == flag)
    }

    /// True if the method only reads.
    pub fn only_reads(&self) -> bool {
        let level = self
            .descriptor
            .options()
            .get_field_by_name("idempotency_level")
            .and_then(|level| level.as_enum_number());
        level == Some(1)
    }

    /// True if no credential is needed.
    pub fn is_public(&self) -> bool {
        self.allows(Caller::Anyone)
    }

    /// The fields that a route's body may have: those that neither the path says nor only answers have.
    pub fn fields_in_body(&self, binding: &Binding) -> Vec<FieldDescriptor> {
        let input = self.descriptor.input();
        let (message, above) = match binding.body.as_str() {
            "*" => (input, String::new()),
            field => {
                let kind = input.get_field_by_name(field).unwrap().kind();
                (kind.as_message().unwrap().clone(), format!("{field}."))
            }
        };
        let in_path =
            |field: &FieldDescriptor| binding.path.contains(&format!("{{{above}{}}}", field.name()));
        let fields = message.fields();
        fields
            .filter(|field| !in_path(field) && !behaves(field, "OUTPUT_ONLY"))
            .collect()
    }

    /// The JSON names of the fields that the contract requires of a request by this route, in its query or its body.
    pub fn required_by(&self, binding: &Binding) -> BTreeSet<String> {
        let input = self.descriptor.input();
        let in_path = |field: &FieldDescriptor| binding.path.contains(&format!("{{{}}}", field.name()));
        let in_body = match binding.body.as_str() {
            "" | "*" => Vec::new(),
            _ => self.fields_in_body(binding),
        };
        let beside = input
            .fields()
            .filter(|field| !in_path(field) && field.name() != binding.body);
        let required = in_body
            .into_iter()
            .chain(beside)
            .filter(|field| behaves(field, "REQUIRED"));
        required.map(|field| field.json_name().to_owned()).collect()
    }

    /// The field that a path variable leads to.
    pub fn path_field(&self, variable: &str) -> FieldDescriptor {
        let mut message = self.descriptor.input();
        let (above, last) = variable.rsplit_once('.').unwrap_or(("", variable));
        for name in above.split('.').filter(|name| !name.is_empty()) {
            let kind = message.get_field_by_name(name).unwrap().kind();
            message = kind.as_message().unwrap().clone();
        }
        let field = message.get_field_by_name(last);
        field.unwrap_or_else(|| panic!("{}: no field {variable}", self.name()))
    }

    /// The short name of its service, `master-data`.
    pub fn service(&self) -> String {
        let package = self.descriptor.parent_service().package_name().to_owned();
        package.split('.').nth(1).unwrap().replace('_', "-")
    }
}

impl Binding {
    fn read(rule: &Value) -> Option<Self> {
        let (verb, path) = ["get", "post", "put", "patch", "delete"]
            .into_iter()
            .find_map(|verb| Some((verb, rule[verb].as_str()?)))?;
        Some(Self {
            verb: verb.to_uppercase().parse().unwrap(),
            path: path.to_owned(),
            body: rule["body"].as_str().unwrap_or_default().to_owned(),
            response_body: rule["responseBody"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// The path with every variable replaced.
    pub fn path_with(&self, value: impl Fn(&str) -> String) -> String {
        let mut path = String::new();
        let mut rest = self.path.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (variable, after) = after.split_once('}').unwrap();
            path.push_str(before);
            path.push_str(&value(variable));
            rest = after;
        }
        path + rest
    }
}

fn behaves(field: &FieldDescriptor, name: &str) -> bool {
    let behavior = POOL.get_extension_by_name("google.api.field_behavior").unwrap();
    let wanted = behavior
        .kind()
        .as_enum()
        .unwrap()
        .get_value_by_name(name)
        .unwrap()
        .number();
    let options = field.options();
    let behaviors = options.get_extension(&behavior);
    let mut behaviors = behaviors.as_list().unwrap().iter();
    behaviors.any(|behavior| behavior.as_enum_number() == Some(wanted))
}

/// An option of a method as protobuf's JSON; null if it has none.
fn extension(options: &DynamicMessage, name: &str) -> Value {
    let field = POOL.get_extension_by_name(name).unwrap();
    if !options.has_extension(&field) {
        return Value::Null;
    }
    let value = options.get_extension(&field);
    let message = value.as_message().unwrap();
    serde_json::to_value(message).unwrap()
}

fn permission(policy: &Value) -> String {
    let name = policy["permission"].as_str().unwrap_or_default();
    Permission::from_str_name(name).map_or_else(String::new, Permission::name)
}

fn flags(policy: &Value) -> Vec<String> {
    let fields = policy.as_object().into_iter().flatten();
    fields
        .filter(|(_, value)| **value == Value::Bool(true))
        .map(|(name, _)| name.clone())
        .collect()
}

fn callers(policy: &Value) -> Vec<Caller> {
    let names = policy["allow"].as_array().into_iter().flatten();
    names
        .map(|name| Caller::from_str_name(name.as_str().unwrap()).unwrap())
        .collect()
}
