//! What a search of the journal may ask for.

use jiff::Timestamp;
use kugel_types::{BusinessDate, InvalidId, Page, Sort, StoreCode, TerminalNo};

/// A search whose every part was understood. An absent part does not restrict.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) store: StoreCode,
    pub(crate) terminals: Vec<TerminalNo>,
    pub(crate) transaction_types: Vec<i32>,
    pub(crate) business_date_from: Option<BusinessDate>,
    pub(crate) business_date_to: Option<BusinessDate>,
    pub(crate) generated_from: Option<Timestamp>,
    pub(crate) generated_to: Option<Timestamp>,
    pub(crate) receipt_no_from: Option<i64>,
    pub(crate) receipt_no_to: Option<i64>,
    /// Texts of which the journal text holds at least one.
    pub(crate) keywords: Vec<String>,
    pub(crate) order: Order,
    pub(crate) page: Page,
}

/// An order of entries by fields that can be sorted by.
#[derive(Debug, Clone)]
pub(crate) struct Order(Sort);

const DEFAULT_ORDER: &str = "terminal_no:1,business_date:1,receipt_no:1";
const SORTABLE: &[&str] = &[
    "terminal_no",
    "transaction_no",
    "transaction_type",
    "business_date",
    "open_counter",
    "business_counter",
    "generate_date_time",
    "receipt_no",
    "amount",
    "quantity",
    "staff_id",
    "user_id",
    "created_at",
];

impl Order {
    /// Reads `field:1,field:-1`; no text means the order in which the rolls of the tills would lie side by side.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, InvalidId> {
        let sort = Sort::parse(text.unwrap_or(DEFAULT_ORDER))?;
        match sort
            .0
            .iter()
            .find(|(field, _)| !SORTABLE.contains(&field.as_str()))
        {
            None => Ok(Self(sort)),
            Some((field, _)) => Err(InvalidId {
                kind: "sort",
                text: field.clone(),
                rule: "names of journal fields in snake case, except texts",
            }),
        }
    }

    /// The order over stored fields. Generation times are sorted as instants, since texts of different offsets do not
    /// compare.
    pub(crate) fn of_documents(&self) -> Sort {
        let stored = |field: &String| match field.as_str() {
            "generate_date_time" => "generated_at".to_owned(),
            _ => field.clone(),
        };
        Sort(
            self.0
                .0
                .iter()
                .map(|(field, direction)| (stored(field), *direction))
                .collect(),
        )
    }
}

impl std::fmt::Display for Order {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_order_is_that_of_the_contract() {
        assert_eq!(
            Order::parse(None).unwrap().to_string(),
            "terminal_no:1, business_date:1, receipt_no:1"
        );
    }

    #[test]
    fn generation_times_are_sorted_as_instants() {
        let order = Order::parse(Some("generate_date_time:-1")).unwrap();
        assert_eq!(order.of_documents().to_string(), "generated_at:-1");
        assert_eq!(order.to_string(), "generate_date_time:-1");
    }

    #[test]
    fn unknown_fields_are_refused() {
        for text in ["content:1", "journal_text:1", "terminalNo:1", "terminal_no", ""] {
            assert!(Order::parse(Some(text)).is_err(), "{text:?}");
        }
    }
}
