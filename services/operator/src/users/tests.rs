use kugel_proto::account::v1 as pb;
use kugel_rpc::Channel;
use tempfile::TempDir;

use super::*;

fn settings(folder: &TempDir) -> Settings {
    let mut settings = Settings::for_test();
    settings.data_dir = folder.path().to_owned();
    settings
}

fn client(host: &Host) -> AccountServiceClient<Channel> {
    AccountServiceClient::over(host.neighbours().channel(kugel_account::NAME))
}

fn login(password: &str) -> pb::IssueTokenRequest {
    pb::IssueTokenRequest {
        username: "hq-owner".into(),
        password: password.into(),
        client_id: "Q7301".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_reset_by_the_operator_needs_nobodys_password() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(settings(&folder), Arc::new(SystemClock))
        .await
        .unwrap();
    let registration = pb::RegisterTenantRequest {
        username: "hq-owner".into(),
        password: "plum-Tree-9".into(),
        tenant_id: Some("Q7301".into()),
        invitation_code: None,
    };
    client(&host).register_tenant(registration).await.unwrap();
    host.stop().await;

    let tenant: TenantId = "Q7301".parse().unwrap();
    with(open(settings(&folder)).await.unwrap(), async |host| {
        let password = reset(host, &tenant, "hq-owner").await?;
        let error = reset(host, &tenant, "nobody").await.unwrap_err().to_string();
        assert!(error.contains("nobody is not found"), "{error}");
        let old = client(host).issue_token(login("plum-Tree-9")).await.unwrap_err();
        assert_eq!(kugel_error::reason_of(&old).unwrap().code, "200001");
        let temporary = client(host).issue_token(login(&password)).await.unwrap_err();
        assert_eq!(kugel_error::reason_of(&temporary).unwrap().code, "200004");
        Ok(())
    })
    .await
    .unwrap();

    let reset = |tenant: &str| Options {
        command: Command::ResetPassword {
            tenant: tenant.to_owned(),
            username: "hq-owner".to_owned(),
        },
    };
    run(settings(&folder), reset("Q7301")).await.unwrap();
    let error = run(settings(&folder), reset("Q7302"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("no tenant Q7302"), "{error}");
}
