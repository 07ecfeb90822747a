//! What every source file keeps to.

use std::collections::BTreeSet;

use kugel_error::codes;

use crate::tree::{File, files, none};

const FILE_LINES_LIMIT: usize = 400;
const FUNCTION_LINES_LIMIT: usize = 60;

fn is_rust(file: &&File) -> bool {
    file.path.ends_with(".rs")
}

#[test]
fn files_stay_readable() {
    let files = files();
    let long = files
        .iter()
        .filter(is_rust)
        .map(|file| (file, file.text.lines().count()));
    let findings = long
        .filter(|(_, lines)| *lines > FILE_LINES_LIMIT)
        .map(|(file, lines)| format!("{}: {lines} lines", file.path));
    none(findings.collect(), "a Rust file has at most 400 lines");
}

#[test]
fn functions_stay_readable() {
    let files = files();
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.ships()) {
        let lines: Vec<(usize, &str)> = file.shipped_lines().collect();
        for (index, (number, line)) in lines.iter().enumerate() {
            let length = function_lines(line, &lines[index + 1..]);
            if length > FUNCTION_LINES_LIMIT {
                findings.push(format!("{}:{number}: {length} lines", file.path));
            }
        }
    }
    none(findings, "a function that ships has at most 60 lines");
}

/// The lines between a function's head and its closing brace, which rustfmt puts below the head's first letter.
fn function_lines(head: &str, following: &[(usize, &str)]) -> usize {
    let words: Vec<&str> = head.split_whitespace().collect();
    let before_fn = words.iter().take_while(|word| **word != "fn").count();
    let is_head = before_fn < words.len()
        && words[..before_fn]
            .iter()
            .all(|word| word.starts_with("pub") || ["async", "const"].contains(word));
    if !is_head || head.ends_with(';') || head.ends_with('}') {
        return 0;
    }
    let indent = &head[..head.len() - head.trim_start().len()];
    let ends = |line: &str| {
        line.strip_prefix(indent)
            .is_some_and(|rest| rest == "}" || rest.ends_with(';') && !rest.starts_with(' '))
    };
    let signature = if head.ends_with('{') {
        0
    } else {
        1 + following
            .iter()
            .take_while(|(_, line)| !line.ends_with('{') && !ends(line))
            .count()
    };
    let body = following
        .iter()
        .skip(signature)
        .take_while(|(_, line)| !ends(line));
    body.filter(|(_, line)| !line.trim().is_empty()).count()
}

#[test]
fn every_package_takes_the_workspaces_lints() {
    let files = files();
    let manifests = files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let findings = manifests
        .filter(|file| !file.text.contains("[lints]\nworkspace = true"))
        .map(|file| file.path.clone());
    none(
        findings.collect(),
        "every Cargo.toml says `[lints] workspace = true`",
    );
}

#[test]
fn every_crate_says_what_it_is() {
    let files = files();
    let roots = ["/src/lib.rs", "/src/main.rs", "tests/it/main.rs"];
    let findings = files
        .iter()
        .filter(|file| roots.iter().any(|root| file.path.ends_with(root)))
        .filter(|file| !file.text.starts_with("//!") || file.text.contains("Placeholder"))
        .map(|file| file.path.clone());
    none(
        findings.collect(),
        "a crate opens with its purpose and what it must never know",
    );
}

#[test]
fn no_test_is_switched_off() {
    // Spelled in pieces, so that this file is none of its own findings.
    let words = [concat!("#[ign", "ore"), concat!("should_", "panic")];
    let mut findings = Vec::new();
    for file in files().iter().filter(is_rust) {
        for (index, line) in file.text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                findings.push(format!("{}:{}", file.path, index + 1));
            }
        }
    }
    none(
        findings,
        "a test runs or is deleted, and names the error that it expects",
    );
}

#[test]
fn no_figure_is_a_binary_float() {
    // JSON has one kind of number, a contract may use `double`, and seconds of metrics and progress are no money.
    let exempt = [
        "services/gateway/src/json/",
        "crates/store/src/mongodb/json.rs",
        "services/demo/",
        "crates/rpc/",
        "crates/telemetry/",
    ];
    let is_float = |word: &str| word == "f64" || word == "f32";
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.ships()) {
        if exempt.iter().any(|folder| file.path.starts_with(folder)) {
            continue;
        }
        for (number, line) in file.shipped_lines() {
            if line.split(|letter: char| !letter.is_alphanumeric()).any(is_float) {
                findings.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    for file in files().iter().filter(|file| file.path.starts_with("proto/")) {
        let floats = file.text.lines().filter(|line| {
            let line = line.trim_start();
            ["double ", "float ", "repeated double ", "optional double "]
                .iter()
                .any(|kind| line.starts_with(kind))
        });
        findings.extend(floats.map(|line| format!("{}: {}", file.path, line.trim())));
    }
    none(findings, "money, quantities and rates are exact decimals");
}

#[test]
fn public_codes_are_written_in_one_table() {
    let codes: BTreeSet<&str> = codes::ALL.iter().map(|spec| spec.code).collect();
    let mut findings = Vec::new();
    for file in files()
        .iter()
        .filter(|file| file.ships() && file.path != "crates/error/src/codes.rs")
    {
        for (number, line) in file.shipped_lines() {
            let written = line
                .split('"')
                .skip(1)
                .step_by(2)
                .find(|text| codes.contains(text));
            findings.extend(written.map(|code| format!("{}:{number}: {code}", file.path)));
        }
    }
    none(
        findings,
        "a code stands in crates/error/src/codes.rs and is named everywhere else",
    );
}

#[test]
fn only_tests_act_as_owners() {
    // Demonstration, storm, attacks and load run as shops do: an owner gives roles, and those who have them work. Where
    // nothing is voided, taken back or moved, cashiers are at the tills.
    let everywhere = [
        ".in_person()",
        ".tenant().await",
        "Tenant::register(",
        "\"manager\"",
    ];
    let places = [
        ("services/demo/", None),
        ("tests/chaos/", None),
        ("tests/attack/", Some("\"supervisor\"")),
        ("tests/load/", Some("\"supervisor\"")),
    ];
    let mut findings = Vec::new();
    for file in files().iter().filter(is_rust) {
        let place = places.iter().find(|(place, _)| file.path.starts_with(place));
        let Some((_, here)) = place else { continue };
        for (index, line) in file.text.lines().enumerate() {
            if everywhere.iter().chain(here).any(|word| line.contains(word)) {
                findings.push(format!("{}:{}: {}", file.path, index + 1, line.trim()));
            }
        }
    }
    none(
        findings,
        "what runs outside of tests has the least roles that suffice",
    );
}

#[test]
fn nothing_names_a_machine() {
    let places =
        [["/ro", "ot/"], ["/ho", "me/"], ["/wo", "rk/"], ["/Us", "ers/"]].map(|parts| parts.concat());
    let mut findings = Vec::new();
    for file in files() {
        for (index, line) in file.text.lines().enumerate() {
            if places.iter().any(|place| line.contains(place.as_str())) {
                findings.push(format!("{}:{}: {}", file.path, index + 1, line.trim()));
            }
        }
    }
    none(findings, "the tree works wherever it is cloned");
}
