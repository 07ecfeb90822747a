//! Reading one master, or a page of them.

use kugel_error::{Result, codes};
use kugel_rpc::Caller;
use kugel_store::{Page, Query, Sort, Stored, Value};
use kugel_types::Direction;

use super::{App, missing};
use crate::records::Master;

/// The page that a client asks for.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<'a> {
    /// The page, from 1.
    pub page: Option<i32>,
    /// Rows a page.
    pub limit: Option<i32>,
    /// The order, `field:1,field:-1`.
    pub sort: Option<&'a str>,
    /// Rows a page where nothing is asked for.
    pub default_limit: u32,
}

/// A page of a list, and what its metadata shows.
#[derive(Debug)]
pub struct Listed<T> {
    /// The rows of the page.
    pub rows: Vec<T>,
    /// The rows of all pages.
    pub total: u64,
    /// The page that is shown.
    pub page: Page,
    /// The order that was applied.
    pub sort: Sort,
    /// The filters that were applied, the tenant first.
    pub filter: Vec<(&'static str, String)>,
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

    /// A page of the masters that pass the filters.
    pub async fn list<T: Master>(
        &self,
        caller: &Caller,
        request: PageRequest<'_>,
        filters: Vec<(&'static str, Value)>,
    ) -> Result<Listed<Stored<T>>> {
        let (page, sort) = request.parse(T::KEY, |field| T::COLLECTION.kind_of(field).is_some())?;
        let mut filter = vec![("tenant_id", caller.tenant().to_string())];
        let mut query = Query::all().page(page).sort(sort.clone());
        for (field, value) in filters {
            filter.push((field, shown(&value)));
            query = query.eq(field, value);
        }
        let listing = self.documents.find(&caller.scope(), query).await?;
        Ok(Listed {
            rows: listing.rows,
            total: listing.total,
            page,
            sort,
            filter,
        })
    }
}

impl PageRequest<'_> {
    /// Checks page, limit and order. Fields are those that `sortable` knows.
    pub fn parse(self, key: &str, sortable: impl Fn(&str) -> bool) -> Result<(Page, Sort)> {
        let page = Page::new(self.limit, self.page, self.default_limit)?;
        let sort = match self.sort {
            Some(text) => Sort::parse(text)?,
            None => Sort(vec![(key.to_owned(), Direction::Ascending)]),
        };
        match sort.0.iter().find(|(field, _)| !sortable(field)) {
            Some((field, _)) => Err(codes::INVALID_INPUT
                .error(format!("the list cannot be sorted by {field}"))
                .field("sort", format!("{field} is not a field of this list"))),
            None => Ok((page, sort)),
        }
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
