//! Master data.

use serde_json::{Value, json};

use super::Walk;

/// Creates, changes and deletes a master at a place; the requests carry it as `noun`. Creating with another `field` under
/// the same key is refused, and so is changing.
async fn life(
    walk: &mut Walk,
    methods: [&'static str; 3],
    place: Value,
    (noun, key): (&str, &str),
    record: Value,
    (field, values): (&str, [Value; 3]),
) {
    let [first, second, third] = values.map(|value| {
        let record = joined(record.clone(), json!({field: value}));
        joined(place.clone(), json!({noun: record}))
    });
    walk.kept(methods[0], first, third.clone()).await;
    walk.kept(methods[1], second, third).await;
    let gone = joined(place, json!({key: record[key]}));
    walk.kept(methods[2], gone, json!({key: "ANOTHER"})).await;
}

/// The fields of both objects.
fn joined(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

macro_rules! methods {
    ($service:literal, $noun:literal) => {
        [
            concat!("master_data.v1.", $service, ".Create", $noun),
            concat!("master_data.v1.", $service, ".Update", $noun),
            concat!("master_data.v1.", $service, ".Delete", $noun),
        ]
    };
}

fn names() -> [Value; 3] {
    ["One", "Two", "Three"].map(Value::from)
}

pub(super) async fn small(walk: &mut Walk) {
    let category = json!({"categoryCode": "77", "descriptionShort": "77", "taxCode": "01"});
    life(
        walk,
        methods!("CategoryService", "Category"),
        json!({}),
        ("category", "categoryCode"),
        category,
        ("description", names()),
    )
    .await;
    let payment = json!({
        "paymentCode": "77", "limitAmount": {"value": "0"}, "canRefund": true, "canDepositOver": false,
        "canChange": false, "isActive": true,
    });
    life(
        walk,
        methods!("PaymentService", "Payment"),
        json!({}),
        ("payment", "paymentCode"),
        payment,
        ("description", names()),
    )
    .await;
    let setting = json!({"name": "WALK"});
    life(
        walk,
        methods!("SettingService", "Setting"),
        json!({}),
        ("setting", "name"),
        setting,
        ("defaultValue", names()),
    )
    .await;
    let tax = json!({
        "taxCode": "77", "taxType": "External", "rate": {"value": "7"}, "roundDigit": 0, "roundMethod": "Round",
    });
    life(
        walk,
        methods!("TaxService", "Tax"),
        json!({}),
        ("tax", "taxCode"),
        tax,
        ("taxName", names()),
    )
    .await;
    let promotion = json!({
        "promotionCode": "77", "promotionType": "category_discount", "startDatetime": "2026-01-01T00:00:00",
        "endDatetime": "2026-02-01T00:00:00", "isActive": true,
        "detail": {"targetCategoryCodes": ["10"], "discountRate": {"value": "10"}},
    });
    let [create, update, delete] = methods!("PromotionService", "Promotion");
    let named = |name: &str| json!({"promotion": joined(promotion.clone(), json!({"name": name}))});
    walk.kept(create, named("One"), named("Three")).await;
    let change = json!({"promotionCode": "77", "name": "Two"});
    walk.kept(update, change, json!({"name": "Three"})).await;
    let (gone, other) = (json!({"promotionCode": "77"}), json!({"promotionCode": "78"}));
    walk.kept(delete, gone.clone(), other.clone()).await;
    let restore = "master_data.v1.PromotionService.RestorePromotion";
    walk.kept(restore, gone, other).await;
    staff(walk).await;
}

async fn staff(walk: &mut Walk) {
    let [create, update, delete] = methods!("StaffService", "Staff");
    let person = |pin: &str| json!({"staff": {"id": "77", "name": "Abe", "pin": pin, "roles": ["cashier"]}});
    walk.kept(create, person("1111"), person("3333")).await;
    walk.kept(update, person("2222"), person("3333")).await;
    let (gone, nobody) = (json!({"id": "77"}), json!({"id": "78"}));
    walk.kept(delete, gone, nobody).await;
}

pub(super) async fn items(walk: &mut Walk) {
    let [create, update, delete] = methods!("ItemService", "Item");
    let item = |name: &str| {
        json!({"item": {
            "itemCode": "PEACH", "description": name, "unitPrice": {"value": "120"}, "unitCost": {"value": "80"},
            "itemDetails": [], "imageUrls": [], "categoryCode": "10", "taxCode": "01",
        }})
    };
    walk.kept(create, item("One"), item("Three")).await;
    walk.kept(update, item("Two"), item("Three")).await;
    let prices = ["90", "95", "99"].map(|price| json!({"value": price}));
    life(
        walk,
        methods!("ItemService", "StoreItem"),
        json!({"storeCode": "tk01"}),
        ("item", "itemCode"),
        json!({"itemCode": "PEACH"}),
        ("storePrice", prices),
    )
    .await;
    let gone = json!({"itemCode": "PEACH", "isLogical": true});
    walk.kept(delete, gone, json!({"isLogical": false})).await;
    let restore = "master_data.v1.ItemService.RestoreItem";
    let (gone, other) = (json!({"itemCode": "PEACH"}), json!({"itemCode": "PLUM"}));
    walk.kept(restore, gone, other).await;
}

pub(super) async fn item_books(walk: &mut Walk) {
    let book = json!({"itemBook": {"title": "One", "categories": []}});
    let other = json!({"itemBook": {"title": "Three"}});
    let made = walk
        .kept(
            "master_data.v1.ItemBookService.CreateItemBook",
            book,
            other.clone(),
        )
        .await;
    let id = &made["itemBook"]["itemBookId"];
    let title = json!({"itemBook": {"itemBookId": id, "title": "Two", "categories": []}});
    walk.kept("master_data.v1.ItemBookService.UpdateItemBook", title, other)
        .await;
    let books = walk
        .plain("master_data.v1.ItemBookService.ListItemBooks", json!({}))
        .await;
    assert_eq!(books["itemBooks"].as_array().unwrap().len(), 1);

    let place = |fields: Value| joined(json!({"itemBookId": id}), fields);
    let category =
        |title: &str| json!({"category": {"categoryNumber": 1, "title": title, "color": "", "tabs": []}});
    let tab = |title: &str| json!({"tab": {"tabNumber": 1, "title": title, "color": "", "buttons": []}});
    let button = |size: &str| json!({"button": {"posX": 0, "posY": 0, "size": size, "imageUrl": "", "colorText": "", "itemCode": "TEA"}});
    let (in_book, in_category) = (json!({}), json!({"categoryNumber": 1}));
    let in_tab = json!({"categoryNumber": 1, "tabNumber": 1});
    let at_button = json!({"categoryNumber": 1, "tabNumber": 1, "posX": 0, "posY": 0});
    for (method, at, part, other) in [
        (
            "CreateItemBookCategory",
            &in_book,
            category("One"),
            category("Three"),
        ),
        (
            "UpdateItemBookCategory",
            &in_category,
            category("Two"),
            category("Three"),
        ),
        ("CreateItemBookTab", &in_category, tab("One"), tab("Three")),
        ("UpdateItemBookTab", &in_tab, tab("Two"), tab("Three")),
        ("CreateItemBookButton", &in_tab, button("Single"), button("Quad")),
        (
            "UpdateItemBookButton",
            &at_button,
            button("DoubleWidth"),
            button("Quad"),
        ),
        ("DeleteItemBookButton", &at_button, json!({}), json!({"posX": 3})),
        ("DeleteItemBookTab", &in_tab, json!({}), json!({"tabNumber": 3})),
        (
            "DeleteItemBookCategory",
            &in_category,
            json!({}),
            json!({"categoryNumber": 3}),
        ),
        (
            "DeleteItemBook",
            &in_book,
            json!({}),
            json!({"itemBookId": "20200101-0001"}),
        ),
    ] {
        let method = format!("master_data.v1.ItemBookService.{method}");
        let request = joined(place(at.clone()), part);
        walk.kept(method.leak(), request, other).await;
    }
}
