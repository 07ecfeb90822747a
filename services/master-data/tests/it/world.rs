//! A service of its own for each test.

use std::fmt::Debug;
use std::sync::Arc;

use kugel_config::Settings;
use kugel_proto::master_data::v1 as pb;
use kugel_proto::master_data::v1::item_service_client::ItemServiceClient;
use kugel_rpc::{Channel, Neighbours};
pub(crate) use kugel_stand::decimal;
use kugel_stand::{Stand, StandIn};
use kugel_types::ManualClock;
use tonic::{Request, Status};

/// The tenant of all tests; each has a store of its own.
pub(crate) const TENANT: &str = "Q7301";
/// A store of it.
pub(crate) const STORE: &str = "tk01";

pub(crate) struct World {
    pub(crate) channel: Channel,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) stand: Stand,
}

impl World {
    /// A service that starts at 14:20 of 2026-06-11 in Tokyo.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The service with other settings.
    pub(crate) fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::on(stand().set(change))
    }

    /// The service with an account service of the test's own.
    pub(crate) fn beside(accounts: StandIn) -> Self {
        let mut stand = stand();
        stand.neighbours = Neighbours::local();
        stand.connect("account", accounts);
        Self::on(stand)
    }

    fn on(stand: Stand) -> Self {
        Self {
            channel: stand.serve(kugel_master_data::build(stand.deps()).unwrap()),
            clock: stand.clock.clone(),
            stand,
        }
    }

    /// A message from a user who administers the tenant.
    pub(crate) fn user<T>(&self, message: T) -> Request<T> {
        self.stand.administrator(message)
    }

    /// A message from another service.
    pub(crate) fn service<T>(&self, message: T) -> Request<T> {
        self.stand.service("terminal", message)
    }

    /// Kinds and keys that were announced since the last call.
    pub(crate) fn announced(&self) -> Vec<String> {
        let changes = self.stand.announced();
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

fn stand() -> Stand {
    Stand::new(kugel_master_data::NAME, TENANT, "2026-06-11T05:20:00Z")
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

/// The six-digit code of a refusal, and the fields it names.
#[track_caller]
pub(crate) fn refusal<T: Debug>(answer: Result<T, Status>) -> String {
    let refusal = kugel_stand::refusal(&answer.unwrap_err());
    format!("{} {}", refusal.code, refusal.fields.join(","))
        .trim_end()
        .to_owned()
}
