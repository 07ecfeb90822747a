//! The security log: what is filed, and who reads it.

use std::sync::Arc;

use kugel_account::SecurityEventDocument;
use kugel_auth::UserClaims;
use kugel_bus::{Event, Topic};
use kugel_proto::account::v1 as pb;
use kugel_proto::account::v1::SecurityEventKind as Kind;
use kugel_proto::account::v1::account_service_client::AccountServiceClient;
use kugel_rpc::{Channel, SecurityEntry};
use kugel_stand::Stand;
use kugel_store::{Body, Query};
use kugel_types::Clock as _;

use crate::floods::counted;
use crate::world::{BEGINNING, OWNER, PASSWORD, TENANT, form, generation, refusal, registration};

fn owner_token(stand: &Stand, username: &str) -> String {
    stand.tokens.issue_user(&UserClaims {
        generation: generation(),
        ..UserClaims::superuser(stand.tenant.clone(), username)
    })
}

pub(crate) struct Log {
    pub(crate) stand: Stand,
    pub(crate) client: AccountServiceClient<Channel>,
}

impl Log {
    pub(crate) async fn start() -> Self {
        let stand = Stand::new(kugel_account::NAME, TENANT, BEGINNING);
        let channel = stand.serve(kugel_account::build(stand.deps()).unwrap());
        let mut client = AccountServiceClient::new(channel);
        let tenant = registration(OWNER, PASSWORD, Some(TENANT));
        client.register_tenant(tenant).await.unwrap();
        Self { stand, client }
    }

    /// An event that the terminal service sends.
    fn event(&self, kind: Kind, subject: &str, address: &str) -> Arc<Event> {
        let till = format!("{TENANT}-tk01-4").parse().unwrap();
        let address = address.parse().ok();
        let entry = SecurityEntry::by_anybody(address, kind, subject).at(&till);
        let now = self.stand.clock.now();
        entry.event(Topic::TerminalSecurity, &self.stand.tenant, now)
    }

    pub(crate) async fn list(&mut self, request: pb::ListSecurityEventsRequest) -> Vec<pb::SecurityEvent> {
        let token = owner_token(&self.stand, OWNER);
        let answer = self
            .client
            .list_security_events(kugel_stand::bearer(&token, request));
        answer.await.unwrap().into_inner().events
    }

    /// The subjects of what other services told, in the order of the answer.
    async fn subjects(&mut self, request: pb::ListSecurityEventsRequest) -> Vec<String> {
        let found = self.list(request).await;
        let told = found.into_iter().filter(|entry| entry.terminal_no == 4);
        told.map(|entry| entry.subject).collect()
    }
}

pub(crate) fn all() -> pb::ListSecurityEventsRequest {
    pb::ListSecurityEventsRequest::default()
}

#[tokio::test]
async fn a_repeated_entry_is_filed_once() {
    let mut log = Log::start().await;
    let first = log.event(Kind::StaffSignedIn, "31", "");
    let second = log.event(Kind::StaffSignedOut, "31", "");
    log.stand.publish(&[Arc::clone(&first)]).await;
    log.stand.publish(&[Arc::clone(&first), second, first]).await;
    assert_eq!(log.subjects(all()).await, ["31", "31"]);
    let documents = log.stand.documents.clone();
    let scope = log.stand.scope();
    let filed = documents.find::<SecurityEventDocument>(&scope, Query::all().eq("subject", "31"));
    assert_eq!(filed.await.unwrap().total, 2);
}

#[tokio::test]
async fn what_is_no_entry_is_laid_aside_and_its_neighbours_pass() {
    let mut log = Log::start().await;
    let (good, other) = (
        log.event(Kind::StaffRefused, "31", ""),
        log.event(Kind::StaffRefused, "32", ""),
    );
    let mixed_up = Event {
        body: other.body.clone(),
        ..(*log.event(Kind::StaffRefused, "33", "")).clone()
    };
    let unreadable = Event {
        body: Body::from_text("[]"),
        ..(*log.event(Kind::StaffRefused, "34", "")).clone()
    };
    let events = [Arc::new(mixed_up), good, Arc::new(unreadable), other];
    log.stand.publish(&events).await;
    let mut found = log.subjects(all()).await;
    found.sort_unstable();
    assert_eq!(found, ["31", "32"]);
}

#[tokio::test]
async fn the_log_is_searched_by_kind_subject_address_and_time() {
    let mut log = Log::start().await;
    for (kind, subject, address) in [
        (Kind::StaffRefused, "31", "203.0.113.9"),
        (Kind::StaffRefused, "32", "2001:db8::1"),
        (Kind::StaffSignedIn, "31", "203.0.113.9"),
    ] {
        let event = log.event(kind, subject, address);
        log.stand.publish(&[event]).await;
        log.stand.clock.advance(3_600);
    }
    assert_eq!(log.subjects(all()).await, ["31", "32", "31"]);
    let text = |text: &str| Some(text.to_owned());
    let newest = &log.list(all()).await[0];
    assert_eq!(newest.kind(), Kind::StaffSignedIn);
    assert_eq!(newest.occurred_at, "2026-06-11T16:03:09.500000+09:00");
    assert_eq!(
        (
            newest.store_code.as_str(),
            newest.terminal_no,
            newest.actor.as_str()
        ),
        ("tk01", 4, "anonymous")
    );
    for (request, expected) in [
        (
            pb::ListSecurityEventsRequest {
                kind: Some(Kind::StaffRefused.into()),
                ..all()
            },
            vec!["32", "31"],
        ),
        (
            pb::ListSecurityEventsRequest {
                subject: text("31"),
                ..all()
            },
            vec!["31", "31"],
        ),
        (
            pb::ListSecurityEventsRequest {
                address: text("2001:0db8:0:0:0:0:0:1"),
                ..all()
            },
            vec!["32"],
        ),
        (
            pb::ListSecurityEventsRequest {
                address: text("::ffff:203.0.113.9"),
                ..all()
            },
            vec!["31", "31"],
        ),
        (
            pb::ListSecurityEventsRequest {
                from: text("2026-06-11T15:00:00"),
                to: text("2026-06-11T15:30"),
                ..all()
            },
            vec!["32"],
        ),
        (
            pb::ListSecurityEventsRequest {
                to: text("20260610"),
                ..all()
            },
            vec![],
        ),
        (
            pb::ListSecurityEventsRequest {
                limit: Some(1),
                page: Some(2),
                ..all()
            },
            vec!["32"],
        ),
    ] {
        assert_eq!(log.subjects(request.clone()).await, expected, "{request:?}");
    }
    let clerk = pb::CreateUserRequest {
        username: "clerk".into(),
        password: PASSWORD.into(),
        roles: Vec::new(),
    };
    let owner = owner_token(&log.stand, OWNER);
    let request = kugel_stand::bearer(&owner, clerk);
    log.client.create_user(request).await.unwrap();
    let login = log.client.issue_token(form("clerk", PASSWORD, TENANT)).await;
    let clerk = login.unwrap().into_inner().access_token;
    let request = kugel_stand::bearer(&clerk, all());
    let refused = log.client.list_security_events(request).await;
    assert_eq!(refusal(refused), "200002");
    let dismissed = owner_token(&log.stand, "gone");
    let request = kugel_stand::bearer(&dismissed, all());
    let refused = log.client.list_security_events(request).await;
    assert_eq!(refusal(refused), "200001", "the account decides, not the token");
}

/// Everything that the log tells, the oldest first, once there are so many entries.
async fn told(log: &mut Log, count: usize) -> Vec<(Kind, String, String)> {
    let request = || pb::ListSecurityEventsRequest {
        sort: Some("occurred_at:1".to_owned()),
        ..all()
    };
    let limit = std::time::Duration::from_secs(10);
    let enough = async || Some(log.list(request()).await).filter(|found| found.len() >= count);
    let found = kugel_stand::eventually(limit, enough).await;
    let entry = |entry: pb::SecurityEvent| (entry.kind(), entry.subject, entry.actor);
    found.into_iter().map(entry).collect()
}

#[tokio::test]
async fn what_happens_to_accounts_is_told_once_and_without_a_secret() {
    let mut log = Log::start().await;
    let Log { stand, client } = &mut log;
    let owner = owner_token(stand, OWNER);
    macro_rules! twice {
        ($method:ident, $key:literal, $message:expr) => {{
            stand.clock.advance(1);
            for _ in 0..2 {
                let request = kugel_stand::bearer(&owner, $message);
                client
                    .$method(kugel_stand::repeatable($key, request))
                    .await
                    .unwrap();
            }
        }};
    }
    let username = || "clerk".to_owned();
    let change = |is_active: Option<bool>, password: Option<&str>| pb::UpdateUserRequest {
        username: username(),
        is_active,
        password: password.map(str::to_owned),
        ..pb::UpdateUserRequest::default()
    };
    let new = pb::CreateUserRequest {
        username: username(),
        password: "owl-Nest-4-Tree".to_owned(),
        roles: Vec::new(),
    };
    twice!(create_user, "k-1", new.clone());
    twice!(update_user, "k-2", change(Some(false), None));
    twice!(update_user, "k-3", change(Some(true), Some("new-Nest-5-Tree")));
    let reset = pb::ResetPasswordRequest { username: username() };
    twice!(reset_password, "k-4", reset.clone());
    twice!(unlock_user, "k-5", pb::UnlockUserRequest { username: username() });
    let policy = Some(pb::PasswordPolicy { minimum_length: 10 });
    twice!(
        update_password_policy,
        "k-6",
        pb::UpdatePasswordPolicyRequest { policy }
    );
    twice!(delete_user, "k-7", pb::DeleteUserRequest { username: username() });
    let expected = [
        (Kind::TenantRegistered, OWNER),
        (Kind::UserCreated, "clerk"),
        (Kind::UserRightsChanged, "clerk"),
        (Kind::PasswordReset, "clerk"),
        (Kind::UserRightsChanged, "clerk"),
        (Kind::PasswordReset, "clerk"),
        (Kind::UserUnlocked, "clerk"),
        (Kind::PasswordPolicyChanged, ""),
        (Kind::UserDeleted, "clerk"),
    ];
    let found = told(&mut log, expected.len()).await;
    let mut kinds: Vec<_> = found
        .iter()
        .map(|(kind, subject, _)| (*kind, subject.as_str()))
        .collect();
    // Two entries of one commit have one time.
    kinds[3..5].sort_by_key(|(kind, _)| *kind != Kind::PasswordReset);
    assert_eq!(kinds, expected);
    assert!(found.iter().all(|(.., actor)| actor == OWNER));
    let whole = serde_json::to_string(&log.list(all()).await).unwrap();
    for secret in [PASSWORD, "owl-Nest-4-Tree", "new-Nest-5-Tree", "argon2"] {
        assert!(!whole.contains(secret), "{whole}");
    }
}

#[tokio::test]
async fn logins_refusals_and_the_lock_are_told_and_what_the_brake_refuses_is_not() {
    let mut log = Log::start().await;
    let login = |password: &str| pb::IssueTokenRequest {
        username: OWNER.to_owned(),
        password: password.to_owned(),
        client_id: TENANT.to_owned(),
        ..pb::IssueTokenRequest::default()
    };
    let elsewhere = pb::IssueTokenRequest {
        client_id: "Q9999".to_owned(),
        ..login("wrong")
    };
    log.client.issue_token(elsewhere).await.unwrap_err();
    log.client.issue_token(login(PASSWORD)).await.unwrap();
    for pause in [0, 0, 0, 0, 0, 1, 2, 4, 8, 16] {
        log.stand.clock.advance(pause);
        let refused = log.client.issue_token(login("wrong")).await;
        assert_eq!(refusal(refused), "200001");
    }
    for _ in 0..3 {
        let braked = log.client.issue_token(login(PASSWORD)).await;
        assert_eq!(refusal(braked), "200003");
    }
    let found = counted(&mut log, &[Kind::LoginRefused, Kind::UserLocked], 11).await;
    let count = |kind| {
        let of_kind = found.iter().filter(move |entry| entry.kind() == kind);
        of_kind.map(|entry| entry.count).sum::<i32>()
    };
    let of = [
        Kind::TenantRegistered,
        Kind::Login,
        Kind::LoginRefused,
        Kind::UserLocked,
    ];
    assert_eq!(of.map(count), [1, 1, 10, 1]);
    assert!(found.len() < 10, "what repeats is counted: {found:?}");
    let unknown = log.stand.in_tenant("Q9999").scope();
    let scopes = log.stand.documents.scopes().await.unwrap();
    assert!(
        !scopes.contains(&unknown),
        "a tenant that is none gets no documents"
    );
}
