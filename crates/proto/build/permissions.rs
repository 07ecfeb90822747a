//! Writes down what can be permitted: names, what they are for, and which methods ask for them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use prost_reflect::{DescriptorPool, Value};

use crate::Failure;

const ENUM: &str = "kugel.options.v1.Permission";
/// Everybody who is signed in has it, so it is not listed.
const SELF: i32 = 1;

/// The constant: every permission that can be given, in the order of the contract.
pub(crate) fn permissions(pool: &DescriptorPool) -> Result<String, Failure> {
    let permissions = pool
        .get_enum_by_name(ENUM)
        .ok_or("no enumeration of permissions")?;
    let mut methods = methods(pool)?;
    let file = permissions.parent_file();
    let locations = file.file_descriptor_proto().source_code_info.as_ref();
    let locations = locations.map(|info| info.location.as_slice()).unwrap_or_default();
    let mut list = String::new();
    for value in permissions.values().filter(|value| value.number() > SELF) {
        let location = locations.iter().find(|location| location.path == value.path());
        let comment = location.and_then(|location| location.leading_comments.as_deref());
        let description = comment
            .ok_or_else(|| format!("{} has no comment", value.name()))?
            .trim();
        let variant = variant(value.name());
        let methods = methods.remove(&value.number()).unwrap_or_default();
        writeln!(
            list,
            "    crate::PermissionEntry {{ permission: crate::Permission::{variant}, description: {description:?}, methods: &{methods:?} }},"
        )?;
    }
    Ok(format!(
        "/// What can be permitted, in the order of the contract.\n\
         pub const PERMISSIONS: &[crate::PermissionEntry] = &[\n{list}];\n"
    ))
}

/// The methods that ask for each permission, by its number.
fn methods(pool: &DescriptorPool) -> Result<BTreeMap<i32, Vec<String>>, Failure> {
    let policy = pool
        .get_extension_by_name("kugel.options.v1.policy")
        .ok_or("no policy option")?;
    let mut methods = BTreeMap::<_, Vec<_>>::new();
    for method in pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        if let Value::Message(policy) = &*method.options().get_extension(&policy) {
            let permission = policy.get_field_by_name("permission");
            let number = permission.and_then(|permission| permission.as_enum_number());
            let name = method.full_name().to_owned();
            methods.entry(number.unwrap_or_default()).or_default().push(name);
        }
    }
    Ok(methods)
}

/// `PERMISSION_SALES_SELL` → `SalesSell`.
fn variant(name: &str) -> String {
    let words = name.trim_start_matches("PERMISSION_").split('_');
    words
        .map(|word| word[..1].to_owned() + &word[1..].to_lowercase())
        .collect()
}
