//! Lists: which rows a caller wants in which order, and what the answer says about them.

use kugel_proto::common::v1::ListMetadata;
use kugel_types::{Page, Sort};

use super::checks::Checks;

/// Rows a page if neither caller nor list says otherwise.
const ROWS: u32 = 100;

/// What a list shows when nothing is asked for, and what may be asked.
///
/// ```ignore
/// const USERS: List = List::by("username:1", |field| User::COLLECTION.kind_of(field).is_some());
///
/// let mut checks = Checks::default();
/// let view = USERS.view(&mut checks, request.limit, request.page, request.sort.as_deref());
/// checks.done()?;
/// let view = view.filtered("status", request.status);
/// let query = Query::all().sort(view.sort.clone()).page(view.page);
/// let found = documents.find::<User>(&scope, query).await?;
/// let metadata = view.metadata(found.total);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct List {
    order: &'static str,
    is_sortable: fn(&str) -> bool,
    rows: u32,
    limits: (u32, u32),
}

/// The part of a list that a caller asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The rows.
    pub page: Page,
    /// Their order.
    pub sort: Sort,
    filter: Vec<(&'static str, String)>,
}

impl List {
    /// A list in this order, written as a caller would, or `""` for one that has no order of its own. It can be sorted by
    /// other fields if they are `is_sortable`.
    pub const fn by(order: &'static str, is_sortable: fn(&str) -> bool) -> Self {
        Self {
            order,
            is_sortable,
            rows: ROWS,
            limits: (0, Page::LIMIT_MAX),
        }
    }

    /// Shows so many rows a page unless told otherwise; 0 means all.
    #[must_use]
    pub const fn rows(mut self, rows: u32) -> Self {
        self.rows = rows;
        self
    }

    /// Shows at least and at most so many rows a page.
    #[must_use]
    pub const fn limited(mut self, least: u32, most: u32) -> Self {
        self.limits = (least, most);
        self
    }

    /// Reads the fields `limit`, `page` and `sort` of a request.
    pub fn view(
        &self,
        checks: &mut Checks,
        limit: Option<i32>,
        page: Option<i32>,
        sort: Option<&str>,
    ) -> View {
        let (least, most) = self.limits;
        let limit = limit.map_or(Some(self.rows), |limit| {
            u32::try_from(limit)
                .ok()
                .filter(|limit| (least..=most).contains(limit))
        });
        if limit.is_none() {
            let all = if least == 0 { " (all)" } else { "" };
            checks.refuse("limit", format!("must be {least}{all} to {most}"));
        }
        let number = checks.taken("page", Page::new(None, page, self.rows));
        let sort = sort.filter(|text| !text.is_empty()).unwrap_or(self.order);
        let sort = match sort {
            "" => Sort::default(),
            text => checks.taken("sort", Sort::parse(text)).unwrap_or_default(),
        };
        if let Some((field, _)) = sort.0.iter().find(|(field, _)| !(self.is_sortable)(field)) {
            checks.refuse("sort", format!("{field} is not a field of this list"));
        }
        View {
            page: Page {
                limit: limit.unwrap_or(self.rows),
                number: number.map_or(1, |page| page.number),
            },
            sort,
            filter: Vec::new(),
        }
    }
}

impl View {
    /// Notes a filter that was applied, if it was.
    #[must_use]
    pub fn filtered(mut self, field: &'static str, value: Option<impl ToString>) -> Self {
        self.filter.extend(value.map(|value| (field, value.to_string())));
        self
    }

    /// Describes the answer; `total` rows are on all pages together.
    pub fn metadata(self, total: u64) -> ListMetadata {
        let filter = self.filter.into_iter();
        ListMetadata {
            total: i64::try_from(total).unwrap_or(i64::MAX),
            page: i32::try_from(self.page.number).unwrap_or(i32::MAX),
            limit: i32::try_from(self.page.limit).unwrap_or(i32::MAX),
            sort: (!self.sort.0.is_empty()).then(|| self.sort.to_string()),
            filter: filter.map(|(field, value)| (field.to_owned(), value)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEMS: List = List::by("code:1", |field| ["code", "price"].contains(&field));

    fn asked(list: List, limit: Option<i32>, page: Option<i32>, sort: &str) -> Result<View, Vec<String>> {
        let mut checks = Checks::default();
        let view = list.view(&mut checks, limit, page, Some(sort));
        let error = match checks.done() {
            Ok(()) => return Ok(view),
            Err(error) => error,
        };
        let fields = error.fields().iter();
        Err(fields
            .map(|wrong| format!("{} {}", wrong.field, wrong.description))
            .collect())
    }

    #[test]
    fn what_is_not_asked_for_is_the_lists_own() {
        let view = asked(ITEMS, None, None, "").unwrap();
        let metadata = view
            .filtered("store", Some("s1"))
            .filtered("colour", None::<&str>);
        let metadata = metadata.metadata(250);
        assert_eq!((metadata.total, metadata.page, metadata.limit), (250, 1, 100));
        assert_eq!(metadata.sort.as_deref(), Some("code:1"));
        assert_eq!(metadata.filter, [("store".to_owned(), "s1".to_owned())].into());
        let view = asked(ITEMS, Some(0), Some(3), "price:-1,code:1").unwrap();
        assert_eq!(view.page, Page { limit: 0, number: 3 });
        assert_eq!(view.sort.to_string(), "price:-1, code:1");
        let view = asked(List::by("", |_| true).rows(0), None, None, "").unwrap();
        assert_eq!(view.metadata(0).sort, None);
    }

    #[test]
    fn everything_that_cannot_be_shown_is_named() {
        let wrong = asked(ITEMS, Some(-1), Some(0), "colour:1").unwrap_err();
        let rules = [
            "limit must be 0 (all) to 10000",
            "page must be 1 or more",
            "sort colour is not a field of this list",
        ];
        assert_eq!(wrong, rules);
        let wrong = asked(ITEMS.limited(1, 1000), Some(0), None, "up").unwrap_err();
        assert_eq!(wrong[0], "limit must be 1 to 1000");
        assert!(wrong[1].starts_with("sort must be `field:1`"), "{wrong:?}");
    }
}
