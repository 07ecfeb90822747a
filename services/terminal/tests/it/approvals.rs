//! What a supervisor approves at a till, and what is kept of it.

use kugel_error::codes;
use kugel_proto::account::v1::SecurityEventKind as Kind;
use kugel_proto::terminal::v1::*;
use kugel_stand::{api_key, decimal};
use tonic::Request;

use kugel_bus::Topic;

use crate::brakes::told;
use crate::support::{World, denied};

/// A till of a cashier, and how it calls.
struct Counter {
    world: World,
    id: String,
    key: String,
}

impl Counter {
    async fn start() -> Self {
        let (world, id, key) = World::with_terminal().await;
        world.sign_in(&id).await.unwrap();
        let (id, key) = (id.to_string(), key.reveal().to_owned());
        Self { world, id, key }
    }

    fn call<T>(&self, message: T, approval: &str) -> Request<T> {
        let mut request = api_key(&self.id, &self.key, message);
        if !approval.is_empty() {
            request
                .metadata_mut()
                .insert("x-approval", approval.parse().unwrap());
        }
        request
    }

    async fn approve(
        &self,
        change: impl FnOnce(&mut CreateApprovalRequest),
    ) -> Result<CreateApprovalResponse, tonic::Status> {
        let mut wanted = CreateApprovalRequest {
            terminal_id: String::new(),
            staff_id: "9".to_owned(),
            staff_pin: "9090".to_owned(),
            permission: "cash.move".to_owned(),
        };
        change(&mut wanted);
        let answer = self.world.sessions().create_approval(self.call(wanted, "")).await;
        answer.map(tonic::Response::into_inner)
    }

    async fn take(&self, amount: &str, approval: &str) -> Result<CashMovement, tonic::Status> {
        let out = RecordCashOutRequest {
            amount: decimal(amount),
            ..Default::default()
        };
        let answer = self
            .world
            .sessions()
            .record_cash_out(self.call(out, approval))
            .await;
        answer.map(|answer| answer.into_inner().movement.unwrap())
    }
}

#[tokio::test]
async fn what_a_supervisor_approves_happens_once_and_both_names_are_kept() {
    let counter = Counter::start().await;
    let heard = counter.world.stand.hear("account", &[Topic::TerminalSecurity]);
    let open = OpenTerminalRequest {
        terminal_id: String::new(),
        initial_amount: decimal("20000"),
    };
    let open = counter.call(open, "");
    counter.world.sessions().open_terminal(open).await.unwrap();
    denied(counter.take("500", "").await, &codes::PERMISSION_DENIED);

    let approved = counter.approve(|_| {}).await.unwrap();
    assert_eq!(approved.permission, "cash.move");
    assert_eq!(&approved.expires_at[..19], "2026-06-11T14:05:09");
    assert_eq!(approved.approved_by.unwrap().name, "Sato");
    let moved = counter.take("500", &approved.approval).await.unwrap();
    assert_eq!(
        counter.take("500", &approved.approval).await.unwrap(),
        moved,
        "sent again"
    );
    denied(
        counter.take("600", &approved.approval).await,
        &codes::PERMISSION_DENIED,
    );
    let close = CloseTerminalRequest {
        terminal_id: String::new(),
        physical_amount: None,
    };
    let close = counter.call(close, &approved.approval);
    denied(
        counter.world.sessions().close_terminal(close).await,
        &codes::PERMISSION_DENIED,
    );

    counter.world.stand.settle().await;
    let cash = counter.world.report.logs::<CashLog>();
    let taken = cash.iter().filter(|log| log.description == "Cash Out (Default)");
    let [taken] = *taken.collect::<Vec<_>>() else {
        panic!("one movement: {cash:?}")
    };
    let names = (taken.staff_name.as_deref(), taken.approved_by.as_ref());
    assert_eq!(
        names,
        (
            Some("Mori"),
            Some(&StaffInfo {
                id: "9".to_owned(),
                name: "Sato".to_owned()
            })
        )
    );
    let fund = cash
        .iter()
        .find(|log| log.description == "Initial amount")
        .unwrap();
    assert_eq!(fund.approved_by, None);
    let told = told(&counter.world, &heard).await;
    let approved = told.iter().filter(|(kind, _)| *kind == Kind::StaffApproved);
    assert_eq!(
        approved.collect::<Vec<_>>(),
        [&(Kind::StaffApproved, "9".to_owned())]
    );
}

#[tokio::test]
async fn an_approval_that_has_ended_answers_only_what_it_let_pass() {
    let counter = Counter::start().await;
    let open = OpenTerminalRequest {
        terminal_id: String::new(),
        initial_amount: None,
    };
    let open = counter.call(open, "");
    counter.world.sessions().open_terminal(open).await.unwrap();
    let [first, second] = [
        counter.approve(|_| {}).await.unwrap(),
        counter.approve(|_| {}).await.unwrap(),
    ];
    counter.world.stand.clock.advance(119);
    let moved = counter.take("500", &first.approval).await.unwrap();
    counter.world.stand.clock.advance(1);
    denied(
        counter.take("500", &second.approval).await,
        &codes::PERMISSION_DENIED,
    );
    assert_eq!(counter.take("500", &first.approval).await.unwrap(), moved);
}

#[tokio::test]
async fn who_may_not_does_not_approve() {
    let counter = Counter::start().await;
    let refused = counter.approve(|wanted| wanted.permission = "prices.write".to_owned());
    denied(refused.await, &codes::PERMISSION_DENIED);
    let wrong: [fn(&mut CreateApprovalRequest); 5] = [
        |wanted| wanted.permission = "cash".to_owned(),
        |wanted| wanted.permission = String::new(),
        |wanted| wanted.staff_pin = String::new(),
        |wanted| wanted.staff_id = String::new(),
        // Whoever is signed in.
        |wanted| wanted.staff_id = "31".to_owned(),
    ];
    for wrong in wrong {
        denied(counter.approve(wrong).await, &codes::INVALID_INPUT);
    }
    // As at sign-in, a wrong PIN counts.
    let wrong = |wanted: &mut CreateApprovalRequest| wanted.staff_pin = "0000".to_owned();
    for _ in 0..5 {
        denied(counter.approve(wrong).await, &codes::STAFF_NOT_USABLE);
    }
    denied(counter.approve(|_| {}).await, &codes::TOO_MANY_TRIES);
    counter.world.stand.clock.advance(60);
    counter
        .world
        .app
        .sign_out(&counter.world.caller, &counter.id.parse().unwrap())
        .await
        .unwrap();
    denied(counter.approve(|_| {}).await, &codes::NOT_SIGNED_IN);
}
