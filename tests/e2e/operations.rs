//! The port for who looks after Kugel: what it shows, and what the main port does not.

use std::collections::BTreeSet;

use http::Method;
use kugel_testkit::{Door, ServerProcess, contract};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::crash::PROGRAM;

#[tokio::test]
async fn reflection_lists_every_service_and_describes_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(PROGRAM, folder.path()).await;
    let mut public = ServerReflectionClient::new(server.grpc(Door::Native).transport());
    let question = tokio_stream::once(ServerReflectionRequest::default());
    let refused = public.server_reflection_info(question).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unimplemented);
    let mut client = ServerReflectionClient::new(server.operations.grpc(Door::Native).transport());
    let mut ask = async |question: MessageRequest| {
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(question),
        };
        let request = tokio_stream::once(request);
        let mut answers = client.server_reflection_info(request).await.unwrap().into_inner();
        answers
            .message()
            .await
            .unwrap()
            .unwrap()
            .message_response
            .unwrap()
    };
    let MessageResponse::ListServicesResponse(list) = ask(MessageRequest::ListServices(String::new())).await
    else {
        panic!("no list")
    };
    let listed: BTreeSet<_> = list.service.into_iter().map(|service| service.name).collect();
    for rpc in contract() {
        let name = rpc.descriptor.parent_service().full_name().to_owned();
        assert!(listed.contains(&name), "{name} is not listed");
    }
    assert!(listed.contains("grpc.health.v1.Health"), "{listed:?}");
    let question = MessageRequest::FileContainingSymbol("kugel.cart.v1.CartService".to_owned());
    assert!(matches!(
        ask(question).await,
        MessageResponse::FileDescriptorResponse(_)
    ));
}

#[tokio::test]
async fn invented_names_make_no_labels() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::start_single(PROGRAM, folder.path()).await;
    let till = server.tenant().await.store("tk01").await.till(1).await;
    till.cart().await;
    let grpc = |kind: &'static str, path: String| {
        let root = server.root().bearer(&till.token);
        async move { root.raw(Method::POST, &path, kind, vec![0; 5]).await }
    };
    for number in 0..5 {
        for service in [
            "kugel.cart.v1.CartService",
            "kugel.stock.v1.StockService",
            "any.Service",
        ] {
            for kind in ["application/grpc", "application/grpc-web+proto"] {
                grpc(kind, format!("/{service}/Invented{number}")).await;
            }
        }
        till.rest().get(&format!("/invented{number}")).await;
    }
    server.root().get("/metrics").await.refused(404, "100001");
    let metrics = server.operations.root().get("/metrics").await.text;
    assert!(!metrics.to_lowercase().contains("invented"), "{metrics}");
    assert!(metrics.contains(r#"method="other""#), "{metrics}");
    assert!(metrics.contains(r#"method="/kugel.cart.v1.CartService/CreateCart""#));
    server.stop().await;
}
