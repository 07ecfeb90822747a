//! The comments of the contract, which are its documentation.

use std::collections::HashMap;

use prost::Message;
use prost_reflect::{
    FieldDescriptor, FileDescriptor, MessageDescriptor, MethodDescriptor, ServiceDescriptor,
};
use prost_types::FileDescriptorSet;

/// Leading comments by file and place.
pub(super) struct Comments(HashMap<(String, Vec<i32>), String>);

impl Comments {
    /// Reads the comments of a descriptor set. One that cannot be read has none.
    pub(super) fn read(descriptors: &[u8]) -> Self {
        let mut comments = HashMap::new();
        for file in FileDescriptorSet::decode(descriptors).unwrap_or_default().file {
            let Some(info) = &file.source_code_info else {
                continue;
            };
            for location in info
                .location
                .iter()
                .filter(|location| location.leading_comments.is_some())
            {
                let text = unwrap_lines(location.leading_comments());
                comments.insert((file.name().to_owned(), location.path.clone()), text);
            }
        }
        Self(comments)
    }

    pub(super) fn of_service(&self, service: &ServiceDescriptor) -> &str {
        self.at(&service.parent_file(), service.path())
    }

    pub(super) fn of_method(&self, method: &MethodDescriptor) -> &str {
        self.at(&method.parent_file(), method.path())
    }

    pub(super) fn of_message(&self, message: &MessageDescriptor) -> &str {
        self.at(&message.parent_file(), message.path())
    }

    pub(super) fn of_field(&self, field: &FieldDescriptor) -> &str {
        self.at(&field.parent_file(), field.path())
    }

    fn at(&self, file: &FileDescriptor, path: &[i32]) -> &str {
        // A borrowed key of this shape would need a type of its own; documents are written once.
        self.0
            .get(&(file.name().to_owned(), path.to_vec()))
            .map_or("", String::as_str)
    }
}

/// Joins the lines of a paragraph. Lists and blank lines stay.
fn unwrap_lines(comment: &str) -> String {
    let mut text = String::new();
    for line in comment.lines().map(str::trim) {
        let starts_anew =
            line.is_empty() || line.starts_with(['-', '*', '#']) || text.is_empty() || text.ends_with('\n');
        text.push_str(if starts_anew { "" } else { " " });
        if line.is_empty() {
            text.push_str("\n\n");
        } else {
            if line.starts_with(['-', '*']) && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(line);
        }
    }
    text.trim().to_owned()
}

/// The first sentence, for summaries, without its full stop.
pub(super) fn first_sentence(text: &str) -> &str {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    paragraph
        .split(". ")
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_joined_and_lists_kept() {
        assert_eq!(unwrap_lines(" One\n two.\n\n Three.\n"), "One two.\n\nThree.");
        assert_eq!(unwrap_lines(" One:\n - a\n - b\n"), "One:\n- a\n- b");
        assert_eq!(first_sentence("Gets a thing. The rest."), "Gets a thing");
        assert_eq!(first_sentence("Gets a thing."), "Gets a thing");
    }
}
