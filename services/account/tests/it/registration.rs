//! Registration of tenants.

use kugel_config::Registration;
use kugel_proto::account::v1 as pb;
use kugel_stand::repeatable;
use tonic::Request;

use crate::world::{OWNER, PASSWORD, TENANT, World, at, form, pause, refusal, registration};

async fn register(world: &World, wish: Option<&str>) -> pb::UserAccount {
    let message = registration(OWNER, PASSWORD, wish);
    world
        .client
        .clone()
        .register_tenant(message)
        .await
        .unwrap()
        .into_inner()
        .user
        .unwrap()
}

fn is_generated(tenant: &str) -> bool {
    let (letter, number) = tenant.split_at(1);
    letter.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1000..=9999).contains(&number.parse().unwrap_or(0))
}

#[tokio::test]
async fn the_first_user_administers_the_tenant_and_shows_no_password() {
    let world = World::empty();
    let user = register(&world, Some(TENANT)).await;
    assert_eq!((user.tenant_id.as_str(), user.username.as_str()), (TENANT, OWNER));
    assert!(user.is_superuser && user.is_active);
    assert_eq!(user.password, "*****");
    assert_eq!(user.created_at, "2026-06-11T14:03:09.500000+09:00");
    assert_eq!((user.updated_at.clone(), user.last_login.clone()), (None, None));
    let shown = format!("{user:?}");
    assert!(!shown.contains("argon2") && !shown.contains(PASSWORD));
    let token = world
        .client
        .clone()
        .issue_token(form(OWNER, PASSWORD, TENANT))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(token.token_type, "bearer");
}

#[tokio::test]
async fn a_taken_or_absent_wish_gets_another_id() {
    let world = World::empty();
    assert_eq!(register(&world, Some("Q7301")).await.tenant_id, "Q7301");
    for wish in [Some("Q7301"), Some("q7301"), Some(""), None] {
        let tenant = register(&world, wish).await.tenant_id;
        assert!(
            is_generated(&tenant) && tenant != "Q7301",
            "{wish:?} became {tenant}"
        );
    }
    assert_eq!(register(&world, Some("shop_2")).await.tenant_id, "shop_2");
}

#[tokio::test]
async fn a_wish_is_granted_once_however_many_wish_at_once() {
    let world = World::empty();
    let users = futures::future::join_all((0..12).map(|_| register(&world, Some(TENANT)))).await;
    let mut tenants: Vec<_> = users.into_iter().map(|user| user.tenant_id).collect();
    assert_eq!(tenants.iter().filter(|tenant| *tenant == TENANT).count(), 1);
    tenants.sort();
    tenants.dedup();
    assert_eq!(tenants.len(), 12);
}

#[tokio::test]
async fn names_passwords_and_wishes_are_checked() {
    let mut world = World::empty();
    for (username, password, wish, expected) in [
        ("", "", None, "300001 username,password"),
        ("a b", PASSWORD, None, "300001 username"),
        (OWNER, "short", None, "300001 password"),
        (OWNER, PASSWORD, Some("a-b"), "300001 tenant_id"),
        (OWNER, PASSWORD, Some("commons"), "300001 tenant_id"),
        (OWNER, PASSWORD, Some("../x"), "300001 tenant_id"),
    ] {
        let answer = world
            .client
            .register_tenant(registration(username, password, wish))
            .await;
        assert_eq!(refusal(answer), expected, "{username:?} {password:?} {wish:?}");
    }
    assert_eq!(
        register(&world, Some(TENANT)).await.tenant_id,
        TENANT,
        "nothing was taken"
    );
}

#[tokio::test]
async fn an_address_registers_ten_tenants_an_hour_and_loopback_any_number() {
    let mut world = World::empty();
    let message = registration(OWNER, PASSWORD, None);
    // What is refused as it is written does not count.
    for _ in 0..12 {
        let weak = at("192.0.2.7", registration(OWNER, "12345678", None));
        let refused = world.client.register_tenant(weak).await;
        assert_eq!(refusal(refused), "300001 password");
    }
    for _ in 0..10 {
        world
            .client
            .register_tenant(at("192.0.2.7", message.clone()))
            .await
            .unwrap();
    }
    assert_eq!(
        pause(
            world
                .client
                .register_tenant(at("192.0.2.7", message.clone()))
                .await
        ),
        360
    );
    world
        .client
        .register_tenant(at("192.0.2.8", message.clone()))
        .await
        .unwrap();
    for _ in 0..12 {
        world
            .client
            .register_tenant(at("127.0.0.1", message.clone()))
            .await
            .unwrap();
    }
    world.clock.advance(360);
    world
        .client
        .register_tenant(at("192.0.2.7", message))
        .await
        .unwrap();
}

#[tokio::test]
async fn nobody_takes_the_keys_of_others() {
    let mut world = World::empty();
    let mut register = async |address: &str, owner: &str, wish: &str| {
        let message = registration(owner, PASSWORD, Some(wish));
        let request = repeatable("r-1", at(address, message));
        let answer = world.client.register_tenant(request).await?;
        Ok::<_, tonic::Status>(answer.into_inner().user.unwrap())
    };
    // Who comes first with the key of another one is not in the other's way, and does not get the other's answer.
    let squatter = register("192.0.2.7", "squatter", "Q7300").await.unwrap();
    let user = register("192.0.2.8", OWNER, TENANT).await.unwrap();
    assert_eq!(
        (squatter.tenant_id.as_str(), user.tenant_id.as_str()),
        ("Q7300", TENANT)
    );
    let same = register("192.0.2.7", OWNER, TENANT).await;
    assert_eq!(refusal(same), "300001 request_id");
    let same = register("192.0.2.9", OWNER, TENANT).await.unwrap();
    assert_ne!(
        same.tenant_id, TENANT,
        "another registration, not the answer of the first"
    );
    assert_eq!(register("192.0.2.8", OWNER, TENANT).await.unwrap(), user);
}

#[tokio::test]
async fn a_closed_registration_registers_nobody() {
    let mut world = World::empty_with(|settings| settings.registration = Registration::Closed);
    let answer = world
        .client
        .register_tenant(registration(OWNER, PASSWORD, None))
        .await;
    assert_eq!(refusal(answer), "200005");
}

#[tokio::test]
async fn an_invitation_is_good_once_and_for_its_time() {
    let mut world = World::empty_with(|settings| settings.registration = Registration::Invitation);
    let with = |code: Option<String>, wish: &str| pb::RegisterTenantRequest {
        invitation_code: code,
        ..registration(OWNER, PASSWORD, Some(wish))
    };
    let code = world.invitation(2);
    let mut changed = code.clone();
    changed.replace_range(..1, if code.starts_with('A') { "B" } else { "A" });
    for bad in [
        None,
        Some(String::new()),
        Some(changed),
        Some(world.invitation(0)),
    ] {
        let answer = world.client.register_tenant(with(bad.clone(), TENANT)).await;
        assert_eq!(refusal(answer), "200006 invitation_code", "{bad:?}");
    }
    // A password that is refused uses nothing up.
    let mut weak = with(Some(code.clone()), TENANT);
    weak.password = "12345678".into();
    assert_eq!(
        refusal(world.client.register_tenant(weak).await),
        "300001 password"
    );
    let keyed = || repeatable("r-1", Request::new(with(Some(code.clone()), TENANT)));
    let first = world.client.register_tenant(keyed()).await.unwrap().into_inner();
    assert_eq!(first.user.as_ref().unwrap().tenant_id, TENANT);
    assert_eq!(
        world.client.register_tenant(keyed()).await.unwrap().into_inner(),
        first
    );
    let again = world
        .client
        .register_tenant(with(Some(code.clone()), "Q7302"))
        .await;
    assert_eq!(refusal(again), "200006 invitation_code");
    world.clock.advance(2 * 3600);
    assert_eq!(
        world.client.register_tenant(keyed()).await.unwrap().into_inner(),
        first,
        "still its answer"
    );
}

#[tokio::test]
async fn an_invitation_makes_one_tenant_however_many_come_with_it() {
    let world = World::empty_with(|settings| settings.registration = Registration::Invitation);
    let code = world.invitation(1);
    let registrations = (0..12).map(|_| {
        let mut client = world.client.clone();
        let message = pb::RegisterTenantRequest {
            invitation_code: Some(code.clone()),
            ..registration(OWNER, PASSWORD, None)
        };
        async move { client.register_tenant(message).await.is_ok() }
    });
    let made = futures::future::join_all(registrations).await;
    assert_eq!(made.into_iter().filter(|made| *made).count(), 1);
}
