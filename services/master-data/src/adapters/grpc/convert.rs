//! From messages to masters. What is wrong with a request is named all at once, each field with its path.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kugel_error::Result;
use kugel_proto::master_data::v1 as pb;
use kugel_store::Value;
use kugel_types::{InvalidId, ItemCode, Moment, Rate, RoundMethod, StoreCode, TaxRule, TaxType, TerminalNo};

use super::checks::Checks;
use crate::app::StaffDraft;
use crate::domain::item_book::{Button, ButtonSize, Category as Page, ItemBook, Tab};
use crate::domain::masters::{Category, Item, Payment, StoreItem};
use crate::domain::promotion::{Changes, Detail, Promotion};
use crate::domain::setting::{Setting, SettingValue};

/// Reads the message that a request carries in the field `holder`.
fn carried<W: Default, T>(
    holder: &str,
    message: Option<W>,
    read: impl FnOnce(&mut Checks, W) -> T,
) -> Result<T> {
    let mut checks = Checks::default();
    let value = read(&mut checks, message.unwrap_or_default());
    checks
        .done()
        .map(|()| value)
        .map_err(|error| error.within(holder))
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
        checks.parsed("item_code", item.item_code.parse::<ItemCode>());
        Item {
            item_code: item.item_code,
            description: checks.text("description", item.description),
            unit_price: checks.amount("unit_price", item.unit_price),
            unit_cost: checks.amount("unit_cost", item.unit_cost),
            item_details: checks.texts("item_details", item.item_details),
            image_urls: checks.texts("image_urls", item.image_urls),
            category_code: checks.key("category_code", item.category_code),
            tax_code: checks.key("tax_code", item.tax_code),
            is_discount_restricted: item.is_discount_restricted,
            is_deleted: false,
        }
    })
}

pub(super) fn store_item(store_code: String, item: Option<pb::StoreItem>) -> Result<StoreItem> {
    let item = item.unwrap_or_default();
    let mut checks = Checks::default();
    checks.parsed("store_code", store_code.parse::<StoreCode>());
    checks.within("item.");
    checks.parsed("item_code", item.item_code.parse::<ItemCode>());
    let item = StoreItem {
        store_code,
        item_code: item.item_code,
        store_price: checks.amount("store_price", item.store_price),
    };
    checks.done().map(|()| item)
}

pub(super) fn payment(payment: Option<pb::Payment>) -> Result<Payment> {
    carried("payment", payment, |checks, payment| Payment {
        payment_code: checks.key("payment_code", payment.payment_code),
        description: checks.text("description", payment.description),
        limit_amount: checks.amount("limit_amount", payment.limit_amount),
        can_refund: checks.required("can_refund", payment.can_refund),
        can_deposit_over: checks.required("can_deposit_over", payment.can_deposit_over),
        can_change: checks.required("can_change", payment.can_change),
        is_active: checks.required("is_active", payment.is_active),
    })
}

pub(super) fn staff(person: Option<pb::StaffEntry>) -> Result<StaffDraft> {
    carried("staff", person, |checks, person| StaffDraft {
        staff_id: checks.key("id", person.id),
        name: checks.name("name", person.name),
        pin: checks.key("pin", person.pin),
        roles: checks.texts("roles", person.roles),
    })
}

pub(super) fn tax(tax: Option<pb::Tax>) -> Result<TaxRule> {
    carried("tax", tax, |checks, tax| {
        let tax_type = checks.one_of("tax_type", &tax.tax_type, TaxType::External);
        let (rule, fits): (_, fn(Rate) -> bool) = match tax_type {
            TaxType::Exempt => ("must be 0 for Exempt", Rate::is_zero),
            TaxType::External | TaxType::Internal => ("must be 0 to 100", |rate| !rate.is_negative()),
        };
        if !(-10..=4).contains(&tax.round_digit) {
            checks.refuse("round_digit", "must be -10 to 4");
        }
        TaxRule {
            code: checks.key("tax_code", tax.tax_code),
            tax_type,
            name: checks.name("tax_name", tax.tax_name),
            rate: checks.percent("rate", tax.rate, rule, fits),
            round_digit: tax.round_digit,
            round_method: tax
                .round_method
                .map(|name| checks.one_of("round_method", &name, RoundMethod::Round)),
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
        let values = checks.each("", "values", setting.values, |checks, path, value| {
            checks.within(path);
            if let Some(store) = &value.store_code {
                checks.parsed("store_code", store.parse::<StoreCode>());
            }
            if let Some(number) = value.terminal_no {
                checks.parsed("terminal_no", TerminalNo::new(number.into()));
            }
            SettingValue {
                store_code: value.store_code,
                terminal_no: value.terminal_no,
                value: checks.text("value", value.value),
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
        Promotion {
            promotion_code: checks.key("promotion_code", promotion.promotion_code),
            promotion_type: checks.key("promotion_type", promotion.promotion_type),
            name: checks.name("name", promotion.name),
            description: promotion
                .description
                .map(|text| checks.text("description", Some(text))),
            start_datetime: checks.start("start_datetime", &start, zone),
            end_datetime: checks.end("end_datetime", &end, zone),
            is_active: promotion.is_active.unwrap_or(true),
            is_deleted: false,
            detail: promotion.detail.map(|detail| checks.detail(detail)),
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
            .map(|text| checks.start("start_datetime", &text, zone)),
        end_datetime: request
            .end_datetime
            .map(|text| checks.end("end_datetime", &text, zone)),
        is_active: request.is_active,
        detail: request.detail.map(|detail| checks.detail(detail)),
    };
    checks.done().map(|()| changes)
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
        categories: checks.each("", "categories", book.categories, Checks::page),
    })
}

pub(super) fn category_of_book(page: Option<pb::ItemBookCategory>) -> Result<Page> {
    carried("category", page, |checks, page| checks.page("", page))
}

pub(super) fn tab(tab: Option<pb::ItemBookTab>) -> Result<Tab> {
    carried("tab", tab, |checks, tab| checks.tab("", tab))
}

pub(super) fn button(button: Option<pb::ItemBookButton>) -> Result<Button> {
    carried("button", button, |checks, button| checks.button("", button))
}

/// The store whose names and prices a book is shown with.
pub(super) fn store_of_book(store_code: String) -> Result<String> {
    let mut checks = Checks::default();
    let store_code = checks.name("store_code", store_code);
    checks.done().map(|()| store_code)
}

impl Checks {
    /// Checks parts in a list, each under its own path.
    fn each<W, T>(
        &mut self,
        path: &str,
        field: &str,
        parts: Vec<W>,
        check: impl Fn(&mut Self, &str, W) -> T,
    ) -> Vec<T> {
        let numbered = parts.into_iter().enumerate();
        numbered
            .map(|(position, part)| check(self, &format!("{path}{field}[{position}]."), part))
            .collect()
    }

    fn page(&mut self, path: &str, page: pb::ItemBookCategory) -> Page {
        let tabs = self.each(path, "tabs", page.tabs, Self::tab);
        self.within(path);
        Page {
            category_number: self.required("category_number", page.category_number),
            title: self.name("title", page.title),
            color: self.text("color", page.color),
            tabs,
        }
    }

    fn tab(&mut self, path: &str, tab: pb::ItemBookTab) -> Tab {
        let buttons = self.each(path, "buttons", tab.buttons, Self::button);
        self.within(path);
        Tab {
            tab_number: self.required("tab_number", tab.tab_number),
            title: self.name("title", tab.title),
            color: self.text("color", tab.color),
            buttons,
        }
    }

    fn button(&mut self, path: &str, button: pb::ItemBookButton) -> Button {
        self.within(path);
        Button {
            pos_x: self.required("pos_x", button.pos_x),
            pos_y: self.required("pos_y", button.pos_y),
            size: self.one_of("size", &button.size, ButtonSize::Single),
            image_url: self.text("image_url", button.image_url),
            color_text: self.text("color_text", button.color_text),
            item_code: self.key("item_code", button.item_code),
        }
    }

    /// The first instant that a text names.
    fn start(&mut self, field: &str, text: &str, zone: &TimeZone) -> Timestamp {
        self.instant(field, Moment::parse(text, zone), |moment| moment.first)
    }

    /// The last instant that a text names: a day ends with its last second.
    fn end(&mut self, field: &str, text: &str, zone: &TimeZone) -> Timestamp {
        self.instant(field, Moment::parse(text, zone), |moment| moment.last)
    }

    fn instant(
        &mut self,
        field: &str,
        moment: std::result::Result<Moment, InvalidId>,
        of: fn(Moment) -> Timestamp,
    ) -> Timestamp {
        self.parsed(field, moment).map_or(Timestamp::UNIX_EPOCH, of)
    }

    fn detail(&mut self, detail: pb::PromotionDetail) -> Detail {
        self.within("detail.");
        for (position, store) in detail.target_store_codes.iter().enumerate() {
            self.parsed(
                &format!("target_store_codes[{position}]"),
                store.parse::<StoreCode>(),
            );
        }
        if detail.target_category_codes.is_empty() {
            self.refuse("target_category_codes", "needs at least one category");
        }
        let rule = "must be above 0 and at most 100";
        Detail {
            target_store_codes: detail.target_store_codes,
            target_category_codes: self.texts("target_category_codes", detail.target_category_codes),
            discount_rate: self.percent("discount_rate", detail.discount_rate, rule, Rate::is_positive),
        }
    }
}
