//! A day that cannot settle is mended through REST and gRPC, by those who may and in the open.

use kugel_testkit::{Door, Tenant, World};
use serde_json::{Value, json};

use crate::doors::code_of;
use crate::shop::Shop;

const NOON: &str = "2026-06-11T05:03:09Z";
const DAY: &str = "20260611";
const OPEN: &str = "the session is not closed";
const WHY: &str = "the till burned down";

/// The first session of a till, as a request and as a path.
fn session(shop: &Shop, till: i32) -> (Value, String) {
    let session = json!({"storeCode": "tk01", "terminalNo": till, "businessDate": DAY, "openCounter": 1});
    (
        session,
        shop.store.path(&format!("terminals/{till}/sessions/{DAY}/1")),
    )
}

/// A request with the tenant and other fields.
fn with(mut request: Value, tenant: &Tenant, more: Value) -> Value {
    let fields = request.as_object_mut().unwrap();
    fields.insert("tenantId".to_owned(), json!(tenant.id));
    fields.extend(more.as_object().unwrap().clone());
    request
}

const LIST: &str = "report.v1.BooksService.ListUnsettledSessions";
const MEND: &str = "report.v1.BooksService.MendSession";
const SETTLE: &str = "report.v1.BooksService.SettleSession";

#[tokio::test]
async fn only_a_superuser_of_the_tenant_mends_its_days() {
    let (world, _) = World::start_at(NOON).await;
    let shop = Shop::build(&world).await;
    shop.till.sell(&[("TEA", 2)]).await;
    world.settled().await;
    let clerk = shop.tenant.user("clerk", "plum-Tree-9").await;
    let stranger = world.tenant().await;
    let list = shop.tenant.path("unsettled-sessions");
    let (key, path) = session(&shop, 1);
    let (mend, settle) = (format!("{path}/mend"), format!("{path}/settle"));
    let reason = json!({"reason": WHY});
    for (rest, code) in [
        (shop.till.rest(), "200002"),
        (world.rest().bearer(&clerk), "200002"),
        (stranger.rest(), "100000"),
    ] {
        let status = if code == "100000" { 400 } else { 403 };
        rest.get(&list).await.refused(status, code);
        rest.post(&mend, json!({})).await.refused(status, code);
        rest.post(&settle, reason.clone()).await.refused(status, code);
    }
    world.rest().get(&list).await.refused(401, "200001");
    let clerk = world.grpc(Door::Web).bearer(&clerk);
    for (grpc, code) in [
        (&shop.till.grpc(Door::Native), "200002"),
        (&clerk, "200002"),
        (&stranger.grpc(Door::Native), "100000"),
    ] {
        for (method, request) in [
            (LIST, with(json!({}), &shop.tenant, json!({}))),
            (MEND, with(key.clone(), &shop.tenant, json!({}))),
            (SETTLE, with(key.clone(), &shop.tenant, reason.clone())),
        ] {
            let status = grpc.call(method, request).await.unwrap_err();
            assert_eq!(
                (status.code(), code_of(&status)),
                (tonic::Code::PermissionDenied, code.to_owned()),
                "{method}: {status:?}"
            );
        }
    }
    // Under its own name, the stranger has no such session.
    let own = |action: &str| {
        let tail = format!("stores/tk01/terminals/1/sessions/{DAY}/1/{action}");
        stranger.path(&tail)
    };
    let rest = stranger.rest();
    assert_eq!(
        rest.get(&stranger.path("unsettled-sessions")).await.ok(),
        json!([])
    );
    rest.post(&own("mend"), json!({})).await.refused(404, "100001");
    rest.post(&own("settle"), reason.clone())
        .await
        .refused(404, "100001");
    for (method, more) in [(MEND, json!({})), (SETTLE, reason)] {
        let request = with(key.clone(), &stranger, more);
        let status = stranger
            .grpc(Door::Native)
            .call(method, request)
            .await
            .unwrap_err();
        assert_eq!(status.code(), tonic::Code::NotFound, "{method}: {status:?}");
    }
    let unsettled = shop.tenant.rest().get(&list).await.ok();
    assert_eq!(unsettled[0]["missing"], OPEN, "nobody settled it");
}

#[tokio::test]
async fn what_cannot_be_a_session_or_a_reason_is_named() {
    let (world, _) = World::start_at(NOON).await;
    let shop = Shop::build(&world).await;
    world.settled().await;
    let rest = shop.tenant.rest();
    let at = |tail: &str| shop.store.path(&format!("terminals/{tail}"));
    let reason = json!({"reason": WHY});
    for (tail, field) in [
        ("0/sessions/20260611/1", "terminalNo"),
        ("1/sessions/20260631/1", "businessDate"),
        ("1/sessions/20260611/0", "openCounter"),
    ] {
        let path = at(tail);
        rest.post(&format!("{path}/mend"), json!({}))
            .await
            .refused_field(field);
        rest.post(&format!("{path}/settle"), reason.clone())
            .await
            .refused_field(field);
    }
    let (_, path) = session(&shop, 1);
    let long = "x".repeat(501);
    for reason in [json!({}), json!({"reason": " "}), json!({"reason": long})] {
        rest.post(&format!("{path}/settle"), reason)
            .await
            .refused_field("reason");
    }
    let never = at("1/sessions/20260611/2");
    rest.post(&format!("{never}/mend"), json!({}))
        .await
        .refused(404, "100001");
    rest.post(&format!("{never}/settle"), reason)
        .await
        .refused(404, "100001");
    let list = shop.tenant.path("unsettled-sessions?store_code=no/store");
    rest.get(&list).await.refused_field("storeCode");
}

async fn daily(shop: &Shop, place: &str, kind: &str) -> kugel_testkit::Reply {
    let query = format!("{place}reports?report_scope=daily&report_type={kind}&business_date={DAY}");
    shop.tenant.rest().get(&shop.store.path(&query)).await
}

#[tokio::test]
async fn a_session_that_is_never_closed_is_settled_with_a_remark() {
    let (world, _) = World::start_at(NOON).await;
    let shop = Shop::build(&world).await;
    shop.till.sell(&[("TEA", 2)]).await;
    world.settled().await;
    let (rest, grpc) = (shop.tenant.rest(), shop.tenant.grpc(Door::Native));
    let (key, path) = session(&shop, 1);
    let missing = json!({"missing": OPEN});
    daily(&shop, "", "sales").await.refused(403, "412101");

    let list = shop.tenant.path("unsettled-sessions");
    let unsettled = rest.get(&list).await.ok();
    let mut expected = key.clone();
    expected
        .as_object_mut()
        .unwrap()
        .extend(missing.as_object().unwrap().clone());
    assert_eq!(unsettled, json!([expected]));
    let listed = grpc
        .call(LIST, with(json!({}), &shop.tenant, json!({})))
        .await
        .unwrap();
    assert_eq!(listed["sessions"], unsettled);
    assert_eq!(rest.get(&format!("{list}?store_code=tk01")).await.ok(), unsettled);
    assert_eq!(rest.get(&format!("{list}?store_code=tk02")).await.ok(), json!([]));

    let mended = rest.post(&format!("{path}/mend"), json!({})).await.ok();
    assert!(
        mended["logsRead"].as_i64().unwrap() >= 2,
        "the opening and the sale: {mended}"
    );
    assert_eq!(
        (&mended["isRepaired"], &mended["missing"]),
        (&json!(false), &json!(OPEN))
    );
    let again = grpc
        .call(MEND, with(key.clone(), &shop.tenant, json!({})))
        .await
        .unwrap();
    assert_eq!(
        (&again["logsRead"], &again["missing"]),
        (&mended["logsRead"], &json!(OPEN))
    );

    let body = json!({"reason": WHY, "madeBy": "somebody else"});
    let remark = rest.post(&format!("{path}/settle"), body).await.created();
    expected.as_object_mut().unwrap().extend([
        ("madeBy".to_owned(), json!(Tenant::ADMINISTRATOR)),
        ("role".to_owned(), json!("superuser")),
        ("madeAt".to_owned(), remark["madeAt"].clone()),
        ("reason".to_owned(), json!(WHY)),
    ]);
    assert_eq!(remark, expected);
    assert!(
        remark["madeAt"].as_str().unwrap().starts_with("2026-06-11T14:03"),
        "{remark}"
    );
    let settle = json!({"reason": "once more"});
    rest.post(&format!("{path}/settle"), settle.clone())
        .await
        .refused(409, "412102");
    let status = grpc
        .call(SETTLE, with(key, &shop.tenant, settle))
        .await
        .unwrap_err();
    assert_eq!(code_of(&status), "412102");
    assert_eq!(rest.get(&list).await.ok(), json!([]));

    for (place, kind) in [
        ("", "sales"),
        ("terminals/1/", "sales"),
        ("", "category"),
        ("", "payment"),
    ] {
        let report = daily(&shop, place, kind).await.ok();
        assert_eq!(report["remarks"], json!([remark]), "{place} {kind}");
        for paper in ["receiptText", "journalText"] {
            let paper = report[paper].as_str().unwrap();
            for line in [WHY, OPEN, Tenant::ADMINISTRATOR] {
                assert!(paper.contains(line), "{place} {kind}: {line} is not on\n{paper}");
            }
        }
    }
    assert_eq!(daily(&shop, "", "sales").await.ok()["salesGross"]["count"], 1);
    let request = json!({
        "tenantId": shop.tenant.id, "storeCode": "tk01", "reportScope": "daily", "reportType": "sales",
        "businessDate": DAY,
    });
    let report = grpc
        .call("report.v1.ReportService.GetReport", request)
        .await
        .unwrap();
    assert_eq!(report["report"]["remarks"], json!([remark]));
    let entries = rest
        .get(&shop.store.path("journals?transaction_types=503"))
        .await
        .ok();
    assert_eq!(entries.as_array().unwrap().len(), 1);
    assert!(entries[0]["journalText"].as_str().unwrap().contains(WHY));
    world.finish().await;
}

#[tokio::test]
async fn a_service_settles_in_the_name_of_somebody_and_what_settles_needs_nobody() {
    let (world, _) = World::start_at(NOON).await;
    let shop = Shop::build(&world).await;
    let second = shop.store.till(2).await;
    second.sell(&[("TEA", 1)]).await;
    second.closed("0").await;
    world.settled().await;
    let token = world
        .tokens()
        .service("test", &shop.tenant.id.parse().unwrap())
        .to_string();
    let service = world.grpc(Door::Native).bearer(&token);
    let (open, _) = session(&shop, 1);
    let request = with(open, &shop.tenant, json!({"reason": WHY, "madeBy": "Ms. Abe"}));
    let answer = service.call(SETTLE, request).await.unwrap();
    assert_eq!(
        (&answer["remark"]["madeBy"], &answer["remark"]["role"]),
        (&json!("Ms. Abe"), &json!("service"))
    );
    let (closed, path) = session(&shop, 2);
    let mended = service
        .call(MEND, with(closed.clone(), &shop.tenant, json!({})))
        .await
        .unwrap();
    assert!(mended.get("missing").is_none_or(Value::is_null), "{mended}");
    let request = with(closed, &shop.tenant, json!({"reason": WHY}));
    assert_eq!(
        code_of(&service.call(SETTLE, request).await.unwrap_err()),
        "412102"
    );
    let rest = shop.tenant.rest();
    rest.post(&format!("{path}/settle"), json!({"reason": WHY}))
        .await
        .refused(409, "412102");
    assert_eq!(
        daily(&shop, "terminals/2/", "sales").await.ok()["remarks"],
        json!([])
    );
    assert_eq!(daily(&shop, "", "sales").await.ok()["salesGross"]["count"], 1);
    world.finish().await;
}
