//! Staff, categories, payment methods and the set-up of a tenant.

use kugel_config::Compatibility;
use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::category_service_client::CategoryServiceClient;
use kugel_proto::master_data::v1::payment_service_client::PaymentServiceClient;
use kugel_proto::master_data::v1::staff_service_client::StaffServiceClient;
use kugel_proto::master_data::v1::tenant_setup_service_client::TenantSetupServiceClient;

use crate::world::{TENANT, World, decimal, fields_of, refusal};

#[tokio::test]
async fn a_pin_is_checked_and_never_shown() {
    let world = World::start();
    let mut client = StaffServiceClient::new(world.channel.clone());
    let mori = pb::CreateStaffRequest {
        tenant_id: TENANT.into(),
        staff: Some(pb::StaffEntry {
            id: "31".into(),
            name: "Mori".into(),
            pin: "8080".into(),
            roles: vec!["cashier".into(), "lead".into()],
        }),
    };
    let staff = client
        .create_staff(world.user(mori.clone()))
        .await
        .unwrap()
        .into_inner()
        .staff
        .unwrap();
    assert!(!format!("{staff:?}").contains("8080"));
    assert_eq!(
        refusal(client.create_staff(world.user(mori.clone())).await),
        "500005"
    );
    let nothing = pb::CreateStaffRequest {
        tenant_id: TENANT.into(),
        ..Default::default()
    };
    assert_eq!(
        refusal(client.create_staff(world.user(nothing)).await),
        fields_of("staff", "id,name,pin")
    );

    let verify = |staff_id: &str, pin: &str| pb::VerifyStaffPinRequest {
        tenant_id: TENANT.into(),
        staff_id: staff_id.into(),
        pin: pin.into(),
    };
    let answer = client
        .verify_staff_pin(world.service(verify("31", "8080")))
        .await
        .unwrap();
    assert_eq!(answer.into_inner().staff.unwrap().name, "Mori");
    for (staff_id, pin) in [("31", "8081"), ("32", "8080"), ("31", "")] {
        assert_eq!(
            refusal(
                client
                    .verify_staff_pin(world.service(verify(staff_id, pin)))
                    .await
            ),
            "200001"
        );
    }
    assert_eq!(
        refusal(client.verify_staff_pin(world.user(verify("31", "8080"))).await),
        "200001"
    );

    let update = pb::UpdateStaffRequest {
        tenant_id: TENANT.into(),
        staff: Some(pb::StaffEntry {
            id: "31".into(),
            name: "Mori".into(),
            pin: "9090".into(),
            roles: Vec::new(),
        }),
    };
    client.update_staff(world.user(update)).await.unwrap();
    assert!(
        client
            .verify_staff_pin(world.service(verify("31", "9090")))
            .await
            .is_ok()
    );
    let delete = pb::DeleteStaffRequest {
        tenant_id: TENANT.into(),
        id: "31".into(),
    };
    client.delete_staff(world.user(delete)).await.unwrap();
    assert_eq!(
        refusal(client.verify_staff_pin(world.service(verify("31", "9090"))).await),
        "200001"
    );
    assert_eq!(world.announced(), vec!["Staff 31"; 3]);
}

#[tokio::test]
async fn a_new_pin_has_four_characters_but_for_older_clients() {
    let entry = |pin: &str| pb::StaffEntry {
        id: "31".into(),
        name: "Mori".into(),
        pin: pin.into(),
        roles: Vec::new(),
    };
    let create = |pin: &str| pb::CreateStaffRequest {
        tenant_id: TENANT.into(),
        staff: Some(entry(pin)),
    };
    let update = |pin: &str| pb::UpdateStaffRequest {
        tenant_id: TENANT.into(),
        staff: Some(entry(pin)),
    };
    let world = World::start();
    let mut client = StaffServiceClient::new(world.channel.clone());
    for pin in ["1", "123", "\u{65e5}\u{672c}\u{8a9e}"] {
        let refused = client.create_staff(world.user(create(pin))).await;
        assert_eq!(refusal(refused), fields_of("staff", "pin"), "{pin}");
    }
    client.create_staff(world.user(create("1234"))).await.unwrap();
    let refused = client.update_staff(world.user(update("123"))).await;
    assert_eq!(refusal(refused), fields_of("staff", "pin"));
    client.update_staff(world.user(update("4321"))).await.unwrap();

    let world = World::start_with(|settings| settings.compatibility = Compatibility::Legacy);
    let mut client = StaffServiceClient::new(world.channel.clone());
    client.create_staff(world.user(create("1"))).await.unwrap();
    client.update_staff(world.user(update("2"))).await.unwrap();
    let refused = client.update_staff(world.user(update(""))).await;
    assert_eq!(refusal(refused), fields_of("staff", "pin"));
}

#[tokio::test]
async fn a_category_is_replaced_as_a_whole() {
    let world = World::start();
    let mut client = CategoryServiceClient::new(world.channel.clone());
    let bakery = pb::CreateCategoryRequest {
        tenant_id: TENANT.into(),
        category: Some(pb::Category {
            category_code: "710".into(),
            description: Some("Bakery".into()),
            description_short: Some(String::new()),
            tax_code: "11".into(),
            ..Default::default()
        }),
    };
    client.create_category(world.user(bakery)).await.unwrap();
    let update = |category: &pb::Category| {
        world.user(pb::UpdateCategoryRequest {
            tenant_id: TENANT.into(),
            category: Some(category.clone()),
        })
    };
    let half = pb::Category {
        category_code: "710".into(),
        description: Some("Bread".into()),
        ..Default::default()
    };
    let refused = refusal(client.update_category(update(&half)).await);
    assert_eq!(refused, fields_of("category", "description_short,tax_code"));
    let whole = pb::Category {
        description_short: Some("B".into()),
        tax_code: "01".into(),
        ..half
    };
    let unknown = pb::Category {
        category_code: "999".into(),
        ..whole.clone()
    };
    assert_eq!(refusal(client.update_category(update(&unknown)).await), "100001");
    let category = client
        .update_category(update(&whole))
        .await
        .unwrap()
        .into_inner()
        .category
        .unwrap();
    assert_eq!(
        (category.description(), category.tax_code.as_str()),
        ("Bread", "01")
    );
    assert_eq!(world.announced(), vec!["Category 710"; 2]);
}

#[tokio::test]
async fn a_payment_method_says_all_it_can() {
    let world = World::start();
    let mut client = PaymentServiceClient::new(world.channel.clone());
    let empty = pb::CreatePaymentRequest {
        tenant_id: TENANT.into(),
        ..Default::default()
    };
    assert_eq!(
        refusal(client.create_payment(world.user(empty)).await),
        fields_of(
            "payment",
            "payment_code,description,limit_amount,can_refund,can_deposit_over,can_change,is_active"
        )
    );
    let cash = pb::CreatePaymentRequest {
        tenant_id: TENANT.into(),
        payment: Some(pb::Payment {
            payment_code: "01".into(),
            description: Some("Cash".into()),
            limit_amount: decimal("0"),
            can_refund: Some(true),
            can_deposit_over: Some(true),
            can_change: Some(true),
            is_active: Some(false),
            ..Default::default()
        }),
    };
    client.create_payment(world.user(cash)).await.unwrap();
    let list = pb::ListPaymentsRequest {
        tenant_id: TENANT.into(),
        ..Default::default()
    };
    let payments = client
        .list_payments(world.user(list))
        .await
        .unwrap()
        .into_inner()
        .payments;
    assert!(
        payments[0].can_change() && !payments[0].is_active(),
        "inactive methods are listed"
    );
    let delete = pb::DeletePaymentRequest {
        tenant_id: TENANT.into(),
        payment_code: "01".into(),
    };
    client.delete_payment(world.user(delete.clone())).await.unwrap();
    assert_eq!(refusal(client.delete_payment(world.user(delete)).await), "100001");
    assert_eq!(world.announced(), vec!["Payment 01"; 2]);
}

#[tokio::test]
async fn set_up_may_be_repeated_for_the_own_tenant_only() {
    let world = World::start();
    let mut client = TenantSetupServiceClient::new(world.channel.clone());
    let set_up = |tenant: &str| pb::SetUpTenantRequest {
        tenant_id: tenant.into(),
    };
    for _ in 0..2 {
        let answer = client.set_up_tenant(world.user(set_up(TENANT))).await.unwrap();
        assert_eq!(answer.into_inner().tenant_id, TENANT);
    }
    assert_eq!(
        refusal(client.set_up_tenant(world.user(set_up("Q9999"))).await),
        "100000 tenant_id"
    );
    assert_eq!(
        refusal(client.set_up_tenant(world.user(set_up(""))).await),
        "300001 tenant_id"
    );
}
