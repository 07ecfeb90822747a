//! Laws of printed receipts: what stands on paper adds up, whatever was sold.

use std::sync::Arc;

use jiff::tz::TimeZone;
use kugel_pricing::{Discount, PaymentMethod, Promotion};
use kugel_proto::cart::v1 as pb;
use kugel_types::{EventId, LocalTime, Money, PaymentKind, Quantity, Rate, StaffRef, TaxRule, TaxType};
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};

use super::paper::{Paper, Payment};
use crate::domain::cart::Cart;
use crate::domain::entry::{EntryMasters, LineEntry};
use crate::domain::masters::{ItemMaster, PaymentMaster, PromotionMaster};
use crate::domain::numbering::Numbers;
use crate::domain::payment::PaymentEntry;
use crate::domain::reversal::{Reversal, Reversed};
use crate::domain::status::TransactionStatus;
use crate::domain::terminal::Session;
use crate::domain::transaction::Closing;
use crate::records::transaction_log;

/// Codes that say nothing about type and rate, with the mark on yen receipts and elsewhere.
const TAXES: &[(&str, TaxType, i64, &str, &str)] = &[
    ("A", TaxType::External, 10, "外", "外"),
    ("B", TaxType::Internal, 10, "内", "内"),
    ("C", TaxType::External, 8, "軽", "外"),
    ("D", TaxType::Internal, 8, "軽", "内"),
    ("E", TaxType::Exempt, 0, "", ""),
    ("F", TaxType::External, 20, "外", "外"),
];

#[derive(Debug, Clone)]
struct Sold {
    price: Decimal,
    quantity: Decimal,
    tax: usize,
    discount: Option<Discount>,
    is_cancelled: bool,
}

#[derive(Debug, Clone)]
struct Sale {
    currency: &'static str,
    lines: Vec<Sold>,
    discount: Option<Discount>,
    /// What of the total is paid by card, in percent.
    by_card: i64,
    /// What the rest is paid by, in notes or in vouchers that may or may not give change.
    rest: PaymentMethod,
    promotion: bool,
}

fn decimal(units: i64, digits: u32) -> Decimal {
    Decimal::new(units, digits)
}

fn discount(digits: u32) -> impl Strategy<Value = Option<Discount>> {
    prop_oneof![
        2 => Just(None),
        1 => (1..300_i64).prop_map(move |units| Some(Discount::amount(Money::from_decimal(decimal(units, digits))))),
        1 => (0..=1000_i64).prop_map(|tenths| Some(Discount::percentage(Rate::from_decimal(decimal(tenths, 1))))),
    ]
}

fn line(digits: u32) -> impl Strategy<Value = Sold> {
    // Prices as fine as the currency, and up to two digits finer.
    let price = (1..50_000_i64, 0..3_u32).prop_map(move |(units, finer)| decimal(units, digits + finer));
    let quantity = prop_oneof![
        3 => Just(Decimal::ONE),
        2 => (2..2_000_i64).prop_map(Decimal::from),
        2 => (1..90_000_i64).prop_map(|grams| decimal(grams, 3)),
    ];
    (
        price,
        quantity,
        0..TAXES.len(),
        discount(digits),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(price, quantity, tax, discount, is_cancelled)| Sold {
            price,
            quantity,
            tax,
            discount,
            is_cancelled,
        })
}

fn rest() -> impl Strategy<Value = PaymentMethod> {
    let voucher = |can_change| PaymentMethod {
        can_deposit_over: true,
        can_change,
        ..PaymentMethod::new("12", PaymentKind::Other)
    };
    let cash = PaymentMethod::new("01", PaymentKind::Cash);
    prop::sample::select(vec![cash, voucher(true), voucher(false)])
}

fn sale() -> impl Strategy<Value = Sale> {
    let currency = prop::sample::select(vec![
        ("JPY", 0_u32),
        ("GBP", 2),
        ("EUR", 2),
        ("CHF", 2),
        ("KWD", 3),
    ]);
    currency.prop_flat_map(|(currency, digits)| {
        (
            prop::collection::vec(line(digits), 1..8),
            discount(digits),
            0..=100_i64,
            rest(),
            any::<bool>(),
        )
            .prop_map(move |(lines, discount, by_card, rest, promotion)| Sale {
                currency,
                lines,
                discount,
                by_card,
                rest,
                promotion,
            })
    })
}

/// Sells, or does not where a rule forbids it.
fn sell(sale: &Sale) -> Option<Cart> {
    let mut cart = Cart {
        currency_code: sale.currency.parse().unwrap(),
        cash_coin: None,
        ..Cart::for_test()
    };
    for (sold, line_no) in sale.lines.iter().zip(1..) {
        add(&mut cart, sold, sale.promotion).ok()?;
        if let Some(discount) = &sold.discount {
            // One that is more than the line comes to is refused; the line is then sold without.
            let _ = cart.discount_line(line_no, vec![discount.clone()]);
        }
        if sold.is_cancelled && line_no > 1 {
            cart.cancel_line(line_no).ok()?;
        }
    }
    cart.subtotal().ok()?;
    if let Some(discount) = &sale.discount {
        let _ = cart.discount(vec![discount.clone()]);
    }
    let total = cart.sales.total_amount_with_tax.decimal();
    let part = (total * decimal(sale.by_card, 2))
        .round_dp_with_strategy(cart.currency_code.minor_digits(), RoundingStrategy::ToZero);
    if !part.is_zero() {
        pay(&mut cart, PaymentMethod::new("11", PaymentKind::Cashless), part).ok()?;
    }
    if !cart.sales.balance_amount.is_zero() {
        // Whole notes, so that any smallest coin divides them.
        let notes = (cart.sales.balance_amount.decimal() / Decimal::ONE_THOUSAND).ceil();
        pay(&mut cart, sale.rest.clone(), notes * Decimal::ONE_THOUSAND).ok()?;
    }
    cart.bill(Closing {
        numbers: Numbers {
            transaction_no: 1,
            receipt_no: 1,
        },
        session: session(),
        staff: None,
        now: &LocalTime::new(jiff::Timestamp::UNIX_EPOCH, &TimeZone::UTC),
    })
    .ok()?;
    Some(cart)
}

fn session() -> Session {
    Session {
        business_date: "20260611".parse().unwrap(),
        open_counter: 1,
        business_counter: 1,
    }
}

fn add(cart: &mut Cart, sold: &Sold, with_promotion: bool) -> Result<(), kugel_error::Error> {
    let item = ItemMaster {
        tax_code: TAXES[sold.tax].0.to_owned(),
        category_code: Some("c".to_owned()),
        ..ItemMaster::for_test(
            &format!("i{}", cart.line_items.len()),
            Money::from_decimal(sold.price),
        )
    };
    let item = ItemMaster {
        description: format!("ITEM {}", item.tax_code),
        ..item
    };
    let entry = LineEntry {
        item_code: item.item_code.clone(),
        quantity: Quantity::from_decimal(sold.quantity),
        unit_price: None,
    };
    let rules = TAXES.iter().map(|&(code, tax_type, rate, ..)| TaxRule {
        code: code.to_owned(),
        tax_type,
        name: format!("Tax {code}"),
        rate: Rate::from_decimal(rate.into()),
        round_digit: -1,
        round_method: None,
    });
    let now = jiff::civil::DateTime::constant(2026, 6, 11, 0, 0, 0, 0);
    let promotion = PromotionMaster {
        promotion: Promotion {
            code: "P".to_owned(),
            promotion_type: kugel_pricing::CATEGORY_DISCOUNT.to_owned(),
            name: "P".to_owned(),
            category_codes: vec!["c".to_owned()],
            rate: "7.5".parse().unwrap(),
        },
        store_codes: Vec::new(),
        start: now,
        end: now,
    };
    let masters = EntryMasters {
        items: &[Ok(Arc::new(item))],
        taxes: &rules.collect::<Vec<_>>(),
        promotions: if with_promotion {
            std::slice::from_ref(&promotion)
        } else {
            &[]
        },
        now,
    };
    cart.add_lines(&[entry], &masters)
}

fn pay(cart: &mut Cart, method: PaymentMethod, amount: Decimal) -> Result<(), kugel_error::Error> {
    let entry = PaymentEntry {
        payment_code: method.code.clone(),
        amount: Money::from_decimal(amount),
        detail: None,
    };
    let master = PaymentMaster {
        description: method.kind.name().to_owned(),
        can_refund: true,
        method,
    };
    cart.pay(&[entry], &[Some(Arc::new(master))])
}

/// The return of a sale, its void, or the void of its return.
fn reverse(log: &pb::TransactionLog, reversal: Reversal) -> pb::TransactionLog {
    let original = transaction_log::original(log).unwrap();
    let terminal = "t1-s1-1".parse().unwrap();
    let entries: Vec<_> = original
        .payments
        .iter()
        .map(|payment| PaymentEntry {
            payment_code: payment.tender.method.code.clone(),
            amount: payment.payment_amount,
            detail: None,
        })
        .collect();
    let sales = log.sales.as_ref().unwrap();
    let status = TransactionStatus::standing(&terminal, log.transaction_no);
    let reversed = Reversed {
        terminal: &terminal,
        session: session(),
        staff: &StaffRef {
            id: "31".to_owned(),
            name: "Mori".to_owned(),
        },
        numbers: Numbers {
            transaction_no: 2,
            receipt_no: 2,
        },
        transaction_type: reversal.check_original(&original, &status).unwrap(),
        payments: original.taken_back(&entries).unwrap(),
        approval: None,
        rounding_amount: transaction_log::money(sales.rounding_amount.as_ref()).unwrap(),
        at: log.generate_date_time.clone(),
    };
    transaction_log::of_reversal(log, &reversed, &EventId::generate())
}

fn read(log: &mut pb::TransactionLog) -> Paper {
    super::print(log, &TimeZone::UTC).unwrap();
    Paper::read(&log.journal_text)
}

fn adds_up(paper: &Paper, sale: &Sale, digits: u32) -> Result<(), TestCaseError> {
    let half = decimal(5, digits + 1);
    let sum = |amounts: &[Decimal]| amounts.iter().sum::<Decimal>();
    let mut of_lines = Decimal::ZERO;
    let mut pieces = Decimal::ZERO;
    let is_yen = sale.currency == "JPY";
    for item in &paper.items {
        of_lines += item.amount - sum(&item.discounts);
        let (quantity, price) = item.count.unwrap_or((Decimal::ONE, item.amount));
        pieces += if quantity.fract().is_zero() {
            quantity
        } else {
            Decimal::ONE
        };
        prop_assert!((price * quantity - item.amount).abs() <= half, "{item:?}");
        let tax = TAXES.iter().find(|tax| item.name.ends_with(tax.0)).unwrap();
        prop_assert_eq!(&item.mark, if is_yen { tax.3 } else { tax.4 }, "{:?}", item);
    }
    prop_assert_eq!(
        paper.explains_reduced_rate,
        paper.items.iter().any(|item| item.mark == "軽")
    );
    prop_assert_eq!(of_lines, paper.subtotal, "lines less their discounts");
    prop_assert_eq!(pieces, paper.pieces);
    let without_tax = paper.subtotal - sum(&paper.subtotal_discounts);
    let external = paper.external.iter().map(|(_, amount)| *amount).sum::<Decimal>();
    prop_assert_eq!(
        without_tax + external,
        paper.total,
        "subtotal, its discounts and external taxes"
    );
    prop_assert_eq!(
        paper.taxes.iter().map(|tax| tax.1).sum::<Decimal>(),
        without_tax,
        "taxed amounts"
    );
    for (name, amount) in &paper.external {
        let below = paper.taxes.iter().find(|tax| tax.0 == *name).map(|tax| tax.2);
        prop_assert_eq!(below, Some(*amount), "{}", name);
    }
    let paid = paper
        .payments
        .iter()
        .map(|payment| payment.amount)
        .sum::<Decimal>();
    prop_assert_eq!(paper.total + paper.rounding, paid, "payments");
    for payment in &paper.payments {
        if let Some(deposit) = payment.deposit {
            prop_assert_eq!(
                deposit - payment.change - payment.forfeited,
                payment.amount,
                "{:?}",
                payment
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_adds_up(sale in sale()) {
        let Some(cart) = sell(&sale) else {
            return Err(TestCaseError::reject("a rule forbids the sale"));
        };
        let digits = cart.currency_code.minor_digits();
        let mut log = transaction_log::of_cart(&cart, &EventId::generate());
        let mut returned = reverse(&log, Reversal::Return);
        let mut voided = reverse(&log, Reversal::Void);
        let mut void_return = reverse(&returned, Reversal::Void);
        let paper = read(&mut log);
        adds_up(&paper, &sale, digits)?;
        let sum = |part: fn(&Payment) -> Decimal| paper.payments.iter().map(part).sum::<Decimal>();
        let sales = &cart.sales;
        prop_assert_eq!(sum(|payment| payment.change), sales.change_amount.decimal());
        prop_assert_eq!(paper.rounding, sales.rounding_amount.decimal());
        let kept = sum(|payment| payment.amount) + sum(|payment| payment.change);
        prop_assert_eq!(sum(|payment| payment.forfeited), sales.deposit_amount.decimal() - kept);
        prop_assert_eq!(paper.items.len(), cart.line_items.iter().filter(|line| !line.is_cancelled).count());
        for reversal in [&mut returned, &mut voided, &mut void_return] {
            let paper = read(reversal);
            adds_up(&paper, &sale, digits)?;
            prop_assert!(!paper.has_stamp);
        }
    }
}
