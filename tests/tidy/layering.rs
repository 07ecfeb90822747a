//! Arrows between packages point downwards.

use std::process::Command;

use serde_json::Value;

use crate::tree::{files, none, root};

/// What a package is built on: the words everybody shares, then ports and the contract, then the platform, then the
/// services, then what composes them. What tests and measures stands above everything and nothing may need it.
const LEVELS: &[(&str, u8)] = &[
    ("kugel-types", 0),
    ("kugel-error", 0),
    ("kugel-pricing", 0),
    ("kugel-printing", 0),
    ("kugel-proto", 1),
    ("kugel-store", 1),
    ("kugel-bus", 1),
    ("kugel-state", 1),
    ("kugel-breaker", 1),
    ("kugel-auth", 1),
    ("kugel-brake", 2),
    ("kugel-config", 2),
    ("kugel-rpc", 2),
    ("kugel-telemetry", 2),
    ("kugel-shop", 3),
    ("kugel-stand", 3),
    ("kugel-host", 4),
    ("kugel-operator", 4),
    ("kugel-demo", 4),
    ("kugel", 5),
    ("kugel-testkit", 6),
    ("kugel-e2e", 6),
];

/// What is made for tests: nothing that ships may need it, and any test may.
const FOR_TESTS: [&str; 2] = ["kugel-stand", "kugel-testkit"];

/// Where services stand that LEVELS does not name.
const SERVICE: u8 = 3;
/// Where tests stand.
const TEST: u8 = 6;

/// Libraries that only their adapter may name, so that each can be exchanged in one place.
const CONFINED: &[(&str, &[&str])] = &[
    ("rusqlite", &["kugel-store"]),
    ("mongodb", &["kugel-store"]),
    ("redis", &["kugel-state"]),
    ("lapin", &["kugel-bus"]),
    ("tokio-rustls", &["kugel-rpc"]),
    ("moka", &["kugel-state", "kugel-rpc", "kugel-auth"]),
    ("quick_cache", &["kugel-store"]),
    ("jsonwebtoken", &["kugel-auth"]),
    ("ring", &["kugel-auth"]),
    ("argon2", &["kugel-auth"]),
    ("bcrypt", &["kugel-auth"]),
    ("zxcvbn", &["kugel-account", "kugel-config"]),
    ("figment", &["kugel-config"]),
    ("metrics-exporter-prometheus", &["kugel-telemetry"]),
    ("tracing-subscriber", &["kugel-telemetry"]),
    ("prost-reflect", &["kugel-proto", "kugel-gateway"]),
    ("axum", &["kugel-gateway", "kugel"]),
    ("csv", &["kugel-demo"]),
    ("anyhow", &["kugel-host", "kugel-operator", "kugel-demo", "kugel"]),
];

/// All that the pure packages may be built with: values, no I/O and no runtime.
const PURE: [&str; 8] = [
    "rust_decimal",
    "jiff",
    "uuid",
    "thiserror",
    "serde",
    "serde_json",
    "unicode-width",
    "js-sys",
];

struct Package {
    name: String,
    is_service: bool,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    ships: bool,
    optional: bool,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(package).collect()
}

fn package(metadata: &Value) -> Package {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let dependency = |value: &Value| Dependency {
        name: text(&value["name"]),
        ships: value["kind"] != "dev",
        optional: value["optional"] == true,
    };
    Package {
        name: text(&metadata["name"]),
        is_service: text(&metadata["manifest_path"]).contains("/services/"),
        dependencies: metadata["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .map(dependency)
            .collect(),
    }
}

fn level(package: &str, packages: &[Package]) -> Option<u8> {
    let listed = LEVELS
        .iter()
        .find(|(name, _)| *name == package)
        .map(|(_, level)| *level);
    let service = packages
        .iter()
        .any(|other| other.name == package && other.is_service);
    listed.or(service.then_some(SERVICE))
}

#[test]
fn arrows_point_downwards() {
    let packages = packages();
    let mut findings = Vec::new();
    for package in &packages {
        let Some(own) = level(&package.name, &packages) else {
            findings.push(format!("{}: say in LEVELS where it stands", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(other) = level(&dependency.name, &packages) else {
                continue;
            };
            // Services know no other service, and crates of a level may be built on one another (never in a circle:
            // cargo sees to that).
            let allowed = own == TEST
                || if FOR_TESTS.contains(&dependency.name.as_str()) {
                    !dependency.ships
                } else {
                    other < own || (other == own && own != SERVICE)
                };
            if !allowed {
                findings.push(format!(
                    "{} (level {own}) -> {} (level {other})",
                    package.name, dependency.name
                ));
            }
        }
    }
    none(findings, "a package may only know what stands below it");
}

#[test]
fn pure_packages_do_no_input_or_output() {
    let packages = packages();
    let mut findings = Vec::new();
    for package in packages
        .iter()
        .filter(|package| level(&package.name, &packages) == Some(0))
    {
        for dependency in &package.dependencies {
            // An optional one is the feature that turns an error into a status; a till's build leaves it out.
            let pure = PURE.contains(&dependency.name.as_str()) || dependency.name.starts_with("kugel-");
            if dependency.ships && !dependency.optional && !pure {
                findings.push(format!("{} -> {}", package.name, dependency.name));
            }
        }
    }
    none(findings, "the pure packages are built with values alone");
}

#[test]
fn drivers_stay_in_their_adapters() {
    let packages = packages();
    let mut findings = Vec::new();
    for package in packages
        .iter()
        .filter(|package| level(&package.name, &packages) != Some(TEST))
    {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.ships) {
            let rule = CONFINED.iter().find(|(name, _)| *name == dependency.name);
            if rule.is_some_and(|(_, allowed)| !allowed.contains(&package.name.as_str())) {
                findings.push(format!("{} -> {}", package.name, dependency.name));
            }
        }
    }
    none(findings, "a library is named by its adapter alone");
}

#[test]
fn the_gateway_opens_no_database_and_checks_no_credential() {
    let packages = packages();
    let gateway = packages
        .iter()
        .find(|package| package.name == "kugel-gateway")
        .unwrap();
    let forbidden = [
        "kugel-store",
        "kugel-bus",
        "kugel-state",
        "kugel-auth",
        "kugel-pricing",
    ];
    let ships = gateway.dependencies.iter().filter(|dependency| dependency.ships);
    let findings = ships
        .map(|dependency| dependency.name.clone())
        .filter(|name| forbidden.contains(&name.as_str()));
    none(findings.collect(), "the gateway translates protocols and no more");
}

#[test]
fn domains_are_pure() {
    let impure = [
        "crate::adapters",
        "crate::app",
        "crate::records",
        "kugel_proto",
        "kugel_store",
        "kugel_bus",
        "kugel_rpc",
        "kugel_state",
        "tonic",
        "tokio",
        "async fn",
        ".now()",
    ];
    forbid(
        &impure,
        "/src/domain/",
        "a domain is synchronous and knows neither storage, transport nor clock",
    );
}

#[test]
fn use_cases_know_no_transport() {
    forbid(
        &[
            "tonic::Request",
            "tonic::Response",
            "crate::adapters",
            "rusqlite",
            "axum",
        ],
        "/src/app/",
        "a use case does not know how it is called",
    );
}

#[test]
fn clients_take_answers_of_any_size() {
    forbid(
        &["ServiceClient::new("],
        "/src/",
        "a client is made by `over`: by `new` it refuses answers of more than 4 MiB",
    );
}

fn forbid(words: &[&str], folder: &str, rule: &str) {
    let mut findings = Vec::new();
    for file in files()
        .iter()
        .filter(|file| file.path.contains(folder) && file.ships())
    {
        for (number, line) in file.shipped_lines() {
            findings.extend(
                words
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("{}:{number}: {word}", file.path)),
            );
        }
    }
    none(findings, rule);
}
