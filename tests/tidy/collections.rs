//! A collection is named once, by the service that keeps it.

use std::collections::BTreeSet;
use std::sync::Arc;

use kugel_config::Settings;
use kugel_host::Host;
use kugel_types::SystemClock;

use crate::tree::{files, none};

/// Tools and tests learn a name from its owner: a text of their own would go on naming what a renamed collection was.
#[tokio::test(flavor = "multi_thread")]
async fn collections_are_named_once() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        data_dir: folder.path().to_path_buf(),
        ..Settings::for_test()
    };
    let host = Host::open_idle(settings, Arc::new(SystemClock)).await.unwrap();
    let kept: Vec<(&str, &str)> = host
        .holdings()
        .into_iter()
        .flat_map(|holding| {
            holding
                .collections
                .into_iter()
                .map(move |collection| (holding.service, collection.name))
        })
        .collect();
    host.stop().await;
    assert!(kept.len() > 40, "every service keeps something");

    let names: BTreeSet<&str> = kept.iter().map(|(_, name)| *name).collect();
    // What lies below the services cannot learn anything from them.
    let above = ["services/", "tests/", "crates/testkit/", "crates/shop/"];
    let (mut owned, mut findings) = (BTreeSet::new(), Vec::new());
    for file in files().iter().filter(|file| file.path.ends_with(".rs")) {
        if !above.iter().any(|folder| file.path.starts_with(folder)) {
            continue;
        }
        let lines = file.text.lines().enumerate();
        for (number, line) in lines.filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for name in names.iter().filter(|name| line.contains(&format!("\"{name}\""))) {
                let owner = kept.iter().find(|(service, kept)| {
                    kept == name && file.path.starts_with(&format!("services/{service}/"))
                });
                if !owner.is_some_and(|owner| owned.insert(owner)) {
                    findings.push(format!("{}:{}: {name}", file.path, number + 1));
                }
            }
        }
    }
    none(
        findings,
        "a collection's name is a text where it is defined, and nowhere else",
    );
}
