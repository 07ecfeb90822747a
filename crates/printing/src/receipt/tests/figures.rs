//! What is printed of figures that are long, fine or rounded.

use super::*;

/// A sale of the lines and payments in dollars, whose taxes have no mark.
fn priced(lines: Vec<ReceiptLine>, total: &str, payments: Vec<ReceiptPayment>) -> ReceiptData {
    ReceiptData {
        currency: "AUD".parse().unwrap(),
        headers: Vec::new(),
        footers: Vec::new(),
        lines,
        subtotal_amount: money(total),
        subtotal_discounts: Vec::new(),
        taxes: Vec::new(),
        total_amount_with_tax: money(total),
        payments,
        invoice_registration_number: None,
        ..sale()
    }
}

#[test]
fn fine_prices_and_weights_print_with_all_their_digits() {
    let lines = vec![
        line("DIESEL", "1.749", "41.37", "72.36", "F"),
        line("DIESEL CAN", "1.749", "1", "1.75", "F"),
        line("SCREW", "0.0125", "1000", "12.50", "F"),
    ];
    insta::assert_snapshot!(journal(&priced(lines, "86.61", Vec::new())), @r"
    レジNo. 4             責# 000031|
    2026年06月11日(木) 18:20        |
             【 領 収 証 】         |
    --------------------------------|
    DIESEL                   72.36  |
           41.37@1.749              |
    DIESEL CAN                1.75  |
             1点@1.749              |
    SCREW                    12.50  |
         1,000点@0.0125             |
    --------------------------------|
    小計         1,002点     86.61  |
    合計                     86.61  |
    --------------------------------|
    レシートNo. 111111              |
    ");
}

#[test]
fn cash_rounding_stands_between_total_and_payments() {
    let mut data = priced(
        vec![line("BREAD", "4.98", "1", "4.98", "F")],
        "4.98",
        vec![payment("01", "Cash", "10", "5")],
    );
    data.rounding_amount = money("0.02");
    insta::assert_snapshot!(journal(&data), @r"
    レジNo. 4             責# 000031|
    2026年06月11日(木) 18:20        |
             【 領 収 証 】         |
    --------------------------------|
    BREAD                     4.98  |
    --------------------------------|
    小計             1点      4.98  |
    合計                      4.98  |
    端数調整                  0.02  |
    お預り                   10.00  |
    お釣                      5.00  |
    --------------------------------|
    Cash                      5.00  |
    --------------------------------|
    レシートNo. 111111              |
    ");
}

#[test]
fn what_a_voucher_does_not_give_back_is_printed() {
    let gift_card = ReceiptPayment {
        change: money("10"),
        ..payment("31", "Gift card", "50", "40")
    };
    let data = priced(
        vec![line("COAT", "70", "1", "70", "F")],
        "70",
        vec![payment("32", "Voucher", "35", "30"), gift_card],
    );
    insta::assert_snapshot!(journal(&data), @r"
    レジNo. 4             責# 000031|
    2026年06月11日(木) 18:20        |
             【 領 収 証 】         |
    --------------------------------|
    COAT                     70.00  |
    --------------------------------|
    小計             1点     70.00  |
    合計                     70.00  |
    Gift card                40.00  |
      お預り                 50.00  |
      お釣                   10.00  |
    Voucher                  30.00  |
      お預り                 35.00  |
      お釣なし                5.00  |
    --------------------------------|
    レシートNo. 111111              |
    ");
}

#[test]
fn long_amounts_cut_no_figure() {
    let mut truck = line("TRUCK", "12345678.90", "150", "1851851835", "F");
    truck.discounts = vec![off(Some("12.5"), "231481479.37")];
    let mut data = priced(vec![truck], "1620370355.63", Vec::new());
    data.taxes = vec![tax(
        "F",
        TaxType::Internal,
        Some("10"),
        "Goods and Services Tax",
        "1620370355.63",
        "147306395.97",
    )];
    insta::assert_snapshot!(journal(&data), @r"
    レジNo. 4             責# 000031|
    2026年06月11日(木) 18:20        |
             【 領 収 証 】         |
    --------------------------------|
    TRUCK         1,851,851,835.00内|
           150点@12,345,678.90      |
        割引 12.5% -231,481,479.37  |
    --------------------------------|
    小計    150点 1,620,370,355.63  |
    合計          1,620,370,355.63  |
      (Goods 対象 1,620,370,355.63) |
      (Goods an税額 147,306,395.97) |
    --------------------------------|
    レシートNo. 111111              |
    ");
}

#[test]
fn marks_follow_type_and_rate_of_the_tax() {
    let mark_of = |tax_type, rate, currency: &str| {
        let mut data = priced(vec![line("ITEM", "100", "1", "100", "K")], "100", Vec::new());
        data.currency = currency.parse().unwrap();
        data.taxes = vec![tax("K", tax_type, rate, "Tax", "100", "0")];
        let text = journal(&data);
        let line = text.lines().find(|line| line.starts_with("ITEM")).unwrap();
        let mark = line.trim_end_matches('|').rsplit("00").next().unwrap();
        let is_explained = text.contains("軽は軽減税率対象商品です");
        assert_eq!(is_explained, mark == "軽", "{text}");
        mark.to_owned()
    };
    for (tax_type, rate, currency, expected) in [
        (TaxType::External, Some("10"), "JPY", "外"),
        (TaxType::Internal, Some("10"), "JPY", "内"),
        (TaxType::External, Some("8"), "JPY", "軽"),
        (TaxType::Internal, Some("8.0"), "JPY", "軽"),
        (TaxType::External, Some("0"), "JPY", "外"),
        (TaxType::External, None, "JPY", "外"),
        (TaxType::Exempt, Some("0"), "JPY", "  "),
        (TaxType::Exempt, Some("8"), "JPY", "  "),
        (TaxType::Internal, Some("5"), "GBP", "内"),
        (TaxType::External, Some("7"), "EUR", "外"),
    ] {
        assert_eq!(
            mark_of(tax_type, rate, currency),
            expected,
            "{tax_type} {rate:?} {currency}"
        );
    }
}
