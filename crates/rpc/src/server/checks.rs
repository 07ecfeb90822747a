//! What is wrong with a request, all of it at once.

use std::fmt::Display;
use std::str::FromStr;

use kugel_error::{Error, ErrorSpec, Result, codes};
use kugel_proto::{Decimal, PATH_WORDS};
use kugel_types::{InvalidId, Money, Quantity, Rate};

/// What clients of HTTP take for a step to another folder and leave out of a path.
const STEPS: [&str; 2] = [".", ".."];

/// The longest key, in characters.
const KEY_MAX: usize = 64;

/// Reads the fields of a request and collects what is wrong with them, so that a caller is told everything at once.
///
/// Texts, figures and flags that are refused come back as their type's default; whatever has no default comes back as
/// `None`. What was read counts only after [`Checks::done`] or [`Checks::finish`].
///
/// ```ignore
/// let mut checks = Checks::default();
/// let store = checks.parse::<StoreCode>("store_code", &request.store_code);
/// let date = checks.parse_given::<BusinessDate>("business_date", request.business_date.as_deref());
/// let lines = checks.each("lines", request.lines, |checks, line| Line {
///     quantity: checks.quantity("quantity", line.quantity.as_ref()),
/// });
/// checks.finish(|| Some(Command { store: store?, date, lines }))
/// ```
#[derive(Debug, Default)]
pub struct Checks {
    mistakes: Vec<(String, String)>,
    prefix: String,
}

impl Checks {
    /// Reads a nested message: its fields are named `holder.field`.
    pub fn within<T>(&mut self, holder: impl Display, read: impl FnOnce(&mut Self) -> T) -> T {
        let inner = format!("{}{holder}.", self.prefix);
        let outer = std::mem::replace(&mut self.prefix, inner);
        let value = read(self);
        self.prefix = outer;
        value
    }

    /// Reads a list of messages: the fields of its rows are named `field[2].name`.
    pub fn each<T, U>(
        &mut self,
        field: &str,
        rows: impl IntoIterator<Item = T>,
        mut read: impl FnMut(&mut Self, T) -> U,
    ) -> Vec<U> {
        let rows = rows.into_iter().enumerate();
        rows.map(|(position, row)| {
            self.within(format_args!("{field}[{position}]"), |checks| read(checks, row))
        })
        .collect()
    }

    /// Notes a mistake. The first one becomes the error's message.
    pub fn refuse(&mut self, field: &str, why: impl Into<String>) {
        self.mistakes
            .push((format!("{}{field}", self.prefix), why.into()));
    }

    /// Notes a mistake unless `holds`.
    pub fn require(&mut self, holds: bool, field: &str, why: &str) {
        if !holds {
            self.refuse(field, why);
        }
    }

    /// A value that has to be there.
    pub fn required<T: Default>(&mut self, field: &str, value: Option<T>) -> T {
        self.require(value.is_some(), field, "is required");
        value.unwrap_or_default()
    }

    /// What a type of `kugel-types` makes of a text that has to be there: an id, a code, a date.
    pub fn parse<T: FromStr<Err = InvalidId>>(&mut self, field: &str, text: &str) -> Option<T> {
        if text.is_empty() {
            self.refuse(field, "is required");
            return None;
        }
        self.taken(field, text.parse())
    }

    /// The same of a text that may be missing or empty.
    pub fn parse_given<T: FromStr<Err = InvalidId>>(&mut self, field: &str, text: Option<&str>) -> Option<T> {
        let text = text.filter(|text| !text.is_empty())?;
        self.taken(field, text.parse())
    }

    /// What a constructor of `kugel-types` takes.
    pub fn taken<T>(&mut self, field: &str, value: std::result::Result<T, InvalidId>) -> Option<T> {
        value
            .map_err(|invalid| self.refuse(field, format!("must be {}", invalid.rule)))
            .ok()
    }

    /// One of a few names.
    pub fn one_of<T: Copy>(&mut self, field: &str, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let choice = choices.iter().find(|(known, _)| *known == name);
        if choice.is_none() {
            let names: Vec<_> = choices.iter().map(|(known, _)| *known).collect();
            let why = match name {
                "" => "is required".to_owned(),
                _ => format!("must be one of {}", names.join(", ")),
            };
            self.refuse(field, why);
        }
        choice.map(|(_, value)| *value)
    }

    /// A key: it stands in paths and documents, so no blanks at the ends and nothing invisible, and no step to a folder.
    pub fn key(&mut self, field: &str, text: String) -> String {
        let is_clean = text.trim() == text && !text.chars().any(char::is_control);
        if text.is_empty() {
            self.refuse(field, "is required");
        } else if text.chars().count() > KEY_MAX || !is_clean {
            let rule = "characters, no control characters and no blank at either end";
            self.refuse(field, format!("must have 1 to {KEY_MAX} {rule}"));
        } else if STEPS.contains(&&*text) {
            self.refuse(field, "must be more than dots");
        }
        text
    }

    /// The key of something that is made. By REST, a key like a fixed word of a path would never be reached.
    pub fn made(&mut self, field: &str, key: &str) {
        if PATH_WORDS.contains(&(field, key)) || STEPS.contains(&key) {
            self.refuse(field, format!("must not be `{key}`, which is a word of a path"));
        }
    }

    /// A text that may not be empty.
    pub fn name(&mut self, field: &str, text: String) -> String {
        self.require(!text.trim().is_empty(), field, "is required");
        text
    }

    /// A text that has to be there and may be empty.
    pub fn text(&mut self, field: &str, text: Option<String>) -> String {
        self.required(field, text)
    }

    /// An amount of money, 0 or more.
    pub fn amount(&mut self, field: &str, wire: Option<&Decimal>) -> Money {
        self.figure(field, wire, "must not be negative", |amount: &Money| {
            !amount.is_negative()
        })
    }

    /// A quantity, of either sign.
    pub fn quantity(&mut self, field: &str, wire: Option<&Decimal>) -> Quantity {
        self.figure(field, wire, "", |_| true)
    }

    /// A percentage up to 100 that `fits`; `rule` says in words what it must be.
    pub fn percent(
        &mut self,
        field: &str,
        wire: Option<&Decimal>,
        rule: &str,
        fits: impl Fn(&Rate) -> bool,
    ) -> Rate {
        self.figure(field, wire, rule, |rate: &Rate| {
            rate.decimal() <= rust_decimal::Decimal::ONE_HUNDRED && fits(rate)
        })
    }

    /// An exact figure that has to be there and that `fits`; `rule` says in words what it must be. Of one that may be
    /// missing: `wire.map(|wire| checks.figure(field, Some(wire), …))`.
    pub fn figure<T>(
        &mut self,
        field: &str,
        wire: Option<&Decimal>,
        rule: &str,
        fits: impl Fn(&T) -> bool,
    ) -> T
    where
        T: for<'wire> TryFrom<&'wire Decimal, Error: Display> + Default,
    {
        let Some(wire) = wire else {
            return self.required(field, None);
        };
        match T::try_from(wire) {
            Ok(figure) if fits(&figure) => return figure,
            Ok(_) => self.refuse(field, rule),
            Err(invalid) => self.refuse(field, invalid.to_string()),
        }
        T::default()
    }

    /// Ends the checks.
    pub fn done(self) -> Result<()> {
        let mut mistakes = self.mistakes.into_iter();
        let Some((field, why)) = mistakes.next() else {
            return Ok(());
        };
        let error = codes::INVALID_INPUT
            .error(format!("{field} {why}"))
            .field(field, why);
        Err(mistakes.fold(error, |error: Error, (field, why)| error.field(field, why)))
    }

    /// Ends the checks and makes the whole of what was read. `None` is for what a check has refused, and is never seen
    /// here.
    pub fn finish<T>(self, make: impl FnOnce() -> Option<T>) -> Result<T> {
        self.done()?;
        Ok(make().expect("what is missing was refused"))
    }
}

/// Refuses a range that ends before it begins, by the code of the service that reads it. One that is open at an end is
/// as good as any other.
pub fn in_order<T: PartialOrd>(
    spec: &'static ErrorSpec,
    (from, first): (&str, Option<T>),
    (to, last): (&str, Option<T>),
) -> Result<()> {
    if first.is_none() || last.is_none() || first <= last {
        return Ok(());
    }
    let why = format!("must not be after {to}");
    Err(spec.error(format!("{from} {why}")).field(from, why))
}

#[cfg(test)]
mod tests {
    use kugel_types::{BusinessDate, StoreCode};

    use super::*;

    fn wire(text: &str) -> Option<Decimal> {
        Some(Decimal {
            value: text.to_owned(),
        })
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let mut checks = Checks::default();
        checks.key("item_code", String::new());
        checks.key("category_code", " x".to_owned());
        checks.key("tax_code", "..".to_owned());
        checks.text("description", None);
        checks.amount("unit_price", wire("-1").as_ref());
        checks.amount("unit_cost", wire("much").as_ref());
        checks.parse::<StoreCode>("store_code", "s/1");
        checks.parse_given::<BusinessDate>("date", Some("yesterday"));
        checks.one_of("kind", "Third", &[("First", 1), ("Second", 2)]);
        checks.each("books", ["a", ""], |checks, title| {
            checks.within("cover", |checks| checks.name("title", title.to_owned()))
        });
        let error = checks.finish(|| Some(())).unwrap_err();
        let fields: Vec<_> = error.fields().iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "item_code",
                "category_code",
                "tax_code",
                "description",
                "unit_price",
                "unit_cost",
                "store_code",
                "date",
                "kind",
                "books[1].cover.title",
            ]
        );
        assert_eq!(error.message(), "item_code is required");
        assert_eq!(error.fields()[8].description, "must be one of First, Second");
    }

    #[test]
    fn what_is_made_can_be_named_by_a_path() {
        let mut checks = Checks::default();
        for (field, key) in [
            ("item_code", "low"),
            ("item_code", "LOW"),
            ("item_code", "active"),
            ("promotion_code", "active"),
            ("item_code", ".."),
        ] {
            checks.made(field, key);
        }
        let error = checks.done().unwrap_err();
        let fields: Vec<_> = error.fields().iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, ["item_code", "promotion_code", "item_code"]);
        // The comments of the methods that make them name these words.
        let words = [
            ("item_code", "low"),
            ("item_code", "reorder-alerts"),
            ("item_code", "snapshot"),
            ("item_code", "snapshots"),
            ("promotion_code", "active"),
            ("snapshot_id", "history"),
        ];
        assert_eq!(PATH_WORDS, words);
    }

    #[test]
    fn a_range_does_not_end_before_it_begins() {
        let check = |first, last| in_order(&codes::RANGE_REVERSED, ("from", first), ("to", last));
        for (first, last) in [(None, None), (Some(2), None), (None, Some(1)), (Some(1), Some(1))] {
            check(first, last).unwrap();
        }
        let error = check(Some(2), Some(1)).unwrap_err();
        assert_eq!(
            (error.message(), error.fields()[0].field.as_str()),
            ("from must not be after to", "from")
        );
    }

    #[test]
    fn good_values_pass_unchanged() {
        let mut checks = Checks::default();
        assert_eq!(checks.key("code", "8801-M".to_owned()), "8801-M");
        assert_eq!(checks.text("description", Some(String::new())), "");
        assert_eq!(
            checks.amount("price", wire("980.50").as_ref()).to_string(),
            "980.5"
        );
        let rate = checks.percent("rate", wire("12.5").as_ref(), "", |_| true);
        assert_eq!(rate.to_string(), "12.5");
        assert_eq!(checks.quantity("quantity", wire("-2").as_ref()).to_string(), "-2");
        assert_eq!(checks.one_of("kind", "b", &[("a", 1), ("b", 2)]), Some(2));
        assert_eq!(checks.parse_given::<BusinessDate>("date", Some("")), None);
        let store = checks.parse::<StoreCode>("store_code", "s1");
        assert_eq!(checks.finish(|| store).unwrap().as_str(), "s1");
    }
}
