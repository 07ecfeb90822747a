//! What a store sells in, and when it may change.

use kugel_error::codes;
use kugel_proto::terminal::v1::{CreateStoreRequest, GetStoreRequest, Store, UpdateStoreRequest};
use kugel_proto::{Decimal, terminal::v1 as pb};
use kugel_stand::refusal;
use kugel_store::Stored;
use kugel_terminal::app::StorePatch;
use kugel_terminal::records::StoreDocument;
use kugel_types::{StoreCode, TerminalId};
use tonic::Status;

use crate::support::{World, money, refused};

fn patch(currency: Option<&str>, coin: Option<&str>) -> StorePatch {
    StorePatch {
        name: "Plum Tokyo".to_owned(),
        status: None,
        business_date: None,
        tags: Vec::new(),
        currency: currency.map(|code| code.parse().unwrap()),
        cash_coin: coin.map(money),
    }
}

impl World {
    async fn sell_in(
        &self,
        store: &StoreCode,
        currency: &str,
    ) -> Result<Stored<StoreDocument>, kugel_error::Error> {
        let patch = patch(Some(currency), None);
        self.app.update_store(&self.caller, store, patch).await
    }
    async fn take_coins_of(
        &self,
        store: &StoreCode,
        coin: &str,
    ) -> Result<Stored<StoreDocument>, kugel_error::Error> {
        let patch = patch(None, Some(coin));
        self.app.update_store(&self.caller, store, patch).await
    }
    async fn close(&self, id: &TerminalId) {
        self.app.close_terminal(&self.caller, id, None).await.unwrap();
    }
    async fn create(&self, code: &str, currency: &str, coin: Option<&str>) -> Result<(), Status> {
        let store = CreateStoreRequest {
            store_code: code.to_owned(),
            store_name: code.to_owned(),
            currency: Some(currency.to_owned()),
            cash_coin: coin.map(decimal),
            ..CreateStoreRequest::default()
        };
        let request = self.stand.administrator(store);
        self.stores().create_store(request).await.map(drop)
    }
    async fn read(&self, code: &str) -> Store {
        let named = GetStoreRequest {
            store_code: code.to_owned(),
            ..GetStoreRequest::default()
        };
        let request = self.stand.administrator(named);
        let answer: pb::GetStoreResponse = self.stores().get_store(request).await.unwrap().into_inner();
        answer.store.unwrap()
    }
}

fn decimal(text: &str) -> Decimal {
    Decimal {
        value: text.to_owned(),
    }
}

#[tokio::test]
async fn a_store_takes_the_coins_of_its_currency_or_names_its_own() {
    let world = World::with_store().await;
    for (code, currency, own, coin) in [
        ("jp", "JPY", None, "1"),
        ("ch", "CHF", None, "0.05"),
        ("fi", "EUR", Some("0.05"), "0.05"),
        ("se", "SEK", Some("0.01"), "0.01"),
    ] {
        world.create(code, currency, own).await.unwrap();
        let coin = money(coin);
        assert_eq!(world.read(code).await.cash_coin, Some(coin.into()), "{code}");
    }
    for (currency, coin) in [
        ("JPY", "0.5"),
        ("EUR", "0.005"),
        ("EUR", "0"),
        ("EUR", "-1"),
        ("EUR", ""),
    ] {
        let status = world.create("x", currency, Some(coin)).await.unwrap_err();
        assert_eq!(
            refusal(&status),
            ("300001", 422, ["cash_coin"]),
            "{coin} {currency}"
        );
    }
    for currency in ["XXX", "ZZZ", "XAU", "DEM", "jpy"] {
        let status = world.create("x", currency, None).await.unwrap_err();
        assert_eq!(refusal(&status), ("300001", 422, ["currency"]), "{currency}");
        let update = UpdateStoreRequest {
            store_code: "jp".to_owned(),
            store_name: "jp".to_owned(),
            currency: Some(currency.to_owned()),
            ..UpdateStoreRequest::default()
        };
        let status = world
            .stores()
            .update_store(world.stand.administrator(update))
            .await;
        assert_eq!(
            refusal(&status.unwrap_err()),
            ("300001", 422, ["currency"]),
            "{currency}"
        );
    }
    // A coin that fits the former currency does not fit yen.
    refused(
        world.sell_in(&"fi".parse().unwrap(), "JPY").await,
        &codes::INVALID_INPUT,
    );
}

#[tokio::test]
async fn currency_and_coin_stay_while_a_till_is_open() {
    let (world, id) = World::with_session().await;
    refused(
        world.sell_in(&id.store, "CHF").await,
        &codes::STORE_CURRENCY_FIXED,
    );
    refused(
        world.take_coins_of(&id.store, "10").await,
        &codes::STORE_CURRENCY_FIXED,
    );
    // What is said again is no change, and the rest of the store is free.
    world.sell_in(&id.store, "JPY").await.unwrap();
    world.take_coins_of(&id.store, "1").await.unwrap();
    world.enter_store("tk02").await.unwrap();
    world.sell_in(&"tk02".parse().unwrap(), "CHF").await.unwrap();
    world.close(&id).await;
    assert_eq!(
        world.take_coins_of(&id.store, "10").await.unwrap().coin(),
        money("10")
    );
}

#[tokio::test]
async fn a_currency_stays_once_a_till_was_open() {
    let (world, id) = World::with_session().await;
    world.close(&id).await;
    // Nothing was sold, but cash was counted and carts may be open.
    refused(
        world.sell_in(&id.store, "CHF").await,
        &codes::STORE_CURRENCY_FIXED,
    );
    // A deleted till's sessions are in the books too.
    world.app.delete_terminal(&world.caller, &id).await.unwrap();
    refused(
        world.sell_in(&id.store, "CHF").await,
        &codes::STORE_CURRENCY_FIXED,
    );
    world.take_coins_of(&id.store, "10").await.unwrap();
}

/// Of an opening and a change of currency at the same time one is first, and the other knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_never_counts_in_a_currency_that_its_store_has_left() {
    let (world, ..) = World::with_terminal().await;
    for round in 0..40 {
        let code = format!("round{round}");
        let store: StoreCode = code.parse().unwrap();
        world.enter_store(&code).await.unwrap();
        let id = format!("Q7301-{code}-1");
        let id = world.enter_terminal(&id).await.unwrap().0.terminal.id.clone();
        world.sell_in(&store, "CHF").await.unwrap();
        // Half a franc is no fund in yen.
        let fund = Some(money("0.5"));
        let newcomer = format!("Q7301-{code}-2");
        let enter_and_open = async {
            let entered = world.enter_terminal(&newcomer).await.unwrap().0;
            let newcomer = entered.terminal.id.clone();
            let opened = world.app.open_terminal(&world.caller, &newcomer, fund).await;
            opened.is_ok()
        };
        let (changed, opened, newcomer_opened) = tokio::join!(
            world.sell_in(&store, "JPY"),
            world.app.open_terminal(&world.caller, &id, fund),
            enter_and_open
        );
        let now = world.app.store(&world.stand.tenant, &store).await.unwrap();
        for opened in [opened.is_ok(), newcomer_opened] {
            assert_eq!(opened, now.currency.code() == "CHF", "round {round}: {changed:?}");
        }
    }
}
