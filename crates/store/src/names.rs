//! What the databases of scopes are called: files of a folder, or databases of a server.

use crate::Scope;

/// What all databases of a service are called before their scope: `db_master_data_` for `master-data`.
pub(crate) fn prefix(service: &str) -> String {
    format!("db_{}_", service.replace('-', "_"))
}

/// A scope as part of a database's name. Capitals are written small behind a `-`, which no tenant id holds: a file
/// system, or a server, that takes `Shop` and `shop` for one name would otherwise give two tenants one database.
pub(crate) fn encode(scope: &Scope) -> String {
    let mut text = String::new();
    for character in scope.name().chars() {
        if character.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

/// The scope that was encoded; `None` for a name that is not ours.
pub(crate) fn decode(text: &str) -> Option<Scope> {
    if text == Scope::Commons.name() {
        return Some(Scope::Commons);
    }
    let mut name = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        name.push(if character == '-' {
            characters.next()?.to_ascii_uppercase()
        } else {
            character
        });
    }
    let scope = Scope::Tenant(name.parse().ok()?);
    // Names that we would not write are not ours.
    (encode(&scope) == text).then_some(scope)
}
