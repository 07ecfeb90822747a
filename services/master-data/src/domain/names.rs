//! Values of the contract that are one of a few names.

/// Declares an enum whose documents, wire form and errors all use the same names.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $type {
            $($(#[$variant_doc])* $variant),+
        }
        impl $type {
            /// Every name, for the message that refuses another one.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($variant)),+];

            /// Takes a name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($variant) => Some(Self::$variant),)+
                    _ => None,
                }
            }
            /// The name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant)),+
                }
            }
        }
    };
}

names!(
    /// How a tax relates to the price.
    TaxType {
        /// Added to it.
        External,
        /// Included in it.
        Internal,
        /// None is due.
        Exempt,
    }
);
names!(
    /// How a tax amount is rounded.
    Rounding {
        /// Half away from zero.
        Round,
        /// Down.
        Floor,
        /// Up.
        Ceil,
    }
);
names!(
    /// How much room a button takes.
    ButtonSize {
        /// One cell.
        Single,
        /// Two cells side by side.
        DoubleWidth,
        /// Two cells one above the other.
        DoubleHeight,
        /// Two by two cells.
        Quad,
    }
);
