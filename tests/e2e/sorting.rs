//! Every list, sorted by every field that its documentation names, in both directions.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use kugel_testkit::{Binding, Rest, Tenant, World, contract};
use kugel_types::parse_exact;
use prost_reflect::FieldDescriptor;
use serde_json::{Value, json};

use crate::doors::camel;

#[tokio::test]
async fn every_list_sorts_by_every_documented_field() {
    let world = World::start().await;
    let tenant = world.tenant().await;
    let rest = tenant.rest();
    fill(&tenant).await;
    world.settled().await;
    let mut told = BTreeSet::new();
    for rpc in contract() {
        // The rows of a report are another matter: see its own tests.
        let request = rpc.descriptor.input();
        let Some(sort) = request
            .get_field_by_name("sort")
            .filter(|_| rpc.service() != "report")
        else {
            continue;
        };
        let fields = documented(&sort);
        assert!(fields.len() > 2, "{}: {fields:?}", rpc.name());
        let path = path_of(&rpc.bindings[0], &tenant);
        for field in fields {
            let up = rows(&rest, &path, &field, 1).await;
            let mut down = rows(&rest, &path, &field, -1).await;
            assert!(up.len() > 1, "{}: too few rows to sort", rpc.name());
            down.reverse();
            assert_eq!(up, down, "{} by {field}", rpc.name());
            let key = camel(&field);
            // What is shown of a kind is its name, and not its number.
            if up[0].get(&key).is_none() || field == "kind" || field == "generate_date_time" {
                continue;
            }
            let order: Vec<_> = up
                .windows(2)
                .map(|pair| compare(&pair[0][&key], &pair[1][&key]))
                .collect();
            assert!(
                !order.contains(&Ordering::Greater),
                "{} by {field}: {up:#?}",
                rpc.name()
            );
            if order.contains(&Ordering::Less) {
                told.insert(format!("{}.{field}", rpc.descriptor.name()));
            }
        }
    }
    for differing in [
        "ListItems.unit_price",
        "ListItems.unit_cost",
        "ListItems.description",
        "ListItems.category_code",
        "ListItems.tax_code",
        "ListItems.is_discount_restricted",
        "ListStoreItems.store_price",
        "ListPayments.limit_amount",
        "ListPayments.can_refund",
        "ListTaxes.rate",
        "ListTaxes.round_method",
        "ListCategories.description_short",
        "ListSettings.default_value",
        "ListPromotions.description",
        "SearchJournals.amount",
        "SearchJournals.quantity",
        "ListTransactions.transaction_no",
        "ListStores.store_name",
        "ListTerminals.terminal_no",
        "ListStaff.name",
        "ListUsers.username",
    ] {
        assert!(
            told.contains(differing),
            "{differing} has two values to tell apart: {told:?}"
        );
    }
}

/// The fields that the comment on `sort` names.
fn documented(sort: &FieldDescriptor) -> Vec<String> {
    let file = sort.parent_file();
    let info = file.file_descriptor_proto().source_code_info.as_ref().unwrap();
    let comment = info
        .location
        .iter()
        .find(|location| location.path == sort.path())
        .unwrap();
    let (_, fields) = comment.leading_comments().split_once("Fields:").unwrap();
    let (fields, _) = fields.split_once("Default").unwrap();
    fields.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn path_of(binding: &Binding, tenant: &Tenant) -> String {
    let path = binding.path_with(|variable| match variable {
        "tenant_id" => tenant.id.clone(),
        "store_code" => "tk01".to_owned(),
        _ => "1".to_owned(),
    });
    path.trim_start_matches("/api/v1").to_owned()
}

async fn rows(rest: &Rest, path: &str, field: &str, way: i32) -> Vec<Value> {
    let sort = format!("{field}:{way}");
    let reply = rest.get(&format!("{path}?limit=1000&sort={sort}")).await;
    assert_eq!(reply.status, 200, "{path} by {sort}: {}", reply.text);
    assert_eq!(reply.body["metadata"]["sort"], sort);
    reply.body["data"].as_array().unwrap().clone()
}

/// Null first, numbers by value, text byte by byte.
fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            parse_exact(&left.to_string()).cmp(&parse_exact(&right.to_string()))
        }
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (left, right) => right.is_null().cmp(&left.is_null()),
    }
}

/// Some of everything that is listed, with equal values, and with numbers that text would sort otherwise.
async fn fill(tenant: &Tenant) {
    let rest = tenant.rest();
    let store = tenant.store("tk01").await;
    tenant.store("tk02").await;
    for (at, letter) in LETTERS.iter().enumerate() {
        for (kind, record) in goods(at).into_iter().chain(rules(at)) {
            tenant.enter(kind, record).await;
        }
        let user = json!({"username": format!("user-{letter}"), "password": "owl-Nest-4"});
        rest.post("/accounts/users", user).await.created();
    }
    let till = store.till(1).await;
    store.till(2).await;
    for (item, quantity) in [("S0", 2), ("S1", 20), ("S2", 1)] {
        till.sell(&[(item, quantity)]).await;
    }
}

/// Names that do not follow the order of the keys.
const LETTERS: [&str; 5] = ["e", "b", "d", "c", "a"];

fn number(at: usize) -> Value {
    [json!(100), json!(9.5), json!(20), json!(9.5), json!(0)][at].clone()
}

fn is_odd(at: usize) -> bool {
    at % 2 == 1
}

fn goods(at: usize) -> [(&'static str, Value); 4] {
    let (code, letter, odd) = (format!("S{at}"), LETTERS[at], is_odd(at));
    let tax = if odd { "01" } else { "02" };
    let item = json!({
        "itemCode": code, "description": letter, "unitPrice": number(at), "unitCost": at * 7 % 11,
        "categoryCode": letter, "taxCode": tax, "isDiscountRestricted": odd,
    });
    let price = json!({"itemCode": code, "storePrice": number(at)});
    let category =
        json!({"categoryCode": code, "description": letter, "descriptionShort": letter, "taxCode": tax});
    let book = json!({"title": letter, "categories": []});
    [
        ("items", item),
        ("stores/tk01/items", price),
        ("categories", category),
        ("item_books", book),
    ]
}

fn rules(at: usize) -> [(&'static str, Value); 5] {
    let (code, letter, odd) = (format!("S{at}"), LETTERS[at], is_odd(at));
    let payment = json!({
        "paymentCode": format!("7{at}"), "description": letter, "limitAmount": number(at), "canRefund": odd,
        "canDepositOver": odd, "canChange": odd, "isActive": odd,
    });
    let tax = json!({
        "taxCode": format!("7{at}"), "taxType": "External", "taxName": letter, "rate": number(at), "roundDigit": at % 3,
        "roundMethod": if odd { "Ceil" } else { "Floor" },
    });
    let promotion = json!({
        "promotionCode": code, "promotionType": "category_discount", "name": letter,
        "description": odd.then_some(letter), "startDatetime": format!("2020-01-0{}T00:00:00+09:00", 9 - at),
        "endDatetime": "2020-02-01T00:00:00+09:00",
        "detail": {"targetStoreCodes": [], "targetCategoryCodes": ["x"], "discountRate": 10},
    });
    let setting = json!({"name": code, "defaultValue": letter, "values": []});
    let staff = json!({"id": code, "name": letter, "pin": "1234", "roles": ["cashier"]});
    [
        ("payments", payment),
        ("taxes", tax),
        ("promotions", promotion),
        ("settings", setting),
        ("staff", staff),
    ]
}
