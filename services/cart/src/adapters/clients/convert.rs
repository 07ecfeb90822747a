//! What the master data service says, read into the domain's words. `None`: it cannot be used.

use jiff::civil::DateTime;
use kugel_pricing::{PaymentMethod, Promotion};
use kugel_proto::Decimal;
use kugel_proto::master_data::v1 as wire;
use kugel_types::{Money, PaymentKind, Rate, TaxRule, TerminalNo};

use crate::domain::masters::{ItemMaster, PaymentMaster, PromotionMaster};
use crate::domain::settings::{SettingMaster, SettingValue};

fn money(value: Option<&Decimal>) -> Option<Money> {
    value.map_or(Some(Money::ZERO), |value| Money::try_from(value).ok())
}

fn rate(value: Option<&Decimal>) -> Option<Rate> {
    value.map_or(Some(Rate::ZERO), |value| Rate::try_from(value).ok())
}

pub(super) fn item(item: wire::ItemDetails) -> Option<ItemMaster> {
    // The store's own price is the price to charge wherever there is one.
    let unit_price = money(item.store_price.as_ref().or(item.unit_price.as_ref()))?;
    Some(ItemMaster {
        item_code: item.item_code.parse().ok()?,
        description: item.description,
        category_code: Some(item.category_code).filter(|code| !code.is_empty()),
        tax_code: item.tax_code,
        unit_price,
        is_discount_restricted: item.is_discount_restricted,
        image_urls: item.image_urls,
    })
}

pub(super) fn tax(tax: wire::Tax) -> Option<TaxRule> {
    Some(TaxRule {
        tax_type: tax.tax_type.parse().ok()?,
        rate: rate(tax.rate.as_ref())?,
        round_method: match tax.round_method.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => Some(name.parse().ok()?),
            None => None,
        },
        code: tax.tax_code,
        name: tax.tax_name,
        round_digit: tax.round_digit,
    })
}

pub(super) fn setting(setting: wire::Setting) -> Option<SettingMaster> {
    let value = |value: wire::SettingValue| {
        Some(SettingValue {
            store_code: value.store_code.filter(|code| !code.is_empty()),
            terminal_no: match value.terminal_no.filter(|number| *number != 0) {
                Some(number) => Some(TerminalNo::new(i64::from(number)).ok()?),
                None => None,
            },
            value: value.value.unwrap_or_default(),
        })
    };
    Some(SettingMaster {
        name: setting.name,
        default_value: setting.default_value.unwrap_or_default(),
        values: setting.values.into_iter().map(value).collect::<Option<_>>()?,
    })
}

pub(super) fn promotion(promotion: wire::Promotion) -> Option<PromotionMaster> {
    let detail = promotion.detail.unwrap_or_default();
    Some(PromotionMaster {
        start: promotion.start_datetime.parse::<DateTime>().ok()?,
        end: promotion.end_datetime.parse::<DateTime>().ok()?,
        store_codes: detail.target_store_codes,
        promotion: Promotion {
            code: promotion.promotion_code,
            promotion_type: promotion.promotion_type,
            name: promotion.name,
            category_codes: detail.target_category_codes,
            rate: rate(detail.discount_rate.as_ref())?,
        },
    })
}

pub(super) fn payment(payment: wire::Payment) -> Option<PaymentMaster> {
    Some(PaymentMaster {
        can_refund: payment.can_refund(),
        method: PaymentMethod {
            kind: PaymentKind::of_code(&payment.payment_code),
            limit_amount: money(payment.limit_amount.as_ref())?,
            can_deposit_over: payment.can_deposit_over(),
            can_change: payment.can_change(),
            is_active: payment.is_active(),
            code: payment.payment_code,
        },
        description: payment.description.unwrap_or_default(),
    })
}
