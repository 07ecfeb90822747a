use kugel_auth::{ApiKey, Principal};
use kugel_error::codes;
use kugel_terminal::records::TerminalDocument;
use kugel_types::TerminalId;

use crate::support::{World, refused};

#[tokio::test]
async fn only_its_own_key_opens_a_terminal() {
    let (world, id, key) = World::with_terminal().await;
    world.enter_terminal("Q7301-tk01-5").await.unwrap();
    let other: TerminalId = "Q7301-tk01-5".parse().unwrap();
    let unknown: TerminalId = "Q7301-tk01-6".parse().unwrap();
    assert_eq!(
        world.app.authenticate(&id, &key, None).await.unwrap().terminal.id,
        id
    );
    refused(
        world.app.authenticate(&other, &key, None).await,
        &codes::UNAUTHENTICATED,
    );
    refused(
        world.app.authenticate(&unknown, &key, None).await,
        &codes::UNAUTHENTICATED,
    );
    refused(
        world
            .app
            .authenticate(&id, &ApiKey::from_request(&"A".repeat(43)), None)
            .await,
        &codes::UNAUTHENTICATED,
    );
}

#[tokio::test]
async fn a_new_key_voids_the_former() {
    let (world, id, key) = World::with_terminal().await;
    let (_, fresh) = world.app.rotate_api_key(&world.caller, &id).await.unwrap();
    refused(
        world.app.authenticate(&id, &key, None).await,
        &codes::UNAUTHENTICATED,
    );
    world.app.authenticate(&id, &fresh, None).await.unwrap();
}

#[tokio::test]
async fn the_key_is_kept_nowhere_in_the_clear() {
    let (world, id, key) = World::with_terminal().await;
    let scope = world.stand.scope();
    let stored = world
        .stand
        .documents
        .get::<TerminalDocument>(&scope, &id.to_string())
        .await
        .unwrap()
        .unwrap();
    let text = serde_json::to_string(&*stored.value).unwrap();
    assert!(!text.contains(key.reveal()), "the document shows the key");
}

#[tokio::test]
async fn a_key_is_exchanged_for_a_token_with_and_without_the_terminal_id() {
    let (world, id, key) = World::with_terminal().await;
    world.sign_in(&id).await.unwrap();
    world.app.open_terminal(&world.caller, &id, None).await.unwrap();
    for named in [Some(&id), None] {
        let issued = world.app.exchange_key(named, Some(&key), None).await.unwrap();
        assert_eq!(issued.expires_in, 86_400);
        let principal = world.stand.tokens.verify(&issued.token).unwrap();
        let Principal::Terminal(claims) = &*principal else {
            panic!("not a terminal token")
        };
        assert_eq!((&claims.id, claims.status.as_str()), (&id, "Opened"));
        assert_eq!((claims.open_counter, claims.business_counter), (1, 1));
        assert_eq!(claims.business_date.unwrap().to_string(), "20260611");
        assert_eq!(claims.staff.as_ref().unwrap().name, "Mori");
    }
    refused(
        world
            .app
            .exchange_key(None, Some(&ApiKey::from_request(&"A".repeat(43))), None)
            .await,
        &codes::UNAUTHENTICATED,
    );
    refused(
        world.app.exchange_key(Some(&id), None, None).await,
        &codes::UNAUTHENTICATED,
    );
}
