//! The documents: collections named as the older system names them, and what their lists are sorted by.

use kugel_bus::{ChangeKind, Producer, Topic};
use kugel_proto::account::v1::SecurityEventKind;
use kugel_rpc::List;
use kugel_store::{Collection, Field, Index, PROCESSED_REQUESTS, Record};

use crate::domain::item_book::ItemBook;
use crate::domain::masters::{Category, Item, Payment, Staff, StoreItem};
use crate::domain::promotion::Promotion;
use crate::domain::setting::Setting;
use crate::domain::tax::Tax;

/// A kind of master: the words for it and who must hear of its changes.
pub trait Master: Record {
    /// The word for it in messages.
    const NOUN: &'static str;
    /// How it is listed.
    const LIST: List;
    /// What those who keep a copy call it.
    const ANNOUNCED_AS: ChangeKind;
    /// What the security log calls its creation, its change and its deletion; `None` if it is told of none.
    const LOGGED_AS: Option<[SecurityEventKind; 3]> = None;
    /// The method that brings it back, if it is marked as deleted.
    fn restored_by(&self) -> Option<&'static str> {
        None
    }
}

/// A list in this order, which callers may sort by the fields of the collection.
const fn listed<T: Record>(order: &'static str) -> List {
    List::by(order, |field| T::COLLECTION.kind_of(field).is_some())
}

/// The fields that a list of taxes may be sorted by: it is not sorted by the store.
const TAX_FIELDS: [&str; 6] = [
    "tax_code",
    "tax_type",
    "tax_name",
    "rate",
    "round_digit",
    "round_method",
];

/// Declares the collection of a master and the words for it.
macro_rules! master {
    (
        $type:ident, $noun:literal, $announced:expr, collection $name:literal, list $list:expr,
        fields [$($field:expr),* $(,)?], indexes [$($index:expr),* $(,)?], id |$value:ident| $id:expr
        $(, restored by $method:literal)? $(, logged as $kinds:expr)?
    ) => {
        impl Record for $type {
            const COLLECTION: &'static Collection = {
                static COLLECTION: Collection =
                    Collection { name: $name, fields: &[$($field),*], indexes: &[$($index),*] };
                &COLLECTION
            };
            fn id(&self) -> String {
                let $value = self;
                $id
            }
        }
        impl Master for $type {
            const NOUN: &'static str = $noun;
            const LIST: List = $list;
            const ANNOUNCED_AS: ChangeKind = $announced;
            $(const LOGGED_AS: Option<[SecurityEventKind; 3]> = Some($kinds);)?
            $(
                fn restored_by(&self) -> Option<&'static str> {
                    self.is_deleted.then_some($method)
                }
            )?
        }
    };
}

master!(
    Staff, "staff member", ChangeKind::Staff, collection "master_staff", list listed::<Self>("id:1"),
    fields [Field::text("name")], indexes [], id |staff| staff.staff_id.clone(),
    logged as [
        SecurityEventKind::StaffCreated, SecurityEventKind::StaffChanged, SecurityEventKind::StaffDeleted,
    ]
);
master!(
    Category, "category", ChangeKind::Category, collection "master_category", list listed::<Self>("category_code:1"),
    fields [
        Field::text("category_code"), Field::text("description"), Field::text("description_short"),
        Field::text("tax_code"),
    ],
    indexes [Index::on(&["category_code"])], id |category| category.category_code.clone()
);
master!(
    Item, "item", ChangeKind::Item, collection "master_item_common", list listed::<Self>("item_code:1"),
    fields [
        Field::text("item_code"), Field::text("description"), Field::text("category_code"),
        Field::text("tax_code"), Field::decimal("unit_price"), Field::decimal("unit_cost"),
        Field::boolean("is_discount_restricted"),
    ],
    indexes [Index::on(&["item_code"]), Index::on(&["category_code", "item_code"])],
    id |item| item.item_code.clone(), restored by "RestoreItem"
);
master!(
    StoreItem, "store price of item", ChangeKind::StoreItem, collection "master_item_store",
    list listed::<Self>("item_code:1"), fields [Field::text("store_code"), Field::text("item_code"), Field::decimal("store_price")],
    indexes [Index::on(&["store_code", "item_code"])],
    id |item| Self::key(&item.store_code, &item.item_code)
);
master!(
    ItemBook, "item book", ChangeKind::ItemBook, collection "master_item_book", list listed::<Self>("item_book_id:1"),
    fields [Field::text("item_book_id"), Field::text("title")], indexes [Index::on(&["item_book_id"])],
    id |book| book.item_book_id.clone()
);
master!(
    Payment, "payment method", ChangeKind::Payment, collection "master_payment", list listed::<Self>("payment_code:1"),
    fields [
        Field::text("payment_code"), Field::text("description"), Field::decimal("limit_amount"),
        Field::boolean("can_refund"), Field::boolean("can_deposit_over"), Field::boolean("can_change"),
        Field::boolean("is_active"),
    ],
    indexes [Index::on(&["payment_code"])], id |payment| payment.payment_code.clone()
);
master!(
    Setting, "setting", ChangeKind::Setting, collection "master_settings", list listed::<Self>("name:1"),
    fields [Field::text("name"), Field::text("default_value")], indexes [Index::on(&["name"])], id |setting| setting.name.clone()
);
master!(
    Tax, "tax", ChangeKind::Tax, collection "master_tax", list List::by("tax_code:1", |field| TAX_FIELDS.contains(&field)),
    fields [Field::text("tax_code")], indexes [], id |tax| tax.0.code.clone()
);
master!(
    Promotion, "promotion", ChangeKind::Promotion, collection "master_promotion",
    list listed::<Self>("promotion_code:1").rows(20),
    fields [
        Field::text("promotion_code"), Field::text("promotion_type"), Field::text("name"),
        Field::text("description"),
        Field::text("start_datetime"), Field::text("end_datetime"), Field::boolean("is_active"),
        Field::boolean("is_deleted"),
    ],
    indexes [Index::on(&["is_deleted", "is_active"])], id |promotion| promotion.promotion_code.clone(),
    restored by "RestorePromotion"
);

/// What the security log is told: the bodies of its events under their ids, until they are too old to matter.
pub static SECURITY_LOGS: Collection = Collection {
    name: "log_staff_security",
    fields: &[],
    indexes: &[Index::on(&["created_at"])],
};

static STATUS_STAFF_DELIVERY: Collection = kugel_bus::deliveries("status_staff_delivery");

/// What this service publishes, and what became of it.
pub static PRODUCER: Producer = Producer {
    deliveries: &STATUS_STAFF_DELIVERY,
    logs: &[(Topic::StaffSecurity, &SECURITY_LOGS)],
};

/// All collections of the service.
pub static COLLECTIONS: [&Collection; 12] = [
    Staff::COLLECTION,
    Category::COLLECTION,
    Item::COLLECTION,
    StoreItem::COLLECTION,
    ItemBook::COLLECTION,
    Payment::COLLECTION,
    Setting::COLLECTION,
    Tax::COLLECTION,
    Promotion::COLLECTION,
    &SECURITY_LOGS,
    &STATUS_STAFF_DELIVERY,
    &PROCESSED_REQUESTS,
];
