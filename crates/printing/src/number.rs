//! Numbers on paper: thousands separated by commas, decimals as the currency has them.

use kugel_types::money::Decimal;
use kugel_types::{Currency, Money, Rate};

/// A number with thousands commas and exactly `digits` decimals, halves rounded to the even neighbour.
pub fn grouped(value: Decimal, digits: u32) -> String {
    let rounded = value.round_dp(digits);
    let text = format!("{:.*}", digits as usize, rounded.abs());
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut result = String::with_capacity(text.len() + text.len() / 3 + 1);
    if rounded < Decimal::ZERO {
        result.push('-');
    }
    for (position, digit) in whole.char_indices() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            result.push(',');
        }
        result.push(digit);
    }
    if let Some(fraction) = fraction {
        result.push('.');
        result.push_str(fraction);
    }
    result
}

/// An amount with thousands commas and the currency's decimals, without its mark. A price that is finer shows all its
/// digits: paper never rounds, or what it prints would not add up.
pub fn amount(value: Money, currency: Currency) -> String {
    let value = value.decimal().normalize();
    grouped(value, value.scale().max(currency.minor_digits()))
}

/// An amount with the currency's mark before it and one minus sign before both if it is negative.
pub fn price(value: Money, currency: Currency) -> String {
    let number = amount(value, currency);
    match number.strip_prefix('-') {
        Some(positive) => format!("-{}{positive}", mark(currency)),
        None => format!("{}{number}", mark(currency)),
    }
}

/// A percentage with at least one decimal, e.g. `10.0%`.
pub fn rate(value: Rate) -> String {
    let value = value.decimal().normalize();
    format!("{:.*}%", value.scale().max(1) as usize, value)
}

/// The mark before an amount. Yen take the backslash, which receipt printers show as the yen sign.
fn mark(currency: Currency) -> &'static str {
    match currency.code() {
        "JPY" => "\\",
        "GBP" => "£",
        "EUR" => "€",
        "USD" => "$",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, currency: &str, plain: &str, marked: &str) {
        let (value, currency) = (value.parse().unwrap(), currency.parse().unwrap());
        assert_eq!(amount(value, currency), plain);
        assert_eq!(price(value, currency), marked);
    }

    #[test]
    fn amounts_show_the_decimals_of_their_currency() {
        check("0", "JPY", "0", "\\0");
        check("999", "JPY", "999", "\\999");
        check("1000", "JPY", "1,000", "\\1,000");
        check("1234567", "JPY", "1,234,567", "\\1,234,567");
        check("-3000", "JPY", "-3,000", "-\\3,000");
        check("100.00", "JPY", "100", "\\100");
        check("19.99", "JPY", "19.99", "\\19.99");
        check("1.749", "GBP", "1.749", "£1.749");
        check("1234.5", "GBP", "1,234.50", "£1,234.50");
        check("-0.05", "GBP", "-0.05", "-£0.05");
        check("12.3", "BHD", "12.300", "12.300");
    }

    #[test]
    fn rates_show_at_least_one_decimal() {
        assert_eq!(rate("10".parse().unwrap()), "10.0%");
        assert_eq!(rate("7.25".parse().unwrap()), "7.25%");
    }
}
