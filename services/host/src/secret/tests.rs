use std::os::unix::fs::PermissionsExt as _;

use kugel_config::Secret;
use kugel_types::ManualClock;
use tempfile::TempDir;

use super::*;

const DAY: i64 = 24 * 3_600;

fn clock() -> ManualClock {
    ManualClock::for_test("2026-06-11T05:03:09Z".parse().unwrap())
}

/// Settings of a folder without a secret of their own.
fn settings(folder: &TempDir) -> Settings {
    Settings {
        secret_key: None,
        data_dir: folder.path().to_owned(),
        ..Settings::for_test()
    }
}

fn text(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join("secret")).unwrap()
}

#[test]
fn a_secret_is_made_once_and_kept_to_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder);
    let load_or_create = || load_or_create(&settings, folder.path());
    let refusal = || format!("{:#}", load_or_create().err().expect("refused"));
    let error = load(&settings, folder.path())
        .err()
        .expect("none yet")
        .to_string();
    assert!(
        error.contains("--data-dir") && error.contains("SECRET_KEY"),
        "{error}"
    );
    let secrets = load_or_create().unwrap();
    assert_eq!((text(&folder).lines().count(), text(&folder).len()), (1, 65));
    assert!(load_or_create().unwrap() == secrets);
    let path = folder.path().join("secret");
    let allow = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    allow(0o644);
    assert!(
        refusal().contains("secret") && refusal().contains("chmod 600"),
        "{}",
        refusal()
    );
    allow(0o640);
    // Only root gives files away.
    if std::os::unix::fs::chown(&path, Some(10_002), None).is_ok() {
        assert!(refusal().contains("belongs to another user"), "{}", refusal());
        std::os::unix::fs::chown(&path, Some(0), None).unwrap();
    }
    let whole = text(&folder);
    for damaged in [
        "short",
        "",
        &format!("{whole}short 2026-06-11T05:03:09Z\n"),
        &format!("{whole}{whole}"),
        &format!("{} soon\n", whole.repeat(2).trim_end()),
        &whole[..40],
        &format!("{whole}{} 2026-06-11T05:0", whole.trim()),
    ] {
        fs::write(&path, damaged).unwrap();
        assert!(refusal().contains("damaged"), "{damaged}: {}", refusal());
    }
    fs::write(&path, whole.trim()).unwrap();
    assert!(
        load_or_create().unwrap() == secrets,
        "as earlier versions wrote it"
    );
}

#[test]
fn a_secret_that_somebody_thought_up_is_refused_also_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&folder);
    settings.development = false;
    let path = folder.path().join("secret");
    load_or_create(&settings, folder.path()).expect("what is made here is good");
    let whole = text(&folder);
    let (same, words) = ("a".repeat(64), "thequickbrownfoxjumpsoverthelazydog");
    for poor in [
        format!("{same}\n"),
        same.clone(),
        format!("{words}\n"),
        format!("{whole}{words} 2026-06-11T05:03:09Z\n"),
    ] {
        fs::write(&path, &poor).unwrap();
        let said = load_or_create(&settings, folder.path()).err().expect("refused");
        let said = format!("{said:#}");
        assert!(
            said.contains("secret: ") && said.contains("could be guessed") && said.contains("--drop-former"),
            "{said}"
        );
        settings.development = true;
        load_or_create(&settings, folder.path()).expect("good enough to try things");
        settings.development = false;
    }
    rotate_secret(&settings, &clock(), true).expect("the way out");
    load_or_create(&settings, folder.path()).expect("a new one");
}

#[test]
fn a_change_keeps_the_former_secret_until_nothing_it_signed_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&folder);
    settings.terminal_token_expire_hours = 36;
    let (clock, path) = (clock(), folder.path().join("secret"));
    let rotate = |drops| rotate_secret(&settings, &clock, drops);
    let said = rotate(false).expect_err("none yet").to_string();
    assert!(said.contains("there is no"), "{said}");
    load_or_create(&settings, folder.path()).unwrap();
    let first = text(&folder).trim().to_owned();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let start = clock.now();
    assert_eq!(rotate(false).unwrap(), start + SignedDuration::from_hours(36));
    let second = text(&folder).lines().next().unwrap().to_owned();
    assert_ne!(second, first);
    assert_eq!(text(&folder), format!("{second}\n{first} {start}\n"));
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640,
        "who might read it may go on"
    );
    let end = start + SignedDuration::from_hours(36);
    let expected = Secrets::from(&*second).accepting(&first, Some(end));
    assert!(load(&settings, folder.path()).unwrap() == expected);

    clock.advance(36 * 3_600 - 1);
    rotate(false).unwrap();
    assert_eq!(text(&folder).lines().count(), 3);
    clock.advance(1);
    rotate(false).unwrap();
    assert_eq!(text(&folder).lines().count(), 3, "the first one has ended");
    assert!(!text(&folder).contains(&first));
    rotate(true).unwrap();
    assert_eq!(text(&folder).lines().count(), 1);
}

#[test]
fn answers_that_are_kept_outlive_short_tokens() {
    let lifetimes = Lifetimes {
        user: 60,
        terminal: 3_600,
    };
    assert_eq!(overlap(lifetimes), SignedDuration::from_secs(DAY));
}

#[test]
fn so_many_changes_in_a_row_are_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, clock) = (settings(&folder), clock());
    load_or_create(&settings, folder.path()).unwrap();
    for _ in 0..FORMER_MAX {
        rotate_secret(&settings, &clock, false).unwrap();
    }
    let before = text(&folder);
    let said = rotate_secret(&settings, &clock, false).unwrap_err().to_string();
    assert!(said.contains("--drop-former"), "{said}");
    assert_eq!(text(&folder), before);
    clock.advance(DAY);
    rotate_secret(&settings, &clock, false).unwrap();
    assert_eq!(text(&folder).lines().count(), 2);
}

#[test]
fn what_settings_name_is_changed_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&folder);
    let [one, other] = [
        "7421ed2cbdd1baad6ad20aace0d019f1",
        "8e1d70ad4c3b72cb364ef7c50bc7e083",
    ];
    settings.secret_key = Some(Secret::new(one));
    settings.secret_keys_accepted = Some(Secret::new(format!("{other},{one}")));
    let said = rotate_secret(&settings, &clock(), false).unwrap_err().to_string();
    assert!(said.contains("SECRET_KEY"), "{said}");
    let expected = Secrets::from(one).accepting(other, None);
    assert!(load_or_create(&settings, folder.path()).unwrap() == expected);
    assert!(!folder.path().join("secret").exists());
}
