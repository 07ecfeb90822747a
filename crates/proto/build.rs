//! Compiles `proto/` without an installed protoc, refuses a method without a policy, and writes down for every request
//! message who may send it and which of its fields name a tenant, store or terminal, what is in it,
//! which keys paths cannot name, what can be permitted, and which services there are.

#[path = "build/content.rs"]
mod content;
#[path = "build/permissions.rs"]
mod permissions;
#[path = "build/words.rs"]
mod words;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};

pub(crate) type Failure = Box<dyn Error>;

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by its environment where to write"
)]
fn main() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../proto")
        .canonicalize()?;
    println!("cargo:rerun-if-changed={}", root.display());
    let out = PathBuf::from(std::env::var("OUT_DIR")?);

    let mut files = Vec::new();
    collect(&root.join("kugel"), &root, &mut files)?;
    files.push("google/rpc/error_details.proto".to_owned());
    files.sort();
    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(&files)?;
    // protox's own encoding keeps the extensions (routes, policies); prost's would drop them.
    let bytes = compiler.encode_file_descriptor_set();
    std::fs::write(out.join("descriptors.bin"), &bytes)?;

    let pool = DescriptorPool::decode(bytes.as_slice())?;
    std::fs::write(out.join("scopes.rs"), scopes(&pool)?)?;
    std::fs::write(out.join("services.rs"), services(&pool)?)?;
    std::fs::write(out.join("content.rs"), content::content(&pool)?)?;
    std::fs::write(out.join("permissions.rs"), permissions::permissions(&pool)?)?;
    std::fs::write(out.join("words.rs"), words::words(&pool)?)?;

    tonic_prost_build::configure()
        .include_file("generated.rs")
        .message_attribute(
            ".kugel",
            "#[derive(serde::Serialize, serde::Deserialize)]\n#[serde(default)]",
        )
        .enum_attribute(".kugel", "#[derive(serde::Serialize, serde::Deserialize)]")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

fn collect(folder: &Path, root: &Path, files: &mut Vec<String>) -> Result<(), Failure> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, root, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(
                path.strip_prefix(root)?
                    .to_str()
                    .ok_or("path is not text")?
                    .to_owned(),
            );
        }
    }
    Ok(())
}

/// Writes a macro that gives another one the client and the server of every service, each over a `T`.
fn services(pool: &DescriptorPool) -> Result<String, Failure> {
    let mut list = String::new();
    for service in pool.services() {
        let (name, file) = (service.name(), service.parent_file());
        if let Some(package) = file.package_name().strip_prefix("kugel.") {
            let path = format!("$crate::{}::{}", package.replace('.', "::"), snake(name));
            writeln!(
                list,
                "        {path}_client::{name}Client<T>, {path}_server::{name}Server<T>;"
            )?;
        }
    }
    Ok(format!(
        "/// Calls a macro with the generated client and server of every service.\n#[macro_export]\n\
         macro_rules! each_service {{\n    ($implement:ident) => {{ $implement! {{\n{list}    }} }};\n}}\n"
    ))
}

/// `CartService` → `cart_service`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// Writes `impl Scoped` for the request message of every method.
fn scopes(pool: &DescriptorPool) -> Result<String, Failure> {
    let policy = pool
        .get_extension_by_name("kugel.options.v1.policy")
        .ok_or("no policy option")?;
    let rest = pool
        .get_extension_by_name("kugel.options.v1.rest")
        .ok_or("no rest option")?;
    let http = pool
        .get_extension_by_name("google.api.http")
        .ok_or("no http option")?;
    let mut code = String::new();
    let (mut methods, mut idempotent, mut reading) = (Vec::new(), Vec::new(), Vec::new());
    for method in pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        if !method.full_name().starts_with("kugel.") {
            continue;
        }
        let options = method.options();
        if !options.has_extension(&policy) {
            return Err(format!("{} has no (kugel.options.v1.policy)", method.full_name()).into());
        }
        let reason = match &*options.get_extension(&rest) {
            Value::Message(rest) => text(rest, "no_binding_reason"),
            _ => String::new(),
        };
        let says_why_not = !reason.is_empty();
        if options.has_extension(&http) == says_why_not {
            let name = method.full_name();
            return Err(
                format!("{name} needs either a google.api.http binding or rest.no_binding_reason").into(),
            );
        }
        let extension = options.get_extension(&policy);
        let policy = extension.as_message().ok_or("policy is no message")?;
        // 1 is NO_SIDE_EFFECTS, 2 is IDEMPOTENT.
        let level = options
            .get_field_by_name("idempotency_level")
            .and_then(|level| level.as_enum_number());
        scope(&method, policy, level != Some(1), &mut code)?;
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        methods.push(path.clone());
        if level == Some(1) {
            reading.push(path.clone());
        }
        if matches!(level, Some(1 | 2)) {
            idempotent.push(path);
        }
    }
    methods.sort();
    idempotent.sort();
    reading.sort();
    write!(
        code,
        "/// The gRPC paths of every method of Kugel's own services, in order.\npub const METHODS: &[&str] = &{methods:#?};\n\
         /// The gRPC paths of the methods that may be called again without a second effect, in order.\n\
         pub const IDEMPOTENT_METHODS: &[&str] = &{idempotent:#?};\n\
         /// The gRPC paths of the methods that have no effect at all, in order.\n\
         pub const READING_METHODS: &[&str] = &{reading:#?};\n"
    )?;
    Ok(code)
}

fn scope(
    method: &MethodDescriptor,
    policy: &DynamicMessage,
    has_effect: bool,
    code: &mut String,
) -> Result<(), Failure> {
    let listed = |name: &str| -> Vec<i32> {
        let list = policy.get_field_by_name(name);
        let list = list.as_ref().and_then(|list| list.as_list()).unwrap_or_default();
        list.iter().filter_map(Value::as_enum_number).collect()
    };
    let flag = |name: &str| {
        policy
            .get_field_by_name(name)
            .and_then(|value| value.as_bool())
            .unwrap_or(false)
    };
    let permission = policy
        .get_field_by_name("permission")
        .and_then(|value| value.as_enum_number())
        .unwrap_or_default();
    let callers = listed("allow");
    check_policy(method, &callers, permission, flag("staff"))?;
    let input = method.input();
    let field = |name: &str, kind: &str| -> String {
        match input.get_field_by_name(name) {
            None => "None".to_owned(),
            Some(field) if field.field_presence_is_optional() && kind == "number" => {
                format!("self.{name}.map(i64::from)")
            }
            Some(_) if kind == "number" => format!("Some(i64::from(self.{name}))"),
            Some(field) if field.field_presence_is_optional() => format!("self.{name}.as_deref()"),
            Some(_) => format!("Some(self.{name}.as_str())"),
        }
    };
    writeln!(
        code,
        "impl crate::Scoped for {path} {{\n    const METHOD: &'static str = {name:?};\n    \
         const POLICY: crate::Policy = crate::Policy {{ allow: &{callers:?}, permission: {permission}, any_store: {any_store}, own_store: {own_store}, \
         own_terminal: {own_terminal}, staff: {staff}, needs_staff: {needs_staff}, terminal_by_setting: {by_setting}, legacy_allow: &{legacy:?} }};\n    \
         const HAS_EFFECT: bool = {has_effect};\n    \
         fn tenant_id(&self) -> Option<&str> {{ {tenant} }}\n    \
         fn store_code(&self) -> Option<&str> {{ {store} }}\n    \
         fn terminal_no(&self) -> Option<i64> {{ {number} }}\n    \
         fn terminal_id(&self) -> Option<&str> {{ {terminal} }}\n}}",
        path = rust_path(input.full_name()),
        name = method.full_name(),
        legacy = listed("legacy_allow"),
        any_store = flag("any_store"),
        staff = flag("staff"),
        needs_staff = flag("needs_staff"),
        by_setting = flag("terminal_by_setting"),
        own_store = flag("own_store"),
        own_terminal = flag("own_terminal"),
        tenant = field("tenant_id", "text"),
        store = field("store_code", "text"),
        number = field("terminal_no", "number"),
        terminal = field("terminal_id", "text"),
    )?;
    Ok(())
}

/// Refuses a policy that lets nobody in, or users without saying what they have to be permitted.
fn check_policy(
    method: &MethodDescriptor,
    callers: &[i32],
    permission: i32,
    staff: bool,
) -> Result<(), Failure> {
    let name = method.full_name();
    if callers.is_empty() || callers.contains(&0) || (callers.contains(&1) && callers.len() > 1) {
        return Err(format!("{name}: policy.allow must name callers, or CALLER_ANYONE alone").into());
    }
    // 2 is CALLER_USER.
    if (staff || callers.contains(&2)) != (permission > 0) {
        let rule = "policy.permission belongs to a method that lets users or staff in, and to no other";
        return Err(format!("{name}: {rule}").into());
    }
    Ok(())
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message
        .get_field_by_name(field)
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// `kugel.cart.v1.GetCartRequest` → `crate::cart::v1::GetCartRequest`.
pub(crate) fn rust_path(full_name: &str) -> String {
    format!(
        "crate::{}",
        full_name.trim_start_matches("kugel.").replace('.', "::")
    )
}

/// proto3 `optional`: the field tells absent from empty.
trait Presence {
    fn field_presence_is_optional(&self) -> bool;
}

impl Presence for prost_reflect::FieldDescriptor {
    fn field_presence_is_optional(&self) -> bool {
        self.supports_presence()
    }
}
