//! Items, store prices and their merge.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::item_service_client::ItemServiceClient;
use kugel_rpc::Channel;
use tonic::{Request, Response, Status};

use crate::world::{STORE, TENANT, World, create_item, decimal, fields_of, new_item, refusal};

type Client = ItemServiceClient<Channel>;

fn start() -> (World, Client) {
    let world = World::start();
    let client = ItemServiceClient::new(world.channel.clone());
    (world, client)
}

async fn details(world: &World, client: &mut Client, item_code: &str) -> Result<pb::ItemDetails, Status> {
    let message = pb::GetItemDetailsRequest {
        tenant_id: TENANT.into(),
        store_code: STORE.into(),
        item_code: item_code.into(),
    };
    let answer = client.get_item_details(world.user(message)).await?;
    Ok(answer.into_inner().item.unwrap())
}

fn store_item(item_code: &str, price: &str) -> pb::StoreItem {
    pb::StoreItem {
        item_code: item_code.into(),
        store_price: decimal(price),
        ..Default::default()
    }
}

async fn price(
    world: &World,
    client: &mut Client,
    item_code: &str,
    price: &str,
) -> Result<Response<pb::CreateStoreItemResponse>, Status> {
    let message = pb::CreateStoreItemRequest {
        tenant_id: TENANT.into(),
        store_code: STORE.into(),
        item: Some(store_item(item_code, price)),
    };
    client.create_store_item(world.user(message)).await
}

async fn delete(
    world: &World,
    client: &mut Client,
    item_code: &str,
    is_logical: bool,
) -> Result<Response<pb::DeleteItemResponse>, Status> {
    let message = pb::DeleteItemRequest {
        tenant_id: TENANT.into(),
        item_code: item_code.into(),
        is_logical,
    };
    client.delete_item(world.user(message)).await
}

#[tokio::test]
async fn an_item_lives_from_create_to_delete() {
    let (world, mut client) = start();
    let item = world.item("8801-M").await;
    assert_eq!(
        (item.unit_price, item.unit_cost),
        (decimal("980"), decimal("410.5"))
    );
    assert!(item.is_discount_restricted && !item.is_deleted);
    assert_eq!(
        (item.entry_datetime.as_str(), item.last_update_datetime),
        ("2026-06-11 14:20:00", None)
    );
    assert_eq!(
        refusal(
            client
                .create_item(world.user(create_item(new_item("8801-M"))))
                .await
        ),
        "500005"
    );

    world.clock.advance(60);
    let update = pb::UpdateItemRequest {
        tenant_id: TENANT.into(),
        item: Some(pb::Item {
            item_code: "8801-M".into(),
            description: Some(String::new()),
            unit_price: decimal("0"),
            unit_cost: decimal("0"),
            category_code: "320".into(),
            tax_code: "02".into(),
            is_deleted: true,
            ..Default::default()
        }),
    };
    let answer = client
        .update_item(world.user(update.clone()))
        .await
        .unwrap()
        .into_inner()
        .item
        .unwrap();
    assert_eq!(
        answer.last_update_datetime.as_deref(),
        Some("2026-06-11 14:21:00")
    );
    assert_eq!((answer.tax_code.as_str(), answer.item_details.len()), ("02", 0));

    assert!(
        delete(&world, &mut client, "8801-M", true)
            .await
            .unwrap()
            .into_inner()
            .is_logical
    );
    assert_eq!(
        refusal(delete(&world, &mut client, "8801-M", true).await),
        "100001"
    );
    assert_eq!(refusal(client.update_item(world.user(update)).await), "100001");
    assert_eq!(
        refusal(
            client
                .create_item(world.user(create_item(new_item("8801-M"))))
                .await
        ),
        "500005"
    );
    let get = |is_logical_deleted| pb::GetItemRequest {
        tenant_id: TENANT.into(),
        item_code: "8801-M".into(),
        is_logical_deleted,
    };
    assert_eq!(refusal(client.get_item(world.user(get(false))).await), "100001");
    assert!(
        client
            .get_item(world.user(get(true)))
            .await
            .unwrap()
            .into_inner()
            .item
            .unwrap()
            .is_deleted
    );
    delete(&world, &mut client, "8801-M", false).await.unwrap();
    assert_eq!(
        refusal(delete(&world, &mut client, "8801-M", false).await),
        "100001"
    );
    assert_eq!(world.announced(), vec!["Item 8801-M"; 4]);
}

#[tokio::test]
async fn details_merge_the_stores_own_price() {
    let (world, mut client) = start();
    assert_eq!(
        refusal(price(&world, &mut client, "8801-M", "880").await),
        "100001"
    );
    world.item("8801-M").await;
    assert_eq!(
        details(&world, &mut client, "8801-M").await.unwrap().store_price,
        None
    );

    world.clock.advance(60);
    price(&world, &mut client, "8801-M", "880").await.unwrap();
    assert_eq!(
        refusal(price(&world, &mut client, "8801-M", "870").await),
        "500005"
    );
    let merged = details(&world, &mut client, "8801-M").await.unwrap();
    assert_eq!(
        (merged.unit_price, merged.store_price),
        (decimal("980"), decimal("880"))
    );
    assert_eq!(merged.entry_datetime, "2026-06-11 14:21:00");

    let update = pb::UpdateStoreItemRequest {
        tenant_id: TENANT.into(),
        store_code: STORE.into(),
        item: Some(store_item("8801-M", "850.25")),
    };
    client.update_store_item(world.user(update)).await.unwrap();
    let merged = details(&world, &mut client, "8801-M").await.unwrap();
    assert_eq!(merged.store_price, decimal("850.25"));
    assert_eq!(
        world.announced(),
        ["Item 8801-M", "StoreItem tk01/8801-M", "StoreItem tk01/8801-M"]
    );

    delete(&world, &mut client, "8801-M", true).await.unwrap();
    assert_eq!(refusal(details(&world, &mut client, "8801-M").await), "100001");
}

#[tokio::test]
async fn a_basket_of_items_is_one_call() {
    let (world, mut client) = start();
    for code in ["a", "b", "gone"] {
        world.item(code).await;
    }
    price(&world, &mut client, "b", "1").await.unwrap();
    delete(&world, &mut client, "gone", true).await.unwrap();
    let codes = |codes: Vec<String>| pb::BatchGetItemDetailsRequest {
        tenant_id: TENANT.into(),
        store_code: STORE.into(),
        item_codes: codes,
    };
    let wanted = ["b", "gone", "unknown", "a", "b"].map(str::to_owned).to_vec();
    let answer = client
        .batch_get_item_details(world.user(codes(wanted)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.deleted_item_codes, ["gone"]);
    let shown: Vec<_> = answer
        .items
        .iter()
        .map(|it| (it.item_code.as_str(), it.store_price.is_some()))
        .collect();
    assert_eq!(shown, [("b", true), ("a", false), ("b", true)]);
    let many = codes(vec!["a".to_owned(); 1001]);
    assert_eq!(
        refusal(client.batch_get_item_details(world.user(many)).await),
        "300001 item_codes"
    );
}

#[tokio::test]
async fn lists_are_paged_sorted_and_described() {
    let (world, mut client) = start();
    for code in ["c", "a", "b"] {
        world.item(code).await;
    }
    delete(&world, &mut client, "b", true).await.unwrap();
    let list = |page, limit, sort: Option<&str>| pb::ListItemsRequest {
        tenant_id: TENANT.into(),
        page,
        limit,
        sort: sort.map(str::to_owned),
    };
    let answer = client
        .list_items(world.user(list(None, None, None)))
        .await
        .unwrap()
        .into_inner();
    let codes: Vec<_> = answer.items.iter().map(|item| item.item_code.as_str()).collect();
    assert_eq!(codes, ["a", "b", "c"], "logically deleted items are listed");
    let metadata = answer.metadata.unwrap();
    assert_eq!((metadata.total, metadata.page, metadata.limit), (3, 1, 100));
    assert_eq!(
        (metadata.sort.as_deref(), metadata.filter["tenant_id"].as_str()),
        (Some("item_code:1"), TENANT)
    );

    let sorted = list(Some(2), Some(2), Some("category_code:1,item_code:-1"));
    let answer = client.list_items(world.user(sorted)).await.unwrap().into_inner();
    assert_eq!(answer.items[0].item_code, "a");
    assert_eq!(
        answer.metadata.unwrap().sort.as_deref(),
        Some("category_code:1, item_code:-1")
    );
    for (page, limit, sort, field) in [
        (None, None, Some("colour:1"), "sort"),
        (None, None, Some("item_code"), "sort"),
        (Some(0), None, None, "page"),
        (None, Some(-1), None, "limit"),
    ] {
        let refused = refusal(client.list_items(world.user(list(page, limit, sort))).await);
        assert_eq!(refused, format!("300001 {field}"));
    }
    let all = client
        .list_items(world.user(list(None, Some(0), None)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(all.items.len(), 3);
}

#[tokio::test]
async fn every_mistake_is_named_and_nothing_is_stored() {
    let (world, mut client) = start();
    let empty = pb::CreateItemRequest {
        tenant_id: TENANT.into(),
        ..Default::default()
    };
    assert_eq!(
        refusal(client.create_item(world.user(empty)).await),
        fields_of(
            "item",
            "item_code,description,unit_price,unit_cost,category_code,tax_code"
        )
    );
    let wrong = create_item(pb::Item {
        unit_price: decimal("-1"),
        unit_cost: decimal("1e99"),
        ..new_item("x ")
    });
    let refused = refusal(client.create_item(world.user(wrong)).await);
    assert_eq!(refused, fields_of("item", "item_code,unit_price,unit_cost"));
    let list = pb::ListItemsRequest {
        tenant_id: TENANT.into(),
        ..Default::default()
    };
    assert!(
        client
            .list_items(world.user(list))
            .await
            .unwrap()
            .into_inner()
            .items
            .is_empty()
    );
    assert!(world.announced().is_empty());
}

#[tokio::test]
async fn tenants_and_strangers_are_kept_apart() {
    let (world, mut client) = start();
    world.item("a").await;
    let get = |tenant: &str| pb::GetItemRequest {
        tenant_id: tenant.into(),
        item_code: "a".into(),
        is_logical_deleted: false,
    };
    assert_eq!(
        refusal(client.get_item(world.user(get("Q9999"))).await),
        "100000 tenant_id"
    );
    assert_eq!(
        refusal(client.get_item(Request::new(get(TENANT))).await),
        "200001"
    );
    assert!(client.get_item(world.service(get(TENANT))).await.is_ok());
}
