//! A service of its own for each test.

use std::sync::{Arc, Mutex};

use kugel_auth::{Lifetimes, Passwords, Tokens};
use kugel_bus::{Bus as _, Change, InProcessBus};
use kugel_config::Settings;
use kugel_proto::Decimal;
use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::item_service_client::ItemServiceClient;
use kugel_rpc::{ApiKeys, Channel, Deps, Layers, Neighbours, outgoing, serve};
use kugel_state::MemoryState;
use kugel_store::{DataDir, Documents, SqliteStore};
use kugel_types::{ManualClock, TenantId};
use tonic::{Request, Status};
use tonic_types::StatusExt as _;

/// The tenant of all tests; each has a store of its own.
pub(crate) const TENANT: &str = "Q7301";
/// A store of it.
pub(crate) const STORE: &str = "tk01";

pub(crate) struct World {
    pub(crate) channel: Channel,
    pub(crate) clock: Arc<ManualClock>,
    tokens: Arc<Tokens>,
    changes: Arc<Mutex<Vec<Change>>>,
}

impl World {
    /// A service that starts at 14:20 of 2026-06-11 in Tokyo.
    pub(crate) fn start() -> Self {
        let settings = Arc::new(Settings::for_test());
        let clock = Arc::new(ManualClock::for_test("2026-06-11T05:20:00Z".parse().unwrap()));
        let data_dir = DataDir::for_test().unwrap();
        let store = SqliteStore::open(&data_dir, "master-data").unwrap();
        let bus = Arc::new(InProcessBus::default());
        let changes: Arc<Mutex<Vec<Change>>> = Arc::default();
        let heard = Arc::clone(&changes);
        bus.on_change(Box::new(move |heard_now| {
            heard.lock().unwrap().extend(heard_now.change().cloned());
        }));
        let lifetimes = Lifetimes {
            user: 1800,
            terminal: 86_400,
        };
        let tokens = Arc::new(Tokens::new("root", lifetimes, clock.clone()));
        let parts = kugel_master_data::build(Deps {
            documents: Documents::new(Arc::new(store), clock.clone()),
            bus: bus.clone(),
            state: Arc::new(MemoryState::default()),
            clock: clock.clone(),
            tokens: tokens.clone(),
            passwords: Passwords::new(8, 1),
            settings: settings.clone(),
            neighbours: Neighbours::local(),
        })
        .unwrap();
        let api_keys = ApiKeys::new(Channel::local(), tokens.clone(), &*bus, &settings);
        let channel = Channel::local();
        channel.connect(serve(&parts, &Layers::new(tokens.clone(), api_keys, &settings)));
        Self {
            channel,
            clock,
            tokens,
            changes,
        }
    }

    /// A message from a user of the tenant.
    pub(crate) fn user<T>(&self, message: T) -> Request<T> {
        let tenant: TenantId = TENANT.parse().unwrap();
        let token = self.tokens.issue_user(&tenant, "hq-owner", true);
        let mut request = Request::new(message);
        request
            .metadata_mut()
            .insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }

    /// A message from another service.
    pub(crate) fn service<T>(&self, message: T) -> Request<T> {
        outgoing(&self.tokens, "terminal", &TENANT.parse().unwrap(), message)
    }

    /// Kinds and keys that were announced since the last call.
    pub(crate) fn announced(&self) -> Vec<String> {
        let changes: Vec<Change> = self.changes.lock().unwrap().drain(..).collect();
        changes
            .iter()
            .map(|change| format!("{:?} {}", change.kind, change.key))
            .collect()
    }

    /// Adds an item that costs 980.
    pub(crate) async fn item(&self, item_code: &str) -> pb::Item {
        let mut items = ItemServiceClient::new(self.channel.clone());
        let answer = items
            .create_item(self.user(create_item(new_item(item_code))))
            .await
            .unwrap();
        answer.into_inner().item.unwrap()
    }
}

pub(crate) fn create_item(item: pb::Item) -> pb::CreateItemRequest {
    pb::CreateItemRequest {
        tenant_id: TENANT.to_owned(),
        item: Some(item),
    }
}

pub(crate) fn new_item(item_code: &str) -> pb::Item {
    pb::Item {
        item_code: item_code.to_owned(),
        description: Some("Linen towel".to_owned()),
        unit_price: decimal("980"),
        unit_cost: decimal("410.5"),
        item_details: vec!["70x140".to_owned()],
        image_urls: Vec::new(),
        category_code: "320".to_owned(),
        tax_code: "01".to_owned(),
        is_discount_restricted: true,
        ..Default::default()
    }
}

/// Field names with what leads to them: `fields_of("item", "item_code,tax_code")`.
pub(crate) fn fields_of(master: &str, fields: &str) -> String {
    let fields: Vec<_> = fields
        .split(',')
        .map(|field| format!("{master}.{field}"))
        .collect();
    format!("300001 {}", fields.join(","))
}

pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    Some(Decimal {
        value: text.to_owned(),
    })
}

/// The six-digit code of a refusal, and the fields it names.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.unwrap_err();
    let code = kugel_error::reason_of(&status).map_or("no code", |spec| spec.code);
    let fields: Vec<String> = status
        .get_details_bad_request()
        .map(|details| {
            details
                .field_violations
                .into_iter()
                .map(|violation| violation.field)
                .collect()
        })
        .unwrap_or_default();
    format!("{code} {}", fields.join(",")).trim_end().to_owned()
}
