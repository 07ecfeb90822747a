//! Settings: stored in one form, resolved from the closest value.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::setting_service_client::SettingServiceClient;

use crate::world::{TENANT, World, fields_of, refusal};

fn value(store: Option<&str>, terminal_no: Option<i32>, value: Option<&str>) -> pb::SettingValue {
    pb::SettingValue {
        store_code: store.map(Into::into),
        terminal_no,
        value: value.map(Into::into),
    }
}

fn footers(values: Vec<pb::SettingValue>) -> pb::CreateSettingRequest {
    pb::CreateSettingRequest {
        tenant_id: TENANT.into(),
        setting: Some(pb::Setting {
            name: "RECEIPT_FOOTERS".into(),
            default_value: Some("[{'text': 'See you', 'align': 'center'}]".into()),
            values,
            ..Default::default()
        }),
    }
}

#[tokio::test]
async fn values_for_everywhere_are_stored_listed_and_resolved() {
    let world = World::start();
    let mut client = SettingServiceClient::new(world.channel.clone());
    let lane = r#"[{"text":"Lane 4"}]"#;
    let values = vec![
        value(None, None, Some("[{'text': 'everywhere'}]")),
        value(Some("tk01"), None, Some("[]")),
        value(Some("tk01"), Some(4), Some(lane)),
    ];
    let answer = client.create_setting(world.user(footers(values))).await.unwrap();
    let setting = answer.into_inner().setting.unwrap();
    assert_eq!(
        setting.default_value(),
        r#"[{"text": "See you", "align": "center"}]"#
    );
    assert_eq!(
        setting.values[2].value.as_deref(),
        Some(r#"[{"text": "Lane 4"}]"#)
    );
    let list = pb::ListSettingsRequest {
        tenant_id: TENANT.into(),
        ..Default::default()
    };
    assert_eq!(
        client
            .list_settings(world.user(list))
            .await
            .unwrap()
            .into_inner()
            .settings,
        [setting]
    );

    let ask = |name: &str, store: &str, terminal_no| pb::GetSettingValueRequest {
        tenant_id: TENANT.into(),
        name: name.into(),
        store_code: store.into(),
        terminal_no,
    };
    for (store, terminal, expected) in [
        ("tk01", 4, r#"[{"text": "Lane 4"}]"#),
        ("tk01", 9, "[]"),
        ("tk02", 4, r#"[{"text": "everywhere"}]"#),
    ] {
        let request = world.user(ask("RECEIPT_FOOTERS", store, Some(terminal)));
        assert_eq!(
            client
                .get_setting_value(request)
                .await
                .unwrap()
                .into_inner()
                .value,
            expected
        );
    }
    let refused = refusal(
        client
            .get_setting_value(world.user(ask("RECEIPT_FOOTERS", "", None)))
            .await,
    );
    assert_eq!(refused, "300001 store_code,terminal_no");
    assert_eq!(
        refusal(
            client
                .get_setting_value(world.user(ask("OTHER", "tk01", Some(1))))
                .await
        ),
        "100001"
    );
}

#[tokio::test]
async fn an_update_replaces_all_values() {
    let world = World::start();
    let mut client = SettingServiceClient::new(world.channel.clone());
    let bad = footers(vec![
        value(None, None, Some("[]")),
        value(Some("a b"), Some(0), None),
    ]);
    assert_eq!(
        refusal(client.create_setting(world.user(bad)).await),
        fields_of(
            "setting",
            "values[1].store_code,values[1].terminal_no,values[1].value"
        )
    );
    client
        .create_setting(world.user(footers(vec![value(None, None, Some("[]"))])))
        .await
        .unwrap();
    let update = pb::UpdateSettingRequest {
        tenant_id: TENANT.into(),
        setting: Some(pb::Setting {
            name: "RECEIPT_FOOTERS".into(),
            default_value: Some(String::new()),
            ..Default::default()
        }),
    };
    let setting = client
        .update_setting(world.user(update))
        .await
        .unwrap()
        .into_inner()
        .setting
        .unwrap();
    assert!(setting.values.is_empty() && setting.default_value().is_empty());
    let delete = pb::DeleteSettingRequest {
        tenant_id: TENANT.into(),
        name: "RECEIPT_FOOTERS".into(),
    };
    client.delete_setting(world.user(delete)).await.unwrap();
    assert_eq!(world.announced(), vec!["Setting RECEIPT_FOOTERS"; 3]);
}

#[tokio::test]
async fn a_value_that_nobody_could_read_is_refused_when_it_is_saved() {
    let world = World::start();
    let mut client = SettingServiceClient::new(world.channel.clone());
    let mut save = async |default: &str, there: &str| {
        let request = pb::CreateSettingRequest {
            tenant_id: TENANT.into(),
            setting: Some(pb::Setting {
                name: "STAMP_DUTY_TABLE".into(),
                default_value: Some(default.into()),
                values: vec![value(Some("tk01"), None, Some(there))],
                ..Default::default()
            }),
        };
        client.create_setting(world.user(request)).await
    };
    assert_eq!(
        refusal(save("none", "[{'duty': 200}]").await),
        fields_of("setting", "default_value,values[0].value")
    );
    save("", "[{'target_amount': 50000, 'duty': 200}]").await.unwrap();
}
