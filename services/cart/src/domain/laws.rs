//! Laws that hold for a cart whatever happens to it.

use std::sync::Arc;

use kugel_pricing::{Discount, PaymentMethod};
use kugel_types::{LocalTime, Money, PaymentKind, Quantity, TaxRule};
use proptest::prelude::*;

use super::cart::{Cart, NO_NUMBER};
use super::entry::{EntryMasters, LineEntry};
use super::masters::{ItemMaster, PaymentMaster};
use super::numbering::Numbers;
use super::payment::PaymentEntry;
use super::state::CartState;
use super::terminal::Session;
use super::transaction::Closing;

fn money(units: i64) -> Money {
    Money::from_decimal(units.into())
}

/// What may happen to a cart, with figures small enough to meet often.
#[derive(Debug, Clone)]
enum Command {
    Add(i64, i64),
    CancelLine(i32),
    Price(i32, i64),
    Count(i32, i64),
    DiscountLine(i32, i64),
    Subtotal,
    Discount(i64),
    Pay(bool, i64),
    Resume,
    Bill,
    Cancel,
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => (1..400_i64, 1..5_i64).prop_map(|(price, count)| Command::Add(price, count)),
        1 => (0..5_i32).prop_map(Command::CancelLine),
        1 => (0..5_i32, 0..400_i64).prop_map(|(line, price)| Command::Price(line, price)),
        1 => (0..5_i32, 0..5_i64).prop_map(|(line, count)| Command::Count(line, count)),
        1 => (0..5_i32, 0..300_i64).prop_map(|(line, amount)| Command::DiscountLine(line, amount)),
        3 => Just(Command::Subtotal),
        2 => (0..500_i64).prop_map(Command::Discount),
        4 => (any::<bool>(), 1..900_i64).prop_map(|(is_cash, amount)| Command::Pay(is_cash, amount)),
        1 => Just(Command::Resume),
        3 => Just(Command::Bill),
        1 => Just(Command::Cancel),
    ]
}

/// The cart after the command, or as it was if the command was refused.
fn apply(cart: &Cart, command: &Command) -> Cart {
    let mut next = cart.clone();
    let session = Session {
        business_date: "20260611".parse().unwrap(),
        open_counter: 1,
        business_counter: 1,
    };
    let now = LocalTime::new("2026-06-11T00:00:00Z".parse().unwrap(), &jiff::tz::TimeZone::UTC);
    let closing = Closing {
        numbers: Numbers {
            transaction_no: 1,
            receipt_no: 1,
        },
        session,
        staff: None,
        now: &now,
    };
    let result = match *command {
        Command::Add(price, count) => add(&mut next, price, count),
        Command::CancelLine(line) => next.cancel_line(line),
        Command::Price(line, price) => next.set_unit_price(line, money(price)),
        Command::Count(line, count) => next.set_quantity(line, Quantity::from_decimal(count.into())),
        Command::DiscountLine(line, amount) => {
            next.discount_line(line, vec![Discount::amount(money(amount))])
        }
        Command::Subtotal => next.subtotal(),
        Command::Discount(amount) => next.discount(vec![Discount::amount(money(amount))]),
        Command::Pay(is_cash, amount) => pay(&mut next, is_cash, amount),
        Command::Resume => next.resume_item_entry(),
        Command::Bill => next.bill(closing),
        Command::Cancel => next.cancel(closing),
    };
    if result.is_ok() { next } else { cart.clone() }
}

fn add(cart: &mut Cart, price: i64, count: i64) -> Result<(), kugel_error::Error> {
    let item = ItemMaster {
        tax_code: if price % 2 == 0 { "01" } else { "12" }.to_owned(),
        is_discount_restricted: price % 5 == 0,
        ..ItemMaster::for_test(&format!("i{price}"), money(price))
    };
    let entry = LineEntry {
        item_code: item.item_code.clone(),
        quantity: Quantity::from_decimal(count.into()),
        unit_price: None,
    };
    let masters = EntryMasters {
        items: &[Ok(Arc::new(item))],
        taxes: &TaxRule::defaults(),
        promotions: &[],
        now: jiff::civil::DateTime::constant(2026, 6, 11, 0, 0, 0, 0),
    };
    cart.add_lines(&[entry], &masters)
}

fn pay(cart: &mut Cart, is_cash: bool, amount: i64) -> Result<(), kugel_error::Error> {
    let kind = if is_cash {
        PaymentKind::Cash
    } else {
        PaymentKind::Cashless
    };
    let entry = PaymentEntry {
        payment_code: kind.code().to_owned(),
        amount: money(amount),
        detail: None,
    };
    let master = PaymentMaster {
        method: PaymentMethod::new(kind.code(), kind),
        can_refund: true,
        description: kind.name().to_owned(),
    };
    cart.pay(&[entry], &[Some(Arc::new(master))])
}

fn check(cart: &Cart) -> Result<(), TestCaseError> {
    let sales = &cart.sales;
    let sum = |amounts: Vec<Money>| Money::sum(amounts).unwrap();
    let counted = || cart.line_items.iter().filter(|line| !line.is_cancelled);
    let off = sum(cart
        .subtotal_discounts
        .iter()
        .map(|discount| discount.amount)
        .collect());
    let lines = sum(counted().map(|line| line.priced.amount).collect());
    prop_assert_eq!(sales.total_amount, lines.minus(off).unwrap());
    prop_assert_eq!(
        sales.total_amount_with_tax,
        sales.total_amount.plus(sales.tax_amount).unwrap()
    );
    let shares = sum(counted()
        .flat_map(|line| line.priced.allocated.iter().copied())
        .collect());
    prop_assert_eq!(
        shares,
        off,
        "subtotal discounts are spread over the lines to the last unit"
    );
    let taxes = sum(cart.taxes.iter().map(|tax| tax.amount).collect());
    prop_assert_eq!(
        sum(cart
            .line_items
            .iter()
            .map(|line| line.priced.tax_amount)
            .collect()),
        taxes
    );
    let paid = sum(cart
        .payments
        .iter()
        .map(|payment| payment.payment_amount)
        .collect());
    prop_assert_eq!(
        sales.balance_amount,
        sales.total_amount_with_tax.minus(paid).unwrap()
    );
    prop_assert_eq!(sales.change_amount, sales.deposit_amount.minus(paid).unwrap());
    for amount in [sales.balance_amount, sales.change_amount, sales.total_amount] {
        prop_assert!(!amount.is_negative());
    }
    let numbers = cart.line_items.iter().map(|line| line.line_no);
    prop_assert!(numbers.eq(1..=i32::try_from(cart.line_items.len()).unwrap()));
    let is_final = matches!(cart.cart_status, CartState::Completed | CartState::Cancelled);
    prop_assert_eq!(cart.transaction_no != NO_NUMBER, is_final);
    prop_assert!(cart.cart_status != CartState::Completed || sales.balance_amount.is_zero());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_a_cart_adds_up(commands in proptest::collection::vec(command(), 1..25)) {
        let mut cart = Cart::for_test();
        for command in &commands {
            let next = apply(&cart, command);
            let was_final = matches!(cart.cart_status, CartState::Completed | CartState::Cancelled);
            prop_assert!(!was_final || next == cart, "{command:?} left a final state");
            cart = next;
            check(&cart)?;
            let text = serde_json::to_string(&cart).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Cart>(&text).unwrap(), &cart, "a stored cart is the same cart");
        }
    }
}
