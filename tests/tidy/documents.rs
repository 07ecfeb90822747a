//! The documents tell what is there.

use std::collections::BTreeMap;

use crate::tree::{File, files, none, read, root};

const DOCUMENTS: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/// Name in capitals and default of every setting, from the source that defines them.
pub(crate) fn settings() -> BTreeMap<String, String> {
    let source = read("crates/config/src/settings.rs");
    let fields = source
        .split("pub struct Settings {")
        .nth(1)
        .unwrap()
        .split("\n}")
        .next()
        .unwrap();
    let defaults = source.split("r#\"").nth(1).unwrap().split("\"#").next().unwrap();
    let default = |name: &str| {
        let value = defaults
            .lines()
            .filter_map(|line| line.split_once(" = "))
            .find(|(key, _)| *key == name);
        value.map_or_else(String::new, |(_, value)| value.trim_matches('"').to_owned())
    };
    let names = fields
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next());
    names.map(|name| (name.to_uppercase(), default(name))).collect()
}

#[test]
fn every_setting_is_in_the_readme() {
    let readme = read("README.md");
    let section = readme
        .split("\n## Settings")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let cell = |text: &str| text.trim().trim_matches('`').to_owned();
    let listed: BTreeMap<String, String> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').collect::<Vec<_>>())
        .map(|cells| (cell(cells[1]), cell(cells[2])))
        .collect();
    assert_eq!(
        listed,
        settings(),
        "the table of settings in README.md (left) and crates/config (right) differ"
    );
}

#[test]
fn every_make_target_that_is_named_exists() {
    let makefile = read("Makefile");
    let mut findings = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        for named in text.split("`make ").skip(1) {
            let target = named
                .split(|letter: char| !(letter.is_ascii_lowercase() || letter == '-'))
                .next()
                .unwrap();
            if !makefile.contains(&format!("\n{target}: ")) {
                findings.push(format!("{document}: make {target}"));
            }
        }
    }
    none(findings, "the documents name targets that the Makefile has");
}

#[test]
fn links_lead_somewhere() {
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.path.ends_with(".md")) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in file
            .text
            .split("](")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap())
        {
            let path = link.split('#').next().unwrap();
            if !path.is_empty() && !path.contains("://") && !root().join(folder).join(path).exists() {
                findings.push(format!("{}: {link}", file.path));
            }
        }
    }
    none(findings, "a link in the documents leads to a file of the tree");
}

#[test]
fn every_invariant_names_what_holds_it() {
    let architecture = read("ARCHITECTURE.md");
    let section = architecture
        .split("\n## Invariants")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let files = files();
    let mut findings = Vec::new();
    for invariant in section.split("\n- ").skip(1) {
        let holders: Vec<&str> = match invariant.split_once("Held by") {
            Some((_, held)) => held.split('`').skip(1).step_by(2).collect(),
            None => Vec::new(),
        };
        if holders.is_empty() {
            findings.push(format!("nothing holds: {}", invariant.lines().next().unwrap()));
        }
        let unknown = holders.iter().filter(|holder| !is_there(holder, &files));
        findings.extend(unknown.map(|holder| format!("there is no `{holder}`")));
    }
    none(
        findings,
        "an invariant is held by a test (its name) or a file (its path)",
    );
}

fn is_there(holder: &str, files: &[File]) -> bool {
    let function = format!("fn {holder}(");
    root().join(holder).exists()
        || files
            .iter()
            .any(|file| file.path.ends_with(".rs") && file.text.contains(&function))
}
