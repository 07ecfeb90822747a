//! What a collection declares: the fields that may be filtered and sorted by, and its indexes.

/// A collection of documents of one kind. Declared once, as a `static` of the service that owns it.
#[derive(Debug, PartialEq, Eq)]
pub struct Collection {
    /// The name in the database, e.g. `log_tran`.
    pub name: &'static str,
    /// The fields that queries may name. `id`, `created_at` and `updated_at` are always among them.
    pub fields: &'static [Field],
    /// The indexes. The id has one of its own.
    pub indexes: &'static [Index],
}

/// A scalar in the body.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its path in the body in snake case, dots between the parts.
    pub name: &'static str,
    /// What it holds where it is not null.
    pub kind: FieldKind,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text, compared byte by byte.
    Text,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A decimal, which bodies hold as text. Sorted by its value, to the last digit, and compared with nothing.
    Decimal,
    /// A point in time. Only the store's own `created_at` and `updated_at` are of this kind.
    Instant,
}

/// An index over declared fields.
#[derive(Debug, PartialEq, Eq)]
pub struct Index {
    /// The fields, the most significant first.
    pub fields: &'static [&'static str],
    /// True if no two documents may agree in all the fields. A document that lacks one of them agrees with none.
    pub unique: bool,
}

impl Collection {
    /// What the named field holds, or `None` if queries may not name it.
    pub fn kind_of(&self, name: &str) -> Option<FieldKind> {
        match name {
            "id" => Some(FieldKind::Text),
            "created_at" | "updated_at" => Some(FieldKind::Instant),
            _ => self
                .fields
                .iter()
                .find(|field| field.name == name)
                .map(|field| field.kind),
        }
    }
}

impl Field {
    /// A field that holds text.
    pub const fn text(name: &'static str) -> Self {
        Self {
            name,
            kind: FieldKind::Text,
        }
    }
    /// A field that holds a whole number.
    pub const fn integer(name: &'static str) -> Self {
        Self {
            name,
            kind: FieldKind::Integer,
        }
    }
    /// A field that holds a decimal.
    pub const fn decimal(name: &'static str) -> Self {
        Self {
            name,
            kind: FieldKind::Decimal,
        }
    }
    /// A field that holds true or false.
    pub const fn boolean(name: &'static str) -> Self {
        Self {
            name,
            kind: FieldKind::Boolean,
        }
    }
}

impl Index {
    /// An index that speeds queries up.
    pub const fn on(fields: &'static [&'static str]) -> Self {
        Self {
            fields,
            unique: false,
        }
    }
    /// An index that is also a rule.
    pub const fn unique(fields: &'static [&'static str]) -> Self {
        Self { fields, unique: true }
    }
    /// The name that [`crate::StoreError::Duplicate`] gives it.
    pub fn label(&self) -> String {
        self.fields.join(", ")
    }
}
