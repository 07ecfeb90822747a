//! What every state adapter must do. Adapters run it in their tests.

use std::time::Duration;

use bytes::Bytes;

use crate::State;

const LONG: Duration = Duration::from_secs(600);

/// Runs the suite; `prefix` keeps runs apart in a shared server. Panics at the first difference.
pub async fn run(state: &dyn State, prefix: &str) {
    let key = |name: &str| format!("{prefix}:{name}");
    let value = Bytes::from_static;
    let get = async |name: &str| state.get(&key(name)).await.expect("get");

    assert_eq!(get("absent").await, None, "an unknown key has no value");
    state.set(&key("a"), value(b"one"), LONG).await.expect("set");
    assert_eq!(get("a").await, Some(value(b"one")));
    state
        .set(&key("a"), value(b"two"), LONG)
        .await
        .expect("set again");
    assert_eq!(get("a").await, Some(value(b"two")), "the last value counts");
    state.delete(&key("a")).await.expect("delete");
    assert_eq!(get("a").await, None);
    state
        .delete(&key("a"))
        .await
        .expect("deleting nothing is no error");

    let swap = async |expected: Option<&'static [u8]>, next: &'static [u8]| {
        let expected = expected.map(Bytes::from_static);
        state
            .compare_and_set(&key("c"), expected.as_ref(), value(next), LONG)
            .await
            .expect("compare and set")
    };
    assert!(swap(None, b"1").await, "a free key is taken");
    assert!(!swap(None, b"2").await, "a taken key is not");
    assert!(!swap(Some(b"0"), b"2").await, "another value is no match");
    assert!(swap(Some(b"1"), b"2").await);
    assert_eq!(get("c").await, Some(value(b"2")));

    state
        .set(&key("e"), value(b"soon gone"), Duration::from_millis(20))
        .await
        .expect("set");
    let gone = async {
        while get("e").await.is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .expect("a value ends with its lifetime");
}
