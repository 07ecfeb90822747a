//! Calls behind the whole server stack: credentials, tokens and repetitions.

use kugel_error::reason_of;
use kugel_proto::terminal::v1::*;
use tonic::{Code, Status};

use crate::world::{self, Credential, World};

#[track_caller]
fn refused<T>(result: Result<T, Status>, reason: &str) {
    match result {
        Ok(_) => panic!("expected {reason}"),
        Err(status) => assert_eq!(
            reason_of(&status).map(|spec| spec.reason),
            Some(reason),
            "{status}"
        ),
    }
}

#[tokio::test]
async fn a_terminal_opens_with_its_key_and_goes_on_with_its_token() {
    let world = World::start().await;
    let (id, key) = world.enter_terminal(4).await;
    let as_key = Credential::ApiKey(&id, &key);

    // Without a terminal id in the body, the terminal is the one that calls: the seed's `/terminals/open`.
    let open = OpenTerminalRequest {
        terminal_id: String::new(),
        initial_amount: Some(world::decimal("20000")),
    };
    let answer = world
        .sessions()
        .open_terminal(world.request(as_key, open))
        .await
        .unwrap();
    let token = answer
        .metadata()
        .get("x-new-token")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let opened = answer.into_inner();
    assert_eq!(
        (
            opened.terminal_id.as_str(),
            opened.open_counter,
            opened.business_counter
        ),
        (id.as_str(), 1, 1)
    );
    assert_eq!(opened.terminal_info.unwrap().api_key, None);

    let mode = UpdateFunctionModeRequest {
        terminal_id: id.clone(),
        function_mode: "Sales".to_owned(),
    };
    let request = world.request(Credential::Bearer(&token), mode);
    let terminal = world
        .terminals()
        .update_function_mode(request)
        .await
        .unwrap()
        .into_inner()
        .terminal;
    assert_eq!(terminal.unwrap().function_mode, "Sales");
}

#[tokio::test]
async fn a_key_is_shown_once_and_exchanged_for_a_token() {
    let world = World::start().await;
    let (id, key) = world.enter_terminal(4).await;
    let get = GetTerminalRequest {
        terminal_id: id.clone(),
    };
    let request = world.request(Credential::ApiKey(&id, &key), get);
    let shown = world
        .terminals()
        .get_terminal(request)
        .await
        .unwrap()
        .into_inner()
        .terminal
        .unwrap();
    assert_eq!((shown.api_key, shown.staff), (None, None));

    for named in [id.as_str(), ""] {
        let message = IssueTerminalTokenRequest {
            terminal_id: named.to_owned(),
        };
        let request = world.request(Credential::ApiKey(named, &key), message);
        let issued = world
            .terminals()
            .issue_terminal_token(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (issued.token_type.as_str(), issued.expires_in),
            ("bearer", 86_400)
        );
    }
    let message = IssueTerminalTokenRequest {
        terminal_id: id.clone(),
    };
    let request = world.request(Credential::ApiKey(&id, "wrong"), message.clone());
    refused(
        world.terminals().issue_terminal_token(request).await,
        "UNAUTHENTICATED",
    );
    refused(
        world
            .terminals()
            .issue_terminal_token(world.request(Credential::None, message))
            .await,
        "UNAUTHENTICATED",
    );
}

#[tokio::test]
async fn a_rotated_key_is_refused_at_once() {
    let world = World::start().await;
    let (id, key) = world.enter_terminal(4).await;
    let get = |key| {
        world.request(
            Credential::ApiKey(&id, key),
            GetTerminalRequest {
                terminal_id: id.clone(),
            },
        )
    };
    world.terminals().get_terminal(get(&key)).await.unwrap();
    let rotate = world.request(
        Credential::Owner,
        RotateApiKeyRequest {
            terminal_id: id.clone(),
        },
    );
    let fresh = world
        .terminals()
        .rotate_api_key(rotate)
        .await
        .unwrap()
        .into_inner()
        .terminal
        .unwrap();
    refused(world.terminals().get_terminal(get(&key)).await, "UNAUTHENTICATED");
    world
        .terminals()
        .get_terminal(get(&fresh.api_key.unwrap()))
        .await
        .unwrap();
}

#[tokio::test]
async fn terminals_act_for_themselves_and_tenants_for_their_own() {
    let world = World::start().await;
    let (one, key) = world.enter_terminal(4).await;
    let (other, _) = world.enter_terminal(5).await;
    let open = |id: &str| OpenTerminalRequest {
        terminal_id: id.to_owned(),
        initial_amount: None,
    };
    let request = world.request(Credential::ApiKey(&one, &key), open(&other));
    refused(world.sessions().open_terminal(request).await, "PERMISSION_DENIED");

    let foreign = GetTerminalRequest {
        terminal_id: one.clone(),
    };
    refused(
        world
            .terminals()
            .get_terminal(world.request(Credential::Stranger, foreign))
            .await,
        "NOT_FOUND",
    );
    let tenant = GetTenantRequest {
        tenant_id: world::TENANT.to_owned(),
    };
    refused(
        world
            .tenants()
            .get_tenant(world.request(Credential::Stranger, tenant))
            .await,
        "SCOPE_MISMATCH",
    );
    let delete = DeleteTenantRequest {
        tenant_id: String::new(),
    };
    refused(
        world
            .tenants()
            .delete_tenant(world.request(Credential::Owner, delete))
            .await,
        "INVALID_INPUT",
    );
    let nameless = world.request(Credential::Owner, open(""));
    refused(world.sessions().open_terminal(nameless).await, "INVALID_INPUT");
}

#[tokio::test]
async fn cash_moves_once_however_often_its_request_comes() {
    let world = World::start().await;
    let (id, key) = world.enter_terminal(4).await;
    world.sign_in(&id).await;
    let open = OpenTerminalRequest {
        terminal_id: id.clone(),
        initial_amount: Some(world::decimal("20000")),
    };
    world
        .sessions()
        .open_terminal(world.request(Credential::Owner, open))
        .await
        .unwrap();
    let cash_out = |amount: &str| {
        let amount = Some(world::decimal(amount));
        let message = RecordCashOutRequest {
            terminal_id: String::new(),
            amount,
            description: None,
        };
        let mut request = world.request(Credential::ApiKey(&id, &key), message);
        request.metadata_mut().insert("request_id", "7f".parse().unwrap());
        request
    };
    let first = world
        .sessions()
        .record_cash_out(cash_out("3000"))
        .await
        .unwrap()
        .into_inner();
    let second = world
        .sessions()
        .record_cash_out(cash_out("3000"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, second);
    refused(
        world.sessions().record_cash_out(cash_out("3001")).await,
        "REQUEST_REFUSED",
    );

    let logs = world.logs().await;
    let amounts: Vec<_> = logs
        .iter()
        .filter_map(|log| log.amount.as_ref())
        .map(|one| one.value.as_str())
        .collect();
    assert_eq!(amounts, ["20000", "-3000"]);
}

#[tokio::test]
async fn a_service_that_is_away_is_named() {
    let world = World::start().await;
    let create = CreateTenantRequest {
        tenant_id: "Q9999".to_owned(),
        tenant_name: "Fig".to_owned(),
        tags: Vec::new(),
    };
    let answer = world
        .tenants()
        .create_tenant(world.request(Credential::Stranger, create))
        .await;
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("master-data"), "{status}");
    refused::<()>(Err(status), "TERMINAL_NEIGHBOUR_FAILED");
}
