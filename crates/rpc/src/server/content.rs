//! What holds for every text, list and decimal of a request, whatever the method.

use std::fmt::Write as _;

use kugel_error::{Error, codes};
use kugel_proto::{Content, ContentReader, Decimal};
use kugel_types::parse_exact;

/// Refuses what is longer than the contract allows, naming every such field, and writes decimals in the one way that
/// Kugel writes them: `1.0` and `1` are the same request.
pub(crate) fn check(message: &mut impl Content) -> Result<(), Error> {
    let mut check = Check::default();
    message.read(&mut check);
    let mut mistakes = check.mistakes.into_iter();
    let Some((field, why)) = mistakes.next() else {
        return Ok(());
    };
    // A list is as valid as a shorter one: the call asks for too much.
    let spec = match check.has_long_list {
        true => &codes::REQUEST_REFUSED,
        false => &codes::INVALID_INPUT,
    };
    let error = spec.error(format!("{field} {why}")).field(field, why);
    Err(mistakes.fold(error, |error, (field, why)| error.field(field, why)))
}

#[derive(Default)]
struct Check {
    path: Vec<(&'static str, Option<usize>)>,
    mistakes: Vec<(String, String)>,
    has_long_list: bool,
}

impl Check {
    fn refuse(&mut self, field: &'static str, place: Option<usize>, why: String) {
        let mut name = String::new();
        for (position, (field, place)) in self.path.iter().chain([&(field, place)]).enumerate() {
            let dot = if position == 0 { "" } else { "." };
            _ = match place {
                Some(place) => write!(name, "{dot}{field}[{place}]"),
                None => write!(name, "{dot}{field}"),
            };
        }
        self.mistakes.push((name, why));
    }
}

impl ContentReader for Check {
    fn text(&mut self, field: &'static str, place: Option<usize>, text: &str, most: usize) {
        // A character has one byte at least.
        if text.len() > most && text.chars().count() > most {
            self.refuse(field, place, format!("is longer than {most} characters"));
        }
    }

    fn list(&mut self, field: &'static str, rows: usize, most: usize) -> bool {
        let fits = rows <= most;
        if !fits {
            self.has_long_list = true;
            self.refuse(
                field,
                None,
                format!("has {rows} rows, and a call may have {most}"),
            );
        }
        fits
    }

    fn decimal(&mut self, _: &'static str, _: Option<usize>, wire: &mut Decimal) {
        // Only its reader knows which figures fit and what to say of others.
        if let Some(value) = parse_exact(&wire.value) {
            *wire = value.into();
        }
    }

    fn within(&mut self, field: &'static str, place: Option<usize>, message: &mut dyn Content) {
        self.path.push((field, place));
        message.read(self);
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use kugel_proto::cart::v1::{AddLineItemsRequest, DiscountEntry, DiscountLineItemRequest, LineItemEntry};

    use super::*;

    fn decimal(text: &str) -> Option<Decimal> {
        Some(Decimal {
            value: text.to_owned(),
        })
    }

    #[test]
    fn long_texts_are_named_with_their_place() {
        let entry = |detail: usize| DiscountEntry {
            discount_detail: Some("é".repeat(detail)),
            ..DiscountEntry::default()
        };
        let mut request = DiscountLineItemRequest {
            cart_id: "c".repeat(4_001),
            discounts: vec![entry(4_000), entry(4_001)],
            ..DiscountLineItemRequest::default()
        };
        let error = check(&mut request).unwrap_err();
        assert!(error.is(&codes::INVALID_INPUT));
        let fields: Vec<_> = error.fields().iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(fields, ["cart_id", "discounts[1].discount_detail"]);
        assert_eq!(error.message(), "cart_id is longer than 4000 characters");
    }

    #[test]
    fn a_long_list_is_refused_with_its_limit() {
        let lines = |count| AddLineItemsRequest {
            line_items: vec![LineItemEntry::default(); count],
            ..AddLineItemsRequest::default()
        };
        check(&mut lines(1_000)).unwrap();
        let error = check(&mut lines(1_001)).unwrap_err();
        assert!(error.is(&codes::REQUEST_REFUSED));
        assert_eq!(
            error.message(),
            "line_items has 1001 rows, and a call may have 1000"
        );
    }

    #[test]
    fn a_figure_is_written_in_one_way() {
        for (text, expected) in [
            ("1.0", "1"),
            ("+1", "1"),
            (" 1e0 ", "1"),
            ("1_000", "1_000"),
            ("x", "x"),
        ] {
            let mut request = AddLineItemsRequest {
                line_items: vec![LineItemEntry {
                    quantity: decimal(text),
                    ..LineItemEntry::default()
                }],
                ..AddLineItemsRequest::default()
            };
            check(&mut request).unwrap();
            assert_eq!(request.line_items[0].quantity, decimal(expected), "{text}");
        }
    }
}
