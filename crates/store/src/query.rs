//! Queries: filters joined by *and*, an order and a page.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use kugel_types::{BusinessDate, Direction, ItemCode, Page, Sort, StoreCode, TenantId, TerminalNo};

use crate::{Collection, FieldKind, StoreError};

/// Which documents of a collection are wanted, in what order, and which page of them.
///
/// Documents that agree in all fields of the order follow each other by id, in the direction of the last field; without
/// an order they come by id. So pages never overlap. A null sorts before every value.
#[derive(Debug, Clone)]
pub struct Query {
    /// All of them must hold.
    pub filters: Vec<Filter>,
    /// The order.
    pub sort: Sort,
    /// The page.
    pub page: Page,
    /// False if nobody asks how many documents match on all pages together.
    pub counted: bool,
}

/// A condition on one field.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The field's declared name.
    pub field: Cow<'static, str>,
    /// What must hold for it.
    pub test: Test,
}

/// What must hold for a field. Only [`Test::Absent`] holds for a field that is null or not there.
#[derive(Debug, Clone)]
pub enum Test {
    /// Equal to the value.
    Equal(Value),
    /// Equal to one of the values; never, if there are none.
    OneOf(Vec<Value>),
    /// Not below the value.
    AtLeast(Value),
    /// Not above the value.
    AtMost(Value),
    /// Below the value.
    Less(Value),
    /// Above the value.
    Greater(Value),
    /// A text that holds the given one, letter for letter.
    Contains(String),
    /// A text that holds at least one of the given ones, letter for letter; never, if there are none.
    ContainsOneOf(Vec<String>),
    /// Null or not there.
    Absent,
    /// There and not null.
    Present,
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A point in time.
    Instant(Timestamp),
}

impl Query {
    /// Every document of the collection, by id, on one page.
    pub fn all() -> Self {
        Self {
            filters: Vec::new(),
            sort: Sort::default(),
            page: Page::all(),
            counted: true,
        }
    }
    /// Keeps documents whose field equals the value.
    #[must_use]
    pub fn eq(self, field: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.filter(field, Test::Equal(value.into()))
    }
    /// Keeps documents whose field equals one of the values.
    #[must_use]
    pub fn one_of<V: Into<Value>>(
        self,
        field: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.filter(field, Test::OneOf(values.into_iter().map(Into::into).collect()))
    }
    /// Keeps documents whose field is the value or above.
    #[must_use]
    pub fn at_least(self, field: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.filter(field, Test::AtLeast(value.into()))
    }
    /// Keeps documents whose field is the value or below.
    #[must_use]
    pub fn at_most(self, field: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.filter(field, Test::AtMost(value.into()))
    }
    /// Keeps documents whose field is below the value.
    #[must_use]
    pub fn less(self, field: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.filter(field, Test::Less(value.into()))
    }
    /// Keeps documents whose field is above the value.
    #[must_use]
    pub fn greater(self, field: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.filter(field, Test::Greater(value.into()))
    }
    /// Keeps documents whose text holds `needle`, letter for letter: no character in it has a special meaning.
    #[must_use]
    pub fn contains(self, field: impl Into<Cow<'static, str>>, needle: impl Into<String>) -> Self {
        self.filter(field, Test::Contains(needle.into()))
    }
    /// Keeps documents whose text holds at least one of `needles`, letter for letter.
    #[must_use]
    pub fn contains_one_of(
        self,
        field: impl Into<Cow<'static, str>>,
        needles: impl IntoIterator<Item = String>,
    ) -> Self {
        self.filter(field, Test::ContainsOneOf(needles.into_iter().collect()))
    }
    /// Keeps documents whose field is null or not there.
    #[must_use]
    pub fn absent(self, field: impl Into<Cow<'static, str>>) -> Self {
        self.filter(field, Test::Absent)
    }
    /// Keeps documents whose field is there and not null.
    #[must_use]
    pub fn present(self, field: impl Into<Cow<'static, str>>) -> Self {
        self.filter(field, Test::Present)
    }
    /// Adds a filter only if the optional parameter was given:
    /// `query.given(request.store_code, |query, store| query.eq("store_code", store))`.
    #[must_use]
    pub fn given<V>(self, parameter: Option<V>, add: impl FnOnce(Self, V) -> Self) -> Self {
        match parameter {
            Some(value) => add(self, value),
            None => self,
        }
    }
    /// Adds less significant fields to the order.
    #[must_use]
    pub fn sort(mut self, sort: impl Into<Sort>) -> Self {
        self.sort.0.extend(sort.into().0);
        self
    }
    /// Chooses the page.
    #[must_use]
    pub fn page(mut self, page: Page) -> Self {
        self.page = page;
        self
    }
    /// Spares counting what lies on other pages.
    #[must_use]
    pub fn uncounted(mut self) -> Self {
        self.counted = false;
        self
    }
    /// Adds a filter.
    #[must_use]
    pub fn filter(mut self, field: impl Into<Cow<'static, str>>, test: Test) -> Self {
        self.filters.push(Filter {
            field: field.into(),
            test,
        });
        self
    }

    /// The order with the tie-breaker that [`Query`] promises. For adapters.
    pub fn full_order(&self) -> Vec<(&str, Direction)> {
        let mut order: Vec<_> = self
            .sort
            .0
            .iter()
            .map(|(field, way)| (field.as_str(), *way))
            .collect();
        let last = order.last().map_or(Direction::Ascending, |(_, way)| *way);
        order.push(("id", last));
        order
    }

    /// Checks that every field is declared and compared with its own kind. For adapters, before they run it.
    pub fn check(&self, collection: &'static Collection) -> Result<(), StoreError> {
        let kind_of = |field: &str| {
            collection.kind_of(field).ok_or_else(|| StoreError::UnknownField {
                collection: collection.name,
                field: field.to_owned(),
            })
        };
        for (field, _) in &self.sort.0 {
            kind_of(field)?;
        }
        for filter in &self.filters {
            let expected = kind_of(&filter.field)?;
            if let Some(value) = filter.test.misfit(expected) {
                let (field, collection) = (filter.field.to_string(), collection.name);
                return Err(StoreError::WrongKind {
                    collection,
                    field,
                    expected,
                    value,
                });
            }
        }
        Ok(())
    }
}

impl Test {
    /// The first value that is not of the field's kind, as text.
    fn misfit(&self, expected: FieldKind) -> Option<String> {
        let misfit = |value: &Value| (value.kind() != expected).then(|| value.to_string());
        match self {
            Self::Equal(value)
            | Self::AtLeast(value)
            | Self::AtMost(value)
            | Self::Less(value)
            | Self::Greater(value) => misfit(value),
            Self::OneOf(values) => values.iter().find_map(misfit),
            Self::Contains(needle) => (expected != FieldKind::Text).then(|| format!("the text {needle:?}")),
            Self::ContainsOneOf(needles) => {
                (expected != FieldKind::Text).then(|| format!("the texts {needles:?}"))
            }
            Self::Absent | Self::Present => None,
        }
    }
}

impl Value {
    fn kind(&self) -> FieldKind {
        match self {
            Self::Text(_) => FieldKind::Text,
            Self::Integer(_) => FieldKind::Integer,
            Self::Boolean(_) => FieldKind::Boolean,
            Self::Instant(_) => FieldKind::Instant,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(formatter, "the text {text:?}"),
            Self::Integer(number) => write!(formatter, "the number {number}"),
            Self::Boolean(truth) => write!(formatter, "{truth}"),
            Self::Instant(instant) => write!(formatter, "the instant {instant}"),
        }
    }
}

macro_rules! value_from {
    ($($type:ty => $convert:expr),+ $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                let convert: fn($type) -> Value = $convert;
                convert(value)
            }
        }
    )+};
}

value_from! {
    &str => |text| Value::Text(text.to_owned()),
    &String => |text| Value::Text(text.clone()),
    String => Value::Text,
    &TenantId => |id| Value::Text(id.to_string()),
    &StoreCode => |code| Value::Text(code.to_string()),
    &ItemCode => |code| Value::Text(code.to_string()),
    BusinessDate => |date| Value::Text(date.to_string()),
    TerminalNo => |number| Value::Integer(number.get().into()),
    i32 => |number| Value::Integer(number.into()),
    u32 => |number| Value::Integer(number.into()),
    i64 => Value::Integer,
    bool => Value::Boolean,
    Timestamp => Value::Instant,
}
