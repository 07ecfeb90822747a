//! From messages to masters. What is wrong with a request is named all at once, each field with its path.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_error::Result;
use kugel_proto::master_data::v1 as pb;
use kugel_rpc::{Checks, View};
use kugel_store::Value;
use kugel_types::trade::setting::check_setting;
use kugel_types::{ItemCode, Moment, Rate, RoundMethod, StoreCode, TaxRule, TaxType, TerminalNo};

use crate::app::StaffDraft;
use crate::domain::item_book::{Button, ButtonSize, Category as Page, ItemBook, Tab};
use crate::domain::json;
use crate::domain::masters::{Category, Item, Payment, StoreItem};
use crate::domain::promotion::{Changes, Detail, Promotion};
use crate::domain::setting::{Setting, SettingValue};
use crate::records::Master;

/// Reads the message that a request carries in the field `holder`. What stands in for a value that was refused goes no
/// further than this.
fn carried<W: Default, T>(
    holder: &str,
    message: Option<W>,
    read: impl FnOnce(&mut Checks, W) -> T,
) -> Result<T> {
    let mut checks = Checks::default();
    let value = checks.within(holder, |checks| read(checks, message.unwrap_or_default()));
    checks.done().map(|()| value)
}

/// The part of a list that is asked for.
pub(super) fn view<T: Master>(limit: Option<i32>, page: Option<i32>, sort: Option<&str>) -> Result<View> {
    let mut checks = Checks::default();
    let view = T::LIST.view(&mut checks, limit, page, sort);
    checks.done().map(|()| view)
}

pub(super) fn tenant(tenant_id: String) -> Result<String> {
    let mut checks = Checks::default();
    let tenant_id = checks.key("tenant_id", tenant_id);
    checks.done().map(|()| tenant_id)
}

pub(super) fn category(category: Option<pb::Category>) -> Result<Category> {
    carried("category", category, |checks, category| Category {
        category_code: checks.key("category_code", category.category_code),
        description: checks.text("description", category.description),
        description_short: checks.text("description_short", category.description_short),
        tax_code: checks.key("tax_code", category.tax_code),
    })
}

pub(super) fn item(item: Option<pb::Item>) -> Result<Item> {
    carried("item", item, |checks, item| {
        checks.parse::<ItemCode>("item_code", &item.item_code);
        Item {
            item_code: item.item_code,
            description: checks.text("description", item.description),
            unit_price: checks.amount("unit_price", item.unit_price.as_ref()),
            unit_cost: checks.amount("unit_cost", item.unit_cost.as_ref()),
            item_details: item.item_details,
            image_urls: item.image_urls,
            category_code: checks.key("category_code", item.category_code),
            tax_code: checks.key("tax_code", item.tax_code),
            is_discount_restricted: item.is_discount_restricted,
            is_deleted: false,
        }
    })
}

/// An item that is made now: its code has to be one that paths can name.
pub(super) fn new_item(item: Option<pb::Item>) -> Result<Item> {
    let item = self::item(item)?;
    let mut checks = Checks::default();
    checks.within("item", |checks| checks.made("item_code", &item.item_code));
    checks.done().map(|()| item)
}

pub(super) fn store_item(store_code: String, item: Option<pb::StoreItem>) -> Result<StoreItem> {
    let item = item.unwrap_or_default();
    let mut checks = Checks::default();
    checks.parse::<StoreCode>("store_code", &store_code);
    let item = checks.within("item", |checks| {
        checks.parse::<ItemCode>("item_code", &item.item_code);
        StoreItem {
            store_code,
            item_code: item.item_code,
            store_price: checks.amount("store_price", item.store_price.as_ref()),
        }
    });
    checks.done().map(|()| item)
}

pub(super) fn payment(payment: Option<pb::Payment>) -> Result<Payment> {
    carried("payment", payment, |checks, payment| Payment {
        payment_code: checks.key("payment_code", payment.payment_code),
        description: checks.text("description", payment.description),
        limit_amount: checks.amount("limit_amount", payment.limit_amount.as_ref()),
        can_refund: checks.required("can_refund", payment.can_refund),
        can_deposit_over: checks.required("can_deposit_over", payment.can_deposit_over),
        can_change: checks.required("can_change", payment.can_change),
        is_active: checks.required("is_active", payment.is_active),
    })
}

pub(super) fn staff(person: Option<pb::StaffEntry>, pin_min: usize) -> Result<StaffDraft> {
    carried("staff", person, |checks, person| {
        let length = person.pin.chars().count();
        if (1..pin_min).contains(&length) {
            checks.refuse("pin", format!("must have at least {pin_min} characters"));
        }
        StaffDraft {
            staff_id: checks.key("id", person.id),
            name: checks.name("name", person.name),
            pin: checks.key("pin", person.pin),
            roles: person.roles,
        }
    })
}

pub(super) fn tax(tax: Option<pb::Tax>) -> Result<TaxRule> {
    carried("tax", tax, |checks, tax| {
        let tax_type = checks
            .parse("tax_type", &tax.tax_type)
            .unwrap_or(TaxType::External);
        let (rule, fits): (_, fn(&Rate) -> bool) = match tax_type {
            TaxType::Exempt => ("must be 0 for Exempt", |rate| rate.is_zero()),
            TaxType::External | TaxType::Internal => ("must be 0 to 100", |rate| !rate.is_negative()),
        };
        if !(-10..=4).contains(&tax.round_digit) {
            checks.refuse("round_digit", "must be -10 to 4");
        }
        TaxRule {
            code: checks.key("tax_code", tax.tax_code),
            tax_type,
            name: checks.name("tax_name", tax.tax_name),
            rate: checks.percent("rate", tax.rate.as_ref(), rule, fits),
            round_digit: tax.round_digit,
            round_method: tax
                .round_method
                .map(|name| checks.parse("round_method", &name).unwrap_or(RoundMethod::Round)),
        }
    })
}

pub(super) fn setting(setting: Option<pb::Setting>) -> Result<Setting> {
    carried("setting", setting, |checks, setting| {
        let name = setting.name;
        if name.len() > 128 || name.trim() != name || name.chars().any(char::is_control) {
            checks.refuse(
                "name",
                "must have at most 128 characters and no blank at either end",
            );
        }
        let name = checks.name("name", name);
        let default_value = checks.text("default_value", setting.default_value);
        checks.taken(
            "default_value",
            check_setting(&name, &json::canonical(&default_value)),
        );
        let mut places = HashSet::new();
        let values = checks.each("values", setting.values, |checks, value| {
            if let Some(store) = &value.store_code {
                checks.taken("store_code", store.parse::<StoreCode>());
            }
            if let Some(number) = value.terminal_no {
                checks.taken("terminal_no", TerminalNo::new(number.into()));
            }
            checks.require(
                value.store_code.is_some() || value.terminal_no.is_none(),
                "store_code",
                "is required beside terminal_no",
            );
            let place = (value.store_code.clone(), value.terminal_no);
            checks.require(places.insert(place), "value", "is the second one of its place");
            let text = checks.text("value", value.value);
            checks.taken("value", check_setting(&name, &json::canonical(&text)));
            SettingValue {
                store_code: value.store_code,
                terminal_no: value.terminal_no,
                value: text,
            }
        });
        Setting::new(name, &default_value, values)
    })
}

/// The store and terminal whose value of a setting is asked for.
pub(super) fn place_of_setting(store_code: String, terminal_no: Option<i32>) -> Result<(String, i32)> {
    let mut checks = Checks::default();
    let place = (
        checks.name("store_code", store_code),
        checks.required("terminal_no", terminal_no),
    );
    checks.done().map(|()| place)
}

pub(super) fn promotion(promotion: Option<pb::Promotion>, zone: &TimeZone) -> Result<Promotion> {
    let promotion = carried("promotion", promotion, |checks, promotion| {
        let start = checks.name("start_datetime", promotion.start_datetime);
        let end = checks.name("end_datetime", promotion.end_datetime);
        checks.made("promotion_code", &promotion.promotion_code);
        Promotion {
            promotion_code: checks.key("promotion_code", promotion.promotion_code),
            promotion_type: checks.key("promotion_type", promotion.promotion_type),
            name: checks.name("name", promotion.name),
            description: promotion
                .description
                .map(|text| checks.text("description", Some(text))),
            start_datetime: moment(checks, "start_datetime", &start, zone).first,
            end_datetime: moment(checks, "end_datetime", &end, zone).last,
            is_active: promotion.is_active.unwrap_or(true),
            is_deleted: false,
            detail: promotion.detail.map(|it| detail(checks, it)),
        }
    })?;
    promotion.checked().map_err(|error| error.within("promotion"))
}

pub(super) fn promotion_changes(request: pb::UpdatePromotionRequest, zone: &TimeZone) -> Result<Changes> {
    let mut checks = Checks::default();
    let changes = Changes {
        name: request.name.map(|name| checks.name("name", name)),
        description: request
            .description
            .map(|text| checks.text("description", Some(text))),
        start_datetime: request
            .start_datetime
            .map(|text| moment(&mut checks, "start_datetime", &text, zone).first),
        end_datetime: request
            .end_datetime
            .map(|text| moment(&mut checks, "end_datetime", &text, zone).last),
        is_active: request.is_active,
        detail: request.detail.map(|it| detail(&mut checks, it)),
    };
    checks.done().map(|()| changes)
}

/// The first and the last instant that a text names: a day ends with its last second.
fn moment(checks: &mut Checks, field: &str, text: &str, zone: &TimeZone) -> Moment {
    let refused = Moment {
        first: Timestamp::UNIX_EPOCH,
        last: Timestamp::UNIX_EPOCH,
    };
    checks.taken(field, Moment::parse(text, zone)).unwrap_or(refused)
}

fn detail(checks: &mut Checks, detail: pb::PromotionDetail) -> Detail {
    checks.within("detail", |checks| {
        for (position, store) in detail.target_store_codes.iter().enumerate() {
            checks.taken(
                &format!("target_store_codes[{position}]"),
                store.parse::<StoreCode>(),
            );
        }
        let categories = detail.target_category_codes;
        checks.require(
            !categories.is_empty(),
            "target_category_codes",
            "needs at least one category",
        );
        let rate = detail.discount_rate.as_ref();
        let rule = "must be above 0 and at most 100";
        Detail {
            target_store_codes: detail.target_store_codes,
            target_category_codes: categories,
            discount_rate: checks.percent("discount_rate", rate, rule, |rate| rate.is_positive()),
        }
    })
}

pub(super) fn promotion_filters(
    promotion_type: Option<String>,
    is_active: Option<bool>,
) -> Vec<(&'static str, Value)> {
    let promotion_type = promotion_type.map(|rule| ("promotion_type", Value::from(&rule)));
    let is_active = is_active.map(|active| ("is_active", Value::from(active)));
    promotion_type.into_iter().chain(is_active).collect()
}

pub(super) fn item_book(book: Option<pb::ItemBook>) -> Result<ItemBook> {
    carried("item_book", book, |checks, book| ItemBook {
        item_book_id: book.item_book_id,
        title: checks.name("title", book.title),
        categories: checks.each("categories", book.categories, read_page),
    })
}

pub(super) fn category_of_book(page: Option<pb::ItemBookCategory>) -> Result<Page> {
    carried("category", page, read_page)
}

pub(super) fn tab(tab: Option<pb::ItemBookTab>) -> Result<Tab> {
    carried("tab", tab, read_tab)
}

pub(super) fn button(button: Option<pb::ItemBookButton>) -> Result<Button> {
    carried("button", button, read_button)
}

fn read_page(checks: &mut Checks, page: pb::ItemBookCategory) -> Page {
    Page {
        category_number: checks.required("category_number", page.category_number),
        title: checks.name("title", page.title),
        color: checks.text("color", page.color),
        tabs: checks.each("tabs", page.tabs, read_tab),
    }
}

fn read_tab(checks: &mut Checks, tab: pb::ItemBookTab) -> Tab {
    Tab {
        tab_number: checks.required("tab_number", tab.tab_number),
        title: checks.name("title", tab.title),
        color: checks.text("color", tab.color),
        buttons: checks.each("buttons", tab.buttons, read_button),
    }
}

fn read_button(checks: &mut Checks, button: pb::ItemBookButton) -> Button {
    Button {
        pos_x: checks.required("pos_x", button.pos_x),
        pos_y: checks.required("pos_y", button.pos_y),
        size: checks.parse("size", &button.size).unwrap_or(ButtonSize::Single),
        image_url: checks.text("image_url", button.image_url),
        color_text: checks.text("color_text", button.color_text),
        item_code: checks.key("item_code", button.item_code),
    }
}

/// The store whose names and prices a book is shown with.
pub(super) fn store_of_book(store_code: String) -> Result<String> {
    let mut checks = Checks::default();
    let store_code = checks.name("store_code", store_code);
    checks.done().map(|()| store_code)
}
