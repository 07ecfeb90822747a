//! The list of databases: begun in a folder of an earlier version, and true wherever a process was killed.

use std::fs;
use std::path::Path;

use kugel_store::DataDirError;

use crate::damage::{FILES, House, insert, numbers, open, scopes};

const LIST: &str = "kugel-databases";

fn listed(folder: &Path, file: &str) -> Option<String> {
    let list = fs::read_to_string(folder.join(LIST)).unwrap();
    let mut lines = list
        .lines()
        .filter_map(|line| line.strip_prefix(&format!("{file} ")));
    lines.next_back().map(str::to_owned)
}

/// A folder as an earlier version has left it.
async fn earlier() -> tempfile::TempDir {
    let folder = House::closed().await;
    for file in FILES {
        let connection = rusqlite::Connection::open(folder.path().join(file)).unwrap();
        let plain = "pragma application_id = 0; pragma user_version = 0; pragma wal_checkpoint(truncate);";
        connection.execute_batch(plain).unwrap();
    }
    fs::remove_file(folder.path().join(LIST)).unwrap();
    fs::write(folder.path().join("kugel-format"), "1\n").unwrap();
    folder
}

#[tokio::test]
async fn a_folder_of_an_earlier_version_is_taken_over() {
    let folder = earlier().await;
    {
        let opened = open(folder.path()).unwrap();
        assert_eq!(
            fs::read_to_string(folder.path().join("kugel-format")).unwrap(),
            "2\n"
        );
        for file in FILES {
            assert_eq!(
                listed(folder.path(), file).unwrap(),
                "0000000000000000 closed",
                "{file}"
            );
        }
        let documents = &opened[0].1;
        assert_eq!(numbers(documents, &scopes()[1]).await.unwrap().len(), 60);
        insert(documents, &scopes()[1], 100).await.unwrap();
        assert!(listed(folder.path(), FILES[1]).unwrap().ends_with(" open"));
        opened[0].0.close().await;
    }
    let mark = listed(folder.path(), FILES[1]).unwrap();
    assert!(
        mark.ends_with(" closed") && !mark.starts_with("0000000000000000"),
        "{mark}"
    );
    // Used since or not: from then on it is missed.
    for file in FILES {
        let (path, aside) = (folder.path().join(file), folder.path().join("aside"));
        fs::rename(&path, &aside).unwrap();
        let error = open(folder.path()).err().expect("a start without it");
        assert!(error.to_string().contains(file), "{error}");
        fs::rename(&aside, &path).unwrap();
    }
    let opened = open(folder.path()).unwrap();
    assert_eq!(numbers(&opened[0].1, &scopes()[1]).await.unwrap().len(), 61);
    let mut kept = scopes();
    kept.sort();
    assert_eq!(opened[0].1.scopes().await.unwrap(), kept);
}

/// The process may have been killed after any of the steps that make a database.
#[tokio::test]
async fn a_kill_while_a_database_is_made_is_harmless() {
    let folder = House::closed().await;
    let list = fs::read_to_string(folder.path().join(LIST)).unwrap();
    // Made and not listed yet; another one not even made.
    let lines = list.lines().filter(|line| !line.contains(FILES[1]));
    let shorter: String = lines.map(|line| format!("{line}\n")).collect();
    fs::write(folder.path().join(LIST), format!("{shorter}cart/db_cart_t9.sqli")).unwrap();
    fs::write(folder.path().join("cart/db_cart_t9.sqlite"), "").unwrap();
    let opened = open(folder.path()).unwrap();
    let documents = &opened[0].1;
    assert!(listed(folder.path(), FILES[1]).is_some());
    assert!(listed(folder.path(), "cart/db_cart_t9.sqlite").is_none());
    assert_eq!(numbers(documents, &scopes()[1]).await.unwrap().len(), 60);
    let new = "t9".parse().map(kugel_store::Scope::Tenant).unwrap();
    assert!(numbers(documents, &new).await.unwrap().is_empty());
    assert!(
        listed(folder.path(), "cart/db_cart_t9.sqlite").is_none(),
        "reading makes nothing"
    );
    insert(documents, &new, 1).await.unwrap();
    assert!(listed(folder.path(), "cart/db_cart_t9.sqlite").is_some());
    let whole = fs::read_to_string(folder.path().join(LIST)).unwrap();
    assert!(
        whole.lines().skip(1).all(|line| line.split(' ').count() == 3),
        "{whole}"
    );
}

#[tokio::test]
async fn a_lost_list_is_missed() {
    let folder = House::closed().await;
    let list = folder.path().join(LIST);
    let text = fs::read_to_string(&list).unwrap();
    let refusal = |folder: &Path| {
        open(folder)
            .err()
            .expect("a start")
            .downcast::<DataDirError>()
            .unwrap()
    };
    fs::remove_file(&list).unwrap();
    let error = refusal(folder.path());
    assert!(matches!(error, DataDirError::ListGone { .. }), "{error}");
    for (damaged, number) in [
        (String::new(), 1),
        ("something else\n".to_owned(), 1),
        (text.replacen("closed", "clxsed", 1), 2),
    ] {
        fs::write(&list, damaged).unwrap();
        let error = refusal(folder.path());
        assert!(
            matches!(error, DataDirError::UnreadableList { line, .. } if line == number),
            "{error}"
        );
    }
    // What the sentence says helps.
    fs::remove_file(&list).unwrap();
    fs::write(folder.path().join("kugel-format"), "1").unwrap();
    let opened = open(folder.path()).unwrap();
    assert_eq!(numbers(&opened[0].1, &scopes()[1]).await.unwrap().len(), 60);
}

#[tokio::test]
async fn the_list_does_not_grow_for_ever() {
    let house = House::closed().await;
    let list = house.path().join(LIST);
    let text = fs::read_to_string(&list).unwrap();
    let last = text.lines().last().unwrap();
    fs::write(&list, format!("{text}{}", format!("{last}\n").repeat(5000))).unwrap();
    let opened = open(house.path()).unwrap();
    insert(&opened[0].1, &scopes()[0], 100).await.unwrap();
    let lines = fs::read_to_string(&list).unwrap().lines().count();
    assert!(lines < 10, "{lines} lines");
}
