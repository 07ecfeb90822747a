//! Item books: nested creation, edits that touch nothing else, names and prices of a store.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::item_book_service_client::ItemBookServiceClient;
use kugel_proto::master_data::v1::item_service_client::ItemServiceClient;
use kugel_rpc::Channel;

use crate::world::{STORE, TENANT, World, decimal, refusal};

fn start() -> (World, ItemBookServiceClient<Channel>) {
    let world = World::start();
    let client = ItemBookServiceClient::new(world.channel.clone());
    (world, client)
}

fn button(pos_x: i32, pos_y: i32, item_code: &str) -> pb::ItemBookButton {
    pb::ItemBookButton {
        pos_x: Some(pos_x),
        pos_y: Some(pos_y),
        size: "Single".into(),
        image_url: Some(String::new()),
        color_text: Some("#224466".into()),
        item_code: item_code.into(),
        unit_price: decimal("1"),
        description: Some("ignored".into()),
    }
}

fn tab(number: i32, buttons: Vec<pb::ItemBookButton>) -> pb::ItemBookTab {
    pb::ItemBookTab {
        tab_number: Some(number),
        title: "Bath".into(),
        color: Some("#ddd".into()),
        buttons,
    }
}

fn category(number: i32, tabs: Vec<pb::ItemBookTab>) -> pb::ItemBookCategory {
    pb::ItemBookCategory {
        category_number: Some(number),
        title: "Home".into(),
        color: Some(String::new()),
        tabs,
    }
}

fn main_book(categories: Vec<pb::ItemBookCategory>) -> pb::ItemBook {
    pb::ItemBook {
        title: "Main book".into(),
        categories,
        ..Default::default()
    }
}

async fn create(
    world: &World,
    client: &mut ItemBookServiceClient<Channel>,
    categories: Vec<pb::ItemBookCategory>,
) -> pb::ItemBook {
    let message = pb::CreateItemBookRequest {
        tenant_id: TENANT.into(),
        item_book: Some(main_book(categories)),
    };
    client
        .create_item_book(world.user(message))
        .await
        .unwrap()
        .into_inner()
        .item_book
        .unwrap()
}

/// Where the buttons of the first tab are.
fn places(book: &pb::ItemBook) -> Vec<(i32, i32)> {
    let buttons = &book.categories[0].tabs[0].buttons;
    buttons
        .iter()
        .map(|button| (button.pos_x.unwrap(), button.pos_y.unwrap()))
        .collect()
}

#[tokio::test]
async fn keys_are_the_first_free_numbers_of_the_day() {
    let (world, mut client) = start();
    for expected in ["20260611-0001", "20260611-0002", "20260611-0003"] {
        assert_eq!(
            create(&world, &mut client, Vec::new()).await.item_book_id,
            expected
        );
    }
    let delete = pb::DeleteItemBookRequest {
        tenant_id: TENANT.into(),
        item_book_id: "20260611-0002".into(),
    };
    client.delete_item_book(world.user(delete)).await.unwrap();
    let announced = ["1", "2", "3", "2"].map(|number| format!("ItemBook 20260611-000{number}"));
    assert_eq!(world.announced(), announced);
    assert_eq!(
        create(&world, &mut client, Vec::new()).await.item_book_id,
        "20260611-0002"
    );
    world.clock.advance(10 * 3600);
    assert_eq!(
        create(&world, &mut client, Vec::new()).await.item_book_id,
        "20260612-0001"
    );
}

#[tokio::test]
async fn books_are_added_at_the_same_time_under_keys_of_their_own() {
    let (world, client) = start();
    let adding = (0..8).map(|_| {
        let (world, mut client) = (&world, client.clone());
        async move { create(world, &mut client, Vec::new()).await.item_book_id }
    });
    let mut ids = futures::future::join_all(adding).await;
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), ids[7].as_str()), (8, "20260611-0008"));
}

#[tokio::test]
async fn buttons_are_added_moved_and_removed_one_by_one() {
    let (world, mut client) = start();
    let buttons = vec![button(0, 1, "a"), button(1, 0, "b"), button(1, 1, "c")];
    let book = create(&world, &mut client, vec![category(1, vec![tab(2, buttons)])]).await;
    assert_eq!(
        book.categories[0].tabs[0].buttons[0].description, None,
        "sent ones are ignored"
    );
    let id = book.item_book_id;
    let (tenant_id, category_number, tab_number) = (TENANT.to_owned(), 1, 2);
    let add = |button| pb::CreateItemBookButtonRequest {
        tenant_id: tenant_id.clone(),
        item_book_id: id.clone(),
        category_number,
        tab_number,
        button: Some(button),
    };
    assert_eq!(
        refusal(
            client
                .create_item_book_button(world.user(add(button(1, 1, "d"))))
                .await
        ),
        "500005"
    );
    client
        .create_item_book_button(world.user(add(button(5, 5, "d"))))
        .await
        .unwrap();
    let put = |pos_x, pos_y, button| pb::UpdateItemBookButtonRequest {
        tenant_id: tenant_id.clone(),
        item_book_id: id.clone(),
        category_number,
        tab_number,
        pos_x,
        pos_y,
        button: Some(button),
    };
    let to_zero = put(5, 5, button(0, 0, "d"));
    let moved = client
        .update_item_book_button(world.user(to_zero))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        places(&moved.item_book.unwrap()),
        [(0, 1), (1, 0), (1, 1), (0, 0)]
    );
    let occupied = put(0, 0, button(1, 1, "d"));
    assert_eq!(
        refusal(client.update_item_book_button(world.user(occupied)).await),
        "300001 pos_x"
    );
    assert_eq!(
        refusal(
            client
                .update_item_book_button(world.user(put(9, 9, button(9, 9, "d"))))
                .await
        ),
        "100001"
    );

    let delete = pb::DeleteItemBookButtonRequest {
        tenant_id: tenant_id.clone(),
        item_book_id: id.clone(),
        category_number,
        tab_number,
        pos_x: 1,
        pos_y: 1,
    };
    let answer = client
        .delete_item_book_button(world.user(delete.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((answer.tab_number, answer.pos_x, answer.pos_y), (2, 1, 1));
    assert_eq!(
        refusal(client.delete_item_book_button(world.user(delete)).await),
        "100001"
    );
    let get = pb::GetItemBookRequest {
        tenant_id,
        item_book_id: id,
        store_code: None,
    };
    let book = client
        .get_item_book(world.user(get))
        .await
        .unwrap()
        .into_inner()
        .item_book
        .unwrap();
    assert_eq!(places(&book), [(0, 1), (1, 0), (0, 0)]);
}

#[tokio::test]
async fn categories_and_tabs_change_and_keep_what_lies_in_them() {
    let (world, mut client) = start();
    let tabs = vec![tab(1, vec![button(0, 0, "a")]), tab(2, Vec::new())];
    let id = create(&world, &mut client, vec![category(1, tabs)])
        .await
        .item_book_id;
    let renamed = pb::UpdateItemBookCategoryRequest {
        tenant_id: TENANT.into(),
        item_book_id: id.clone(),
        category_number: 1,
        category: Some(pb::ItemBookCategory {
            title: "Kitchen".into(),
            ..category(0, Vec::new())
        }),
    };
    let book = client
        .update_item_book_category(world.user(renamed))
        .await
        .unwrap()
        .into_inner();
    let page = &book.item_book.unwrap().categories[0];
    assert_eq!(
        (page.title.as_str(), page.category_number, page.tabs.len()),
        ("Kitchen", Some(0), 2)
    );

    let put = |tab_number, tab| pb::UpdateItemBookTabRequest {
        tenant_id: TENANT.into(),
        item_book_id: id.clone(),
        category_number: 0,
        tab_number,
        tab: Some(tab),
    };
    let taken = put(2, tab(1, Vec::new()));
    assert_eq!(
        refusal(client.update_item_book_tab(world.user(taken)).await),
        "300001 tab_number"
    );
    let moved = client
        .update_item_book_tab(world.user(put(1, tab(7, Vec::new()))))
        .await
        .unwrap();
    assert_eq!(places(&moved.into_inner().item_book.unwrap()), [(0, 0)]);
    let delete = |tab_number| pb::DeleteItemBookTabRequest {
        tenant_id: TENANT.into(),
        item_book_id: id.clone(),
        category_number: 0,
        tab_number,
    };
    client.delete_item_book_tab(world.user(delete(7))).await.unwrap();
    assert_eq!(
        refusal(client.delete_item_book_tab(world.user(delete(7))).await),
        "100001"
    );
    let delete = |category_number| pb::DeleteItemBookCategoryRequest {
        tenant_id: TENANT.into(),
        item_book_id: id.clone(),
        category_number,
    };
    client
        .delete_item_book_category(world.user(delete(0)))
        .await
        .unwrap();
    assert_eq!(
        refusal(client.delete_item_book_category(world.user(delete(0))).await),
        "100001"
    );
}

#[tokio::test]
async fn the_detailed_book_knows_names_and_the_stores_prices() {
    let (world, mut client) = start();
    world.item("8801-M").await;
    world.item("8802-M").await;
    let price = pb::CreateStoreItemRequest {
        tenant_id: TENANT.into(),
        store_code: STORE.into(),
        item: Some(pb::StoreItem {
            item_code: "8802-M".into(),
            store_price: decimal("880"),
            ..Default::default()
        }),
    };
    ItemServiceClient::new(world.channel.clone())
        .create_store_item(world.user(price))
        .await
        .unwrap();
    let buttons = vec![
        button(0, 0, "8801-M"),
        button(1, 0, "8802-M"),
        button(2, 0, "missing"),
    ];
    let id = create(&world, &mut client, vec![category(1, vec![tab(1, buttons)])])
        .await
        .item_book_id;
    let get = |store: &str| pb::GetItemBookDetailsRequest {
        tenant_id: TENANT.into(),
        item_book_id: id.clone(),
        store_code: store.into(),
    };
    assert_eq!(
        refusal(client.get_item_book_details(world.user(get(""))).await),
        "300001 store_code"
    );
    let book = client
        .get_item_book_details(world.user(get(STORE)))
        .await
        .unwrap()
        .into_inner();
    let book = book.item_book.unwrap();
    let shown: Vec<_> = book.categories[0].tabs[0]
        .buttons
        .iter()
        .map(|button| (button.description.as_deref().unwrap(), button.unit_price.clone()))
        .collect();
    let expected = [
        ("Linen towel", decimal("980")),
        ("Linen towel", decimal("880")),
        ("not found", None),
    ];
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn mistakes_deep_in_a_book_are_named_by_their_path() {
    let (world, mut client) = start();
    let wrong = pb::ItemBookButton {
        size: "Huge".into(),
        pos_x: None,
        ..button(0, 0, "")
    };
    let message = pb::CreateItemBookRequest {
        tenant_id: TENANT.into(),
        item_book: Some(main_book(vec![category(
            1,
            vec![tab(1, Vec::new()), tab(2, vec![wrong])],
        )])),
    };
    let path = "item_book.categories[0].tabs[1].buttons[0]";
    assert_eq!(
        refusal(client.create_item_book(world.user(message)).await),
        format!("300001 {path}.pos_x,{path}.size,{path}.item_code")
    );
    let untitled = pb::CreateItemBookCategoryRequest {
        tenant_id: TENANT.into(),
        item_book_id: "any".into(),
        category: Some(pb::ItemBookCategory {
            title: String::new(),
            ..category(1, vec![pb::ItemBookTab::default()])
        }),
    };
    assert_eq!(
        refusal(client.create_item_book_category(world.user(untitled)).await),
        "300001 category.title,category.tabs[0].tab_number,category.tabs[0].title,category.tabs[0].color"
    );
    let twice = pb::CreateItemBookRequest {
        tenant_id: TENANT.into(),
        item_book: Some(main_book(vec![category(1, Vec::new()), category(1, Vec::new())])),
    };
    let refused = refusal(client.create_item_book(world.user(twice)).await);
    assert_eq!(refused, "300001 category_number");
}
