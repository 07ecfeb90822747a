//! Queries in MongoDB's words.

use std::fmt::Write;

use ::mongodb::bson::raw::{CString, cstr};
use ::mongodb::bson::{Bson, Document, Regex, doc};
use kugel_types::Direction;

use crate::{Collection, FieldKind, Query, Test, Value};

use super::layout::path;

/// The filters of a query that [`Query::check`] has accepted.
pub(super) fn filter(query: &Query) -> Document {
    let conditions: Vec<Document> = query
        .filters
        .iter()
        .map(|filter| doc! { path(&filter.field): test(&filter.test) })
        .collect();
    match conditions.is_empty() {
        true => Document::new(),
        false => doc! { "$and": conditions },
    }
}

/// The whole order of a query.
pub(super) fn order(query: &Query) -> Document {
    let mut order = Document::new();
    for (field, direction) in order_of(query) {
        // A field counts where it is named first.
        order.entry(path(field)).or_insert(Bson::Int32(direction));
    }
    order
}

fn order_of(query: &Query) -> impl Iterator<Item = (&str, i32)> {
    query
        .full_order()
        .into_iter()
        .map(|(field, direction)| match direction {
            Direction::Ascending => (field, 1),
            Direction::Descending => (field, -1),
        })
}

/// The stages of a query whose order has decimals in it, which bodies hold as text; `None` for any other. Decimal128 has
/// 34 digits, more than a decimal of ours.
pub(super) fn stages(collection: &Collection, query: &Query) -> Option<Vec<Document>> {
    let (mut values, mut order) = (Document::new(), Document::new());
    for (field, direction) in order_of(query) {
        let is_decimal = collection.kind_of(field) == Some(FieldKind::Decimal);
        let key = if is_decimal {
            let value = format!("decimal_{}", values.len());
            let input = format!("${}", path(field));
            let convert =
                doc! { "input": input, "to": "decimal", "onError": Bson::Null, "onNull": Bson::Null };
            values.insert(&value, doc! { "$convert": convert });
            value
        } else {
            path(field)
        };
        order.entry(key).or_insert(Bson::Int32(direction));
    }
    if values.is_empty() {
        return None;
    }
    let mut stages = vec![
        doc! { "$match": filter(query) },
        doc! { "$set": values },
        doc! { "$sort": order },
    ];
    if query.page.limit > 0 {
        // The server takes no number above the largest signed one.
        let skipped = i64::try_from(query.page.skip()).unwrap_or(i64::MAX);
        stages.push(doc! { "$skip": skipped });
        stages.push(doc! { "$limit": i64::from(query.page.limit) });
    }
    Some(stages)
}

fn test(test: &Test) -> Document {
    match test {
        Test::Equal(value) => doc! { "$eq": bson(value) },
        Test::AtLeast(value) => doc! { "$gte": bson(value) },
        Test::AtMost(value) => doc! { "$lte": bson(value) },
        Test::Less(value) => doc! { "$lt": bson(value) },
        Test::Greater(value) => doc! { "$gt": bson(value) },
        Test::OneOf(values) => doc! { "$in": values.iter().map(bson).collect::<Vec<_>>() },
        Test::Contains(needle) => doc! { "$in": [holds(needle)] },
        Test::ContainsOneOf(needles) => {
            doc! { "$in": needles.iter().map(|needle| holds(needle)).collect::<Vec<_>>() }
        }
        Test::Absent => doc! { "$eq": Bson::Null },
        Test::Present => doc! { "$ne": Bson::Null },
    }
}

fn bson(value: &Value) -> Bson {
    match value {
        Value::Text(text) => Bson::String(text.clone()),
        Value::Integer(number) => Bson::Int64(*number),
        Value::Boolean(truth) => Bson::Boolean(*truth),
        Value::Instant(instant) => Bson::Int64(instant.as_microsecond()),
    }
}

/// A pattern for texts that hold `needle`, letter for letter.
fn holds(needle: &str) -> Bson {
    let mut pattern = String::with_capacity(needle.len() + 8);
    for character in needle.chars() {
        if character.is_ascii_control() {
            let _ = write!(pattern, "\\x{:02x}", u32::from(character));
            continue;
        }
        if character.is_ascii_punctuation() || character == ' ' {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    Bson::RegularExpression(Regex {
        pattern: CString::try_from(pattern).expect("a NUL is spelt out"),
        options: cstr!("").into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_every_letter_as_itself() {
        let pattern = |needle: &str| match holds(needle) {
            Bson::RegularExpression(regex) => regex.pattern.to_string(),
            other => panic!("{other}"),
        };
        assert_eq!(pattern("a.*b"), r"a\.\*b");
        assert_eq!(pattern("領収 (1)\n\0"), "領収\\ \\(1\\)\\x0a\\x00");
        assert_eq!(pattern(""), "");
    }

    #[test]
    fn a_field_sorts_where_it_is_named_first() {
        let query = Query::all()
            .sort(("id", Direction::Ascending))
            .sort(("group", Direction::Descending));
        assert_eq!(order(&query), doc! { "_id": 1, "body.group": -1 });
        assert_eq!(filter(&query), doc! {});
    }
}
