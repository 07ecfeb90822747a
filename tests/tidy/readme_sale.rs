//! The README's sale by curl is run as it stands.

use std::process::Stdio;
use std::sync::Arc;

use kugel::process::Kugel;
use kugel_config::Settings;
use kugel_types::SystemClock;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::tree::{none, read};

/// Where the README begins to look at what the sale left behind: those reads wait for its events.
const AFTERMATH: &str = "# What it left behind";

fn block(title: &str) -> String {
    let readme = read("README.md");
    let section = readme
        .split(&format!("\n## {title}"))
        .nth(1)
        .expect("README.md has the section");
    section
        .split("```sh\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn the_readmes_owner_sets_the_tenant_up_and_gives_roles() {
    let lines = format!("{}{}", block("A sale by curl"), block("Other systems"));
    let (mut who, mut by_owner) = ("", Vec::new());
    for line in lines.lines() {
        who = line.strip_prefix("as ").unwrap_or(who);
        by_owner.extend(Some(line).filter(|line| who == "owner" && line.contains("api $")));
        // What comes next is another's token, of no user.
        if line.contains("client_credentials") {
            who = "";
        }
    }
    let is_an_owners = |line: &&str| {
        ["$KUGEL/api/v1/tenants -d", "$KUGEL/api/v1/accounts/", "$ACCOUNTS"]
            .iter()
            .any(|path| line.contains(&format!("api {path}")))
    };
    assert_eq!(by_owner.len(), 5, "{by_owner:?}");
    none(
        by_owner
            .iter()
            .filter(|line| !is_an_owners(line))
            .map(|line| (*line).to_owned())
            .collect(),
        "an owner leaves the rest to those who have roles",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_lines_sell() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = Settings {
        data_dir: folder.path().to_path_buf(),
        ..Settings::for_test()
    };
    let kugel = Kugel::start(settings, Arc::new(SystemClock), listener, None)
        .await
        .unwrap();

    let (block, systems) = (block("A sale by curl"), block("Other systems"));
    let (sale, aftermath) = block
        .split_once(AFTERMATH)
        .expect("README.md says what the sale left behind");
    let script =
        format!("set -eu -o pipefail\n{sale}\necho BILLED\nread -r _\n{AFTERMATH}{aftermath}\n{systems}");
    let mut shell = Command::new("bash")
        .args(["-c", &script])
        .env("KUGEL", format!("http://{}", kugel.address()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash is there");
    let mut output = BufReader::new(shell.stdout.take().unwrap());
    let mut sold = String::new();
    while !sold.ends_with("BILLED\n") && output.read_line(&mut sold).await.unwrap() > 0 {}
    assert!(sold.ends_with("BILLED\n"), "the sale stopped:\n{sold}");
    assert!(
        sold.contains(r#""cartStatus":"Completed""#) && sold.contains(r#""changeAmount":14"#),
        "{sold}"
    );

    kugel.settled().await;
    shell.stdin.take().unwrap().write_all(b"\n").await.unwrap();
    let mut seen = String::new();
    output.read_to_string(&mut seen).await.unwrap();
    assert!(shell.wait().await.unwrap().success(), "{seen}");
    for expected in [
        "領 収 証",
        r#""operation":"search_journals""#,
        "売 上 レ ポ ー ト",
        r#""currentQuantity":97"#,
        r#""operation":"get_item""#,
    ] {
        assert!(seen.contains(expected), "{expected} is missing in:\n{seen}");
    }
    kugel.stop().await;
}
