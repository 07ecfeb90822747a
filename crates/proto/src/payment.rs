//! What kind of method a payment was made by, and what it brings into the drawer.

use kugel_types::{InvalidAmount, InvalidId, Money, Overflow, PaymentKind, TaxType};

use crate::Decimal;
use crate::cart::v1::{Payment, Tax, TransactionLog};

/// A log of which nobody can say what cash it brings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CashUnknown {
    /// A payment's kind is none.
    #[error(transparent)]
    Kind(#[from] InvalidId),
    /// A payment's amount is no number.
    #[error(transparent)]
    Amount(#[from] InvalidAmount),
    /// The sum is too large.
    #[error(transparent)]
    Sum(#[from] Overflow),
}

impl TransactionLog {
    /// Cash that the transaction brings into the drawer, whatever its type: the type says which way it goes. Nothing for
    /// a cancelled cart, whose payments are handed back.
    pub fn cash(&self) -> Result<Money, CashUnknown> {
        if self.sales.as_ref().is_some_and(|sales| sales.is_cancelled) {
            return Ok(Money::ZERO);
        }
        let each = self.payments.iter().map(Payment::cash);
        Ok(Money::sum(each.collect::<Result<Vec<_>, _>>()?)?)
    }
}

impl Payment {
    /// The kind. A log from elsewhere may not say it: then it is what the default table says of the code.
    pub fn kind(&self) -> Result<PaymentKind, InvalidId> {
        match self.payment_kind.as_str() {
            "" => Ok(PaymentKind::of_code(&self.payment_code)),
            name => name.parse(),
        }
    }

    /// Cash that the payment brings into the drawer: what it settles if it is cash; otherwise nothing, less the change
    /// that was handed out for it.
    pub fn cash(&self) -> Result<Money, CashUnknown> {
        match self.kind()? {
            PaymentKind::Cash => money(self.amount.as_ref()),
            PaymentKind::Cashless | PaymentKind::Other => Ok(-money(self.change_amount.as_ref())?),
        }
    }
}

fn money(value: Option<&Decimal>) -> Result<Money, CashUnknown> {
    let number = value.map(Decimal::exact).transpose()?;
    Ok(Money::from_decimal(number.unwrap_or_default()))
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

    #[test]
    fn the_drawer_gets_cash_and_gives_change_for_everything() {
        let payment = |code: &str, amount: &str, change: &str| Payment {
            payment_code: code.to_owned(),
            amount: Some(Decimal {
                value: amount.to_owned(),
            }),
            change_amount: Some(Decimal {
                value: change.to_owned(),
            }),
            ..Payment::default()
        };
        let mut log = TransactionLog {
            payments: vec![
                payment("01", "30.05", "9.95"),
                payment("11", "100", "0"),
                payment("12", "40", "10"),
            ],
            ..TransactionLog::default()
        };
        assert_eq!(log.cash(), Ok("20.05".parse().expect("an amount")));
        log.payments[2].change_amount = None;
        assert_eq!(
            log.cash(),
            Ok("30.05".parse().expect("an amount")),
            "logs of earlier builds"
        );
        log.payments[0].amount = Some(Decimal {
            value: "much".to_owned(),
        });
        assert!(log.cash().is_err());
        log.sales.get_or_insert_default().is_cancelled = true;
        assert_eq!(log.cash(), Ok(Money::ZERO));
    }
}
