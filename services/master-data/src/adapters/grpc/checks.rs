//! Checks of what comes over the wire. All mistakes of a request are collected and answered together.

use std::str::FromStr;

use kugel_error::{Error, Result, codes};
use kugel_proto::Decimal as WireDecimal;
use kugel_types::{InvalidId, Money, Rate};
use rust_decimal::Decimal;

/// The longest free text, in characters.
const TEXT_MAX: usize = 4000;
/// The longest key, in characters.
const KEY_MAX: usize = 64;

/// Collects what is wrong with a request.
#[derive(Debug, Default)]
pub(super) struct Checks {
    mistakes: Vec<(String, String)>,
    prefix: String,
}

impl Checks {
    /// Names fields of a nested message from here on: `values[2].` before each. An empty prefix ends that.
    pub(super) fn within(&mut self, prefix: impl Into<String>) {
        self.prefix = prefix.into();
    }

    /// Notes a mistake.
    pub(super) fn refuse(&mut self, field: &str, why: impl Into<String>) {
        self.mistakes
            .push((format!("{}{field}", self.prefix), why.into()));
    }

    /// A value that has to be there; the default of its type stands in for it until [`Checks::done`].
    pub(super) fn required<T: Default>(&mut self, field: &str, value: Option<T>) -> T {
        if value.is_none() {
            self.refuse(field, "is required");
        }
        value.unwrap_or_default()
    }

    /// A key: it stands in paths and documents, so no blanks at the ends and nothing invisible.
    pub(super) fn key(&mut self, field: &str, text: String) -> String {
        if text.is_empty() {
            self.refuse(field, "is required");
        } else if text.chars().count() > KEY_MAX || text.trim() != text || text.chars().any(char::is_control)
        {
            self.refuse(
                field,
                format!(
                    "must have 1 to {KEY_MAX} characters, no control characters and no blank at either end"
                ),
            );
        }
        text
    }

    /// A text that may not be empty.
    pub(super) fn name(&mut self, field: &str, text: String) -> String {
        if text.trim().is_empty() {
            self.refuse(field, "is required");
        }
        self.bounded(field, text)
    }

    /// A text that has to be there and may be empty.
    pub(super) fn text(&mut self, field: &str, text: Option<String>) -> String {
        let text = self.required(field, text);
        self.bounded(field, text)
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, field: &str, texts: Vec<String>) -> Vec<String> {
        for (position, text) in texts.iter().enumerate() {
            if text.chars().count() > TEXT_MAX {
                self.refuse(
                    &format!("{field}[{position}]"),
                    format!("is longer than {TEXT_MAX} characters"),
                );
            }
        }
        texts
    }

    /// An amount of money, 0 or more.
    pub(super) fn amount(&mut self, field: &str, wire: Option<WireDecimal>) -> Money {
        let Some(wire) = wire else {
            return self.required(field, None);
        };
        match Money::try_from(&wire) {
            Ok(amount) if amount.is_negative() => self.refuse(field, "must not be negative"),
            Ok(amount) => return amount,
            Err(error) => self.refuse(field, error.to_string()),
        }
        Money::ZERO
    }

    /// A percentage up to 100 that `fits`; `rule` says in words what it must be.
    pub(super) fn percent(
        &mut self,
        field: &str,
        wire: Option<WireDecimal>,
        rule: &str,
        fits: impl Fn(Rate) -> bool,
    ) -> Rate {
        let Some(wire) = wire else {
            return self.required(field, None);
        };
        match Rate::try_from(&wire) {
            Ok(rate) if rate.decimal() <= Decimal::ONE_HUNDRED && fits(rate) => return rate,
            Ok(_) => self.refuse(field, rule),
            Err(error) => self.refuse(field, error.to_string()),
        }
        Rate::ZERO
    }

    /// One of a few names; `otherwise` stands in for another one until [`Checks::done`].
    pub(super) fn one_of<T: FromStr<Err = InvalidId>>(&mut self, field: &str, name: &str, otherwise: T) -> T {
        if name.is_empty() {
            self.refuse(field, "is required");
            return otherwise;
        }
        self.parsed(field, name.parse()).unwrap_or(otherwise)
    }

    /// Whatever a parser of `kugel-types` takes.
    pub(super) fn parsed<T>(&mut self, field: &str, parsed: std::result::Result<T, InvalidId>) -> Option<T> {
        parsed
            .map_err(|invalid| self.refuse(field, format!("must be {}", invalid.rule)))
            .ok()
    }

    /// Ends the checks: the values taken so far count only if this succeeds.
    pub(super) fn done(self) -> Result<()> {
        let Some((field, why)) = self.mistakes.first() else {
            return Ok(());
        };
        let error: Error = codes::INVALID_INPUT.error(format!("{field} {why}"));
        Err(self
            .mistakes
            .into_iter()
            .fold(error, |error, (field, why)| error.field(field, why)))
    }

    fn bounded(&mut self, field: &str, text: String) -> String {
        if text.chars().count() > TEXT_MAX {
            self.refuse(field, format!("is longer than {TEXT_MAX} characters"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(text: &str) -> Option<WireDecimal> {
        Some(WireDecimal {
            value: text.to_owned(),
        })
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let mut checks = Checks::default();
        checks.key("item_code", String::new());
        checks.key("category_code", " x".to_owned());
        checks.text("description", None);
        checks.amount("unit_price", wire("-1"));
        checks.amount("unit_cost", wire("much"));
        checks.within("values[1].");
        checks.text("value", None);
        let error = checks.done().unwrap_err();
        let fields: Vec<_> = error
            .fields()
            .iter()
            .map(|violation| violation.field.as_str())
            .collect();
        assert_eq!(
            fields,
            [
                "item_code",
                "category_code",
                "description",
                "unit_price",
                "unit_cost",
                "values[1].value"
            ]
        );
        assert_eq!(error.message(), "item_code is required");
    }

    #[test]
    fn good_values_pass_unchanged() {
        let mut checks = Checks::default();
        assert_eq!(checks.key("code", "8801-M".to_owned()), "8801-M");
        assert_eq!(checks.text("description", Some(String::new())), "");
        assert_eq!(checks.amount("price", wire("980.50")).to_string(), "980.5");
        assert_eq!(
            checks.percent("rate", wire("12.5"), "", |_| true).to_string(),
            "12.5"
        );
        assert!(checks.done().is_ok());
    }
}
