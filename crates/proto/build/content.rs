//! Writes `impl Content` for every message that a request can hold: what is in it, field by field, with its limits.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};

use crate::{Failure, rust_path};

/// Characters of a text and rows of a list, unless the field's options say otherwise; see `kugel/options/v1`.
const LIMITS: [(&str, u32); 2] = [("max_length", 4_000), ("max_items", 1_000)];

/// The implementations, for the requests of all methods and what they hold.
pub(crate) fn content(pool: &DescriptorPool) -> Result<String, Failure> {
    let [(_, length), (_, items)] = LIMITS;
    let mut code = format!(
        "/// Characters that a text of a request may have, unless its field says otherwise.\n\
         pub const TEXT_MAX: usize = {length};\n\
         /// Rows that a list of a request may have, unless its field says otherwise.\n\
         pub const LIST_MAX: usize = {items};\n"
    );
    let (mut seen, mut next) = (BTreeSet::new(), Vec::new());
    for service in pool.services() {
        next.extend(service.methods().map(|method| method.input()));
    }
    while let Some(message) = next.pop() {
        let is_ours = message.full_name().starts_with("kugel.");
        if is_ours && seen.insert(message.full_name().to_owned()) {
            write_message(&message, &mut code)?;
            next.extend(message.fields().filter_map(|field| match field.kind() {
                Kind::Message(inner) => Some(inner),
                _ => None,
            }));
        }
    }
    Ok(code)
}

fn write_message(message: &MessageDescriptor, code: &mut String) -> Result<(), Failure> {
    let mut lines = String::new();
    let mut fields: Vec<_> = message.fields().collect();
    fields.sort_by_key(|field| field.path().last().copied());
    for field in &fields {
        write_field(field, &mut lines)?;
    }
    let unused = if lines.is_empty() { "_" } else { "" };
    writeln!(
        code,
        "impl crate::Content for {path} {{\n    \
         fn read(&mut self, {unused}reader: &mut dyn crate::ContentReader) {{\n{lines}    }}\n}}",
        path = rust_path(message.full_name()),
    )?;
    Ok(())
}

fn write_field(field: &FieldDescriptor, lines: &mut String) -> Result<(), Failure> {
    let name = field.name();
    let member = match name {
        "type" | "ref" | "match" | "move" => format!("r#{name}"),
        _ => name.to_owned(),
    };
    let [length, items] = LIMITS.map(|(option, standard)| limit(field, option).unwrap_or(standard));
    let read = |place: &str, value: &str| match field.kind() {
        Kind::String => Ok(Some(format!(
            "reader.text({name:?}, {place}, {value}, {length});"
        ))),
        Kind::Message(inner) if inner.full_name() == "google.type.Decimal" => {
            Ok(Some(format!("reader.decimal({name:?}, {place}, {value});")))
        }
        Kind::Message(inner) if inner.full_name().starts_with("kugel.") => {
            Ok(Some(format!("reader.within({name:?}, {place}, {value});")))
        }
        Kind::Message(inner) => Err(format!(
            "{}: no limits for {}",
            field.full_name(),
            inner.full_name()
        )),
        Kind::Bytes => Err(format!("{}: no limits for bytes", field.full_name())),
        _ => Ok(None),
    };
    if field.is_map() {
        return Err(format!("{}: no limits for maps", field.full_name()).into());
    }
    if field.is_list() {
        let list = format!("reader.list({name:?}, self.{member}.len(), {items})");
        match read("Some(place)", "row")? {
            Some(read) => writeln!(
                lines,
                "        if {list} {{ for (place, row) in self.{member}.iter_mut().enumerate() {{ {read} }} }}"
            )?,
            None => writeln!(lines, "        {list};")?,
        }
    } else if field.supports_presence() {
        if let Some(read) = read("None", "value")? {
            writeln!(
                lines,
                "        if let Some(value) = &mut self.{member} {{ {read} }}"
            )?;
        }
    } else if let Some(read) = read("None", &format!("&self.{member}"))? {
        writeln!(lines, "        {read}")?;
    }
    Ok(())
}

fn limit(field: &FieldDescriptor, option: &str) -> Option<u32> {
    let name = format!("kugel.options.v1.{option}");
    let extension = field.parent_pool().get_extension_by_name(&name)?;
    let options = field.options();
    options
        .has_extension(&extension)
        .then(|| options.get_extension(&extension).as_u32())?
}
