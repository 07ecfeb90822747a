//! Message plans: what the descriptors say about each message, laid out for reading and writing JSON fast.
//!
//! Everything that can be known at start is computed here once: JSON keys, absent values, field look-ups.

use std::collections::HashMap;

use prost_reflect::{EnumDescriptor, FieldDescriptor, MessageDescriptor};

use crate::wire::Encoding;

/// The plans of all messages that were asked for, and of those they contain.
#[derive(Default)]
pub(crate) struct Schema {
    messages: Vec<Message>,
    ids: HashMap<String, MessageId>,
}

/// A message within its [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageId(usize);

/// The plan of a message.
pub(crate) struct Message {
    pub descriptor: MessageDescriptor,
    /// In the order of declaration, which is the order of the JSON.
    pub fields: Vec<Field>,
    /// Index of each field, in ascending order of number: the order that encoders write.
    by_number: Vec<(u32, usize)>,
    by_name: HashMap<Box<str>, (usize, Spelling)>,
}

/// Which of its two names a field was called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    Json,
    Proto,
}

/// The plan of a field.
pub(crate) struct Field {
    pub number: u32,
    /// The name in JSON.
    pub name: Box<str>,
    /// The JSON key: name in quotes, colon.
    pub key: Box<str>,
    pub kind: Kind,
    pub shape: Shape,
    /// The JSON of a field that is not on the wire.
    pub absent: Box<str>,
    /// A request without it is refused.
    pub is_required: bool,
    /// Only answers have it: what a request says there is skipped.
    pub is_output_only: bool,
    pub descriptor: FieldDescriptor,
}

/// How often a field may stand, and what its absence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Absent is the default value.
    Implicit,
    /// Absent is null.
    Optional,
    Repeated,
    Map,
}

/// What a field holds.
pub(crate) enum Kind {
    Bool,
    Integer {
        minimum: i128,
        maximum: i128,
        encoding: Encoding,
    },
    Float,
    Double,
    Text,
    Bytes,
    Enum(EnumDescriptor),
    Message(MessageId),
    /// `google.type.Decimal`: a JSON number, digit for digit.
    Decimal,
    /// A `google.protobuf` type with a JSON shape of its own.
    WellKnown(MessageDescriptor),
}

impl Kind {
    /// How one value stands on the wire.
    pub(crate) fn encoding(&self) -> Encoding {
        match self {
            Self::Bool | Self::Enum(_) => Encoding::Varint,
            Self::Integer { encoding, .. } => *encoding,
            Self::Float => Encoding::Fixed32,
            Self::Double => Encoding::Fixed64,
            Self::Text | Self::Bytes | Self::Message(_) | Self::Decimal | Self::WellKnown(_) => {
                Encoding::Delimited
            }
        }
    }

    fn of(field: &FieldDescriptor, schema: &mut Schema) -> Self {
        use prost_reflect::Kind as Proto;
        let signed32 = |encoding| Self::Integer {
            minimum: i32::MIN.into(),
            maximum: i32::MAX.into(),
            encoding,
        };
        let signed64 = |encoding| Self::Integer {
            minimum: i64::MIN.into(),
            maximum: i64::MAX.into(),
            encoding,
        };
        match field.kind() {
            Proto::Bool => Self::Bool,
            Proto::Int32 => signed32(Encoding::Varint),
            Proto::Sint32 => signed32(Encoding::ZigZag),
            Proto::Sfixed32 => signed32(Encoding::Fixed32),
            Proto::Int64 => signed64(Encoding::Varint),
            Proto::Sint64 => signed64(Encoding::ZigZag),
            Proto::Sfixed64 => signed64(Encoding::Fixed64),
            Proto::Uint32 => Self::Integer {
                minimum: 0,
                maximum: u32::MAX.into(),
                encoding: Encoding::Varint,
            },
            Proto::Fixed32 => Self::Integer {
                minimum: 0,
                maximum: u32::MAX.into(),
                encoding: Encoding::Fixed32,
            },
            Proto::Uint64 => Self::Integer {
                minimum: 0,
                maximum: u64::MAX.into(),
                encoding: Encoding::Varint,
            },
            Proto::Fixed64 => Self::Integer {
                minimum: 0,
                maximum: u64::MAX.into(),
                encoding: Encoding::Fixed64,
            },
            Proto::Float => Self::Float,
            Proto::Double => Self::Double,
            Proto::String => Self::Text,
            Proto::Bytes => Self::Bytes,
            Proto::Enum(descriptor) => Self::Enum(descriptor),
            Proto::Message(message) if message.full_name() == "google.type.Decimal" => Self::Decimal,
            Proto::Message(message) if message.full_name().starts_with("google.protobuf.") => {
                Self::WellKnown(message)
            }
            Proto::Message(message) => Self::Message(schema.add(&message)),
        }
    }
}

impl Schema {
    /// Plans a message and everything it contains. A message that is there already is planned once.
    pub(crate) fn add(&mut self, descriptor: &MessageDescriptor) -> MessageId {
        if let Some(id) = self.ids.get(descriptor.full_name()) {
            return *id;
        }
        let id = MessageId(self.messages.len());
        self.ids.insert(descriptor.full_name().to_owned(), id);
        self.messages.push(Message {
            descriptor: descriptor.clone(),
            fields: Vec::new(),
            by_number: Vec::new(),
            by_name: HashMap::new(),
        });
        let mut declared: Vec<FieldDescriptor> = descriptor.fields().collect();
        // The path ends with the place among the declarations.
        declared.sort_by_key(|field| field.path().last().copied());
        let fields: Vec<Field> = declared.into_iter().map(|field| Field::of(field, self)).collect();
        let message = &mut self.messages[id.0];
        message.by_number = fields
            .iter()
            .enumerate()
            .map(|(index, field)| (field.number, index))
            .collect();
        message.by_number.sort_unstable();
        for (index, field) in fields.iter().enumerate() {
            message
                .by_name
                .insert(field.descriptor.name().into(), (index, Spelling::Proto));
        }
        for (index, field) in fields.iter().enumerate() {
            message
                .by_name
                .insert(field.name.clone(), (index, Spelling::Json));
        }
        message.fields = fields;
        id
    }

    /// The plan of a message's full name.
    pub(crate) fn id(&self, full_name: &str) -> Option<MessageId> {
        self.ids.get(full_name).copied()
    }

    /// A plan.
    pub(crate) fn message(&self, id: MessageId) -> &Message {
        &self.messages[id.0]
    }
}

impl Message {
    /// The field of a name, by either spelling.
    pub(crate) fn by_name(&self, name: &str) -> Option<(usize, Spelling)> {
        self.by_name.get(name).copied()
    }

    /// The field of a number. `hint` is the place where the next number is to be expected; it moves along.
    pub(crate) fn by_number(&self, number: u32, hint: &mut usize) -> Option<usize> {
        let place = match self.by_number.get(*hint) {
            Some((expected, _)) if *expected == number => *hint,
            _ => self
                .by_number
                .binary_search_by_key(&number, |(known, _)| *known)
                .ok()?,
        };
        *hint = place
            + usize::from(!matches!(
                self.fields[self.by_number[place].1].shape,
                Shape::Repeated | Shape::Map
            ));
        Some(self.by_number[place].1)
    }
}

/// Numbers of `google.api.FieldBehavior`.
const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;

/// True if `google.api.field_behavior` says so of the field.
fn behaves(descriptor: &FieldDescriptor, wanted: i32) -> bool {
    let extension = descriptor
        .parent_pool()
        .get_extension_by_name("google.api.field_behavior");
    extension.is_some_and(|extension| {
        let options = descriptor.options();
        let behaviors = options.get_extension(&extension);
        let mut behaviors = behaviors.as_list().into_iter().flatten();
        behaviors.any(|behavior| behavior.as_enum_number() == Some(wanted))
    })
}

impl Field {
    fn of(descriptor: FieldDescriptor, schema: &mut Schema) -> Self {
        let kind = Kind::of(&descriptor, schema);
        let shape = match () {
            () if descriptor.is_map() => Shape::Map,
            () if descriptor.is_list() => Shape::Repeated,
            () if descriptor.supports_presence() => Shape::Optional,
            () => Shape::Implicit,
        };
        let absent = match (shape, &kind) {
            (Shape::Optional, _) => "null".to_owned(),
            (Shape::Repeated, _) => "[]".to_owned(),
            (Shape::Map, _) => "{}".to_owned(),
            (Shape::Implicit, Kind::Bool) => "false".to_owned(),
            (Shape::Implicit, Kind::Text | Kind::Bytes) => "\"\"".to_owned(),
            (Shape::Implicit, Kind::Enum(values)) => format!("\"{}\"", values.default_value().name()),
            (Shape::Implicit, _) => "0".to_owned(),
        };
        Self {
            number: descriptor.number(),
            name: descriptor.json_name().into(),
            key: format!("\"{}\":", descriptor.json_name()).into(),
            kind,
            shape,
            absent: absent.into(),
            is_required: behaves(&descriptor, REQUIRED),
            is_output_only: behaves(&descriptor, OUTPUT_ONLY),
            descriptor,
        }
    }
}
