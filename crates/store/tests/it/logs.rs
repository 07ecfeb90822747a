//! Write-ahead logs that are lost, damaged or cut short, and what crashes leave of them.

use std::fs;
use std::path::Path;

use crate::damage::{
    FILES, House, ITEMS, Wound, beside, copy_folder, cut, flip, insert, is_whole, numbers, open, refused,
    scopes,
};

/// Bytes of a frame in a log.
const FRAME: u64 = 24 + 4096;

/// Where what was written of a log ends: room lies ready behind it.
fn last_byte(log: &Path) -> u64 {
    let bytes = fs::read(log).unwrap();
    bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64
}

#[tokio::test]
async fn a_lost_or_damaged_log_ends_the_start() {
    let killed = House::killed().await;
    let folder = tempfile::tempdir().unwrap();
    for file in FILES {
        let wounds: [Wound; 10] = [
            ("lost", |log| fs::remove_file(log).unwrap()),
            ("empty", |log| cut(log, |_| 0)),
            ("cut within its header", |log| cut(log, |_| 20)),
            ("cut to its header", |log| cut(log, |_| 32)),
            ("cut at half", |log| {
                let half = (last_byte(log) / 2 - 32) / FRAME * FRAME + 32;
                cut(log, |_| half);
            }),
            ("without its last frame", |log| {
                let last = (last_byte(log) - 32) / FRAME * FRAME + 32;
                cut(log, |_| last);
            }),
            ("zeros", |log| fs::write(log, [0; 50_000]).unwrap()),
            ("damaged in its header", |log| flip(log, 17)),
            ("damaged in its first frame", |log| flip(log, 32 + 24 + 100)),
            ("damaged in a later frame", |log| {
                flip(log, 32 + 10 * FRAME + 2000)
            }),
        ];
        for (wound, inflict) in wounds {
            copy_folder(killed.path(), folder.path());
            inflict(&beside(&folder.path().join(file), "-wal"));
            refused(folder.path(), &format!("{file}-wal"), wound);
        }
    }
    copy_folder(killed.path(), folder.path());
    let log = |file| beside(&folder.path().join(file), "-wal");
    fs::copy(log(FILES[2]), log(FILES[1])).unwrap();
    refused(folder.path(), "db_cart_t1.sqlite-wal", "that of another tenant");
    copy_folder(killed.path(), folder.path());
    is_whole(folder.path()).await;
}

#[tokio::test]
async fn what_a_killed_process_leaves_is_taken() {
    let killed = House::killed().await;
    // SQLite writes a new index, and a damaged one says nothing about the log.
    for file in FILES {
        fs::write(beside(&killed.path().join(file), "-shm"), [0xAB; 32768]).unwrap();
    }
    let torn = tempfile::tempdir().unwrap();
    copy_folder(killed.path(), torn.path());
    is_whole(killed.path()).await;
    // A power cut tears the commit that was under way.
    let log = beside(&torn.path().join(FILES[1]), "-wal");
    let last = last_byte(&log);
    cut(&log, |_| last - 100);
    let opened = open(torn.path()).unwrap();
    let numbers = numbers(&opened[0].1, &scopes()[1]).await.unwrap();
    assert_eq!(numbers, (0..ITEMS - 1).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_index_older_than_its_log_is_taken() {
    // The system had flushed the index some commits ago when the power went.
    let house = House::new().await;
    let before = tempfile::tempdir().unwrap();
    copy_folder(house.folder.path(), before.path());
    let [_, tenant, _] = scopes();
    for number in ITEMS..ITEMS + 2000 {
        insert(&house.documents[0].1, &tenant, number).await.unwrap();
        if number % 400 == 0 {
            let after = tempfile::tempdir().unwrap();
            copy_folder(house.folder.path(), after.path());
            let index = |folder: &Path| beside(&folder.join(FILES[1]), "-shm");
            fs::copy(index(before.path()), index(after.path())).unwrap();
            let opened = open(after.path()).unwrap();
            let found = numbers(&opened[0].1, &tenant).await.unwrap();
            assert_eq!(found.len() as i64, number + 1);
        }
    }
}
