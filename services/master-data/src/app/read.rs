//! Reading one master, or a page of them.

use kugel_error::Result;
use kugel_proto::common::v1::ListMetadata;
use kugel_rpc::{Caller, View};
use kugel_store::{Query, Stored, Value};

use super::{App, missing};
use crate::records::Master;

/// A page of a list.
#[derive(Debug)]
pub struct Listed<T> {
    /// The rows of the page.
    pub rows: Vec<T>,
    /// What the answer says about it.
    pub metadata: ListMetadata,
}

impl App {
    /// The master with that key.
    pub async fn get<T: Master>(&self, caller: &Caller, id: &str) -> Result<Stored<T>> {
        self.find(caller, id).await?.ok_or_else(|| missing::<T>(id))
    }

    /// The master with that key, if there is one.
    pub async fn find<T: Master>(&self, caller: &Caller, id: &str) -> Result<Option<Stored<T>>> {
        Ok(self.documents.get(&caller.scope(), id).await?)
    }

    /// The part in view of the masters that pass the filters.
    pub async fn list<T: Master>(
        &self,
        caller: &Caller,
        view: View,
        filters: &[(&'static str, Value)],
    ) -> Result<Listed<Stored<T>>> {
        let mut query = Query::all().page(view.page).sort(view.sort.clone());
        let mut view = view.filtered("tenant_id", Some(caller.tenant()));
        for (field, value) in filters {
            view = view.filtered(field, Some(shown(value)));
            query = query.eq(*field, value.clone());
        }
        let listing = self.documents.find(&caller.scope(), query).await?;
        Ok(Listed {
            rows: listing.rows,
            metadata: view.metadata(listing.total),
        })
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Instant(instant) => instant.to_string(),
    }
}
