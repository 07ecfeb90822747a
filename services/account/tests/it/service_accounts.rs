//! Service accounts: what their keys are worth, who makes them and what ends their tokens.

use kugel_auth::{Principal, Reach};
use kugel_proto::Permission;
use kugel_proto::account::v1 as pb;
use kugel_proto::account::v1::service_account_service_client::ServiceAccountServiceClient;
use kugel_rpc::Channel;
use tonic::{Request, Status};

use crate::roles::{given, role};
use crate::world::{OWNER, PASSWORD, TENANT, World, bearer, generation, refusal};

pub(crate) const ERP: &str = "Q7301.erp";

pub(crate) fn account(name: &str, roles: &[pb::RoleGrant]) -> pb::ServiceAccount {
    pb::ServiceAccount {
        name: name.into(),
        description: "of the test".into(),
        roles: roles.to_vec(),
        ..Default::default()
    }
}

pub(crate) fn credentials(client_id: &str, client_secret: &str) -> pb::IssueServiceAccountTokenRequest {
    pb::IssueServiceAccountTokenRequest {
        client_id: client_id.into(),
        client_secret: client_secret.into(),
        ..Default::default()
    }
}

impl World {
    pub(crate) fn services(&self) -> ServiceAccountServiceClient<Channel> {
        ServiceAccountServiceClient::new(self.channel.clone())
    }

    pub(crate) async fn enter(&self, account: pb::ServiceAccount) -> Result<pb::ServiceAccount, Status> {
        let message = pb::CreateServiceAccountRequest {
            service_account: Some(account),
        };
        let answer = self
            .services()
            .create_service_account(self.owner(message))
            .await?;
        Ok(answer.into_inner().service_account.unwrap())
    }

    pub(crate) async fn amend(&self, account: pb::ServiceAccount) -> Result<pb::ServiceAccount, Status> {
        let message = pb::UpdateServiceAccountRequest {
            service_account: Some(account),
        };
        let answer = self
            .services()
            .update_service_account(self.owner(message))
            .await?;
        Ok(answer.into_inner().service_account.unwrap())
    }

    pub(crate) async fn make_key(
        &self,
        name: &str,
        key: pb::ServiceAccountKey,
    ) -> Result<pb::CreateServiceAccountKeyResponse, Status> {
        let message = pb::CreateServiceAccountKeyRequest {
            name: name.into(),
            key: Some(key),
        };
        let answer = self
            .services()
            .create_service_account_key(self.owner(message))
            .await?;
        Ok(answer.into_inner())
    }

    /// A new key as it is sent.
    pub(crate) async fn key(&self, name: &str) -> String {
        let made = self.make_key(name, pb::ServiceAccountKey::default()).await;
        made.unwrap().client_secret
    }

    pub(crate) async fn keys(&self, name: &str) -> Vec<pb::ServiceAccountKey> {
        let message = pb::ListServiceAccountKeysRequest { name: name.into() };
        let answer = self
            .services()
            .list_service_account_keys(self.owner(message))
            .await;
        answer.unwrap().into_inner().keys
    }

    pub(crate) async fn drop_key(&self, name: &str, key_id: &str) -> Result<(), Status> {
        let message = pb::DeleteServiceAccountKeyRequest {
            name: name.into(),
            key_id: key_id.into(),
        };
        let mut services = self.services();
        let answer = services.delete_service_account_key(self.owner(message)).await;
        answer.map(drop)
    }

    pub(crate) async fn exchange(
        &self,
        request: pb::IssueServiceAccountTokenRequest,
    ) -> Result<pb::IssueServiceAccountTokenResponse, Status> {
        let answer = self.services().issue_service_account_token(request).await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn erp_token(&self, key: &str) -> String {
        self.exchange(credentials(ERP, key)).await.unwrap().access_token
    }

    /// What the token's own account may do, if that still stands.
    pub(crate) async fn whose(&mut self, token: &str) -> Result<pb::ValidateTokenResponse, Status> {
        let message = bearer(token, pb::ValidateTokenRequest {});
        Ok(self.client.validate_token(message).await?.into_inner())
    }

    pub(crate) fn allows(&self, token: &str, permission: Permission, reach: Reach<'_>) -> bool {
        match &*self.tokens().verify(token).unwrap() {
            Principal::User(claims) => claims.rights.allow(permission, reach),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn whatever_takes_something_ends_the_tokens_and_nothing_else_does() {
    let mut world = World::start().await;
    world.enter_role(role("feed", &["stock.read"])).await.unwrap();
    let erp = account("erp", &[given("feed", &[])]);
    world.enter(erp.clone()).await.unwrap();
    let key = world.key("erp").await;
    let first = world.erp_token(&key).await;
    // More keys and other words change nothing.
    world.key("erp").await;
    let described = pb::ServiceAccount {
        description: "the same".into(),
        ..erp.clone()
    };
    world.amend(described).await.unwrap();
    world.whose(&first).await.unwrap();

    let roles = pb::ServiceAccount {
        roles: vec![given("feed", &[]), given("cashier", &[])],
        ..erp.clone()
    };
    world.amend(roles).await.unwrap();
    assert_eq!(refusal(world.whose(&first).await), "200001");
    let second = world.erp_token(&key).await;
    world.whose(&second).await.unwrap();

    let message = pb::UpdateRoleRequest {
        role: Some(role("feed", &["stock.read", "stock.write"])),
    };
    let request = world.owner(message);
    world.roles().update_role(request).await.unwrap();
    assert_eq!(refusal(world.whose(&second).await), "200001");
    let third = world.erp_token(&key).await;
    assert!(world.allows(&third, Permission::StockWrite, Reach::Tenant));

    let spare = world.keys("erp").await.pop().unwrap().key_id;
    world.drop_key("erp", &spare).await.unwrap();
    assert_eq!(refusal(world.drop_key("erp", &spare).await), "100001");
    assert_eq!(refusal(world.whose(&third).await), "200001");
    let fourth = world.erp_token(&key).await;

    let resting = pb::ServiceAccount {
        is_active: Some(false),
        ..erp.clone()
    };
    world.amend(resting).await.unwrap();
    assert_eq!(refusal(world.whose(&fourth).await), "200001");
    assert_eq!(refusal(world.exchange(credentials(ERP, &key)).await), "200001");
    world.amend(erp.clone()).await.unwrap();
    assert_eq!(refusal(world.whose(&fourth).await), "200001", "it stays ended");
    let fifth = world.erp_token(&key).await;

    // Whoever holds a token may end it, and with it the others.
    let revoke = pb::RevokeTokenRequest { token: fifth.clone() };
    world.client.revoke_token(revoke).await.unwrap();
    assert_eq!(refusal(world.whose(&fifth).await), "200001");
    let sixth = world.erp_token(&key).await;

    let name = || pb::DeleteServiceAccountRequest { name: "erp".into() };
    world
        .services()
        .delete_service_account(world.owner(name()))
        .await
        .unwrap();
    assert_eq!(refusal(world.whose(&sixth).await), "200001");
    world.enter(erp).await.unwrap();
    assert_eq!(
        refusal(world.whose(&sixth).await),
        "200001",
        "another one of that name"
    );
    assert_eq!(refusal(world.exchange(credentials(ERP, &key)).await), "200001");
}

#[tokio::test]
async fn nobody_makes_changes_or_keys_what_is_permitted_more_than_he_is() {
    let mut world = World::start().await;
    world
        .enter_role(role("personnel", &["users.read", "users.write", "sales.read"]))
        .await
        .unwrap();
    let clerk = world.user_with("clerk", vec![given("personnel", &[])]).await;
    let strong = account("erp", &[given("integrator", &[])]);
    world.enter(strong.clone()).await.unwrap();
    let id = world
        .make_key("erp", pb::ServiceAccountKey::default())
        .await
        .unwrap();
    let mut services = world.services();
    let create = pb::CreateServiceAccountRequest {
        service_account: Some(account("other", &[given("manager", &[])])),
    };
    let create = services.create_service_account(bearer(&clerk, create)).await;
    assert_eq!(refusal(create), "200002");
    let update = pb::UpdateServiceAccountRequest {
        service_account: Some(account("erp", &[])),
    };
    let update = services.update_service_account(bearer(&clerk, update)).await;
    assert_eq!(refusal(update), "200002");
    let key = pb::CreateServiceAccountKeyRequest {
        name: "erp".into(),
        key: None,
    };
    let key = services.create_service_account_key(bearer(&clerk, key)).await;
    assert_eq!(refusal(key), "200002");
    let drop_key = pb::DeleteServiceAccountKeyRequest {
        name: "erp".into(),
        key_id: id.key.unwrap().key_id,
    };
    let drop_key = services
        .delete_service_account_key(bearer(&clerk, drop_key))
        .await;
    assert_eq!(refusal(drop_key), "200002");
    let delete = pb::DeleteServiceAccountRequest { name: "erp".into() };
    let delete = services.delete_service_account(bearer(&clerk, delete)).await;
    assert_eq!(refusal(delete), "200002");
    let weak = pb::CreateServiceAccountRequest {
        service_account: Some(account("weak", &[given("personnel", &[])])),
    };
    services
        .create_service_account(bearer(&clerk, weak))
        .await
        .unwrap();

    // An account that may write users writes them within its own key.
    let key = pb::ServiceAccountKey {
        permissions: vec!["users.write".into()],
        ..Default::default()
    };
    let key = world.make_key("weak", key).await.unwrap().client_secret;
    let weak = world.exchange(credentials("Q7301.weak", &key)).await.unwrap();
    let new = |roles: &[pb::RoleGrant]| pb::CreateServiceAccountRequest {
        service_account: Some(account("third", roles)),
    };
    let request = bearer(&weak.access_token, new(&[given("personnel", &[])]));
    assert_eq!(refusal(services.create_service_account(request).await), "200002");
    let request = bearer(&weak.access_token, new(&[]));
    services.create_service_account(request).await.unwrap();
    let request = bearer(&weak.access_token, pb::ListServiceAccountsRequest {});
    assert_eq!(refusal(services.list_service_accounts(request).await), "200002");
}

#[tokio::test]
async fn the_security_log_tells_of_accounts_and_keys_and_holds_no_secret() {
    use pb::SecurityEventKind as Kind;
    let mut world = World::start().await;
    let erp = account("erp", &[]);
    world.enter(erp.clone()).await.unwrap();
    let made = world
        .make_key("erp", pb::ServiceAccountKey::default())
        .await
        .unwrap();
    world.erp_token(&made.client_secret).await;
    let wrong = world.exchange(credentials(ERP, "ksa_wrong")).await;
    assert_eq!(refusal(wrong), "200001");
    let stranger = world.exchange(credentials("Q7301.ksa_pasted", "x")).await;
    assert_eq!(refusal(stranger), "200001");
    world
        .amend(account("erp", &[given("cashier", &[])]))
        .await
        .unwrap();
    world.drop_key("erp", &made.key.unwrap().key_id).await.unwrap();
    let gone = world.owner(pb::DeleteServiceAccountRequest { name: "erp".into() });
    world.services().delete_service_account(gone).await.unwrap();
    for kind in [
        Kind::ServiceAccountCreated,
        Kind::ServiceKeyCreated,
        Kind::Login,
        Kind::LoginRefused,
        Kind::ServiceAccountChanged,
        Kind::ServiceKeyDeleted,
        Kind::ServiceAccountDeleted,
    ] {
        world.told_of_erp(kind, 1).await;
    }
    let all = world.owner(pb::ListSecurityEventsRequest::default());
    let all = format!("{:?}", world.client.list_security_events(all).await.unwrap());
    for secret in [&made.client_secret[4..], "ksa_"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

/// A user of any name is no service account, and none of its tokens passes for one.
#[tokio::test]
async fn users_and_service_accounts_are_told_apart() {
    let mut world = World::start().await;
    world
        .enter(account("erp", &[given("cashier", &[])]))
        .await
        .unwrap();
    let message = pb::CreateUserRequest {
        username: "service_account:erp".into(),
        password: PASSWORD.into(),
        roles: Vec::new(),
    };
    let request = world.owner(message);
    assert_eq!(
        refusal(world.client.create_user(request).await),
        "300001 username"
    );
    world.user("erp").await;
    let token = world.token("erp", PASSWORD).await.unwrap();
    let whose = world.whose(&token).await.unwrap();
    assert!(!whose.is_service_account && whose.kind == "user");
    let key = world.key("erp").await;
    assert_eq!(refusal(world.token("service_account:erp", &key).await), "200001");
    // A token of the account is nobody's password, and changes no user.
    let token = world.erp_token(&key).await;
    let change = pb::UpdateUserRequest {
        username: "service_account:erp".into(),
        password: Some("fig-Tree-11".into()),
        ..Default::default()
    };
    let change = world.client.update_user(bearer(&token, change)).await;
    assert_eq!(refusal(change), "200001");
    let read = |username: &str| pb::GetUserRequest {
        username: username.into(),
    };
    let own = world.client.get_user(bearer(&token, read(OWNER))).await;
    assert_eq!(refusal(own), "200002");
    let request: Request<_> = world.service(pb::GetUserStandingRequest {
        username: "service_account:erp".into(),
    });
    let standing = world
        .client
        .get_user_standing(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(standing.standing.unwrap().generation, generation());
    assert_eq!(TENANT, whose.tenant_id);
}
