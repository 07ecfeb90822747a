//! A shop to buy in: one tenant, one store, a small catalogue and many tills.

use kugel_proto::Permission::{JournalRead, ReportsRead, StockRead};
use kugel_shop::{Item, Owner, transport};
use kugel_types::PaymentKind;
use rust_decimal::Decimal;
use tonic::Request;
use tonic::transport::Endpoint;

pub(crate) const STORE: &str = "store_001";
pub(crate) const ITEMS: usize = 1000;

pub(crate) struct Shop {
    pub(crate) url: String,
    pub(crate) tenant: String,
    /// Of who reads the books.
    pub(crate) token: String,
    pub(crate) tills: Vec<Till>,
}

/// A till that is open, with somebody signed in.
#[derive(Clone)]
pub(crate) struct Till {
    pub(crate) number: i32,
    pub(crate) token: String,
}

pub(crate) fn with_token<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

pub(crate) fn decimal(value: i64) -> Option<kugel_proto::Decimal> {
    Some(Decimal::from(value).into())
}

pub(crate) fn item_code(number: usize) -> String {
    format!("ITEM_{:04}", number % ITEMS)
}

fn item(number: usize) -> Item {
    Item {
        code: item_code(number),
        description: format!("Linen towel {number}"),
        unit_price: Decimal::from(100 + number),
        category: "320".to_owned(),
        tax: if number.is_multiple_of(3) { "11" } else { "01" }.to_owned(),
    }
}

impl Shop {
    pub(crate) async fn open(url: &str, tills: i32) -> Self {
        let channel = Endpoint::from_shared(url.to_owned()).unwrap();
        let transport = transport(channel.connect().await.unwrap());
        let owner = Owner::register(transport.clone(), "owner", "plum-Tree-9", None);
        let owner = owner.await.unwrap();
        owner.set_up("Load", &[]).await.unwrap();
        let shop = owner.office().await.unwrap();
        let accountant = owner.accountant(&[JournalRead, ReportsRead, StockRead]);
        let accountant = accountant.await.unwrap();
        shop.store(STORE, "Load", None).await.unwrap();
        owner.staff("31", "Mori", "8080", "cashier").await.unwrap();
        shop.payment(PaymentKind::Cash, "Cash").await.unwrap();
        shop.items((0..ITEMS).map(item)).await.unwrap();
        let mut open = Vec::new();
        for number in 1..=tills {
            let till = shop.till(transport.clone(), STORE, number, "Load").await;
            let mut till = till.unwrap();
            till.sign_in("31", "8080").await.unwrap();
            till.open(Decimal::from(10_000)).await.unwrap();
            open.push(Till {
                number,
                token: till.client.token().to_owned(),
            });
        }
        Self {
            url: url.to_owned(),
            tenant: shop.tenant,
            token: accountant.token().to_owned(),
            tills: open,
        }
    }
}
