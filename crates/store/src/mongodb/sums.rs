//! Sums that the database adds up where the documents lie.

use ::mongodb::bson::{Bson, Document as BsonDocument, doc};
use ::mongodb::error::Error;
use futures::TryStreamExt;

use super::{MongoStore, QUERY_PATIENCE};
use crate::{Collection, Scope, StoreError};

/// What is added up: decimals, which bodies hold as text. Fields are paths in the body.
#[derive(Debug, Clone, Copy)]
pub struct DecimalSum<'a> {
    /// The list whose elements are looked at one by one, if the decimal is in one.
    pub list: Option<&'a str>,
    /// The decimal.
    pub amount: &'a str,
    /// The fields that tell groups apart: texts, whole numbers or truths.
    pub by: &'a [&'a str],
}

/// A group's values of the fields that tell groups apart, and its sum.
pub type GroupSum = (Vec<String>, String);

impl MongoStore {
    /// Adds decimals up by an aggregation of MongoDB: to the last digit, for `$toDecimal` takes text for what it says and
    /// Decimal128 has 34 digits. It is how tools beside Kugel can do their sums; Kugel's own are folds.
    pub async fn sum(
        &self,
        scope: &Scope,
        collection: &'static Collection,
        sum: &DecimalSum<'_>,
    ) -> Result<Vec<GroupSum>, StoreError> {
        let aggregation = async {
            let documents = self
                .0
                .database(scope)
                .await?
                .collection::<BsonDocument>(collection.name);
            let failure = |error: Error| self.0.link.failure(&error);
            let rows = documents
                .aggregate(pipeline(sum))
                .max_time(QUERY_PATIENCE)
                .await
                .map_err(failure)?;
            let rows: Vec<BsonDocument> = rows.try_collect().await.map_err(failure)?;
            let group = |row: &BsonDocument| {
                read(row, sum.by.len()).ok_or_else(|| StoreError::Malformed {
                    collection: collection.name,
                    id: row.get("_id").map(Bson::to_string).unwrap_or_default(),
                    reason: format!("{} is not a decimal everywhere", sum.amount),
                })
            };
            rows.iter().map(group).collect()
        };
        self.0.link.within(QUERY_PATIENCE, aggregation).await
    }
}

fn pipeline(sum: &DecimalSum<'_>) -> Vec<BsonDocument> {
    let path = |field: &str| format!("$body.{field}");
    let mut by = BsonDocument::new();
    for (number, field) in sum.by.iter().enumerate() {
        by.insert(format!("by{number}"), path(field));
    }
    let group = doc! { "$group": { "_id": by, "sum": { "$sum": { "$toDecimal": path(sum.amount) } } } };
    let unwind = sum.list.map(|list| doc! { "$unwind": path(list) });
    unwind
        .into_iter()
        .chain([group, doc! { "$sort": { "_id": 1 } }])
        .collect()
}

fn read(row: &BsonDocument, fields: usize) -> Option<GroupSum> {
    let by = row.get_document("_id").ok()?;
    let text = |number: usize| match by.get(format!("by{number}")) {
        Some(Bson::String(text)) => text.clone(),
        Some(Bson::Int32(number)) => number.to_string(),
        Some(Bson::Int64(number)) => number.to_string(),
        Some(Bson::Boolean(truth)) => truth.to_string(),
        _ => String::new(),
    };
    match row.get("sum")? {
        Bson::Decimal128(sum) => Some(((0..fields).map(text).collect(), sum.to_string())),
        // The sum of nothing.
        Bson::Int32(0) => Some(((0..fields).map(text).collect(), "0".to_owned())),
        _ => None,
    }
}
