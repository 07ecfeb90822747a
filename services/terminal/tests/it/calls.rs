//! Calls behind the whole server stack: credentials, tokens and repetitions.

use kugel_error::codes;
use kugel_proto::terminal::v1::*;
use kugel_stand::{Stand, api_key, decimal, refusal, repeatable};
use tonic::{Code, Request};

use crate::support::{World, denied};

/// Enters a till; gives its id and its key as a till presents them.
async fn till(world: &World, number: i32) -> (String, String) {
    let id = format!("Q7301-tk01-{number}");
    let (_, key) = world.enter_terminal(&id).await.unwrap();
    (id, key.reveal().to_owned())
}

#[tokio::test]
async fn a_terminal_opens_with_its_key_and_goes_on_with_its_token() {
    let world = World::with_store().await;
    let (id, key) = till(&world, 4).await;
    let open_by_nobody = OpenTerminalRequest {
        terminal_id: id.clone(),
        initial_amount: None,
    };
    let refused = world
        .sessions()
        .open_terminal(api_key(&id, &key, open_by_nobody))
        .await;
    assert_eq!(refusal(&refused.unwrap_err()).code, "406013");
    world.sign_in(&id.parse().unwrap()).await.unwrap();

    // Without a terminal id in the body, the terminal is the one that calls: the seed's `/terminals/open`.
    let open = OpenTerminalRequest {
        terminal_id: String::new(),
        initial_amount: decimal("20000"),
    };
    let answer = world
        .sessions()
        .open_terminal(api_key(&id, &key, open))
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
    let request = world.stand.till_by(&token, mode);
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
async fn only_the_till_itself_gets_a_fresh_token() {
    let world = World::with_store().await;
    let (id, key) = till(&world, 4).await;
    world.sign_in(&id.parse().unwrap()).await.unwrap();
    let open = OpenTerminalRequest {
        terminal_id: id.clone(),
        initial_amount: decimal("0"),
    };
    let close = CloseTerminalRequest {
        terminal_id: id.clone(),
        physical_amount: decimal("0"),
    };
    let stand = &world.stand;
    for (caller, is_till) in [
        (stand.user(open.clone()), false),
        (stand.service("report", open.clone()), false),
        (api_key(&id, &key, open), true),
    ] {
        let opened = world.sessions().open_terminal(caller).await.unwrap();
        assert_eq!(opened.metadata().contains_key("x-new-token"), is_till);
        let request = api_key(&id, &key, close.clone());
        let closed = world.sessions().close_terminal(request).await.unwrap();
        assert!(closed.metadata().contains_key("x-new-token"));
    }
}

#[tokio::test]
async fn a_key_is_shown_once_and_exchanged_for_a_token() {
    let world = World::with_store().await;
    let (id, key) = till(&world, 4).await;
    let get = GetTerminalRequest {
        terminal_id: id.clone(),
    };
    let request = api_key(&id, &key, get);
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
        let request = api_key(named, &key, message);
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
    let request = api_key(&id, "wrong", message.clone());
    denied(
        world.terminals().issue_terminal_token(request).await,
        &codes::UNAUTHENTICATED,
    );
    denied(
        world
            .terminals()
            .issue_terminal_token(Request::new(message))
            .await,
        &codes::UNAUTHENTICATED,
    );
}

#[tokio::test]
async fn a_rotated_key_is_refused_at_once() {
    let world = World::with_store().await;
    let (id, key) = till(&world, 4).await;
    let get = |key: &str| {
        let terminal_id = id.clone();
        api_key(&id, key, GetTerminalRequest { terminal_id })
    };
    world.terminals().get_terminal(get(&key)).await.unwrap();
    let rotate = world.stand.administrator(RotateApiKeyRequest {
        terminal_id: id.clone(),
    });
    let fresh = world
        .terminals()
        .rotate_api_key(rotate)
        .await
        .unwrap()
        .into_inner()
        .terminal
        .unwrap();
    denied(
        world.terminals().get_terminal(get(&key)).await,
        &codes::UNAUTHENTICATED,
    );
    world
        .terminals()
        .get_terminal(get(&fresh.api_key.unwrap()))
        .await
        .unwrap();
}

#[tokio::test]
async fn terminals_act_for_themselves_and_tenants_for_their_own() {
    let world = World::with_store().await;
    let (one, key) = till(&world, 4).await;
    let (other, _) = till(&world, 5).await;
    let open = |id: &str| OpenTerminalRequest {
        terminal_id: id.to_owned(),
        initial_amount: None,
    };
    let request = api_key(&one, &key, open(&other));
    denied(
        world.sessions().open_terminal(request).await,
        &codes::PERMISSION_DENIED,
    );

    let stranger = world.stand.in_tenant("Q9999");
    let foreign = GetTerminalRequest {
        terminal_id: one.clone(),
    };
    denied(
        world
            .terminals()
            .get_terminal(stranger.administrator(foreign))
            .await,
        &codes::NOT_FOUND,
    );
    let tenant = GetTenantRequest {
        tenant_id: "Q7301".to_owned(),
    };
    denied(
        world.tenants().get_tenant(stranger.administrator(tenant)).await,
        &codes::SCOPE_MISMATCH,
    );
    let delete = DeleteTenantRequest {
        tenant_id: String::new(),
    };
    denied(
        world
            .tenants()
            .delete_tenant(world.stand.administrator(delete))
            .await,
        &codes::INVALID_INPUT,
    );
    let nameless = world.stand.administrator(open(""));
    denied(
        world.sessions().open_terminal(nameless).await,
        &codes::INVALID_INPUT,
    );
}

#[tokio::test]
async fn cash_moves_once_however_often_its_request_comes() {
    let world = World::with_store().await;
    let (id, key) = till(&world, 4).await;
    world.others.staff_roles.lock().push("supervisor".to_owned());
    world.sign_in(&id.parse().unwrap()).await.unwrap();
    let open = OpenTerminalRequest {
        terminal_id: id.clone(),
        initial_amount: decimal("20000"),
    };
    world
        .sessions()
        .open_terminal(world.stand.administrator(open))
        .await
        .unwrap();
    let cash_out = |amount: &str| {
        let amount = decimal(amount);
        let message = RecordCashOutRequest {
            terminal_id: String::new(),
            amount,
            description: None,
        };
        repeatable("7f", api_key(&id, &key, message))
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
    denied(
        world.sessions().record_cash_out(cash_out("3001")).await,
        &codes::REQUEST_REFUSED,
    );

    let message = StreamLogsRequest {
        tenant_id: "Q7301".to_owned(),
        store_code: String::new(),
    };
    let request = world.stand.service("report", message);
    let mut logs = world.sessions().stream_logs(request).await.unwrap().into_inner();
    let mut amounts = Vec::new();
    while let Some(row) = logs.message().await.unwrap() {
        if let Some(stream_logs_response::Log::CashLog(log)) = row.log {
            amounts.push(log.amount.unwrap().value);
        }
    }
    assert_eq!(amounts, ["20000", "-3000"]);
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_at_once() {
    let world = World::with_store().await;
    let store = UpdateStoreRequest {
        store_code: "tk01".to_owned(),
        store_name: " ".to_owned(),
        business_date: Some("yesterday".to_owned()),
        currency: Some("yen".to_owned()),
        ..UpdateStoreRequest::default()
    };
    let status = world
        .stores()
        .update_store(world.stand.administrator(store))
        .await
        .unwrap_err();
    let fields = ["store_name", "business_date", "currency"];
    assert_eq!(refusal(&status), ("300001", 422, fields));
    let (id, key) = till(&world, 4).await;
    let cash = RecordCashInOutRequest {
        amount: decimal("1e999"),
        operation: Some("Payout".to_owned()),
        ..RecordCashInOutRequest::default()
    };
    let request = api_key(&id, &key, cash);
    let status = world.sessions().record_cash_in_out(request).await.unwrap_err();
    assert_eq!(refusal(&status), ("300001", 422, ["amount", "operation"]));
    let who = api_key(&id, &key, SignInTerminalRequest::default());
    let status = world.sessions().sign_in_terminal(who).await.unwrap_err();
    assert_eq!(refusal(&status), ("300001", 422, ["staff_id"]));
    let mode = UpdateFunctionModeRequest {
        terminal_id: id.clone(),
        function_mode: "Dancing".to_owned(),
    };
    let request = api_key(&id, &key, mode);
    let status = world.terminals().update_function_mode(request).await.unwrap_err();
    assert_eq!(refusal(&status), ("300001", 422, ["function_mode"]));
    let word = UpdateDeliveryStatusRequest {
        event_id: "1".to_owned(),
        status: "lost".to_owned(),
        ..UpdateDeliveryStatusRequest::default()
    };
    let request = world.stand.service("report", word);
    let status = world
        .sessions()
        .update_delivery_status(request)
        .await
        .unwrap_err();
    assert_eq!(refusal(&status), ("300001", 422, ["event_id", "status"]));
}

#[tokio::test]
async fn the_operation_gives_the_direction_and_else_the_sign() {
    let world = World::with_store().await;
    let (id, key) = till(&world, 4).await;
    world.others.staff_roles.lock().push("supervisor".to_owned());
    world.sign_in(&id.parse().unwrap()).await.unwrap();
    let open = OpenTerminalRequest::default();
    world
        .sessions()
        .open_terminal(api_key(&id, &key, open))
        .await
        .unwrap();
    for (operation, amount, expected) in [
        (None, "500", Some("500")),
        (None, "-500", Some("-500")),
        (Some("CashIn"), "500", Some("500")),
        (Some("CashOut"), "500", Some("-500")),
        (Some("CashOut"), "-500", None),
    ] {
        let cash = RecordCashInOutRequest {
            amount: decimal(amount),
            operation: operation.map(str::to_owned),
            ..RecordCashInOutRequest::default()
        };
        let request = api_key(&id, &key, cash);
        let answer = world.sessions().record_cash_in_out(request).await;
        match expected {
            Some(expected) => {
                let moved = answer.unwrap().into_inner().movement.unwrap();
                assert_eq!(moved.amount.unwrap().value, expected);
            }
            None => denied(answer, &codes::CASH_AMOUNT_INVALID),
        }
    }
}

#[tokio::test]
async fn a_service_that_is_away_is_named() {
    let stand = Stand::new(kugel_terminal::NAME, "Q9999", "2026-06-11T05:03:09Z");
    let channel = stand.serve(kugel_terminal::build(stand.deps()).unwrap());
    let create = CreateTenantRequest {
        tenant_id: "Q9999".to_owned(),
        tenant_name: "Fig".to_owned(),
        tags: Vec::new(),
    };
    let mut tenants = tenant_service_client::TenantServiceClient::new(channel);
    let answer = tenants.create_tenant(stand.administrator(create)).await;
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("master-data"), "{status}");
    denied::<()>(Err(status), &codes::TERMINAL_NEIGHBOUR_FAILED);
}
