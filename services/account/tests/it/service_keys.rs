//! Keys of service accounts: what they are worth, and who sees them.

use kugel_auth::Reach;
use kugel_proto::Permission;
use kugel_proto::account::v1 as pb;
use kugel_rpc::REQUEST_ID;

use crate::roles::given;
use crate::service_accounts::{ERP, account, credentials};
use crate::world::{World, at, pause, refusal};

#[tokio::test]
async fn a_key_gets_tokens_that_say_what_the_account_may_do() {
    let mut world = World::start().await;
    let entered = account("erp", &[given("integrator", &[]), given("cashier", &["tk01"])]);
    let entered = world.enter(entered).await.unwrap();
    assert_eq!((entered.client_id.as_str(), entered.is_active), (ERP, Some(true)));
    let made = world
        .make_key("erp", pb::ServiceAccountKey::default())
        .await
        .unwrap();
    assert!(made.client_secret.starts_with("ksa_") && made.client_secret.len() == 47);
    assert_eq!(made.client_id, ERP);
    let issued = world
        .exchange(credentials(ERP, &made.client_secret))
        .await
        .unwrap();
    assert_eq!((issued.token_type.as_str(), issued.expires_in), ("bearer", 1800));
    assert!(issued.scope.starts_with("sales.sell "), "{}", issued.scope);
    let token = &issued.access_token;
    let whose = world.whose(token).await.unwrap();
    assert!(whose.is_service_account && !whose.is_superuser);
    assert_eq!(
        (whose.kind.as_str(), whose.service.as_deref()),
        ("service_account", Some("erp"))
    );
    assert_eq!(whose.sub, "service_account:erp");
    let (own, other) = ("tk01".parse().unwrap(), "tk02".parse().unwrap());
    for (permission, reach, expected) in [
        (Permission::BooksPost, Reach::Tenant, true),
        (Permission::SalesSell, Reach::Store(&own), true),
        (Permission::SalesSell, Reach::Store(&other), false),
        (Permission::UsersRead, Reach::AnyStore, false),
    ] {
        assert_eq!(world.allows(token, permission, reach), expected, "{permission:?}");
    }
    world.clock.advance(1800);
    assert_eq!(refusal(world.whose(token).await), "200001");
}

#[tokio::test]
async fn a_key_and_a_request_may_ask_for_less_and_for_no_more() {
    let world = World::start().await;
    world
        .enter(account("erp", &[given("integrator", &[])]))
        .await
        .unwrap();
    let narrow = pb::ServiceAccountKey {
        permissions: vec!["stock.write".into(), "stock.read".into(), "users.write".into()],
        ..Default::default()
    };
    let made = world.make_key("erp", narrow).await.unwrap();
    assert_eq!(
        made.key.unwrap().permissions,
        ["stock.read", "stock.write", "users.write"],
        "in the order of the contract"
    );
    let ask = |scope: &str| pb::IssueServiceAccountTokenRequest {
        scope: scope.into(),
        ..credentials(ERP, &made.client_secret)
    };
    for (scope, expected) in [
        ("", "stock.read stock.write"),
        ("stock.read", "stock.read"),
        (" stock.read  sales.read ", "stock.read"),
        ("sales.read", ""),
    ] {
        let issued = world.exchange(ask(scope)).await.unwrap();
        assert_eq!(issued.scope, expected, "{scope:?}");
        let token = &issued.access_token;
        for permission in [
            Permission::StockRead,
            Permission::SalesRead,
            Permission::UsersWrite,
        ] {
            let is_in = expected.split(' ').any(|name| name == permission.name());
            assert_eq!(
                world.allows(token, permission, Reach::Tenant),
                is_in,
                "{scope:?} {permission:?}"
            );
        }
    }
    let unknown = world.exchange(ask("stock.read everything")).await;
    assert_eq!(refusal(unknown), "300001 scope");
}

#[tokio::test]
async fn every_refusal_is_the_same_and_slows_the_address_alone() {
    let world = World::start().await;
    let cashier = [given("cashier", &[])];
    for name in ["erp", "shop"] {
        world.enter(account(name, &cashier)).await.unwrap();
    }
    let (key, others) = (world.key("erp").await, world.key("shop").await);
    for (client, secret) in [
        (ERP, others.as_str()),
        (ERP, "ksa_wrong"),
        ("Q7301.nobody", &key),
        ("Q7302.erp", &key),
        ("Q7301", &key),
        ("Q7301.", &key),
        ("no tenant.erp", &key),
    ] {
        let refused = world.exchange(credentials(client, secret)).await.unwrap_err();
        assert_eq!(
            refused.message(),
            "username, password or tenant is wrong",
            "{client}"
        );
        assert_eq!(refusal(Err::<(), _>(refused)), "200001", "{client}");
    }
    let missing = world.exchange(credentials("", "")).await;
    assert_eq!(refusal(missing), "300001 client_id,client_secret");
    let guess = async |address: &str, key: &str| {
        let request = at(address, credentials(ERP, key));
        world.services().issue_service_account_token(request).await
    };
    for _ in 0..50 {
        assert_eq!(refusal(guess("203.0.113.9", "wrong").await), "200001");
    }
    assert_eq!(pause(guess("203.0.113.9", "wrong").await), 1);
    assert_eq!(refusal(guess("203.0.113.10", "wrong").await), "200001");
    guess("203.0.113.9", &key).await.unwrap();
}

#[tokio::test]
async fn a_token_ends_with_its_key_and_its_account() {
    let mut world = World::start().await;
    let mut erp = account("erp", &[given("integrator", &[])]);
    erp.expires_at = Some("2026-06-11T14:53:09+09:00".into());
    let entered = world.enter(erp.clone()).await.unwrap();
    assert!(entered.expires_at.unwrap().starts_with("2026-06-11T14:53:09"));
    let short = pb::ServiceAccountKey {
        expires_at: Some("2026-06-11T14:13:09+09:00".into()),
        ..Default::default()
    };
    let short = world.make_key("erp", short).await.unwrap().client_secret;
    let long = world.key("erp").await;
    let issued = world.exchange(credentials(ERP, &short)).await.unwrap();
    assert_eq!(issued.expires_in, 600);
    assert_eq!(
        world.exchange(credentials(ERP, &long)).await.unwrap().expires_in,
        1800
    );
    world.clock.advance(600);
    assert_eq!(refusal(world.whose(&issued.access_token).await), "200001");
    assert_eq!(refusal(world.exchange(credentials(ERP, &short)).await), "200001");
    world.clock.advance(1800);
    let last = world.exchange(credentials(ERP, &long)).await.unwrap();
    assert_eq!(last.expires_in, 600);
    world.clock.advance(600);
    assert_eq!(refusal(world.exchange(credentials(ERP, &long)).await), "200001");
    // A day that is named alone ends with its last moment.
    erp.expires_at = Some("2026-06-11".into());
    let ending = world.amend(erp).await.unwrap().expires_at.unwrap();
    assert!(ending.starts_with("2026-06-12T00:00:00"), "{ending}");
    assert!(world.exchange(credentials(ERP, &long)).await.is_ok());
    world.clock.advance(24 * 3_600);
    assert_eq!(refusal(world.exchange(credentials(ERP, &long)).await), "200001");
}

#[tokio::test]
async fn a_key_is_shown_to_who_made_it_and_to_nobody_else() {
    let world = World::start().await;
    world.enter(account("erp", &[])).await.unwrap();
    let message = pb::CreateServiceAccountKeyRequest {
        name: "erp".into(),
        key: None,
    };
    let ask = || {
        let mut request = world.owner(message.clone());
        request.metadata_mut().insert(REQUEST_ID, "k-1".parse().unwrap());
        request
    };
    let mut services = world.services();
    let made = services
        .create_service_account_key(ask())
        .await
        .unwrap()
        .into_inner();
    let again = services
        .create_service_account_key(ask())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, made);
    let keys = world.keys("erp").await;
    assert_eq!(keys.len(), 1);
    assert!(!format!("{keys:?}").contains(&made.client_secret[4..]));
    assert_eq!(keys[0].last_used_at, None);
    world.erp_token(&made.client_secret).await;
    let used = world.last_use().await;
    assert!(used.starts_with("2026-06-11T14:03:09"), "{used}");
    // Known to the hour: the next uses write nothing.
    world.clock.advance(3_599);
    world.erp_token(&made.client_secret).await;
    world.told_of_erp(pb::SecurityEventKind::Login, 1).await;
    assert_eq!(world.last_use().await, used);
    world.clock.advance(1);
    world.erp_token(&made.client_secret).await;
    let limit = std::time::Duration::from_secs(5);
    kugel_stand::eventually(limit, async || (world.last_use().await != used).then_some(())).await;
}

impl World {
    /// Waits until it is stored: a token does not.
    async fn last_use(&self) -> String {
        let limit = std::time::Duration::from_secs(5);
        kugel_stand::eventually(limit, async || self.keys("erp").await[0].last_used_at.clone()).await
    }

    /// Waits until the security log tells as often of the account.
    pub(crate) async fn told_of_erp(&self, kind: pb::SecurityEventKind, count: usize) {
        let request = || {
            self.owner(pb::ListSecurityEventsRequest {
                kind: Some(kind.into()),
                subject: Some("service_account:erp".into()),
                ..Default::default()
            })
        };
        let limit = std::time::Duration::from_secs(5);
        kugel_stand::eventually(limit, async || {
            let mut client = self.client.clone();
            let events = client.list_security_events(request()).await.unwrap().into_inner();
            (events.events.len() == count).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn accounts_and_keys_are_named_and_counted() {
    let world = World::start().await;
    for (wrong, field) in [
        (account("ERP", &[]), "300001 service_account.name"),
        (
            account("erp", &[given("owner", &[])]),
            "300001 service_account.roles",
        ),
        (
            account("erp", &[given("nothing", &[])]),
            "300001 service_account.roles[0].role",
        ),
        (
            pb::ServiceAccount {
                expires_at: Some("soon".into()),
                ..account("erp", &[])
            },
            "300001 service_account.expires_at",
        ),
    ] {
        assert_eq!(refusal(world.enter(wrong).await), field);
    }
    assert_eq!(refusal(world.amend(account("erp", &[])).await), "100001");
    for name in ["zoo", "erp", "abc"] {
        world.enter(account(name, &[])).await.unwrap();
    }
    assert_eq!(refusal(world.enter(account("erp", &[])).await), "500005");
    let all = world.owner(pb::ListServiceAccountsRequest {});
    let listed = world.services().list_service_accounts(all).await.unwrap();
    let listed = listed.into_inner().service_accounts;
    let names: Vec<_> = listed.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["abc", "erp", "zoo"]);
    let read = pb::GetServiceAccountRequest { name: "zoo".into() };
    let read = world
        .services()
        .get_service_account(world.owner(read))
        .await
        .unwrap();
    assert_eq!(read.into_inner().service_account.unwrap().client_id, "Q7301.zoo");

    let wrong = pb::ServiceAccountKey {
        permissions: vec!["stock.read".into(), "self".into()],
        expires_at: Some("later".into()),
        ..Default::default()
    };
    let wrong = world.make_key("erp", wrong).await;
    assert_eq!(refusal(wrong), "300001 key.permissions[1],key.expires_at");
    for _ in 0..10 {
        world.key("erp").await;
    }
    let one_more = world.make_key("erp", pb::ServiceAccountKey::default()).await;
    assert_eq!(refusal(one_more), "300004");
    assert_eq!(world.keys("erp").await.len(), 10);
    assert_eq!(
        refusal(world.make_key("nobody", pb::ServiceAccountKey::default()).await),
        "100001"
    );
}
