//! From masters to messages. Times are shown in the application's zone.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_proto::Decimal;
use kugel_proto::common::v1::ListMetadata;
use kugel_proto::master_data::v1 as pb;
use kugel_store::Stored;
use kugel_types::LocalTime;
use kugel_types::trade::setting::SettingDefinition;

use crate::app::{Details, EffectiveTax, Listed};
use crate::domain::item_book::{Button, Category as Page, ItemBook, Tab};
use crate::domain::masters::{Category, Item, Payment, Staff, StoreItem};
use crate::domain::promotion::Promotion;
use crate::domain::setting::Setting;

/// What a button shows whose item is not sold.
const ITEM_MISSING: &str = "not found";

/// When a record was created and last changed.
fn times<T>(stored: &Stored<T>, zone: &TimeZone) -> (String, Option<String>) {
    (
        time(stored.created_at, zone),
        stored.updated_at.map(|instant| time(instant, zone)),
    )
}

fn time(instant: Timestamp, zone: &TimeZone) -> String {
    LocalTime::new(instant, zone).plain()
}

/// The rendered rows of a page and what the answer says about it.
pub(super) fn page<T, W>(listed: Listed<T>, render: impl Fn(&T) -> W) -> (Vec<W>, Option<ListMetadata>) {
    (listed.rows.iter().map(render).collect(), Some(listed.metadata))
}

pub(super) fn category(category: &Stored<Category>, zone: &TimeZone) -> pb::Category {
    let (entry_datetime, last_update_datetime) = times(category, zone);
    pb::Category {
        category_code: category.category_code.clone(),
        description: Some(category.description.clone()),
        description_short: Some(category.description_short.clone()),
        tax_code: category.tax_code.clone(),
        entry_datetime,
        last_update_datetime,
    }
}

pub(super) fn item(item: &Stored<Item>, zone: &TimeZone) -> pb::Item {
    let (entry_datetime, last_update_datetime) = times(item, zone);
    pb::Item {
        item_code: item.item_code.clone(),
        description: Some(item.description.clone()),
        unit_price: Some(item.unit_price.into()),
        unit_cost: Some(item.unit_cost.into()),
        item_details: item.item_details.clone(),
        image_urls: item.image_urls.clone(),
        category_code: item.category_code.clone(),
        tax_code: item.tax_code.clone(),
        is_discount_restricted: item.is_discount_restricted,
        is_deleted: item.is_deleted,
        entry_datetime,
        last_update_datetime,
    }
}

pub(super) fn store_item(item: &Stored<StoreItem>, zone: &TimeZone) -> pb::StoreItem {
    let (entry_datetime, last_update_datetime) = times(item, zone);
    pb::StoreItem {
        item_code: item.item_code.clone(),
        store_price: Some(item.store_price.into()),
        entry_datetime,
        last_update_datetime,
    }
}

pub(super) fn item_details(Details { item, store }: &Details, zone: &TimeZone) -> pb::ItemDetails {
    let (entry_datetime, last_update_datetime) = store
        .as_ref()
        .map_or_else(|| times(item, zone), |store| times(store, zone));
    pb::ItemDetails {
        item_code: item.item_code.clone(),
        description: item.description.clone(),
        unit_price: Some(item.unit_price.into()),
        unit_cost: Some(item.unit_cost.into()),
        store_price: store.as_ref().map(|store| store.store_price.into()),
        item_details: item.item_details.clone(),
        image_urls: item.image_urls.clone(),
        category_code: item.category_code.clone(),
        tax_code: item.tax_code.clone(),
        is_discount_restricted: item.is_discount_restricted,
        is_deleted: false,
        entry_datetime,
        last_update_datetime,
    }
}

pub(super) fn payment(payment: &Stored<Payment>, zone: &TimeZone) -> pb::Payment {
    let (entry_datetime, last_update_datetime) = times(payment, zone);
    pb::Payment {
        payment_code: payment.payment_code.clone(),
        description: Some(payment.description.clone()),
        limit_amount: Some(payment.limit_amount.into()),
        can_refund: Some(payment.can_refund),
        can_deposit_over: Some(payment.can_deposit_over),
        can_change: Some(payment.can_change),
        is_active: Some(payment.is_active),
        entry_datetime,
        last_update_datetime,
    }
}

pub(super) fn setting_definition(definition: &SettingDefinition) -> pb::SettingDefinition {
    let range = definition.kind.range();
    let choices = definition.kind.choices().iter();
    pb::SettingDefinition {
        name: definition.name.to_owned(),
        r#type: definition.kind.name().to_owned(),
        choices: choices.map(|&word| word.to_owned()).collect(),
        minimum: range.as_ref().map(|range| *range.start()),
        maximum: range.as_ref().map(|range| *range.end()),
        default_value: definition.default_value.to_owned(),
        meaning: definition.meaning.to_owned(),
    }
}

pub(super) fn setting(setting: &Stored<Setting>, zone: &TimeZone) -> pb::Setting {
    let (entry_datetime, last_update_datetime) = times(setting, zone);
    let values = setting.values.iter().map(|value| pb::SettingValue {
        store_code: value.store_code.clone(),
        terminal_no: value.terminal_no,
        value: Some(value.value.clone()),
    });
    pb::Setting {
        name: setting.name.clone(),
        default_value: Some(setting.default_value.clone()),
        values: values.collect(),
        entry_datetime,
        last_update_datetime,
    }
}

pub(super) fn staff(staff: &Stored<Staff>, zone: &TimeZone) -> pb::Staff {
    let (entry_datetime, last_update_datetime) = times(staff, zone);
    pb::Staff {
        id: staff.staff_id.clone(),
        name: staff.name.clone(),
        roles: staff.roles.clone(),
        entry_datetime,
        last_update_datetime,
        generation: staff.updated_at.unwrap_or(staff.created_at).as_microsecond(),
    }
}

pub(super) fn tax(EffectiveTax { rule, recorded }: &EffectiveTax, zone: &TimeZone) -> pb::Tax {
    let (created, updated) = recorded.map_or((None, None), |(created, updated)| (Some(created), updated));
    pb::Tax {
        tax_code: rule.code.clone(),
        tax_type: rule.tax_type.name().to_owned(),
        tax_name: rule.name.clone(),
        rate: Some(rule.rate.into()),
        round_digit: rule.round_digit,
        round_method: rule.round_method.map(|method| method.name().to_owned()),
        entry_datetime: created.map(|instant| time(instant, zone)),
        last_update_datetime: updated.map(|instant| time(instant, zone)),
    }
}

pub(super) fn promotion(promotion: &Stored<Promotion>, zone: &TimeZone) -> pb::Promotion {
    let (entry_datetime, last_update_datetime) = times(promotion, zone);
    let window_time = |instant| {
        let local = LocalTime::new(instant, zone);
        local.zoned().strftime("%Y-%m-%dT%H:%M:%S").to_string()
    };
    pb::Promotion {
        promotion_code: promotion.promotion_code.clone(),
        promotion_type: promotion.promotion_type.clone(),
        name: promotion.name.clone(),
        description: promotion.description.clone(),
        start_datetime: window_time(promotion.start_datetime),
        end_datetime: window_time(promotion.end_datetime),
        is_active: Some(promotion.is_active),
        detail: promotion.detail.as_ref().map(|detail| pb::PromotionDetail {
            target_store_codes: detail.target_store_codes.clone(),
            target_category_codes: detail.target_category_codes.clone(),
            discount_rate: Some(detail.discount_rate.into()),
        }),
        entry_datetime,
        last_update_datetime,
    }
}

/// The book as it was laid out.
pub(super) fn item_book(book: &Stored<ItemBook>, zone: &TimeZone) -> pb::ItemBook {
    book_selling(book, zone, |_| (None, None))
}

/// The book with what its buttons sell in a store.
pub(super) fn detailed_item_book(
    book: &Stored<ItemBook>,
    items: &HashMap<String, Details>,
    zone: &TimeZone,
) -> pb::ItemBook {
    book_selling(book, zone, |item_code| match items.get(item_code) {
        None => (None, Some(ITEM_MISSING.to_owned())),
        Some(Details { item, store }) => {
            let price = store.as_ref().map_or(item.unit_price, |store| store.store_price);
            (Some(price.into()), Some(item.description.clone()))
        }
    })
}

fn book_selling(
    book: &Stored<ItemBook>,
    zone: &TimeZone,
    sells: impl Fn(&str) -> (Option<Decimal>, Option<String>),
) -> pb::ItemBook {
    let render_button = |button: &Button| {
        let (unit_price, description) = sells(&button.item_code);
        pb::ItemBookButton {
            pos_x: Some(button.pos_x),
            pos_y: Some(button.pos_y),
            size: button.size.name().to_owned(),
            image_url: Some(button.image_url.clone()),
            color_text: Some(button.color_text.clone()),
            item_code: button.item_code.clone(),
            unit_price,
            description,
        }
    };
    let render_tab = |tab: &Tab| pb::ItemBookTab {
        tab_number: Some(tab.tab_number),
        title: tab.title.clone(),
        color: Some(tab.color.clone()),
        buttons: tab.buttons.iter().map(render_button).collect(),
    };
    let render_page = |page: &Page| pb::ItemBookCategory {
        category_number: Some(page.category_number),
        title: page.title.clone(),
        color: Some(page.color.clone()),
        tabs: page.tabs.iter().map(render_tab).collect(),
    };
    let (entry_datetime, last_update_datetime) = times(book, zone);
    pb::ItemBook {
        item_book_id: book.item_book_id.clone(),
        title: book.title.clone(),
        categories: book.categories.iter().map(render_page).collect(),
        entry_datetime,
        last_update_datetime,
    }
}
