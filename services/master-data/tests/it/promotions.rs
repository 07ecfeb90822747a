//! Promotions: windows in the application's time zone, partial updates, deletion that keeps the key.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::promotion_service_client::PromotionServiceClient;
use kugel_rpc::Channel;

use crate::world::{STORE, TENANT, World, decimal, fields_of, refusal};

fn start() -> (World, PromotionServiceClient<Channel>) {
    let world = World::start();
    let client = PromotionServiceClient::new(world.channel.clone());
    (world, client)
}

fn detail() -> pb::PromotionDetail {
    pb::PromotionDetail {
        target_store_codes: vec![STORE.into()],
        target_category_codes: vec!["320".into()],
        discount_rate: decimal("12.5"),
    }
}

fn promotion(code: &str, start: &str, end: &str) -> pb::CreatePromotionRequest {
    pb::CreatePromotionRequest {
        tenant_id: TENANT.into(),
        promotion: Some(pb::Promotion {
            promotion_code: code.into(),
            promotion_type: "category_discount".into(),
            name: "Bath week".into(),
            start_datetime: start.into(),
            end_datetime: end.into(),
            detail: Some(detail()),
            ..Default::default()
        }),
    }
}

fn change(code: &str) -> pb::UpdatePromotionRequest {
    pb::UpdatePromotionRequest {
        tenant_id: TENANT.into(),
        promotion_code: code.into(),
        ..Default::default()
    }
}

async fn active(
    world: &World,
    client: &mut PromotionServiceClient<Channel>,
    store: Option<&str>,
) -> Vec<String> {
    let message = pb::ListActivePromotionsRequest {
        tenant_id: TENANT.into(),
        store_code: store.map(Into::into),
        ..Default::default()
    };
    let answer = client.list_active_promotions(world.user(message)).await.unwrap();
    answer
        .into_inner()
        .promotions
        .into_iter()
        .map(|promotion| promotion.promotion_code)
        .collect()
}

#[tokio::test]
async fn a_time_without_offset_is_local_in_answers_and_comparisons() {
    let (world, mut client) = start();
    // It is 14:20 in Tokyo.
    for (code, start, end) in [
        ("local", "2026-06-11T14:20:00", "2026-06-11T18:00:00"),
        ("later", "2026-06-11T14:21:00", "2026-06-11T18:00:00"),
        ("offset", "2026-06-11T00:00:00+00:00", "2026-06-11T05:20:00Z"),
        ("over", "2026-06-11T00:00:00+00:00", "2026-06-11T05:19:59Z"),
        ("whole-day", "2026-06-11", "2026-06-11"),
    ] {
        client
            .create_promotion(world.user(promotion(code, start, end)))
            .await
            .unwrap();
    }
    assert_eq!(
        active(&world, &mut client, None).await,
        ["local", "offset", "whole-day"]
    );
    assert_eq!(active(&world, &mut client, Some("tk02")).await, [""; 0]);
    let get = pb::GetPromotionRequest {
        tenant_id: TENANT.into(),
        promotion_code: "offset".into(),
    };
    let shown = client
        .get_promotion(world.user(get))
        .await
        .unwrap()
        .into_inner()
        .promotion
        .unwrap();
    assert_eq!(
        (shown.start_datetime.as_str(), shown.end_datetime.as_str()),
        ("2026-06-11T09:00:00", "2026-06-11T14:20:00")
    );
    assert!(shown.is_active());
}

#[tokio::test]
async fn an_update_touches_only_what_is_sent() {
    let (world, mut client) = start();
    let new = promotion("JUN", "2026-06-08T00:00:00+09:00", "2026-06-14T23:59:59+09:00");
    client.create_promotion(world.user(new)).await.unwrap();
    let renamed = pb::UpdatePromotionRequest {
        name: Some("Bath month".into()),
        ..change("JUN")
    };
    let answer = client
        .update_promotion(world.user(renamed))
        .await
        .unwrap()
        .into_inner()
        .promotion
        .unwrap();
    assert_eq!(
        (answer.name.as_str(), answer.end_datetime.as_str()),
        ("Bath month", "2026-06-14T23:59:59")
    );
    assert_eq!(answer.detail, Some(detail()));

    let early = pb::UpdatePromotionRequest {
        end_datetime: Some("2026-06-07T00:00:00".into()),
        ..change("JUN")
    };
    assert_eq!(
        refusal(client.update_promotion(world.user(early)).await),
        "300001 end_datetime"
    );
    let off = pb::UpdatePromotionRequest {
        is_active: Some(false),
        ..change("JUN")
    };
    client.update_promotion(world.user(off)).await.unwrap();
    assert!(active(&world, &mut client, None).await.is_empty());
    assert_eq!(world.announced(), vec!["Promotion JUN"; 3]);
}

#[tokio::test]
async fn a_deleted_promotion_keeps_its_key() {
    let (world, mut client) = start();
    let new = promotion("JUN", "2026-06-08", "2026-06-14");
    client.create_promotion(world.user(new.clone())).await.unwrap();
    let delete = pb::DeletePromotionRequest {
        tenant_id: TENANT.into(),
        promotion_code: "JUN".into(),
    };
    client.delete_promotion(world.user(delete.clone())).await.unwrap();
    assert_eq!(
        refusal(client.delete_promotion(world.user(delete)).await),
        "100001"
    );
    assert_eq!(
        refusal(client.update_promotion(world.user(change("JUN"))).await),
        "100001"
    );
    assert_eq!(refusal(client.create_promotion(world.user(new)).await), "500005");
    let list = pb::ListPromotionsRequest {
        tenant_id: TENANT.into(),
        is_active: Some(true),
        ..Default::default()
    };
    let answer = client
        .list_promotions(world.user(list))
        .await
        .unwrap()
        .into_inner();
    let metadata = answer.metadata.unwrap();
    assert_eq!(
        (answer.promotions.len(), metadata.total, metadata.limit),
        (0, 0, 20)
    );
    assert_eq!(
        (
            metadata.filter["is_deleted"].as_str(),
            metadata.filter["is_active"].as_str()
        ),
        ("false", "true")
    );
}

#[tokio::test]
async fn mistakes_are_named() {
    let (world, mut client) = start();
    let nothing = pb::CreatePromotionRequest {
        tenant_id: TENANT.into(),
        ..Default::default()
    };
    let refused = refusal(client.create_promotion(world.user(nothing)).await);
    assert!(
        refused.starts_with(&fields_of(
            "promotion",
            "start_datetime,end_datetime,promotion_code,promotion_type,name"
        )),
        "{refused}"
    );
    let check = |change: fn(&mut pb::Promotion)| {
        let mut message = promotion("JUN", "2026-06-08T00:00:00", "2026-06-14T00:00:00");
        change(message.promotion.as_mut().unwrap());
        message
    };
    for (message, field) in [
        (check(|it| it.start_datetime = "soon".into()), "start_datetime"),
        (
            check(|it| it.end_datetime = it.start_datetime.clone()),
            "end_datetime",
        ),
        (check(|it| it.detail = None), "detail"),
        (
            check(|it| it.detail.as_mut().unwrap().target_category_codes.clear()),
            "detail.target_category_codes",
        ),
        (
            check(|it| it.detail.as_mut().unwrap().discount_rate = decimal("0")),
            "detail.discount_rate",
        ),
        (
            check(|it| it.detail.as_mut().unwrap().discount_rate = decimal("100.01")),
            "detail.discount_rate",
        ),
        (
            check(|it| it.detail.as_mut().unwrap().target_store_codes = vec!["a b".into()]),
            "detail.target_store_codes[0]",
        ),
    ] {
        assert_eq!(
            refusal(client.create_promotion(world.user(message)).await),
            fields_of("promotion", field)
        );
    }
    let other = check(|it| {
        it.promotion_type = "points".into();
        it.detail = None;
    });
    assert!(client.create_promotion(world.user(other)).await.is_ok());
}
