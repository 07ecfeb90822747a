//! Keys that come without a terminal id.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kugel_auth::ApiKey;
use kugel_error::codes;
use kugel_rpc::Deps;
use kugel_stand::eventually;
use kugel_store::{
    Collection, Commit, Document, Documents, Found, Query, Record as _, Scope, Store, StoreError,
};
use kugel_terminal::app::App;
use kugel_terminal::domain::Terminal;
use kugel_terminal::records::{KeyOwner, TerminalDocument};
use kugel_types::TerminalId;
use parking_lot::Mutex;

use crate::support::{World, refused};

/// A store that says whose documents it was asked for.
struct Watched {
    store: Arc<dyn Store>,
    asked: Arc<Mutex<Vec<Scope>>>,
}

impl Watched {
    fn ask(&self, scope: &Scope) -> &dyn Store {
        self.asked.lock().push(scope.clone());
        &*self.store
    }
}

#[async_trait]
impl Store for Watched {
    async fn get(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        id: &str,
    ) -> Result<Option<Arc<Document>>, StoreError> {
        self.ask(scope).get(scope, collection, id).await
    }
    async fn get_many(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        ids: &[String],
    ) -> Result<Vec<Option<Arc<Document>>>, StoreError> {
        self.ask(scope).get_many(scope, collection, ids).await
    }
    async fn find(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        query: &Query,
    ) -> Result<Found, StoreError> {
        self.ask(scope).find(scope, collection, query).await
    }
    async fn commit(&self, scope: &Scope, commit: Commit) -> Result<(), StoreError> {
        self.ask(scope).commit(scope, commit).await
    }
    async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        self.store.scopes().await
    }
    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
}

/// The service, started once more over the documents of the world. Gives whose documents it asks for.
fn started_again(world: &World) -> (App, Arc<Mutex<Vec<Scope>>>) {
    let asked = Arc::default();
    let watched = Watched {
        store: Arc::clone(world.stand.documents.store()),
        asked: Arc::clone(&asked),
    };
    let deps = Deps {
        documents: Documents::new(Arc::new(watched), world.stand.clock.clone()),
        ..world.stand.deps()
    };
    let (app, parts) = kugel_terminal::build_among(deps, world.others.clone());
    world.stand.serve(parts);
    (app, asked)
}

async fn opens(app: &App, key: &ApiKey) -> bool {
    app.exchange_key(None, Some(key), None).await.is_ok()
}

async fn owners(world: &World) -> Vec<TerminalId> {
    let found = world
        .stand
        .documents
        .find::<KeyOwner>(&Scope::Commons, Query::all());
    let rows = found.await.unwrap().rows;
    rows.iter().map(|owner| owner.terminal_id.clone()).collect()
}

#[tokio::test]
async fn an_unknown_key_asks_for_no_tenants_documents_and_a_known_one_for_its_own() {
    let (world, _, key) = World::with_terminal().await;
    for tenant in ["A1001", "A1002"] {
        let id: TerminalId = format!("{tenant}-tk01-1").parse().unwrap();
        let hash = ApiKey::from_request(tenant).hash();
        let document = TerminalDocument::from(Terminal::new(id, String::new(), hash));
        world.stand.in_tenant(tenant).insert(document).await;
    }
    let (app, asked) = started_again(&world);
    assert!(
        opens(&app, &ApiKey::from_request("A1002")).await,
        "older than the index"
    );
    asked.lock().clear();
    for key in ["", "A1003", &"A".repeat(43)] {
        let answer = app
            .exchange_key(None, Some(&ApiKey::from_request(key)), None)
            .await;
        refused(answer, &codes::UNAUTHENTICATED);
    }
    assert_eq!(*asked.lock(), vec![Scope::Commons; 3]);
    assert!(opens(&app, &key).await);
    let own = world.stand.scope();
    assert!(
        asked
            .lock()
            .drain(3..)
            .all(|scope| scope == Scope::Commons || scope == own)
    );
}

#[tokio::test]
async fn a_key_leads_to_its_terminal_as_long_as_it_is_its_key() {
    let (world, id, key) = World::with_terminal().await;
    let (app, caller) = (&world.app, &world.caller);
    let (_, second) = app.rotate_api_key(caller, &id).await.unwrap();
    assert!(!opens(app, &key).await && opens(app, &second).await);
    app.delete_terminal(caller, &id).await.unwrap();
    assert!(!opens(app, &second).await);
    let (_, third) = world.enter_terminal(&id.to_string()).await.unwrap();
    assert!(!opens(app, &second).await && opens(app, &third).await);
    refused(
        world.enter_terminal(&id.to_string()).await,
        &codes::TERMINAL_EXISTS,
    );
    assert!(opens(app, &third).await);
}

#[tokio::test]
async fn what_leads_nowhere_lets_nobody_in_and_is_swept_when_no_call_can_be_at_it() {
    let (world, id, first) = World::with_terminal().await;
    world.app.rotate_api_key(&world.caller, &id).await.unwrap();
    // What a process leaves that dies between its two commits.
    let seed = ApiKey::from_request(&"A".repeat(43));
    let owner = KeyOwner {
        api_key_hash: seed.hash(),
        terminal_id: "Q7301-tk01-9".parse().unwrap(),
        tenant_id: id.tenant.clone(),
    };
    let changes = world.stand.documents.changes("test").insert(owner);
    world
        .stand
        .documents
        .commit(&Scope::Commons, changes)
        .await
        .unwrap();
    let (app, _) = started_again(&world);
    assert!(!opens(&app, &seed).await && !opens(&app, &first).await);
    assert_eq!(owners(&world).await.len(), 3, "somebody may be about to use them");
    world.stand.clock.advance(3_601);
    started_again(&world);
    let is_swept = async || (owners(&world).await == [id.clone()]).then_some(());
    eventually(Duration::from_secs(20), is_swept).await;
    let left = world
        .stand
        .documents
        .find::<KeyOwner>(&Scope::Commons, Query::all());
    let left = left.await.unwrap().rows;
    let terminal = world.app.terminal(&id).await.unwrap();
    assert_eq!(left[0].id(), terminal.terminal.api_key_hash.as_str());
}
