//! API keys that lead elsewhere.

use kugel_store::{Query, Scope};
use kugel_terminal::records::KeyOwner;

use super::day::Day;
use crate::of;
use crate::verify::look_at;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_leads_to_another_till_is_found_and_a_lost_one_is_put_back() {
    let day = Day::sold().await;
    let documents = of(&day.host.holdings(), kugel_terminal::NAME)
        .unwrap()
        .documents
        .clone();
    let owners = documents.find::<KeyOwner>(&Scope::Commons, Query::all());
    let owners = owners.await.unwrap().rows;
    let [one, other, ..] = &owners[..] else {
        panic!("{} tills", owners.len());
    };
    let wrong = KeyOwner {
        terminal_id: other.terminal_id.clone(),
        ..(*one.value).clone()
    };
    let changes = documents.changes("test").upsert(wrong);
    documents.commit(&Scope::Commons, changes).await.unwrap();
    let verdict = look_at(&day.host, &day.tenant).await.unwrap();
    let said = format!("{}: its API key leads to {}", one.terminal_id, other.terminal_id);
    assert!(
        !verdict.is_clean() && verdict.to_string().contains(&said),
        "{verdict}"
    );
    let changes = documents
        .changes("test")
        .delete::<KeyOwner>(one.api_key_hash.as_str(), None);
    documents.commit(&Scope::Commons, changes).await.unwrap();
    let verdict = look_at(&day.host, &day.tenant).await.unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    let owner = documents.get::<KeyOwner>(&Scope::Commons, one.api_key_hash.as_str());
    assert_eq!(owner.await.unwrap().unwrap().terminal_id, one.terminal_id);
    day.host.stop().await;
}
