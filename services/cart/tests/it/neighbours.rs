//! The neighbours of the shop, and what they say.

use std::collections::HashMap;
use std::sync::Arc;

use kugel_proto::master_data::v1 as master;
use kugel_proto::terminal::v1 as terminal;
use kugel_stand::{StandIn, decimal};
use kugel_types::{DEFAULT_PAYMENTS, DefaultPayment, PaymentKind, TaxRule};
use parking_lot::Mutex;
use tonic::Status;

use crate::support::{Answer, till};

/// What the neighbours say.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) terminals: HashMap<String, terminal::Terminal>,
    pub(crate) items: HashMap<String, master::ItemDetails>,
    pub(crate) promotions: Vec<master::Promotion>,
    pub(crate) payments: Vec<master::Payment>,
    pub(crate) is_away: bool,
}

/// A till that is opened and has somebody signed in.
pub(crate) fn state(staff: &str, open_counter: i32) -> terminal::Terminal {
    terminal::Terminal {
        status: "Opened".to_owned(),
        business_date: Some("20260611".to_owned()),
        open_counter,
        business_counter: 40 + open_counter,
        staff: Some(terminal::TerminalStaff {
            staff_id: staff.to_owned(),
            staff_name: format!("Name of {staff}"),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn item(code: &str, price: &str, tax_code: &str, category: &str) -> (String, master::ItemDetails) {
    let item = master::ItemDetails {
        item_code: code.to_owned(),
        description: code.to_uppercase(),
        category_code: category.to_owned(),
        tax_code: tax_code.to_owned(),
        unit_price: decimal(price),
        image_urls: vec![format!("https://pictures.example/{code}.png")],
        ..Default::default()
    };
    (code.to_owned(), item)
}

/// Both tills are opened, Mori is at the first and Sato at the second.
pub(crate) fn world() -> World {
    World {
        terminals: HashMap::from([(till(1).id, state("mori", 2)), (till(2).id, state("sato", 3))]),
        items: HashMap::from([
            item("tea", "298", "01", "10"),
            item("rice", "1280", "02", "10"),
            item("bread", "158", "11", "20"),
            item("melon", "1000", "01", "20"),
            item("odd", "100", "77", "20"),
        ]),
        payments: DEFAULT_PAYMENTS.map(method).to_vec(),
        ..World::default()
    }
}

fn method(payment: DefaultPayment) -> master::Payment {
    master::Payment {
        payment_code: payment.code.to_owned(),
        description: Some(payment.name.to_owned()),
        can_deposit_over: Some(payment.kind == PaymentKind::Cash),
        can_change: Some(payment.kind == PaymentKind::Cash),
        is_active: Some(true),
        can_refund: Some(true),
        ..Default::default()
    }
}

fn ask<T>(world: &Mutex<World>, read: impl FnOnce(&World) -> T) -> Answer<T> {
    let world = world.lock();
    if world.is_away {
        return Err(Status::unavailable("the neighbour is away"));
    }
    Ok(read(&world))
}

pub(crate) fn terminals(world: &Arc<Mutex<World>>) -> StandIn {
    let world = Arc::clone(world);
    StandIn::default()
        .answering(move |_, request: terminal::GetTerminalRequest| {
            let terminal = ask(&world, |world| world.terminals.get(&request.terminal_id).cloned())?;
            if terminal.is_none() {
                return Err(Status::not_found("there is no such terminal"));
            }
            Ok(terminal::GetTerminalResponse { terminal })
        })
        .answering(|_, request: terminal::GetStoreRequest| {
            Ok(terminal::GetStoreResponse {
                store: Some(terminal::Store {
                    store_name: format!("Store {}", request.store_code),
                    currency: "JPY".to_owned(),
                    ..Default::default()
                }),
            })
        })
}

pub(crate) fn masters(world: &Arc<Mutex<World>>) -> StandIn {
    let (items, promotions, payments) = (Arc::clone(world), Arc::clone(world), Arc::clone(world));
    StandIn::default()
        .answering(move |_, request: master::BatchGetItemDetailsRequest| {
            let found = |world: &World| {
                let codes = request.item_codes.iter();
                codes.filter_map(|code| world.items.get(code).cloned()).collect()
            };
            Ok(master::BatchGetItemDetailsResponse {
                items: ask(&items, found)?,
                deleted_item_codes: vec!["gone".to_owned()],
            })
        })
        .answering(move |_, _: master::ListPromotionsRequest| {
            Ok(master::ListPromotionsResponse {
                promotions: ask(&promotions, |world| world.promotions.clone())?,
                metadata: None,
            })
        })
        .answering(|_, _: master::ListSettingsRequest| Ok(master::ListSettingsResponse::default()))
        .answering(|_, _: master::ListTaxesRequest| {
            let tax = |rule: TaxRule| master::Tax {
                tax_code: rule.code,
                tax_type: rule.tax_type.name().to_owned(),
                tax_name: rule.name,
                rate: Some(rule.rate.into()),
                round_digit: rule.round_digit,
                round_method: rule.round_method.map(|method| method.name().to_owned()),
                ..Default::default()
            };
            Ok(master::ListTaxesResponse {
                taxes: TaxRule::defaults().into_iter().map(tax).collect(),
                metadata: None,
            })
        })
        .answering(move |_, _: master::ListPaymentsRequest| {
            Ok(master::ListPaymentsResponse {
                payments: ask(&payments, |world| world.payments.clone())?,
                metadata: None,
            })
        })
}
