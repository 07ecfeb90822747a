//! Who logs in or guesses in a loop: what the security log is told of it.

use std::collections::BTreeMap;
use std::time::Duration;

use kugel_proto::account::v1 as pb;
use kugel_proto::account::v1::SecurityEventKind as Kind;
use tonic::Request;

use crate::security::{Log, all};
use crate::world::{OWNER, PASSWORD, TENANT, at, form, refusal};

/// The whole log, the oldest first, once entries of these kinds tell of so much. Minutes pass meanwhile.
pub(crate) async fn counted(log: &mut Log, kinds: &[Kind], count: i32) -> Vec<pb::SecurityEvent> {
    let request = || pb::ListSecurityEventsRequest {
        sort: Some("occurred_at:1".to_owned()),
        ..all()
    };
    let enough = async || {
        log.stand.clock.advance(60);
        let found = log.list(request()).await;
        let of_kinds = found.iter().filter(|entry| kinds.contains(&entry.kind()));
        (of_kinds.map(|entry| entry.count).sum::<i32>() >= count).then_some(found)
    };
    kugel_stand::eventually(Duration::from_secs(10), enough).await
}

fn login(username: &str, password: &str, address: &str) -> Request<pb::IssueTokenRequest> {
    at(address, form(username, password, TENANT))
}

/// How often each happened, and in how many entries that stands: by address, kind and subject.
fn sums(entries: &[pb::SecurityEvent]) -> BTreeMap<(&str, Kind, &str), (i32, usize)> {
    let mut sums = BTreeMap::new();
    for entry in entries {
        let address = entry.address.as_deref().unwrap_or_default();
        let (count, entries): &mut (i32, usize) = sums
            .entry((address, entry.kind(), entry.subject.as_str()))
            .or_default();
        *count += entry.count;
        *entries += 1;
    }
    sums
}

#[tokio::test]
async fn logins_in_a_loop_push_nothing_out_and_are_counted() {
    let mut log = Log::start().await;
    for _ in 0..40 {
        let right = login(OWNER, PASSWORD, "203.0.113.9");
        log.client.issue_token(right).await.unwrap();
    }
    let found = counted(&mut log, &[Kind::Login], 40).await;
    let (count, entries) = sums(&found)[&("203.0.113.9", Kind::Login, OWNER)];
    assert_eq!(count, 40);
    assert!(entries < 10, "{found:?}");
}

#[tokio::test]
async fn ever_new_names_are_counted_by_address_and_none_is_named() {
    let mut log = Log::start().await;
    for number in 0..20 {
        let name = format!("s3cret-typed-as-name-{number}");
        let wrong = login(&name, "wrong", "203.0.113.9");
        assert_eq!(refusal(log.client.issue_token(wrong).await), "200001");
    }
    for (name, address) in [("s3cret", "203.0.113.10"), (OWNER, "203.0.113.9")] {
        let wrong = login(name, "wrong", address);
        assert_eq!(refusal(log.client.issue_token(wrong).await), "200001");
    }
    for pause in [0, 0, 0, 0, 0, 1, 2, 4, 8, 16] {
        log.stand.clock.advance(pause);
        let wrong = login("nobody", "wrong", "203.0.113.11");
        assert_eq!(refusal(log.client.issue_token(wrong).await), "200001");
    }
    let wrong = login("nobody", "wrong", "203.0.113.11");
    assert_eq!(refusal(log.client.issue_token(wrong).await), "200003", "locked");
    let found = counted(&mut log, &[Kind::LoginRefused], 32).await;
    let (all, refused) = (sums(&found), Kind::LoginRefused);
    let figures: Vec<_> = all.iter().map(|(of, (count, _))| (*of, *count)).collect();
    assert_eq!(
        figures,
        [
            (("", Kind::TenantRegistered, OWNER), 1),
            (("203.0.113.10", refused, ""), 1),
            (("203.0.113.11", refused, ""), 10),
            (("203.0.113.9", refused, ""), 20),
            (("203.0.113.9", refused, OWNER), 1),
        ],
        "nobody is locked out who is nobody"
    );
    assert!(all.values().all(|(_, entries)| *entries < 10), "{found:?}");
    assert!(!serde_json::to_string(&found).unwrap().contains("s3cret"));
}
