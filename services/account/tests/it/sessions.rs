//! Sessions: refresh tokens, what ends them, and what tokens are worth.

use futures::future::join_all;
use kugel_proto::account::v1 as pb;
use kugel_rpc::REQUEST_ID;
use tonic::{Request, Status};

use crate::world::{OWNER, PASSWORD, TENANT, World, bearer, form, refusal};

const DAY: i64 = 24 * 3_600;

impl World {
    pub(crate) async fn log_in(&mut self) -> pb::IssueTokenResponse {
        let answer = self.client.issue_token(form(OWNER, PASSWORD, TENANT)).await;
        answer.unwrap().into_inner()
    }

    pub(crate) async fn refresh(&self, token: &str) -> Result<pb::RefreshTokenResponse, Status> {
        let request = pb::RefreshTokenRequest {
            refresh_token: token.to_owned(),
            client_id: String::new(),
        };
        let answer = self.client.clone().refresh_token(request).await?;
        Ok(answer.into_inner())
    }

    async fn revoke(&mut self, token: &str) -> Result<(), Status> {
        let request = pb::RevokeTokenRequest {
            token: token.to_owned(),
        };
        self.client.revoke_token(request).await.map(|_| ())
    }

    /// What a token is worth, asked by a service.
    async fn worth(&mut self, token: &str) -> pb::IntrospectTokenResponse {
        let request = self.service(pb::IntrospectTokenRequest {
            token: token.to_owned(),
        });
        self.client.introspect_token(request).await.unwrap().into_inner()
    }

    /// How often the security log tells of this.
    pub(crate) async fn told(&mut self, kind: pb::SecurityEventKind, subject: &str) -> usize {
        let request = self.owner(pb::ListSecurityEventsRequest {
            kind: Some(kind.into()),
            subject: Some(subject.to_owned()),
            ..Default::default()
        });
        let answer = self.client.list_security_events(request).await.unwrap();
        answer.into_inner().events.len()
    }

    pub(crate) async fn is_good(&mut self, token: &str) -> bool {
        self.worth(token).await.active
    }
}

/// The refresh token of a login.
pub(crate) fn refresh_token(login: &pb::IssueTokenResponse) -> String {
    login.refresh_token.clone().unwrap()
}

#[tokio::test]
async fn a_session_goes_on_by_tokens_that_are_good_once() {
    let mut world = World::start().await;
    let login = world.log_in().await;
    assert_eq!((login.token_type.as_str(), login.expires_in), ("bearer", 1800));
    let first = refresh_token(&login);
    world.clock.advance(1800);
    let second = world.refresh(&first).await.unwrap();
    assert_eq!((second.token_type.as_str(), second.expires_in), ("bearer", 1800));
    assert_ne!(second.refresh_token, first);
    let worth = world.worth(&second.access_token).await;
    assert_eq!(worth.username.as_deref(), Some(OWNER));
    assert_eq!(worth.sid, world.worth(&second.refresh_token).await.sid);
    let third = world.refresh(&second.refresh_token).await.unwrap();
    assert!(world.is_good(&third.access_token).await);
    // The user goes on as the administrator that he is by now.
    let mine = bearer(&third.access_token, pb::ValidateTokenRequest {});
    assert!(
        world
            .client
            .validate_token(mine)
            .await
            .unwrap()
            .into_inner()
            .is_superuser
    );
}

#[tokio::test]
async fn who_lost_the_answer_gets_it_again_for_a_moment() {
    let mut world = World::start().await;
    let first = refresh_token(&world.log_in().await);
    let answers = join_all((0..16).map(|_| world.refresh(&first))).await;
    let mut next: Vec<String> = answers
        .into_iter()
        .map(|answer| answer.unwrap().refresh_token)
        .collect();
    next.dedup();
    assert_eq!(next.len(), 1, "one exchange, however many ask for it at once");
    world.clock.advance(10);
    assert_eq!(world.refresh(&first).await.unwrap().refresh_token, next[0]);
    assert!(world.refresh(&next[0]).await.is_ok());
}

#[tokio::test]
async fn under_its_key_an_exchange_is_answered_again_until_it_is_outdated() {
    let mut world = World::start().await;
    let first = refresh_token(&world.log_in().await);
    let client = world.client.clone();
    let exchange = async |token: &str| {
        let mut request = Request::new(pb::RefreshTokenRequest {
            refresh_token: token.to_owned(),
            client_id: String::new(),
        });
        request.metadata_mut().insert(REQUEST_ID, "k-1".parse().unwrap());
        let answer = client.clone().refresh_token(request).await;
        answer.map(|answer| answer.into_inner().refresh_token)
    };
    let second = exchange(&first).await.unwrap();
    world.clock.advance(3_600);
    assert_eq!(exchange(&first).await.unwrap(), second);
    let third = world.refresh(&second).await.unwrap().refresh_token;
    assert_eq!(refusal(exchange(&first).await), "200001");
    assert!(world.is_good(&third).await, "that was nobody else");
}

#[tokio::test]
async fn a_token_that_comes_again_ends_its_session() {
    let mut world = World::start().await;
    let login = world.log_in().await;
    let other = world.log_in().await;
    let first = refresh_token(&login);
    let second = world.refresh(&first).await.unwrap();
    world.clock.advance(11);
    assert_eq!(refusal(world.refresh(&first).await), "200001");
    // Whoever of the two has the right one is out as well.
    for dead in [&second.refresh_token, &second.access_token, &login.access_token] {
        assert!(!world.is_good(dead).await);
    }
    assert_eq!(refusal(world.refresh(&second.refresh_token).await), "200001");
    assert!(world.is_good(&other.access_token).await, "another login");
    assert!(world.refresh(&refresh_token(&other)).await.is_ok());
    assert_eq!(
        world.told(pb::SecurityEventKind::RefreshTokenReused, OWNER).await,
        1
    );
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused_and_ends_nothing() {
    let mut world = World::start().await;
    let login = world.log_in().await;
    let good = refresh_token(&login);
    let parts: Vec<&str> = good.split('.').collect();
    let another = refresh_token(&world.log_in().await);
    let secret = another.split('.').next_back().unwrap();
    let foreign = good.replace(TENANT, "Q7302");
    for bad in [
        "x",
        &foreign,
        &format!("{}.{}.{}", parts[0], "A".repeat(22), secret),
    ] {
        assert_eq!(refusal(world.refresh(bad).await), "200001", "{bad}");
    }
    for none in ["", &login.access_token] {
        assert_eq!(refusal(world.refresh(none).await), "300001 refresh_token");
    }
    let mut named = pb::RefreshTokenRequest {
        refresh_token: good.clone(),
        client_id: "Q7302".to_owned(),
    };
    let answer = world.client.refresh_token(named.clone()).await;
    assert_eq!(refusal(answer), "200001");
    named.client_id = TENANT.to_owned();
    assert!(world.client.refresh_token(named).await.is_ok());
}

#[tokio::test]
async fn a_session_waits_a_month_and_lasts_three() {
    let mut world = World::start().await;
    let waiting = refresh_token(&world.log_in().await);
    let mut token = refresh_token(&world.log_in().await);
    for _ in 0..3 {
        world.clock.advance(29 * DAY);
        token = world.refresh(&token).await.unwrap().refresh_token;
    }
    assert_eq!(refusal(world.refresh(&waiting).await), "200001");
    world.clock.advance(3 * DAY);
    assert!(!world.is_good(&token).await);
    assert_eq!(refusal(world.refresh(&token).await), "200001");
}

#[tokio::test]
async fn a_user_has_twenty_sessions() {
    let mut world = World::start().await;
    let mut logins = Vec::new();
    for _ in 0..21 {
        world.clock.advance(1);
        logins.push(world.log_in().await);
    }
    assert_eq!(refusal(world.refresh(&refresh_token(&logins[0])).await), "200001");
    for login in &logins[1..] {
        assert!(world.refresh(&refresh_token(login)).await.is_ok());
    }
    assert!(world.is_good(&logins[0].access_token).await, "it ends by itself");
}

#[tokio::test]
async fn any_token_of_a_session_ends_it() {
    let mut world = World::start().await;
    for which in 0..3 {
        let login = world.log_in().await;
        let (access, refresh) = (login.access_token.clone(), refresh_token(&login));
        let stays = world.log_in().await;
        match which {
            0 => world.revoke(&access).await.unwrap(),
            1 => world.revoke(&refresh).await.unwrap(),
            // The token of the call itself.
            _ => {
                let request = bearer(&access, pb::RevokeTokenRequest::default());
                world.client.revoke_token(request).await.unwrap();
            }
        }
        assert!(!world.is_good(&access).await && !world.is_good(&refresh).await);
        assert_eq!(refusal(world.refresh(&refresh).await), "200001");
        assert!(world.is_good(&stays.access_token).await, "another login");
        // It is no error to say so again, and changes nothing.
        world.revoke(&access).await.unwrap();
        world.revoke(&refresh).await.unwrap();
    }
    assert_eq!(world.told(pb::SecurityEventKind::LoggedOut, OWNER).await, 3);
    assert_eq!(refusal(world.revoke("").await), "200001");
    for nothing in ["x", "a.b.c"] {
        world.revoke(nothing).await.unwrap();
    }
    let service = world.service(pb::RevokeTokenRequest::default());
    let answer = world.client.revoke_token(service).await;
    assert_eq!(refusal(answer), "300001 token");
}

#[tokio::test]
async fn too_many_ended_sessions_end_them_all() {
    let mut world = World::start().await;
    let stays = world.log_in().await;
    for number in 0..101 {
        assert!(world.is_good(&stays.access_token).await, "{number}");
        let login = world.log_in().await;
        world.revoke(&login.access_token).await.unwrap();
        assert!(!world.is_good(&login.access_token).await, "{number}");
    }
    assert!(!world.is_good(&stays.access_token).await);
    let login = world.log_in().await;
    assert!(world.is_good(&login.access_token).await);
}

#[tokio::test]
async fn nobody_learns_of_another_tenants_tokens() {
    let mut world = World::start().await;
    let login = world.log_in().await;
    let other = crate::world::registration("other", PASSWORD, Some("Q7302"));
    world.client.register_tenant(other).await.unwrap();
    let stranger = world.client.issue_token(form("other", PASSWORD, "Q7302")).await;
    let stranger = stranger.unwrap().into_inner().access_token;
    for token in [&login.access_token, &refresh_token(&login)] {
        let request = bearer(
            &stranger,
            pb::IntrospectTokenRequest {
                token: token.to_owned(),
            },
        );
        let answer = world.client.introspect_token(request).await.unwrap().into_inner();
        assert_eq!(answer, pb::IntrospectTokenResponse::default());
    }
    let nobody = Request::new(pb::IntrospectTokenRequest {
        token: login.access_token,
    });
    assert_eq!(refusal(world.client.introspect_token(nobody).await), "200001");
}
