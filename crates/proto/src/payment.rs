//! What kind of method a payment was made by.

use kugel_types::{InvalidId, PaymentKind, TaxType};

use crate::cart::v1::{Payment, Tax};

impl Payment {
    /// The kind. A log from elsewhere may not say it: then it is what the default table says of the code.
    pub fn kind(&self) -> Result<PaymentKind, InvalidId> {
        match self.payment_kind.as_str() {
            "" => Ok(PaymentKind::of_code(&self.payment_code)),
            name => name.parse(),
        }
    }
}

impl Tax {
    /// The type. A log from elsewhere may not say it: then it is what the default table says of the code.
    pub fn kind(&self) -> Result<TaxType, InvalidId> {
        match self.tax_type.as_str() {
            "" => Ok(TaxType::of_code(&self.tax_code)),
            name => name.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_is_of_the_kind_that_it_says_or_that_its_code_has() {
        for (code, name, expected) in [
            ("01", "", Some(PaymentKind::Cash)),
            ("11", "", Some(PaymentKind::Cashless)),
            ("77", "", Some(PaymentKind::Other)),
            ("77", "Cash", Some(PaymentKind::Cash)),
            ("01", "Other", Some(PaymentKind::Other)),
            ("01", "cash", None),
        ] {
            let payment = Payment {
                payment_code: code.to_owned(),
                payment_kind: name.to_owned(),
                ..Payment::default()
            };
            assert_eq!(payment.kind().ok(), expected, "{code} {name}");
        }
    }
}
