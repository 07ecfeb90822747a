//! SQL text: the one place where a field becomes an expression, for indexes and queries alike.

use std::fmt::Write;

use kugel_types::Direction;
use rusqlite::types::Value as SqlValue;

use super::{decimal, fields};
use crate::{Collection, FieldKind, Index, Query, Test, Value};

/// The columns of every read, in the order that `connection::document` expects.
const COLUMNS: &str = "id, revision, created_at, updated_at, created_by, updated_by, body";

/// A field as an expression. An index serves a query only if both spell it alike, so both come here.
pub(super) fn expression(collection: &Collection, field: &str) -> String {
    match field {
        _ if fields::own(field) => field.to_owned(),
        _ if fields::indexed(collection).contains(&field) => column(field),
        _ => format!("body->>'$.{field}'"),
    }
}

/// A field as an expression to sort by.
fn ordered(collection: &Collection, field: &str) -> String {
    let expression = expression(collection, field);
    match collection.kind_of(field) {
        // The columns of indexes may have no such collation: other programs could not read a table with it.
        Some(FieldKind::Decimal) => format!("({expression}) collate {}", decimal::COLLATION),
        _ => expression,
    }
}

/// The column beside the body that holds an indexed field.
fn column(field: &str) -> String {
    format!("\"body.{field}\"")
}

pub(super) fn create_table(collection: &Collection) -> String {
    let indexed: String = fields::indexed(collection)
        .into_iter()
        .map(|field| format!(", {}", column(field)))
        .collect();
    format!(
        "create table if not exists \"{}\" (id text primary key not null, revision integer not null, \
         created_at integer not null, updated_at integer, created_by text not null, updated_by text, \
         body text not null{indexed})",
        collection.name
    )
}

/// Adds a column for a field that is indexed now and was not when the table was made.
pub(super) fn add_column(collection: &Collection, field: &str) -> String {
    let (table, column) = (collection.name, column(field));
    format!(
        "alter table \"{table}\" add column {column}; update \"{table}\" set {column} = body->>'$.{field}'"
    )
}

/// Drops the column of a field that is indexed no longer: nobody would keep it up to date.
pub(super) fn drop_column(collection: &Collection, field: &str) -> String {
    format!(
        "alter table \"{}\" drop column {}",
        collection.name,
        column(field)
    )
}

/// The name says what the index is, so another declaration is another index.
pub(super) fn index_name(collection: &Collection, index: &Index) -> String {
    let kind = if index.unique { "unique" } else { "index" };
    format!("{}:{}:{kind}", collection.name, index.fields.join("+"))
}

/// What SQLite calls the columns of an index when a document breaks its rule.
pub(super) fn unique_columns(collection: &Collection, index: &Index) -> String {
    let column = |field: &&str| {
        format!(
            "{}.{}",
            collection.name,
            expression(collection, field).replace('"', "")
        )
    };
    index.fields.iter().map(column).collect::<Vec<_>>().join(", ")
}

pub(super) fn create_index(collection: &Collection, index: &Index) -> String {
    let mut fields: Vec<String> = index
        .fields
        .iter()
        .map(|field| expression(collection, field))
        .collect();
    if !index.unique {
        // The tie-breaker of every order, so that the index serves the whole order.
        fields.push("id".to_owned());
    }
    let unique = if index.unique { "unique " } else { "" };
    let (name, table, fields) = (index_name(collection, index), collection.name, fields.join(", "));
    // What lacks the first field is not looked for by it, and many a field is filled seldom.
    let filled = match index.fields {
        [first, ..] if !fields::own(first) => format!(" where {} is not null", expression(collection, first)),
        _ => String::new(),
    };
    format!("create {unique}index if not exists \"{name}\" on \"{table}\" ({fields}){filled}")
}

/// The statements that move single documents of a collection. Parameters: 1 the id, 2 the instant, 3 the actor, 4 the
/// body, and last what else the statement asks for, each followed by the indexed fields if there are any.
pub(super) struct Statements {
    /// The fields that lie in columns.
    pub(super) indexed: Vec<&'static str>,
    pub(super) insert: String,
    /// 5 is the revision.
    pub(super) replace: String,
    /// Like `replace`, where no indexed field changes: SQLite would write their indexes all the same.
    pub(super) replace_body: String,
    pub(super) overwrite: String,
    pub(super) origin: String,
    pub(super) delete: String,
    pub(super) delete_expected: String,
    pub(super) restore: String,
}

impl Statements {
    pub(super) fn of(collection: &Collection) -> Self {
        let table = collection.name;
        let indexed = fields::indexed(collection);
        let columns: String = indexed
            .iter()
            .map(|field| format!(", {}", column(field)))
            .collect();
        let places = |first: usize| -> String {
            let places = (first..).take(indexed.len());
            places.map(|place| format!(", ?{place}")).collect()
        };
        let assigned = |first: usize| -> String {
            let places = indexed.iter().zip(first..);
            places
                .map(|(field, place)| format!(", {} = ?{place}", column(field)))
                .collect()
        };
        let set = "set revision = revision + 1, updated_at = ?2, updated_by = ?3, body = ?4";
        let update = format!("update \"{table}\" {set}");
        Self {
            insert: format!(
                "insert into \"{table}\" (id, revision, created_at, created_by, body{columns}) \
                 values (?1, 1, ?2, ?3, ?4{})",
                places(5)
            ),
            replace: format!("{update}{} where id = ?1 and revision = ?5", assigned(6)),
            replace_body: format!("{update} where id = ?1 and revision = ?5"),
            overwrite: format!("{update}{} where id = ?1", assigned(5)),
            origin: format!("select created_at, created_by from \"{table}\" where id = ?1"),
            delete: format!("delete from \"{table}\" where id = ?1"),
            delete_expected: format!("delete from \"{table}\" where id = ?1 and revision = ?2"),
            restore: format!(
                "insert into \"{table}\" ({COLUMNS}{columns}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7{}) \
                 on conflict (id) do update set revision = ?2, created_at = ?3, updated_at = ?4, created_by = ?5, \
                 updated_by = ?6, body = ?7{}",
                places(8),
                assigned(8)
            ),
            indexed,
        }
    }
}

pub(super) fn select_one(collection: &Collection) -> String {
    format!("select {COLUMNS} from \"{}\" where id = ?1", collection.name)
}

/// A query as SQL, its values bound in order.
pub(super) struct Rendered {
    pub(super) page: String,
    pub(super) count: String,
    pub(super) values: Vec<SqlValue>,
}

/// Renders a query that [`Query::check`] has accepted.
pub(super) fn render(collection: &Collection, query: &Query) -> Rendered {
    let mut values = Vec::new();
    let conditions: Vec<String> = query
        .filters
        .iter()
        .map(|filter| condition(&expression(collection, &filter.field), &filter.test, &mut values))
        .collect();
    let mut from = format!("from \"{}\"", collection.name);
    if !conditions.is_empty() {
        let _ = write!(from, " where {}", conditions.join(" and "));
    }
    let order: Vec<String> = query
        .full_order()
        .into_iter()
        .map(|(field, direction)| match direction {
            Direction::Ascending => ordered(collection, field),
            Direction::Descending => format!("{} desc", ordered(collection, field)),
        })
        .collect();
    let mut page = format!("select {COLUMNS} {from} order by {}", order.join(", "));
    if query.page.limit > 0 {
        let _ = write!(page, " limit {} offset {}", query.page.limit, query.page.skip());
    }
    Rendered {
        page,
        count: format!("select count(*) {from}"),
        values,
    }
}

fn condition(expression: &str, test: &Test, values: &mut Vec<SqlValue>) -> String {
    let mut compare = |operator: &str, value: &Value| {
        values.push(bind(value));
        format!("{expression} {operator} ?")
    };
    match test {
        Test::Equal(value) => compare("=", value),
        Test::AtLeast(value) => compare(">=", value),
        Test::AtMost(value) => compare("<=", value),
        Test::Less(value) => compare("<", value),
        Test::Greater(value) => compare(">", value),
        Test::OneOf(options) => {
            values.extend(options.iter().map(bind));
            format!("{expression} in ({})", vec!["?"; options.len()].join(", "))
        }
        Test::Contains(needle) => {
            values.push(SqlValue::Text(needle.clone()));
            format!("instr({expression}, ?) > 0")
        }
        Test::ContainsOneOf(needles) if needles.is_empty() => "false".to_owned(),
        Test::ContainsOneOf(needles) => {
            values.extend(needles.iter().map(|needle| SqlValue::Text(needle.clone())));
            let held: Vec<String> = needles
                .iter()
                .map(|_| format!("instr({expression}, ?) > 0"))
                .collect();
            format!("({})", held.join(" or "))
        }
        Test::Absent => format!("{expression} is null"),
        Test::Present => format!("{expression} is not null"),
    }
}

fn bind(value: &Value) -> SqlValue {
    match value {
        Value::Text(text) => SqlValue::Text(text.clone()),
        Value::Integer(number) => SqlValue::Integer(*number),
        Value::Boolean(truth) => SqlValue::Integer(i64::from(*truth)),
        Value::Instant(instant) => SqlValue::Integer(instant.as_microsecond()),
    }
}

#[cfg(test)]
mod tests {
    use kugel_types::{Page, Sort};
    use rusqlite::{Connection, params_from_iter};

    use super::*;
    use crate::Field;

    static LOGS: Collection = Collection {
        name: "log_tran",
        fields: &[
            Field::text("store_code"),
            Field::integer("terminal_no"),
            Field::text("business_date"),
            Field::text("place.shelf"),
            Field::text("serial"),
        ],
        indexes: &[
            Index::on(&["store_code", "terminal_no", "business_date"]),
            Index::on(&["place.shelf"]),
            Index::on(&["created_at"]),
            Index::unique(&["serial"]),
        ],
    };

    /// How SQLite goes about a query: the steps of its plan, joined with `; `.
    fn plan(query: &Query) -> String {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&create_table(&LOGS)).unwrap();
        for index in LOGS.indexes {
            connection.execute_batch(&create_index(&LOGS, index)).unwrap();
        }
        let rendered = render(&LOGS, query);
        let mut explain = connection
            .prepare(&format!("explain query plan {}", rendered.page))
            .unwrap();
        let steps = explain
            .query_map(params_from_iter(rendered.values), |row| row.get(3))
            .unwrap();
        steps
            .collect::<rusqlite::Result<Vec<String>>>()
            .unwrap()
            .join("; ")
    }

    #[track_caller]
    fn check(query: Query, index: &str) {
        let plan = plan(&query.page(Page {
            limit: 100,
            number: 1,
        }));
        assert!(plan.contains(&format!("USING INDEX log_tran:{index}")), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "sorts by hand: {plan}");
    }

    #[test]
    fn declared_indexes_serve_filters_and_orders() {
        let logs = "store_code+terminal_no+business_date:index";
        let store = || Query::all().eq("store_code", "s").eq("terminal_no", 1);
        check(
            store()
                .at_least("business_date", "20260101")
                .sort(("business_date", Direction::Descending)),
            logs,
        );
        check(store().sort(("business_date", Direction::Ascending)), logs);
        check(store().eq("business_date", "20260101"), logs);
        let by_till = [
            ("terminal_no", Direction::Descending),
            ("business_date", Direction::Descending),
        ];
        let sort = Sort(by_till.map(|(field, way)| (field.to_owned(), way)).into());
        check(Query::all().eq("store_code", "s").sort(sort), logs);
        check(Query::all().eq("place.shelf", "s"), "place.shelf:index");
        check(
            Query::all().sort(("created_at", Direction::Descending)),
            "created_at:index",
        );
        check(Query::all().eq("serial", "1"), "serial:unique");
    }

    #[test]
    fn keys_serve_reads_by_id() {
        assert!(plan(&Query::all().eq("id", "a")).contains("USING INDEX sqlite_autoindex_log_tran_1 (id=?)"));
        assert!(!plan(&Query::all()).contains("TEMP B-TREE"));
    }
}
