use std::sync::atomic::Ordering;

use kugel_error::codes;
use kugel_proto::terminal::v1 as pb;
use kugel_stand::refusal;
use kugel_store::{Page, Sort};
use kugel_terminal::app::StorePatch;
use kugel_terminal::domain::FunctionMode;

use crate::support::{World, refused};

#[tokio::test]
async fn a_tenant_is_set_up_everywhere_before_it_has_a_record() {
    let world = World::start();
    world.others.away.store(true, Ordering::SeqCst);
    refused(world.enter_tenant().await, &codes::TERMINAL_NEIGHBOUR_FAILED);
    refused(
        world.app.tenant(&world.stand.tenant).await,
        &codes::TENANT_NOT_FOUND,
    );

    world.others.away.store(false, Ordering::SeqCst);
    let view = world.enter_tenant().await.unwrap();
    assert_eq!(
        (view.tenant.tenant_name.as_str(), view.stores.len()),
        ("Plum Mart", 0)
    );
    assert_eq!(world.others.set_ups.load(Ordering::SeqCst), 2);
    refused(world.enter_tenant().await, &codes::TENANT_EXISTS);
}

#[tokio::test]
async fn a_tenant_goes_only_without_stores_and_a_store_only_without_terminals() {
    let (world, id, _) = World::with_terminal().await;
    refused(
        world.app.delete_tenant(&world.caller, &world.stand.tenant).await,
        &codes::CHILDREN_EXIST,
    );
    refused(
        world.app.delete_store(&world.caller, &id.store).await,
        &codes::CHILDREN_EXIST,
    );
    world.app.delete_terminal(&world.caller, &id).await.unwrap();
    world.app.delete_store(&world.caller, &id.store).await.unwrap();
    world
        .app
        .delete_tenant(&world.caller, &world.stand.tenant)
        .await
        .unwrap();
    refused(
        world.app.tenant(&world.stand.tenant).await,
        &codes::TENANT_NOT_FOUND,
    );
}

#[tokio::test]
async fn stores_are_unique_and_listed_by_page() {
    let world = World::start();
    refused(world.enter_store("tk01").await, &codes::TENANT_NOT_FOUND);
    world.enter_tenant().await.unwrap();
    for code in ["tk03", "tk01", "tk02"] {
        world.enter_store(code).await.unwrap();
    }
    refused(world.enter_store("tk01").await, &codes::STORE_EXISTS);
    let sort = Sort::parse("store_code:-1").unwrap();
    let page = Page { limit: 2, number: 2 };
    let listing = world
        .app
        .list_stores(&world.stand.tenant, sort, page)
        .await
        .unwrap();
    let codes: Vec<_> = listing
        .rows
        .iter()
        .map(|store| store.store_code.as_str())
        .collect();
    assert_eq!((codes.as_slice(), listing.total), (["tk01"].as_slice(), 3));
}

#[tokio::test]
async fn a_store_is_changed_only_where_a_value_is_given() {
    let (world, id, _) = World::with_terminal().await;
    let patch = |name: &str, status: Option<&str>| StorePatch {
        name: name.to_owned(),
        status: status.map(str::to_owned),
        business_date: None,
        tags: Vec::new(),
        currency: None,
        cash_coin: None,
    };
    let update = |patch| world.app.update_store(&world.caller, &id.store, patch);
    let store = update(patch("Plum Tokyo 1", Some("Opened"))).await.unwrap();
    assert_eq!((store.status.as_str(), store.currency.code()), ("Opened", "JPY"));
    let store = update(patch("Plum Tokyo", None)).await.unwrap();
    assert_eq!(
        (store.store_name.as_str(), store.status.as_str()),
        ("Plum Tokyo", "Opened")
    );
    assert!(store.updated_at.is_some());
}

#[tokio::test]
async fn a_terminal_needs_its_store_and_a_number_of_its_own() {
    let (world, id, _) = World::with_terminal().await;
    refused(
        world.enter_terminal("Q7301-tk09-1").await,
        &codes::STORE_NOT_FOUND,
    );
    refused(
        world.enter_terminal("Q7301-tk01-4").await,
        &codes::TERMINAL_EXISTS,
    );
    world.app.delete_terminal(&world.caller, &id).await.unwrap();
    refused(
        world.app.delete_terminal(&world.caller, &id).await,
        &codes::NOT_FOUND,
    );
    refused(world.app.terminal(&id).await, &codes::NOT_FOUND);
}

#[tokio::test]
async fn a_terminal_in_a_session_stays() {
    let (world, id) = World::with_session().await;
    let deleted = world.app.delete_terminal(&world.caller, &id).await;
    let message = deleted.as_ref().unwrap_err().message().to_owned();
    assert_eq!(
        message,
        "terminal Q7301-tk01-4 is in session 1 of 20260611: close it first"
    );
    refused(deleted, &codes::TERMINAL_STATE);
    world.app.close_terminal(&world.caller, &id, None).await.unwrap();
    world.app.delete_terminal(&world.caller, &id).await.unwrap();
}

#[tokio::test]
async fn a_terminal_entered_again_before_its_first_session_begins_with_it() {
    let (world, id, _) = World::with_terminal().await;
    world.app.delete_terminal(&world.caller, &id).await.unwrap();
    world.enter_terminal("Q7301-tk01-4").await.unwrap();
    let opened = world.app.open_terminal(&world.caller, &id, None).await.unwrap();
    let terminal = &opened.terminal.terminal;
    assert_eq!((terminal.open_counter, terminal.business_counter), (1, 1));
}

#[tokio::test]
async fn a_terminal_entered_again_counts_on_from_its_logs() {
    let (world, id, _) = World::with_terminal().await;
    for _ in 0..2 {
        world.app.open_terminal(&world.caller, &id, None).await.unwrap();
        world.app.close_terminal(&world.caller, &id, None).await.unwrap();
    }
    world.app.delete_terminal(&world.caller, &id).await.unwrap();
    world.enter_terminal("Q7301-tk01-4").await.unwrap();
    let opened = world.app.open_terminal(&world.caller, &id, None).await.unwrap();
    assert_eq!(
        (
            opened.terminal.terminal.open_counter,
            opened.terminal.terminal.business_counter
        ),
        (3, 3)
    );
}

#[tokio::test]
async fn terminals_are_listed_by_store() {
    let (world, id, _) = World::with_terminal().await;
    world.enter_store("tk02").await.unwrap();
    world.enter_terminal("Q7301-tk02-1").await.unwrap();
    let (app, tenant) = (&world.app, &world.stand.tenant);
    let by = |sort: &str| Sort::parse(sort).unwrap();
    let of_store = app.list_terminals(tenant, Some(&id.store), by("terminal_id:1"), Page::all());
    let listing = of_store.await.unwrap();
    assert_eq!(
        (listing.rows.len(), listing.total, &listing.rows[0].terminal.id),
        (1, 1, &id)
    );
    let of_all = app.list_terminals(tenant, None, by("store_code:1,terminal_no:-1"), Page::all());
    assert_eq!(of_all.await.unwrap().total, 2);
    for sort in ["api_key_hash:1", "colour:1"] {
        let message = pb::ListTerminalsRequest {
            sort: Some(sort.to_owned()),
            ..pb::ListTerminalsRequest::default()
        };
        let status = world
            .terminals()
            .list_terminals(world.stand.user(message))
            .await
            .unwrap_err();
        assert_eq!(refusal(&status), ("300001", 422, ["sort"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_store_at_the_same_time_are_all_made() {
    let (world, id, _) = World::with_terminal().await;
    let update = |number: usize| {
        let (app, caller, store) = (world.app.clone(), world.caller.clone(), id.store.clone());
        let patch = StorePatch {
            name: format!("Plum {number}"),
            status: None,
            business_date: None,
            tags: Vec::new(),
            currency: None,
            cash_coin: None,
        };
        tokio::spawn(async move { app.update_store(&caller, &store, patch).await })
    };
    let updates: Vec<_> = (0..48).map(update).collect();
    let mut revisions = Vec::new();
    for update in updates {
        revisions.push(update.await.unwrap().unwrap().revision);
    }
    revisions.sort_unstable();
    revisions.dedup();
    assert_eq!(revisions.len(), 48, "each change is one of its own");
}

#[tokio::test]
async fn a_closed_terminal_does_not_sell() {
    let (world, id, _) = World::with_terminal().await;
    let enter = |mode| world.app.enter_mode(&world.caller, &id, mode);
    refused(enter(FunctionMode::Sales).await, &codes::TERMINAL_STATE);
    assert_eq!(
        enter(FunctionMode::Reports).await.unwrap().terminal.function_mode,
        FunctionMode::Reports
    );
    world.app.open_terminal(&world.caller, &id, None).await.unwrap();
    assert_eq!(
        enter(FunctionMode::Sales).await.unwrap().terminal.function_mode,
        FunctionMode::Sales
    );
}
