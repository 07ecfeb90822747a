//! Taxes: those brought along, and a tenant's own over them.

use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::tax_service_client::TaxServiceClient;

use crate::world::{TENANT, World, decimal, fields_of, refusal};

fn list(page: i32, limit: i32, sort: &str) -> pb::ListTaxesRequest {
    pb::ListTaxesRequest {
        tenant_id: TENANT.into(),
        page: Some(page),
        limit: Some(limit),
        sort: Some(sort.into()),
    }
}

fn tax(tax_code: &str, tax_type: &str, rate: &str, method: &str) -> pb::Tax {
    pb::Tax {
        tax_code: tax_code.into(),
        tax_type: tax_type.into(),
        tax_name: "tax".into(),
        rate: decimal(rate),
        round_method: Some(method.into()),
        ..Default::default()
    }
}

fn update(tax_code: &str, rate: &str) -> pb::UpdateTaxRequest {
    pb::UpdateTaxRequest {
        tenant_id: TENANT.into(),
        tax: Some(tax(tax_code, "External", rate, "Round")),
    }
}

#[tokio::test]
async fn the_table_of_the_contract_is_there_from_the_start() {
    let world = World::start();
    let mut client = TaxServiceClient::new(world.channel.clone());
    let answer = client
        .list_taxes(world.user(list(1, 0, "tax_code:1")))
        .await
        .unwrap()
        .into_inner();
    let codes: Vec<_> = answer.taxes.iter().map(|tax| tax.tax_code.as_str()).collect();
    assert_eq!(codes, ["00", "01", "02", "11", "12"]);
    assert_eq!(
        (
            answer.taxes[0].round_method.as_deref(),
            answer.taxes[0].entry_datetime.as_deref()
        ),
        (None, None)
    );
    let sorted = client
        .list_taxes(world.user(list(2, 2, "rate:-1,tax_code:-1")))
        .await
        .unwrap()
        .into_inner();
    let codes: Vec<_> = sorted.taxes.iter().map(|tax| tax.tax_code.as_str()).collect();
    assert_eq!((codes, sorted.metadata.unwrap().total), (vec!["12", "11"], 5));
    assert_eq!(
        refusal(client.list_taxes(world.user(list(1, 0, "entry:1"))).await),
        "300001 sort"
    );
}

#[tokio::test]
async fn a_tenant_overrides_and_gives_back() {
    let world = World::start();
    let mut client = TaxServiceClient::new(world.channel.clone());
    let tax = client
        .update_tax(world.user(update("01", "12.5")))
        .await
        .unwrap()
        .into_inner()
        .tax
        .unwrap();
    assert_eq!((tax.rate, tax.entry_datetime.is_some()), (decimal("12.5"), true));
    let tax = client
        .update_tax(world.user(update("01", "13")))
        .await
        .unwrap()
        .into_inner()
        .tax
        .unwrap();
    assert!(tax.last_update_datetime.is_some());
    assert_eq!(
        refusal(client.update_tax(world.user(update("77", "1"))).await),
        "100001"
    );

    let delete = |tax_code: &str| pb::DeleteTaxRequest {
        tenant_id: TENANT.into(),
        tax_code: tax_code.into(),
    };
    client.delete_tax(world.user(delete("01"))).await.unwrap();
    let get = pb::GetTaxRequest {
        tenant_id: TENANT.into(),
        tax_code: "01".into(),
    };
    let tax = client
        .get_tax(world.user(get))
        .await
        .unwrap()
        .into_inner()
        .tax
        .unwrap();
    assert_eq!(tax.rate, decimal("10"));
    assert_eq!(
        refusal(client.delete_tax(world.user(delete("01"))).await),
        "300004"
    );
    assert_eq!(
        refusal(client.delete_tax(world.user(delete("77"))).await),
        "100001"
    );
    assert_eq!(world.announced(), vec!["Tax 01"; 3]);
}

#[tokio::test]
async fn own_taxes_are_checked() {
    let world = World::start();
    let mut client = TaxServiceClient::new(world.channel.clone());
    let new = |tax_code: &str, tax_type: &str, rate: &str, method: &str| pb::CreateTaxRequest {
        tenant_id: TENANT.into(),
        tax: Some(tax(tax_code, tax_type, rate, method)),
    };
    assert_eq!(
        refusal(
            client
                .create_tax(world.user(new("01", "External", "5", "Floor")))
                .await
        ),
        "500005"
    );
    let refused = refusal(client.create_tax(world.user(new("", "Both", "101", "Up"))).await);
    assert_eq!(refused, fields_of("tax", "tax_type,tax_code,rate,round_method"));
    assert_eq!(
        refusal(
            client
                .create_tax(world.user(new("05", "Exempt", "5", "Floor")))
                .await
        ),
        "300001 tax.rate"
    );
    client
        .create_tax(world.user(new("05", "Internal", "5", "Ceil")))
        .await
        .unwrap();
    assert_eq!(
        refusal(
            client
                .create_tax(world.user(new("05", "Internal", "5", "Ceil")))
                .await
        ),
        "500005"
    );
}
