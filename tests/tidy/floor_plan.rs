//! The seven services have the same rooms.

use std::collections::BTreeSet;

use crate::tree::{files, none};

const SERVICES: [&str; 7] = [
    "account",
    "terminal",
    "master-data",
    "cart",
    "report",
    "journal",
    "stock",
];

/// What every service has on the top level of `src`. Records are a file or a folder.
const EVERYWHERE: [&str; 5] = ["lib.rs", "adapters", "app", "domain", "records"];
/// What a service with neighbours has as well.
const WITH_NEIGHBOURS: &str = "ports.rs";
/// What translates messages stands under the same names.
const TRANSLATION: [&str; 2] = ["adapters/grpc/convert", "adapters/grpc/render"];

#[test]
fn every_service_has_the_same_rooms() {
    let files = files();
    let mut findings = Vec::new();
    for service in SERVICES {
        let source = format!("services/{service}/src/");
        let inside: Vec<&str> = files
            .iter()
            .filter_map(|file| file.path.strip_prefix(source.as_str()))
            .collect();
        let rooms: BTreeSet<&str> = inside
            .iter()
            .map(|path| path.split('/').next().unwrap_or(path))
            .map(|room| if room == "records.rs" { "records" } else { room })
            .collect();
        let missing = EVERYWHERE.iter().filter(|room| !rooms.contains(**room));
        findings.extend(missing.map(|room| format!("{service} has no {room}")));
        let unknown = rooms
            .iter()
            .filter(|room| !EVERYWHERE.contains(room) && **room != WITH_NEIGHBOURS);
        findings.extend(unknown.map(|room| format!("{service} has {room} on its top level")));
        let has_clients = inside.iter().any(|path| path.starts_with("adapters/clients/"));
        if has_clients && !rooms.contains(WITH_NEIGHBOURS) {
            findings.push(format!("{service} has clients and no {WITH_NEIGHBOURS}"));
        }
        let missing = TRANSLATION
            .iter()
            .filter(|room| !inside.iter().any(|path| path.starts_with(**room)));
        findings.extend(missing.map(|room| format!("{service} has no {room}")));
        if !files
            .iter()
            .any(|file| file.path == format!("services/{service}/tests/it/main.rs"))
        {
            findings.push(format!("{service} has no tests/it"));
        }
    }
    none(
        findings,
        "a stranger finds each room by its name in every service",
    );
}
