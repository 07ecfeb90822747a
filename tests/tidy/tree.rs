//! Reading the tree.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the tree.
pub(crate) struct File {
    /// Its path from the root, with `/`.
    pub path: String,
    pub text: String,
}

impl File {
    /// Whether the file is Rust that ships: no test, no example, no benchmark.
    pub(crate) fn ships(&self) -> bool {
        let tested = ["/tests/", "/examples/", "/benches/", "/conformance"];
        self.path.ends_with(".rs")
            && !["tests/", "crates/stand/", "crates/testkit/"]
                .iter()
                .any(|folder| self.path.starts_with(folder))
            && !tested.iter().any(|folder| self.path.contains(folder))
            && !["/tests.rs", "/testing.rs"]
                .iter()
                .any(|end| self.path.ends_with(end))
    }

    /// The numbered lines before the module of unit tests, without comments.
    pub(crate) fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self
            .text
            .find("#[cfg(test)]\nmod tests {")
            .unwrap_or(self.text.len());
        self.text[..end]
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every text file that belongs to the tree.
pub(crate) fn files() -> Vec<File> {
    let mut found = Vec::new();
    walk(&root(), "", &mut found);
    assert!(found.len() > 300, "the walk does not reach the tree");
    found
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if is_foreign(&path) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if path != "LICENSE"
            && path != "Cargo.lock"
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            found.push(File { path, text });
        }
    }
}

/// What tools make (`.git` may be a file), and the contracts of others.
fn is_foreign(path: &str) -> bool {
    [
        ".git",
        "target",
        "node_modules",
        "kugel-data",
        ".kugel",
        "proto/google",
    ]
    .contains(&path)
}

/// Fails with every finding at once.
#[track_caller]
pub(crate) fn none(findings: Vec<String>, rule: &str) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}
