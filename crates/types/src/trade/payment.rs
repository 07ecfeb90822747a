//! Kinds of payment and the payment methods that exist before a tenant defines its own.

use crate::names;

names!(
    /// How a payment method behaves.
    PaymentKind, "payment kind" {
        /// Notes and coins: may exceed the balance, gives change, lies in the drawer, counts for stamp duty.
        Cash,
        /// Cards and electronic money: never above the balance.
        Cashless,
        /// Gift certificates and the like: never above the balance.
        Other,
    }
);

/// A payment method of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultPayment {
    /// The code that payments carry.
    pub code: &'static str,
    /// How it behaves.
    pub kind: PaymentKind,
    /// The name where nobody has given it another.
    pub name: &'static str,
}

/// The payment methods of the product. No other place knows which code is cash.
pub const DEFAULT_PAYMENTS: [DefaultPayment; 3] = [
    DefaultPayment {
        code: "01",
        kind: PaymentKind::Cash,
        name: "Cash",
    },
    DefaultPayment {
        code: "11",
        kind: PaymentKind::Cashless,
        name: "Cashless",
    },
    DefaultPayment {
        code: "12",
        kind: PaymentKind::Other,
        name: "Others",
    },
];

impl DefaultPayment {
    /// The method of that code, if it is one of the product's.
    pub fn of_code(code: &str) -> Option<&'static Self> {
        DEFAULT_PAYMENTS.iter().find(|payment| payment.code == code)
    }
}

impl PaymentKind {
    /// The kind of a payment code. A code that a tenant added is [`PaymentKind::Other`]: whether it exists at all is
    /// for the payment master to say.
    pub fn of_code(code: &str) -> Self {
        DefaultPayment::of_code(code).map_or(Self::Other, |payment| payment.kind)
    }
    /// The code of the product's method of this kind.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cash => DEFAULT_PAYMENTS[0].code,
            Self::Cashless => DEFAULT_PAYMENTS[1].code,
            Self::Other => DEFAULT_PAYMENTS[2].code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_kinds() {
        for (code, kind) in [
            ("01", PaymentKind::Cash),
            ("11", PaymentKind::Cashless),
            ("12", PaymentKind::Other),
            ("13", PaymentKind::Other),
            ("1", PaymentKind::Other),
            ("", PaymentKind::Other),
        ] {
            assert_eq!(PaymentKind::of_code(code), kind, "{code:?}");
        }
        for payment in &DEFAULT_PAYMENTS {
            assert_eq!(payment.kind.code(), payment.code);
            assert_eq!(DefaultPayment::of_code(payment.code), Some(payment));
        }
        assert_eq!(DefaultPayment::of_code("13"), None);
    }

    #[test]
    fn kinds_have_their_names() {
        assert_eq!(PaymentKind::NAMES, ["Cash", "Cashless", "Other"]);
        assert!("cash".parse::<PaymentKind>().is_err());
    }
}
