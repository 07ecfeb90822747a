//! Writes down which keys REST could not reach, because a path has a fixed word in their place.

use std::collections::BTreeSet;

use prost_reflect::{DescriptorPool, DynamicMessage, Value};

use crate::Failure;

/// The constant: the field of a path's variable, and a word that another path of the same verb has there.
pub(crate) fn words(pool: &DescriptorPool) -> Result<String, Failure> {
    let http = pool
        .get_extension_by_name("google.api.http")
        .ok_or("no http option")?;
    let mut routes = Vec::new();
    for method in pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        if let Value::Message(rule) = &*method.options().get_extension(&http) {
            read(rule, &mut routes);
        }
    }
    let mut words = BTreeSet::new();
    for (verb, path) in &routes {
        for (_, other) in routes.iter().filter(|(known, _)| known == verb) {
            words.extend(shadows(path, other));
        }
    }
    Ok(format!(
        "/// Fields that paths name, with the keys that no path reaches: another path has a fixed word there.\n\
         pub const PATH_WORDS: &[(&str, &str)] = &{words:#?};\n"
    )
    .replace("&{", "&[")
    .replace("};", "];"))
}

/// The verb and the path of a rule and of those beside it.
fn read(rule: &DynamicMessage, routes: &mut Vec<(&'static str, String)>) {
    for verb in ["get", "put", "post", "delete", "patch"] {
        let path = crate::text(rule, verb);
        if !path.is_empty() {
            routes.push((verb, path));
        }
    }
    let more = rule.get_field_by_name("additional_bindings");
    for rule in more.iter().filter_map(|more| more.as_list()).flatten() {
        if let Value::Message(rule) = rule {
            read(rule, routes);
        }
    }
}

/// Where a request may mean either path: the variables of the one, with the words of the other.
fn shadows(path: &str, other: &str) -> Vec<(String, String)> {
    let is_variable = |part: &str| part.starts_with('{');
    let pairs: Vec<_> = std::iter::zip(path.split('/'), other.split('/')).collect();
    let is_same_length = path.matches('/').count() == other.matches('/').count();
    let meet = |(part, word): &(&str, &str)| part == word || is_variable(part) || is_variable(word);
    if !is_same_length || !pairs.iter().all(meet) {
        return Vec::new();
    }
    let shadowed = pairs
        .into_iter()
        .filter(|(part, word)| is_variable(part) && !is_variable(word));
    shadowed
        .map(|(part, word)| {
            let field = part.trim_matches(['{', '}']);
            let name = field.rsplit('.').next().unwrap_or(field);
            (name.to_owned(), word.to_owned())
        })
        .collect()
}
