//! The demonstration and the shops of storm and attacks run with the least rights that suffice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kugel_demo::{Demo, Options};
use kugel_proto::master_data::v1::CreateStaffRequest;
use kugel_testkit::{Site, Tenant, World, contract};
use parking_lot::Mutex;
use prost::Message as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};
use tower::{Service as _, ServiceExt as _};

use crate::keys::part;

/// Two days: a sale at a price of its own, another that is voided, and the return of the first.
const DAYS: [&str; 2] = [
    "1,TEA,Tea,2,2011-01-01 08:26:00,2.55,1,UK\n\
     1,TEA,Tea,1,2011-01-01 08:26:00,2.55,1,UK\n\
     2,TEA,Tea,1,2011-01-01 08:27:00,1.00,2,UK\n\
     3,BAG,Bag,3,2011-01-01 08:28:00,1.00,3,UK\n\
     C3,BAG,Bag,-3,2011-01-01 08:29:00,1.00,3,UK\n",
    "C2,TEA,Tea,-1,2011-01-02 08:27:00,1.00,2,UK\n",
];
const HEAD: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

/// A call by gRPC: the method's path, the caller's token, the request.
struct Call {
    path: String,
    token: Option<String>,
    body: Bytes,
}

/// Stands before a Kugel, lets everything through and keeps what was called.
#[derive(Clone)]
struct Witness {
    channel: Channel,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Witness {
    /// Gives its address too.
    async fn before(site: &Site) -> (Self, String) {
        let witness = Self {
            channel: Endpoint::from_shared(site.url().to_owned())
                .unwrap()
                .connect_lazy(),
            calls: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let listening = witness.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let witness = listening.clone();
                let service = service_fn(move |request| witness.clone().pass_on(request));
                let connection = http2::Builder::new(TokioExecutor::new());
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        (witness, url)
    }

    async fn pass_on(
        mut self,
        request: Request<Incoming>,
    ) -> Result<Response<tonic::body::Body>, Box<dyn std::error::Error + Send + Sync>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let bearer = head.headers.get("authorization");
        let token = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        self.calls.lock().push(Call {
            path: head.uri.path().to_owned(),
            token: token.map(ToOwned::to_owned),
            body: body.clone(),
        });
        let request = Request::from_parts(head, tonic::body::Body::new(Full::new(body)));
        Ok(self.channel.ready().await?.call(request).await?)
    }

    /// The roles that were given to staff.
    fn staff_roles(&self) -> BTreeSet<String> {
        let calls = self.calls.lock();
        let made = calls.iter().filter(|call| call.path.ends_with("/CreateStaff"));
        // A frame of gRPC begins with five bytes of its own.
        let made = made.map(|call| CreateStaffRequest::decode(call.body.slice(5..)).unwrap());
        made.flat_map(|made| made.staff.unwrap().roles).collect()
    }

    /// By caller, what its credentials say and what the methods ask for that it called. All tills are one caller.
    fn callers(&self) -> BTreeMap<String, (Value, BTreeSet<String>)> {
        let asked: BTreeMap<_, _> = contract()
            .into_iter()
            .map(|rpc| (rpc.name().to_owned(), rpc.permission))
            .collect();
        let mut callers = BTreeMap::new();
        for call in self.calls.lock().iter() {
            let Some(token) = &call.token else { continue };
            let claims = part(token, 1);
            let name = match claims["terminal_id"].as_str() {
                Some(_) => "till",
                None => claims["service"].as_str().or(claims["sub"].as_str()).unwrap(),
            };
            let method = call.path.trim_start_matches('/').replace('/', ".");
            let (_, used) = callers
                .entry(name.to_owned())
                .or_insert_with(|| (claims.clone(), BTreeSet::new()));
            used.extend(Some(&asked[&method]).filter(|name| !name.is_empty()).cloned());
        }
        callers
    }
}

/// What a user's token permits in the whole tenant.
fn permitted(claims: &Value) -> BTreeSet<String> {
    assert_eq!(claims["is_superuser"], false, "{claims}");
    let grants = claims["grants"].as_array().unwrap().iter();
    let names = grants.map(|grant| grant["permissions"].as_str().unwrap());
    names
        .flat_map(|names| names.split(' '))
        .map(ToOwned::to_owned)
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// What a role permits that every tenant has.
async fn preset(world: &World, name: &str) -> BTreeSet<String> {
    let roles = world.tenant().await.rest().get("/accounts/roles").await.ok();
    let role = roles.as_array().unwrap().iter().find(|role| role["name"] == name);
    let permissions = role.unwrap()["permissions"].as_array().unwrap();
    permissions
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn nobody_in_the_demonstration_is_permitted_more_than_is_used() {
    let world = World::start().await;
    let (witness, url) = Witness::before(&world).await;
    let folder = tempfile::tempdir().unwrap();
    let files = DAYS.iter().zip(["1.csv", "2.csv"]).map(|(day, name)| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{HEAD}{day}")).unwrap();
        path
    });
    let options = Options {
        files: files.collect(),
        tenant: None,
        terminals: 1,
        skipped: None,
    };
    Demo::read(options).unwrap().replay(&url).await.unwrap();

    let mut callers = witness.callers();
    let (_, by_owner) = callers.remove("admin").unwrap();
    assert_eq!(by_owner, set(&["staff.write", "tenant.write", "users.write"]));
    let (_, at_tills) = callers.remove("till").unwrap();
    for (name, (claims, used)) in &callers {
        assert_eq!(permitted(claims), *used, "{name}");
    }
    assert_eq!(
        callers.into_keys().collect::<BTreeSet<_>>(),
        set(&["accountant", "office"])
    );

    assert_eq!(witness.staff_roles(), set(&["supervisor"]));
    assert!(
        at_tills.is_subset(&preset(&world, "supervisor").await),
        "{at_tills:?}"
    );
    let beyond: BTreeSet<_> = at_tills
        .difference(&preset(&world, "cashier").await)
        .cloned()
        .collect();
    assert_eq!(
        beyond,
        set(&["cash.move", "sales.return", "sales.void"]),
        "a cashier would not do"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_shop_that_its_office_runs_has_no_owner_at_work() {
    let world = World::start().await;
    let (witness, url) = Witness::before(&world).await;
    let (tenant, _) = Tenant::run_by_office(Site::at(url), "cashier").await;
    tenant.item("TEA", "298", "01").await;
    let till = tenant.store("tk01").await.till(1).await;
    let mut callers = witness.callers();
    let (_, by_owner) = callers.remove(Tenant::ADMINISTRATOR).unwrap();
    assert_eq!(by_owner, set(&["staff.write", "tenant.write", "users.write"]));
    let (_, at_tills) = callers.remove("till").unwrap();
    assert_eq!(at_tills, set(&["sessions.run"]));
    let (claims, used) = callers.remove("office").unwrap();
    assert!(used.is_subset(&permitted(&claims)), "{used:?}");
    assert_eq!(permitted(&part(&tenant.token, 1)), permitted(&claims));
    assert!(callers.is_empty(), "{callers:?}");
    assert_eq!(witness.staff_roles(), set(&["cashier"]));
    assert_eq!(till.number, 1);
    world.finish().await;
}
